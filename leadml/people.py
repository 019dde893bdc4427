"""Does a text tell who a person is? What looks like an address or a number is not shown.

In its place stand the first digits of its SHA-256, the same in every report, so that two readers
can speak of one lead. That keeps it from being read, not from being guessed: whoever has a list of
addresses can hash them all.
"""

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import unquote

import pandas as pd

Data = TypeVar("Data")

DIGITS = 10
"""So many hexadecimal digits are shown: of 50,000 leads two are alike once in a thousand times."""

_EMAIL = re.compile(r"[^\s@]@[^\s@]")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_ABROAD = re.compile(r"\+\s?\d(?:[\s().\-/]*\d){6,}")
_DIALLED = re.compile(r"[+(\[]?[\d\s().\[\]\-/]+?(?:\s?(?:ext\.?|x)\s?\d{1,6})?")
_LEAST_DIGITS = 7
_BARE_DIGITS = 10

_APART = r"\s@\uff20,;:\"'()<>\[\]{}|“”„‘’"
_PARTED = r"[\s/\-\u2010\u2011]?"
_REST = rf"(?:{_PARTED}(?:\(\d{{1,5}}\)|\d{{1,5}}))?(?:{_PARTED}\d){{6,12}}(?!\w)"
_WITHIN = re.compile(
    rf"(?<![^{_APART}])[^{_APART}]+(?:[@\uff20]|%40)[^{_APART}]*\w"  # an e-mail address
    rf"|(?:\+\s?|(?<![\w.,])00)[1-9]\d{{0,2}}{_REST}"  # a number as dialled from abroad
    r"|\+[1-9]\d{0,2}(?:\.\d{2,}){2,}"  # the same, with points
    r"|(?<![\w.,:\-/])\(?0\d{2,5}\)?[\s./\-]+\d(?:[\s.\-/]?\d){4,9}(?![\w,:])"  # an area code
    r"|(?<![\w.,:\-/])(?:1[\s.\-])?\(?\d{3}\)?[\s.\-]{1,2}\d{3}[\s.\-]\d{4}(?![\w,])"  # America
    r"|(?<![\w.,\-/])\d{10,15}(?![\w.,\-/])"  # bare digits
)


def shown_ids(lead_ids: Iterable[str], *, with_names: bool) -> dict[str, str]:
    """How each id is shown: as it is where names are asked for, or where it tells nobody.

    >>> shown_ids(["L1", "jane@example.com"], with_names=False)
    {'L1': 'L1', 'jane@example.com': '8c87b489ce'}
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
    if not _DIALLED.fullmatch(dialled.lower()) or count < _LEAST_DIGITS:
        return False
    return count >= _BARE_DIGITS or not dialled.isdigit() or dialled.startswith("0")


def hidden(text: str) -> str:
    """The first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


@lru_cache(maxsize=65_536)
def without_people(text: str) -> str:
    """A text in which the addresses and numbers of people are hidden, and nothing else is changed.

    >>> without_people("account owner is jane@example.com")
    'account owner is 8c87b489ce'
    >>> without_people("12,500 views between 2026-01-05 and 2026-02-05")
    '12,500 views between 2026-01-05 and 2026-02-05'
    """
    return _WITHIN.sub(lambda found: hidden(found[0]), text)


def names_people(text: str) -> bool:
    """Whether `without_people` hides anything of a text."""
    return _WITHIN.search(text) is not None


def hide_people(data: Data) -> Data:
    """The same data, every text of it `without_people`.

    Args:
        data: texts, numbers, lists, tuples, mappings, data classes and frames, in any depth. Ids
            are left as they are (the columns and keys ``lead_id``): see `shown_ids`.
    """
    return cast("Data", _hide(data))


def _hide(data: Any) -> Any:
    if isinstance(data, str):
        return without_people(data)
    if isinstance(data, Mapping):
        return {_hide(key): own if key == "lead_id" else _hide(own) for key, own in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return type(data)(map(_hide, data))
    if isinstance(data, pd.DataFrame):
        return data.assign(
            **{
                name: data[name].map(_hide)
                for name in data.columns
                if name != "lead_id" and _holds_texts(data[name].dtype)
            }
        )
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        own = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
        return dataclasses.replace(data, **{name: _hide(value) for name, value in own.items()})
    return data


def _holds_texts(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype | pd.CategoricalDtype) or pd.api.types.is_object_dtype(
        dtype
    )
