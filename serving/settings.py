"""How does the scoring app run? What an operator may set; defaults are the configuration's."""

from dataclasses import dataclass

from leadml.config import Serving

_DEFAULTS = Serving()


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings of one app.

    Attributes:
        host, port: where it listens.
        max_leads: how many leads a request may hold.
        max_body_bytes: how large the body of a request may be.
        retry_seconds: how long to wait before a model that could not be loaded is tried again.
        docs: whether ``/docs`` and ``/openapi.json`` are there.
    """

    host: str = _DEFAULTS.host
    port: int = _DEFAULTS.port
    max_leads: int = _DEFAULTS.max_leads
    max_body_bytes: int = _DEFAULTS.max_body_mb * 2**20
    retry_seconds: float = 5.0
    docs: bool = True

    @classmethod
    def of(cls, serving: Serving) -> "AppSettings":
        """The settings that a ``leadml.toml`` asks for."""
        return cls(
            serving.host,
            serving.port,
            serving.max_leads,
            max_body_bytes=serving.max_body_mb * 2**20,
        )
