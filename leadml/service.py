"""How does the scoring app run? What an operator decides, under ``[serving]`` in ``leadml.toml``.

A key is kept as its hash, so that neither the file nor what is logged with a run lets anyone in. A
key itself is drawn at random and long, so that a plain SHA-256 of it cannot be turned round. No
scope holds another: a key is for what it names, and the scraper of metrics cannot score.
"""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from leadml.errors import ConfigError, listed

Scope = Literal["score", "read", "admin"]
"""What a key is for: to score, to read reports, to see how the app is."""

SCOPES: tuple[Scope, ...] = get_args(Scope)

Docs = Literal["auto", "on", "off"]

SHORTEST_KEY = 32
"""No key has fewer characters."""

KEY_VARIABLE = "LEADML_API_KEY"
"""The environment variable that may hold one key itself; it is for everything."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[!-~]+")
_ORIGIN = re.compile(r"\*|https?://[^/?#\s]+")

REPORTS = "version-{}.html"
"""What trainings call the reports that they write, and the app looks for."""


@dataclass(frozen=True, slots=True)
class Key:
    """Who may call.

    Attributes:
        name: whom the logs and metrics name.
        sha256: of the key, in hexadecimal digits; `leadml key` makes both.
        scopes: what it is for.
    """

    name: str
    sha256: str
    scopes: tuple[Scope, ...] = ("score",)


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the scoring app listens, whom it lets in, how much it takes, and what it keeps.

    Attributes:
        host, port: where it listens.
        workers: how many processes answer.
        keys: who may call; without any, everyone who reaches the port.
        open: whether it may listen beyond this machine although there is no key.
        docs: whether ``/docs`` and ``/openapi.json`` are there; ``auto``: as long as no key is set.
        cors_origins: web pages that browsers let call.
        max_leads: how many leads a request may hold.
        max_body_mb: how large the body of a request may be.
        max_at_once: how many requests are let in at a time; more are asked to come back.
        request_seconds: how long a request may take.
        poll_seconds: how often the registry is asked for a new champion.
        keep_versions: how many former models stay at hand for ``?version=``.
        shadow: whether a challenger scores along, its answers only logged.
        score_log: a folder for the log of all scores, relative to ``leadml.toml``; "" for none.
        reports: the folder where trainings write their reports, and of which ``/report`` shows the
            newest, relative to ``leadml.toml``; or one file.
        log_salt: what lead ids are hashed with before they stand in the log of requests, a secret:
            set it as ``${NAME}`` of the environment; "" draws one anew at each start.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    keys: tuple[Key, ...] = ()
    open: bool = False
    docs: Docs = "auto"
    cors_origins: tuple[str, ...] = ()
    max_leads: int = 10_000
    max_body_mb: int = 64
    max_at_once: int = 64
    request_seconds: float = 30.0
    poll_seconds: float = 10.0
    keep_versions: int = 3
    shadow: bool = True
    score_log: str = ""
    reports: str = "reports"
    log_salt: str = ""

    @property
    def max_body_bytes(self) -> int:
        """How large the body of a request may be."""
        return self.max_body_mb * 2**20

    @property
    def only_here(self) -> bool:
        """Whether only this machine may ask: there is no key, and nobody let strangers in."""
        return not self.keys and not self.open

    @property
    def has_docs(self) -> bool:
        """Whether the app tells how it is called."""
        return self.docs == "on" or (self.docs == "auto" and not self.keys)


SECRETS = ("keys", "log_salt")
"""Settings of `Serving` that stay out of what is logged with a run."""


def check_serving(serving: Serving) -> None:
    """Raises `ConfigError` where keys share a name or a hash, one is none, or an origin is none."""
    for key in serving.keys:
        _check_key(key)
    names = [key.name for key in serving.keys]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        msg = f"serving.keys must have different names, got {listed(twice)} twice."
        raise ConfigError(msg)
    hashes = [key.sha256 for key in serving.keys]
    same = [key.name for key in serving.keys if hashes.count(key.sha256) > 1]
    if same:
        msg = f"serving.keys must be different keys, got the same one for {listed(same)}."
        raise ConfigError(msg)
    for origin in serving.cors_origins:
        if not _ORIGIN.fullmatch(origin):
            msg = (
                "serving.cors_origins must be origins like 'https://crm.example.com', without a "
                f"path, got '{origin}'."
            )
            raise ConfigError(msg)


def check_exposure(serving: Serving) -> None:
    """Raises `ConfigError` where strangers could reach the app and no key keeps them out."""
    if serving.only_here and not _is_loopback(serving.host):
        msg = (
            f"serving.host must be of this machine (127.0.0.1) as long as there is no key, got "
            f"'{serving.host}'. `leadml key` makes one; open = true lets everyone in."
        )
        raise ConfigError(msg)
    if not serving.keys and "*" in serving.cors_origins:
        msg = (
            "serving.cors_origins must name the origins as long as there is no key, got '*': any "
            "web page could read everything. `leadml key` makes one."
        )
        raise ConfigError(msg)


def keys_from(environ: Mapping[str, str]) -> tuple[Key, ...]:
    """The key that the environment holds in `KEY_VARIABLE`, for every scope; none where unset.

    Raises:
        ConfigError: it is too short, empty included, or no header can carry it.
    """
    if KEY_VARIABLE not in environ:
        return ()
    key = environ[KEY_VARIABLE].strip()
    check_key(key, KEY_VARIABLE)
    return (Key("environment", sha256_of(key), SCOPES),)


def new_key() -> str:
    """A key drawn at random (256 bits), with a prefix by which scanners for secrets know it."""
    return f"leadml_{secrets.token_urlsafe(32)}"


def check_key(key: str, name: str) -> None:
    """Raises `ConfigError` where a key, called ``name``, is too short or no header can carry it."""
    if len(key) < SHORTEST_KEY:
        msg = (
            f"{name} must be at least {SHORTEST_KEY} characters, got {len(key)}. "
            "`leadml key` makes one."
        )
        raise ConfigError(msg)
    if not _KEY.fullmatch(key):
        msg = f"{name} must be printable ASCII without spaces. `leadml key` makes one."
        raise ConfigError(msg)


def sha256_of(key: str) -> str:
    """The hash that the settings keep of a key, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def _check_key(key: Key) -> None:
    if not _KEY_NAME.fullmatch(key.name):
        msg = (
            "serving.keys.name must be at most 64 letters, digits, dots, dashes and underscores, "
            f"got '{key.name}'."
        )
        raise ConfigError(msg)
    if not _SHA256.fullmatch(key.sha256):
        msg = (
            f"serving.keys.sha256 must be 64 hexadecimal digits, got something else for "
            f"'{key.name}'. `leadml key` makes a key and its hash."
        )
        raise ConfigError(msg)
    if not key.scopes:
        msg = f"serving.keys.scopes must name at least one, got none for '{key.name}'."
        raise ConfigError(msg)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
