"""Who are the leads, and when did that become known?

An `AttributeLog` holds the record of every lead and its changes, texts as codes. A column with a
history is read from the history: the newest row with ``valid_from <= as_of``. The leads table's own
value counts only for leads the history never mentions, because an export shows today's value
there, which would be the future.

Leads are numbered account by account, so that a range of codes can hold whole accounts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa

from features.log import Codes, EventLog, as_arrow, codes_of
from features.nouns import Scope
from features.scans import first_not_before
from leadml.arrays import Bools, Floats, Ints, Nanos
from leadml.columns import as_text
from leadml.errors import DataError
from leadml.timeline import nanos

Derive = Callable[[str], str | None]
"""What one text says about a lead: a category, or nothing."""


@dataclass(frozen=True)
class Labels:
    """The distinct texts of a column, and what was made of each, kept for the next asker."""

    texts: tuple[str, ...]
    _made: dict[tuple[Derive | None, tuple[str, ...]], Floats] = field(default_factory=dict)

    def codes(self, levels: tuple[str, ...], derive: Derive | None = None) -> Floats:
        """For every text its level's position, NaN for nothing, ``len(levels)`` for any other.

        One more row at the end, NaN, stands for a missing text (code -1).
        """
        if (derive, levels) not in self._made:
            place = _places(levels)
            said = map(derive, self.texts) if derive else self.texts
            codes = [place.get(text, float(len(levels))) for text in said]
            self._made[derive, levels] = np.array([*codes, np.nan])
        return self._made[derive, levels]


@lru_cache(maxsize=1024)
def _places(levels: tuple[str, ...]) -> dict[str | None, float]:
    """Each level's position; NaN for nothing."""
    return {None: np.nan, **{level: float(place) for place, level in enumerate(levels)}}


NUMBERS = Labels(())
"""The labels of a column of numbers."""


@dataclass(frozen=True, slots=True)
class Known:
    """One attribute of every example, as of its moment.

    Attributes:
        values: amounts, NaN where not known; or positions in the labels, -1 where not known.
        labels: the texts; `NUMBERS` for amounts.
    """

    values: Floats | Codes
    labels: Labels

    @property
    def is_text(self) -> bool:
        """Whether the attribute holds texts."""
        return self.labels is not NUMBERS

    @property
    def missing(self) -> Bools:
        """Whether nothing is known; shape (n,)."""
        return self.values < 0 if self.is_text else np.isnan(self.values)

    def amounts(self, column: str) -> Floats:
        """The numbers.

        Raises:
            DataError: the attribute, called ``column``, holds texts.
        """
        if not self.is_text:
            return self.values.astype(np.float64)
        known = self.values[~self.missing]
        if len(known):
            msg = (
                f"Attribute '{column}' must hold numbers, as in training, "
                f"got '{self.labels.texts[known[0]]}'. Mend the column, or retrain."
            )
            raise DataError(msg)
        return np.full(len(self.values), np.nan)

    def as_texts(self) -> "Known":
        """Itself, amounts written out as texts."""
        return self if self.is_text else Known(*_encoded(as_text(pd.Series(self.values))))

    def codes(self, levels: tuple[str, ...], derive: Derive | None = None) -> Floats:
        """The level of every text, or of what ``derive`` makes of it; see `Labels.codes`."""
        known = self.as_texts()
        return known.labels.codes(levels, derive)[known.values]

    def as_series(self) -> "pd.Series[float] | pd.Series[str]":
        """The values: float64, or text with NaN where not known."""
        if not self.is_text:
            return pd.Series(self.values)
        texts = pd.Series(self.labels.texts, dtype="str")
        return texts.reindex(self.values).reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class _Column:
    """The values of one column and their history, as `Known` holds them.

    Attributes:
        now: of the leads table; shape (n_leads,).
        starts, when, then: lead k's changes are rows ``starts[k]:starts[k + 1]``, by time; none
            for a column without a history.
    """

    now: Floats | Codes
    labels: Labels
    starts: Ints
    when: Nanos
    then: Floats | Codes

    def at(self, lead: Ints, as_of: Nanos) -> Known:
        found = self.now[lead]
        if len(self.when):
            start, stop = self.starts[lead], self.starts[lead + 1]
            until = first_not_before(self.when, start, stop, as_of + 1)
            blank = np.nan if self.labels is NUMBERS else -1
            past = np.where(until > start, self.then[until - 1], blank)
            found = np.where(stop > start, past, found)
        return Known(found, self.labels)

    def only(self, first: int, last: int) -> "_Column":
        starts = self.starts[first : last + 1]
        return _Column(self.now[first:last], self.labels, starts, self.when, self.then)


@dataclass(frozen=True)
class AttributeLog:
    """The records of leads, by code.

    Attributes:
        created: when each lead came; shape (n_leads,).
        account: each lead's account, ascending from 0; shape (n_leads,).
    """

    created: Nanos
    account: Ints
    _columns: dict[str, _Column]

    def __len__(self) -> int:
        return len(self.created)

    def account_log(self, log: EventLog) -> EventLog:
        """The events by account, each known no earlier than the lead that did it."""
        accounts = int(self.account[-1]) + 1 if len(self) else 0
        return log.of(self.account[log.owner], accounts, self.created[log.owner])

    def came(self, scope: Scope) -> Nanos:
        """When each lead came, or the first lead of its account; shape (n_leads,)."""
        if scope == "lead" or not len(self):
            return self.created
        opens = np.flatnonzero(np.diff(self.account, prepend=-1))
        return np.minimum.reduceat(self.created, opens)[self.account]

    def at(self, column: str, lead: Ints, as_of: Nanos) -> Known:
        """The column's value for each (lead, as_of); missing where there is no such column."""
        if column not in self._columns:
            return Known(np.full(len(lead), np.nan), NUMBERS)
        return self._columns[column].at(lead, as_of)

    def only(self, first: int, last: int) -> "AttributeLog":
        """The records of the leads ``first:last``, whole accounts, numbered from 0."""
        account = self.account[first:last]
        columns = {name: column.only(first, last) for name, column in self._columns.items()}
        return AttributeLog(self.created[first:last], account - account[:1], columns)


def encode_leads(leads: pd.DataFrame, changes: pd.DataFrame) -> tuple[AttributeLog, pa.Array]:
    """The records by code, and the lead ids in the order of their codes.

    Args:
        leads: lead_id, created_at, account_id? and attribute columns; one row a lead.
        changes: lead_id, valid_from and changed attribute columns; NaN says "unchanged".
    """
    order, account = _by_account(leads)
    ids = as_arrow(leads["lead_id"]).cast(pa.large_string()).take(pa.array(order))
    plain = {"lead_id", "created_at", "account_id", "valid_from"}
    changed = [str(name) for name in changes if name not in plain] if len(changes) else []
    own = [str(name) for name in leads if name not in plain]
    code = codes_of(as_arrow(changes["lead_id"]), ids) if changed else np.zeros(0, dtype=np.int32)
    when = nanos(changes["valid_from"]) if changed else np.zeros(0, dtype=np.int64)
    columns = {}
    for name in dict.fromkeys([*own, *changed]):
        now = leads[name].iloc[order] if name in leads else None
        if name in changed:
            columns[name] = _with_history(now, changes[name], code, when, len(leads))
        elif now is not None:
            values, labels = _encoded(now)
            nothing = np.zeros(0, dtype=np.int64)
            columns[name] = _Column(values, labels, nothing, nothing, values[:0])
    created = nanos(leads["created_at"])[order]
    return AttributeLog(created, account, columns), ids


def plain_leads(
    created: Nanos, account: Ints, columns: Mapping[str, Floats | Sequence[str | None]]
) -> AttributeLog:
    """Records without a history.

    Args:
        created: when each lead came; shape (n_leads,).
        account: each lead's account, ascending from 0 without a gap; shape (n_leads,).
        columns: numbers, NaN where missing, or texts, None where missing; shape (n_leads,).
    """
    nothing = np.zeros(0, dtype=np.int64)
    made = {}
    for name, given in columns.items():
        if isinstance(given, np.ndarray):
            values, labels = given, NUMBERS
        else:
            place: dict[str | None, int] = {None: -1}
            codes = [place.setdefault(text, len(place) - 1) for text in given]
            values, labels = (
                np.array(codes, dtype=np.int32),
                Labels(tuple(text for text in place if text is not None)),
            )
        made[name] = _Column(values, labels, nothing, nothing, values[:0])
    return AttributeLog(created, account, made)


def _by_account(leads: pd.DataFrame) -> tuple[Ints, Ints]:
    """The rows of ``leads`` account by account, and the account of each in that order."""
    rows = np.arange(len(leads))
    if "account_id" not in leads:
        return rows, rows
    codes, labels = _encoded(leads["account_id"])
    account = np.where(codes >= 0, codes, len(labels.texts) + rows)
    order = np.argsort(account, kind="stable")
    return order, np.cumsum(np.diff(account[order], prepend=account[order][:1]) != 0)


def _with_history(
    now: "pd.Series | None", changed: pd.Series, code: Codes, when: Nanos, leads: int
) -> _Column:
    """One column with its changes; both must be numbers or both texts, else both are texts."""
    told = np.flatnonzero(changed.notna().to_numpy())
    rank = changed.iloc[told].rank(method="dense").to_numpy()
    told = told[np.lexsort((rank, when[told], code[told]))]
    starts = np.searchsorted(code[told], np.arange(leads + 1))
    now = changed.reindex(np.full(leads, -1)) if now is None else now
    then = changed.iloc[told]
    if now.dtype != then.dtype:
        now, then = as_text(now), as_text(then)
    values, labels = _encoded(pd.concat([now, then], ignore_index=True))
    return _Column(values[:leads], labels, starts, when[told], values[leads:])


def _encoded(values: pd.Series) -> tuple[Floats | Codes, Labels]:
    """Numbers as they are; texts as codes of their labels, -1 for missing."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64), NUMBERS
    encoded = as_arrow(values).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return codes, Labels(tuple(encoded.dictionary.to_pylist()))


def encode_texts(texts: "pd.Series[str]", levels: tuple[str, ...]) -> Floats:
    """Codes of texts: a level's position, NaN for missing, ``len(levels)`` for any other.

    >>> encode_texts(pd.Series(["b", None, "x"], dtype="str"), ("a", "b")).tolist()
    [1.0, nan, 2.0]
    """
    return Known(*_encoded(texts)).codes(levels)
