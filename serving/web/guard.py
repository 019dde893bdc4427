"""Who may ask what? API keys, and what each is for.

A door before the routes, not a dependency of each: a path that no rule names is closed, a stranger
takes none of the places of `serving.web.limits`, and it costs a tenth of two security dependencies.
A key comes as ``Authorization: Bearer …`` or as ``X-API-Key``. What comes is hashed and compared
with every hash there is, each in constant time, so that the time of an answer says neither whether
a key is nearly right nor which it is. Without keys everyone may ask everything.
"""

import hmac
from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Scope as Connection

from leadml.service import Key, Scope, sha256_of

OPEN = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
"""Paths that need no key; where the docs are not wanted, they are not there."""

SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key made by `leadml key`."},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, for clients that cannot set Authorization.",
    },
}
"""How the documentation tells of keys."""

_BEARER = b"bearer "


def scopes_for(path: str) -> tuple[Scope, ...]:
    """What a key must be for, one of these, to ask for a path; none where it is open.

    >>> scopes_for("/v1/score"), scopes_for("/healthz")
    (('score',), ())
    >>> scopes_for("/metrics"), scopes_for("/whatever")
    (('admin',), ('admin',))
    """
    if path in OPEN:
        return ()
    if path == "/v1/model":
        return ("score", "read")
    return ("score",) if path.startswith("/v1/") else ("admin",)


def admit(scope: Connection, keys: tuple[Key, ...]) -> None:
    """Lets a request in whose key is for its path.

    Leaves two facts in the request's state: ``caller``, the name of the key, and ``insider``,
    whether the caller may hear what is wrong inside.

    Raises:
        HTTPException: 401, no key or none that is known; 403, a key for something else.
    """
    state = scope["state"]
    state["caller"], state["insider"] = None, not keys
    if not keys:
        return
    sent, needed = presented(scope["headers"]), scopes_for(scope["path"])
    key = None if sent is None else known(keys, sent)
    if key is not None:
        state["caller"], state["insider"] = key.name, "admin" in key.scopes
    elif needed:
        raise _unknown(sent)
    if needed and key is not None and set(needed).isdisjoint(key.scopes):
        raise _forbidden(needed)


def presented(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key that came with a request, the bearer's first; None without one.

    >>> presented([(b"authorization", b"Bearer abc")]), presented([(b"x-api-key", b"abc")])
    ('abc', 'abc')
    """
    plain = None
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            return value[len(_BEARER) :].strip().decode("latin-1")
        if name == b"x-api-key" and plain is None:
            plain = value.strip().decode("latin-1")
    return plain


def known(keys: Iterable[Key], sent: str) -> Key | None:
    """The key whose hash is that of what was sent; every one is compared, also after a match."""
    digest = sha256_of(sent)
    found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    return found[0] if found else None


def _unknown(sent: str | None) -> HTTPException:
    if sent is None:
        return _refused(401, "A key must be sent, as 'Authorization: Bearer …' or 'X-API-Key'.", "")
    return _refused(401, "The key must be one that is known.", ', error="invalid_token"')


def _forbidden(needed: tuple[Scope, ...]) -> HTTPException:
    scopes = " ".join(needed)
    error = f', error="insufficient_scope", scope="{scopes}"'
    return _refused(403, f"The key must be for: {' or '.join(needed)}.", error)


def _refused(status: int, detail: str, error: str) -> HTTPException:
    """A refusal as RFC 6750 tells it."""
    return HTTPException(status, detail, {"WWW-Authenticate": f'Bearer realm="leadml"{error}'})
