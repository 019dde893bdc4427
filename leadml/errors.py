"""What leadml says when it cannot go on: what must hold, what was got, what to do."""

import difflib
import re
from collections.abc import Iterable


class LeadmlError(Exception):
    """Root of everything leadml raises on purpose; its text is meant for the user."""


class ConfigError(LeadmlError):
    """``leadml.toml`` says something that cannot be followed."""


class DataError(LeadmlError):
    """A table does not hold what it must."""


class SourceError(DataError):
    """The source of the tables cannot be asked now; it may be later."""


class SignalError(LeadmlError):
    """The examples are too few, or too much alike, to learn from."""


class ModelError(LeadmlError):
    """A model folder is damaged, or does not fit what it is used on."""


class RegistryError(LeadmlError):
    """The registry lacks the model, version or alias that was asked for."""


class NotRegisteredError(RegistryError):
    """The registry answers, and has no such model, version or alias."""


class NoChampionError(NotRegisteredError):
    """No model scores yet."""


def listed(names: Iterable[object], *, most: int = 5) -> str:
    """Joins names for a message: sorted, at most ``most``, the rest counted.

    >>> listed(["b", "a"])
    'a, b'
    >>> listed(range(9), most=2)
    '0, 1 and 7 more'
    """
    texts = sorted(str(name) for name in names)
    shown = ", ".join(texts[:most])
    return f"{shown} and {len(texts) - most} more" if len(texts) > most else shown


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word most like ``word``; empty where none is like it.

    >>> nearest("horizon_day", ["horizon_days", "won"])
    " Did you mean 'horizon_days'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def without_password(text: str) -> str:
    """A database address, or a message that holds one, with its password masked.

    >>> without_password("postgresql://u:p@ss@host/db?password=x")
    'postgresql://u:***@host/db?password=***'
    """
    masked = re.sub(r"(://[^:/@\s]*):[^/\s]*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&\s'\"]+", r"\1***", masked)
