"""How does the funnel speak of shares, changes, sources, stages, costs and stretches of time?"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from leadml.pages.words import STAGES, counted, date_words, joined, percent, span
from training.funnel.by_source import Source
from training.funnel.shares import Change, Share

MINUS = "\u2212"
NBSP = "\u00a0"

LONGEST = 60
"""A sentence holds no longer name than this."""


@dataclass(frozen=True, slots=True)
class Said:
    """A figure ready to be read.

    Attributes:
        value: "44 %"; "" where nothing can be said.
        interval: "42–45".
        n: what it was counted on: "n 2,460".
        mark: "more" or "fewer" where it differs by more than chance brings; else "".
    """

    value: str = ""
    interval: str = ""
    n: str = ""
    mark: str = ""


def share_said(share: Share | None) -> Said:
    """A share, with how many of how many."""
    if share is None:
        return Said()
    if share.value is None or share.lower is None or share.upper is None:
        return Said(n="none to count")
    return Said(
        percent(share.value),
        _not_nothing(span(share.lower, share.upper, like=share.value)),
        f"{share.count:,} of {share.n:,}",
    )


def share_words(share: Share) -> str:
    """A share inside a sentence: "44 % (42–45)"; "" where there is nothing to share."""
    said = share_said(share)
    return f"{said.value} ({said.interval})" if said.value else ""


def multiple_said(change: Change | None) -> Said:
    """A count as a multiple of the one before, in percent more or fewer."""
    if change is None:
        return Said()
    mark = _mark(change.beyond, change.value is None or change.value > 1)
    if change.value is None or change.lower is None:
        return Said("new", "", "", mark)
    value = f"{_signed(100 * (change.value - 1), 0)}{NBSP}%"
    lower = _signed(100 * (change.lower - 1), 0)
    if change.upper is None:
        return Said(value, f"{lower} or more", "", mark)
    return Said(value, f"{lower} to {_signed(100 * (change.upper - 1), 0)}", "", mark)


def difference_said(change: Change | None) -> Said:
    """A difference of shares in percentage points; finer where all of it is small."""
    if change is None or change.value is None or change.lower is None or change.upper is None:
        return Said()
    widest = max(abs(change.lower), abs(change.upper))
    digits = 0 if widest >= 0.095 else 1 if widest >= 0.00095 else 2
    value, lower, upper = (
        _signed(100 * end, digits) for end in (change.value, change.lower, change.upper)
    )
    word = "point" if value.strip(f"+{MINUS}") == "1" else "points"
    mark = _mark(change.beyond, change.value > 0)
    return Said(f"{value}{NBSP}{word}", f"{lower} to {upper}", "", mark)


def source_name(source: Source) -> str:
    """What a row of sources is called.

    >>> source_name(Source("", pooled=90)), source_name(Source(""))
    ('90 others', 'Not known')
    """
    if source.pooled:
        return counted(source.pooled, "other", "others")
    return source.name or "Not known"


def stage_name(stage: str) -> str:
    """What a stage of the ladder is called at the head of a table."""
    return "Customer" if stage == "closed_won" else STAGES[stage][0]


def stages_of(stage: str) -> str:
    """What leads at a stage are called in a sentence.

    >>> stages_of("closed_won"), stages_of("mql"), stages_of("opportunity")
    ('customers', 'MQLs', 'opportunities')
    """
    words = {"closed_won": "customers", "opportunity": "opportunities"}
    return words.get(stage, f"{stage_name(stage)}s")


def money(amount: float | None) -> str:
    """An amount without a unit: pence only where it is small.

    >>> money(58.7), money(2393.1), money(None)
    ('58.70', '2,393', '–')
    """
    if amount is None:
        return "–"
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:,.2f}"


def money_range(lower: float | None, upper: float | None, *, like: float | None) -> str:
    """The interval of an amount, as fine as the amount ``like``; "" where it has none.

    >>> money_range(91.2, 106.0, like=97.0), money_range(90.4, 125.0, like=105.0)
    ('91.20–106.00', '90–125')
    >>> money_range(431.0, None, like=None), money_range(None, None, like=None)
    ('431 or more', '')
    """
    if lower is None:
        return ""
    if upper is None:
        return f"{money(lower)} or more"
    digits = 2 if abs(lower if like is None else like) < 100 else 0
    return f"{lower:,.{digits}f}–{upper:,.{digits}f}"


def last_day(end: pd.Timestamp) -> pd.Timestamp:
    """The last day before a moment at which something ends."""
    return end - pd.Timedelta(1, "us")


def day_words(moment: pd.Timestamp) -> str:
    """A day without its year, where that stands beside it.

    >>> day_words(pd.Timestamp("2026-02-15"))
    '15 February'
    """
    return date_words(str(moment)).rsplit(" ", 1)[0]


def from_to(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """A stretch of days, each named as shortly as stays clear.

    >>> from_to(pd.Timestamp("2026-04-01"), pd.Timestamp("2026-07-01"))
    '1 April to 30 June 2026'
    """
    first, last = date_words(str(start)), date_words(str(last_day(end)))
    year = f" {first.rsplit(' ', 1)[1]}"
    return f"{first.removesuffix(year) if last.endswith(year) else first} to {last}"


def months_words(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """A stretch of whole months.

    >>> months_words(pd.Timestamp("2026-04-01"), pd.Timestamp("2026-05-01"))
    'April 2026'
    >>> months_words(pd.Timestamp("2025-11-01"), pd.Timestamp("2026-03-01"))
    'November 2025 to February 2026'
    """
    first, last = (date_words(str(day)).split(" ", 1)[1] for day in (start, last_day(end)))
    if first == last:
        return first
    year = f" {first.rsplit(' ', 1)[1]}"
    return f"{first.removesuffix(year) if last.endswith(year) else first} to {last}"


def quoted(name: str) -> str:
    """The name of a source inside a sentence, a long one cut short; "" of none."""
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"
    return f"“{short}”" if name else ""


def listed_sources(names: Sequence[str], most: int = 5) -> str:
    """Sources inside a sentence; no more than ``most`` by name.

    >>> listed_sources(["fair", "radio"])
    '“fair” and “radio”'
    """
    said = [quoted(name) or "not known" for name in names]
    rest = len(said) - most
    parts = said if rest <= 0 else [*said[:most], counted(rest, "other", "others")]
    return joined(parts)


def _not_nothing(interval: str) -> str:
    """An interval that is too narrow to be written in percent, as what it lies under.

    >>> _not_nothing("0–0"), _not_nothing("0–0.6")
    ('under 0.01', '0–0.6')
    """
    return "under 0.01" if interval == "0–0" else interval


def _mark(beyond: bool, more: bool) -> str:  # noqa: FBT001 - both are read off one change
    return ("more" if more else "fewer") if beyond else ""


def _signed(value: float, digits: int) -> str:
    """A number with its sign; nothing of it where it is none.

    >>> _signed(4.2, 0), _signed(-0.04, 1)
    ('+4', '0')
    """
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return "0"
    return f"{'+' if value > 0 else MINUS}{text}"
