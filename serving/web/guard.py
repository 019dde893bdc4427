"""Who may ask what? API keys, and what each is for.

A door before the routes, not a dependency of each: a path that no rule names is closed, a stranger
takes none of the places of `serving.web.limits`, and it costs a tenth of two security dependencies.
A key comes as ``Authorization: Bearer …`` or as ``X-API-Key``; for the pages that people read also
as the password of HTTP Basic, which is all that a browser can send by itself. What comes is hashed
and compared with every hash there is, each in constant time, so that the time of an answer says
neither whether a key is nearly right nor which it is. Without keys everyone may ask everything, but
only by a name of this machine: web pages elsewhere can have their own name lead here.
"""

import base64
import binascii
import hmac
import re
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

_HERE = re.compile(rb"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]*)?", re.IGNORECASE)
_BEARER = b"bearer "
_BASIC = b"basic "
_ASK_BY_HAND = 'Basic realm="leadml", charset="UTF-8"'

_ELSEWHERE = (
    "The Host must be localhost, 127.0.0.1 or [::1] as long as the app has no key. `leadml key` "
    "makes one."
)

REPORT, LEADS = "/report", "/leads/"
"""Where the pages are that people read; a lead's has its id behind."""


def scopes_for(path: str) -> tuple[Scope, ...]:
    """What a key must be for, one of these, to ask for a path; none where it is open.

    >>> scopes_for("/v1/score"), scopes_for("/healthz")
    (('score',), ())
    >>> scopes_for("/metrics"), scopes_for("/whatever")
    (('admin',), ('admin',))
    """
    if path in OPEN:
        return ()
    if is_page(path):
        return ("read",)
    if path == "/v1/model":
        return ("score", "read")
    return ("score",) if path.startswith("/v1/") else ("admin",)


def is_page(path: str) -> bool:
    """Whether a path is that of a page that people read, or begins like one.

    Routes take a path that ends with a line feed for the one without: a key for something else must
    not reach a report by it.

    >>> is_page("/report"), is_page("/leads/a/b"), is_page("/leads"), is_page("/v1/leads/a/score")
    (True, True, False, False)
    """
    return path.startswith((REPORT, LEADS))


def wants_page(scope: Connection) -> bool:
    """Whether a browser asks for a page: its path is one, and it accepts HTML."""
    return is_page(scope["path"]) and any(
        name == b"accept" and b"text/html" in value.lower() for name, value in scope["headers"]
    )


def names_this_machine(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the one Host of a request is localhost or an address of loopback, at any port.

    >>> names_this_machine([(b"host", b"localhost:8000")])
    True
    >>> names_this_machine([(b"host", b"localhost.example.com")])
    False
    """
    hosts = [value for name, value in headers if name == b"host"]
    return len(hosts) == 1 and _HERE.fullmatch(hosts[0]) is not None


def check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Turns a request away that does not name this machine.

    A browser lets a web page read what comes from the name of the page. Who owns the name can have
    it resolve to 127.0.0.1 once the page is there (DNS rebinding), but the Host is still the name.

    Raises:
        HTTPException: 421, the Host is another.
    """
    if not names_this_machine(headers):
        raise HTTPException(421, _ELSEWHERE)


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
    needed = scopes_for(scope["path"])
    sent = presented(scope["headers"], basic=is_page(scope["path"]))
    key = None if sent is None else known(keys, sent)
    if key is not None:
        state["caller"], state["insider"] = key.name, "admin" in key.scopes
    elif needed:
        raise _unknown(sent, by_hand=wants_page(scope))
    if needed and key is not None and set(needed).isdisjoint(key.scopes):
        raise _forbidden(needed)


def presented(headers: Iterable[tuple[bytes, bytes]], *, basic: bool = False) -> str | None:
    """The key that came with a request, the bearer's first; None without one.

    Args:
        headers: names in lower case, and values.
        basic: whether it may be the password of HTTP Basic; the user is anyone.

    >>> presented([(b"authorization", b"Bearer abc")]), presented([(b"x-api-key", b"abc")])
    ('abc', 'abc')
    >>> presented([(b"authorization", b"Basic bWU6YWJj")], basic=True)
    'abc'
    """
    plain = None
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            return value[len(_BEARER) :].strip().decode("latin-1")
        if basic and name == b"authorization" and value[: len(_BASIC)].lower() == _BASIC:
            return _password(value[len(_BASIC) :].strip())
        if name == b"x-api-key" and plain is None:
            plain = value.strip().decode("latin-1")
    return plain


def _password(credentials: bytes) -> str | None:
    """The password of HTTP Basic (RFC 7617); None where there is none."""
    try:
        plain = base64.b64decode(credentials, validate=True).decode("latin-1")
    except binascii.Error:
        return None
    _, colon, password = plain.partition(":")
    return password if colon else None


def known(keys: Iterable[Key], sent: str) -> Key | None:
    """The key whose hash is that of what was sent; every one is compared, also after a match."""
    digest = sha256_of(sent)
    found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    return found[0] if found else None


def _unknown(sent: str | None, *, by_hand: bool) -> HTTPException:
    if by_hand:
        asked = "A key must be given as the password; the name may be anything."
        return HTTPException(401, asked, {"WWW-Authenticate": _ASK_BY_HAND})
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
