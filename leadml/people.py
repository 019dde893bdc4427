"""Does a lead's id tell who it is? One that looks like an address or a number is not shown.

In its place stand the first digits of its SHA-256, the same in every report, so that two readers
can speak of one lead. That keeps it from being read, not from being guessed: whoever has a list of
addresses can hash them all.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

DIGITS = 8
"""So many hexadecimal digits are shown: among 50,000 leads two alike are unlikely."""

_EMAIL = re.compile(r"[^\s@]@[^\s@]")
_ABROAD = re.compile(r"\+\s?\d(?:[\s().\-/]*\d){6,}")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_DIALLED = re.compile(r"[+(]?[\d\s().\-/]+")
_LEAST_DIGITS = 7
_BARE_DIGITS = 10


def shown_ids(lead_ids: Iterable[str], *, with_names: bool) -> dict[str, str]:
    """How each id is shown: as it is where names are asked for, or where it tells nobody.

    >>> shown_ids(["L1", "jane@example.com"], with_names=False)
    {'L1': 'L1', 'jane@example.com': '8c87b489'}
    """
    return {own: hidden(own) if not with_names and tells_a_person(own) else own for own in lead_ids}


def tells_a_person(lead_id: str) -> bool:
    """Whether an id looks like an e-mail address or a telephone number.

    Digits alone are one from ten of them on, or from seven where they begin with 0 or have the
    signs between them that numbers are written with.

    >>> tells_a_person("+49 170 1234567"), tells_a_person("04151234567"), tells_a_person("660737")
    (True, True, False)
    >>> tells_a_person("tel:+491701234567"), tells_a_person("jane%40example.com")
    (True, True)
    """
    dialled = unicodedata.normalize("NFKC", unquote(lead_id)).translate(_DASHES).strip()
    if _EMAIL.search(dialled) or _ABROAD.search(dialled):
        return True
    count = sum(sign.isdigit() for sign in dialled)
    if not _DIALLED.fullmatch(dialled) or count < _LEAST_DIGITS:
        return False
    return count >= _BARE_DIGITS or not dialled.isdigit() or dialled.startswith("0")


def hidden(lead_id: str) -> str:
    """The first digits of an id's SHA-256."""
    return hashlib.sha256(lead_id.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
