"""What does a column hold: text, a time, a number? One reading for every source and request.

Files say less than they mean: a CSV knows only text, an export writes ``Select`` for "not known".
Each function takes a pandas column of any dtype and gives one settled dtype back, or says where it
could not. A request's JSON values go through the same functions, so that training and serving
read ``true``, ``3`` and ``"3"`` alike.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from leadml.errors import DataError

LARGEST = 1e15
"""No number is further from zero, so that no sum of them overflows or loses its cents."""

FIRST = 1_000
"""How many values are read as numbers first: one that is none makes the column one of texts."""


@dataclass(frozen=True, slots=True)
class Times:
    """A column read as times.

    Attributes:
        values: datetime64[us, UTC], NaT where missing or unreadable; shape (n,).
        unreadable: bool, had text that is no time; shape (n,).
        zoneless: bool, a time of day without a zone where none is declared; shape (n,).
        days_only: whether every time is a bare midnight.
    """

    values: pd.Series
    unreadable: np.ndarray
    zoneless: np.ndarray
    days_only: bool


_ZONE = r"(?:\d{1,2}:\d{2}.*|[T ]\d{2,6}(?:\.\d+)?)(?:Z|[+-]\d{2}(?::?\d{2})?)$"
_TRUE_FALSE = {"true", "false"}


def as_text(column: pd.Series) -> pd.Series:
    """Any column as dtype ``str``, missing as NaN: 3.0 is "3", True is "true", text is stripped.

    >>> list(as_text(pd.Series([3.0, True, " a "], dtype=object)))
    ['3', 'true', 'a']
    """
    if isinstance(column.dtype, pd.StringDtype):
        text = column.str.strip()
        lower = text.str.lower()
        spoken = lower.isin(_TRUE_FALSE)
        return (text.mask(spoken, lower) if spoken.any() else text).astype("str")
    if pd.api.types.is_bool_dtype(column.dtype) and column.dtype != object:
        return column.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("str")
    return pd.Series([one_text(value) for value in column], index=column.index, dtype="str")


def one_text(value: object) -> str | float:
    """One value as text; NaN where it is missing."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return np.nan if np.isnan(value) else f"{value:.15g}"
    if value is None or value is pd.NA or value is pd.NaT:
        return np.nan
    text = str(value).strip()
    return text.lower() if text.lower() in _TRUE_FALSE else text


def as_numbers(column: pd.Series, *, largest: float = LARGEST) -> pd.Series:
    """Any column as float64, missing as NaN.

    Raises:
        DataError: a value is no number, or further from zero than ``largest``.
    """
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = (numbers.isna() & column.notna()) | (numbers.abs() > largest)
    if wrong.any():
        more = f" and {int(wrong.sum()) - 1:,} more" if wrong.sum() > 1 else ""
        msg = (
            f"{column.name} must hold finite numbers up to {largest:.0e}, "
            f"got {column[wrong].iloc[0]!r}{more}. Mend them, or list them in data.missing."
        )
        raise DataError(msg)
    return numbers


def settled(column: pd.Series, *, numbers: bool | None = None) -> pd.Series:
    """An attribute column as float64 where all it holds are numbers, else as text.

    Args:
        column: of any dtype.
        numbers: whether all are numbers, where more is known of the column than these rows.
    """
    if numbers is not None:
        return _amounts(column) if numbers else as_text(column)
    if pd.api.types.is_bool_dtype(column.dtype):
        return as_text(column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _amounts(column)
    text = as_text(column)
    first = text.iloc[:FIRST]
    if (pd.to_numeric(first, errors="coerce").isna() & first.notna()).any():
        return text
    amounts = pd.to_numeric(text, errors="coerce")
    if (
        text.notna().any()
        and not (amounts.isna() & text.notna()).any()
        and np.isfinite(amounts.dropna()).all()
    ):
        return amounts.astype("float64")
    return text


def _amounts(column: pd.Series) -> pd.Series:
    """A column as float64; what is no finite number is missing."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        column = pd.to_numeric(as_text(column), errors="coerce")
    return column.astype("float64").replace([np.inf, -np.inf], np.nan)


def as_consent(column: pd.Series) -> pd.Series:
    """Consent as 1.0 given, 0.0 refused, NaN not known."""
    answers = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
    return as_text(column).str.lower().map(answers).astype("float64")


def as_times(
    column: pd.Series, *, timezone: str = "", time_format: str = "", days: bool | None = None
) -> Times:
    """Any column as UTC times; a bare date is its midnight, UTC.

    Args:
        column: text, dates or timestamps, with a zone or without.
        timezone: the zone of times that carry none; empty where none is declared.
        time_format: strptime format of text that is not ISO 8601; empty for ISO 8601.
        days: whether it holds bare dates only, where more is known of it than these rows: among
            times of day a midnight is one too, in its zone.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and column.notna().any():
        return _times(column, pd.Series(pd.NaT, index=column.index), column.notna().to_numpy())
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _times(column, column.dt.tz_convert("UTC"))
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _localised(column, column, timezone, days=days)
    text = as_text(column)
    if time_format:
        parsed = pd.to_datetime(text, format=time_format, errors="coerce", utc="%z" in time_format)
        if isinstance(parsed.dtype, pd.DatetimeTZDtype):
            return _times(text, parsed.dt.tz_convert("UTC"))
        return _localised(text, parsed, timezone, days=days)
    zoned = text.str.contains(_ZONE, regex=True, na=False)
    aware = pd.to_datetime(text.where(zoned), format="ISO8601", errors="coerce", utc=True)
    naive = _naive(text.where(~zoned))
    bare = _localised(text, naive, timezone, days=days)
    values = aware.where(zoned, bare.values)
    unreadable = (values.isna() & text.notna()).to_numpy() & ~bare.zoneless
    return Times(_us(values), unreadable, bare.zoneless & ~zoned.to_numpy(), _days_only(values))


def _naive(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, format="ISO8601", errors="coerce")


def _localised(column: pd.Series, naive: pd.Series, timezone: str, *, days: bool | None) -> Times:
    """Times without a zone: dates are UTC midnights, times of day need the declared zone."""
    if days is not False and _days_only(naive):
        return _times(column, naive.dt.tz_localize("UTC"))
    if not timezone:
        return Times(
            _us(pd.Series(pd.NaT, index=column.index).dt.tz_localize("UTC")),
            (naive.isna() & column.notna()).to_numpy(),
            naive.notna().to_numpy(),
            days_only=False,
        )
    zone = ZoneInfo(timezone)
    ambiguous = np.ones(len(naive), dtype=bool)
    local = naive.dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward")
    return _times(column, local.dt.tz_convert("UTC"))


def _times(column: pd.Series, values: pd.Series, unreadable: np.ndarray | None = None) -> Times:
    if unreadable is None:
        unreadable = (values.isna() & column.notna()).to_numpy()
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = pd.to_datetime(values, utc=True)
    return Times(_us(values), unreadable, np.zeros(len(column), dtype=bool), _days_only(values))


def _us(values: pd.Series) -> pd.Series:
    return values.dt.as_unit("us") if values.dt.unit in {"s", "ms"} else values


def _days_only(values: pd.Series) -> bool:
    known = values.dropna()
    return bool(len(known)) and bool((known == known.dt.normalize()).all())


def check_timezone(name: str) -> None:
    """Raises `DataError` where ``name`` is no zone of the tz database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        msg = f"data.timezone must be a zone like 'Europe/Amsterdam', got '{name}'."
        raise DataError(msg) from error


_CURRENCIES = frozenset(
    [
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HUF",
        "INR",
        "JPY",
        "KRW",
        "MXN",
        "NOK",
        "NZD",
        "PLN",
        "RON",
        "SEK",
        "SGD",
        "TRY",
        "USD",
        "ZAR",
    ]
)


def column_words(column: str) -> str:
    """A column's name as a person says it; a currency at its end is one.

    >>> column_words("annual_revenue"), column_words("revenue_eur"), column_words("TotalVisits")
    ('annual revenue', 'revenue in EUR', 'TotalVisits')
    """
    parts = column.replace("_", " ").split()
    if len(parts) > 1 and parts[-1].upper() in _CURRENCIES:
        parts[-1:] = ["in", parts[-1].upper()]
    return " ".join(parts)
