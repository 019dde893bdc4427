"""How does the scoring app run? What an operator decides, under ``[serving]`` in ``leadml.toml``.

A key is kept as its hash, so that neither the file nor what is logged with a run lets anyone in.
"""

import re
from dataclasses import dataclass
from typing import Literal

from leadml.errors import ConfigError, listed

Scope = Literal["score", "read", "admin"]
"""What a key is for: to score, to read reports, to see how the app is."""

Docs = Literal["auto", "on", "off"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


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

    @property
    def max_body_bytes(self) -> int:
        """How large the body of a request may be."""
        return self.max_body_mb * 2**20

    @property
    def has_docs(self) -> bool:
        """Whether the app tells how it is called."""
        return self.docs == "on" or (self.docs == "auto" and not self.keys)


def check_serving(serving: Serving) -> None:
    """Raises `ConfigError` where two keys share a name, or a hash is none."""
    names = [key.name for key in serving.keys]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        msg = f"serving.keys must have different names, got {listed(twice)} twice."
        raise ConfigError(msg)
    for key in serving.keys:
        if not _SHA256.fullmatch(key.sha256):
            msg = (
                f"serving.keys.sha256 must be 64 hexadecimal digits, got something else for "
                f"'{key.name}'. `leadml key` makes a key and its hash."
            )
            raise ConfigError(msg)
        if not key.scopes:
            msg = f"serving.keys.scopes must name at least one, got none for '{key.name}'."
            raise ConfigError(msg)
