"""How does a column hold an id? The text that names a lead, as a value of the column's type."""

import contextlib
from collections.abc import Sequence

import pyarrow as pa

from leadml.columns import one_text

Value = str | int | float


def column_values(texts: Sequence[str], kind: pa.DataType) -> list[Value] | None:
    """The values of a type that are written as ``texts``; None for a type without such values.

    A text that no value of the type is written as is left out: no row can hold it.

    >>> column_values(["7", "007", "x"], pa.int64())
    [7]
    """
    if is_text(kind):
        return [text for text in texts if _is_utf8(text)]
    if pa.types.is_integer(kind):
        return [v for text in texts if (v := _value(text, int, kind)) is not None]
    if pa.types.is_floating(kind):
        return [v for text in texts if (v := _value(text, float, kind)) is not None]
    return None


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is one of plain texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _value(text: str, read: "type[int] | type[float]", kind: pa.DataType) -> Value | None:
    with contextlib.suppress(ValueError, OverflowError, pa.ArrowInvalid):
        value = read(text)
        if one_text(value) == text:
            pa.scalar(value, kind)
            return value
    return None


def _is_utf8(text: str) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        text.encode()
        return True
    return False
