"""What drives conversion, and which open leads stand out? Records for the page and its charts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.pages.words import (
    GROUPS,
    STAGES,
    band_label,
    band_sentence,
    capitalised,
    counted,
    date_words,
    is_range,
    percent,
    span,
    subject_words,
)

MOST_DRIVERS = 10
MOST_LEADS = 10
HARDLY = 0.05
"""A subject with less than this share of the strongest one's weight hardly matters."""


@dataclass(frozen=True, slots=True)
class Band:
    """One value or range of a driver, with the real rate.

    Attributes:
        sentence, label: as prose, and as the label of an axis.
        rate, interval, leads: as text.
        value, lower, upper: the rate and its interval, in percent.
    """

    sentence: str
    label: str
    rate: str
    interval: str
    leads: str
    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Driver:
    """One subject the model leans on.

    Attributes:
        group, group_words: the evidence it is.
        share: of all that moves scores, in percent.
        measure: what the bands are about.
        against: whether the model reads it the other way round than the raw rates.
    """

    name: str
    group: str
    group_words: str
    share: float
    measure: str
    bands: tuple[Band, ...]
    against: bool


@dataclass(frozen=True, slots=True)
class Drivers:
    """The strongest subjects, the names of those used less, and of those that hardly matter."""

    shown: tuple[Driver, ...]
    used: tuple[str, ...]
    hardly: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, and by what it multiplies or divides the odds."""

    text: str
    odds: str


@dataclass(frozen=True, slots=True)
class Lead:
    """One open lead: its score and why."""

    lead_id: str
    as_of: str
    probability: str
    interval: str
    fit: str
    engagement: str
    stage: str
    speaks_for: tuple[Reason, ...]
    speaks_against: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many leads are at a stage, or unscored for a reason."""

    name: str
    meaning: str
    leads: str


@dataclass(frozen=True, slots=True)
class OpenLeads:
    """All open leads in counts, and the most likely ones in full."""

    total: int
    top: tuple[Lead, ...]
    stages: tuple[Tally, ...]
    unscored: tuple[Tally, ...]


def pick_drivers(rows: Sequence[Mapping[str, Any]], *, examples: int) -> Drivers:
    """The drivers of a card in the order of its weights.

    Args:
        rows: as in the card, strongest first.
        examples: how many the rates were measured on.
    """
    total = sum(row["weight"] for row in rows)
    least = HARDLY * max((row["weight"] for row in rows), default=0.0)
    strong = [row for row in rows if row["weight"] >= least and row["weight"] > 0]
    shown = [row for row in strong if len(row["bands"]) > 1][:MOST_DRIVERS]
    used = [row for row in strong if row not in shown]
    hardly = [row for row in rows if row not in strong]
    return Drivers(
        tuple(_driver(row, total=total, examples=examples) for row in shown),
        tuple(_name(row) for row in used),
        tuple(_name(row) for row in hardly),
    )


def read_open_leads(open_leads: pd.DataFrame) -> OpenLeads:
    """Counts all open leads and picks the most likely scored ones, ties by lead_id.

    Args:
        open_leads: see `training.report.write.write_report`; may be empty.
    """
    if open_leads.empty:
        return OpenLeads(0, (), (), ())
    scored = open_leads[open_leads["probability"].notna()]
    ranked = scored.sort_values(["probability", "lead_id"], ascending=[False, True])
    top = ranked.head(MOST_LEADS).to_dict("records")
    unscored = open_leads.loc[open_leads["probability"].isna(), "unscored_reason"]
    return OpenLeads(
        len(open_leads),
        tuple(_lead({str(key): value for key, value in row.items()}) for row in top),
        _stages(scored["stage"]),
        tuple(
            Tally(capitalised(str(reason)), "", f"{count:,}")
            for reason, count in unscored.value_counts().items()
        ),
    )


def _driver(row: Mapping[str, Any], *, total: float, examples: int) -> Driver:
    return Driver(
        capitalised(_name(row)),
        row["group"],
        GROUPS.get(row["group"], capitalised(row["group"])),
        100 * row["weight"] / total,
        capitalised(row["label"]),
        _bands(row, complete=sum(band["n"] for band in row["bands"]) == examples),
        _reads_against(row["bands"]),
    )


def _bands(row: Mapping[str, Any], *, complete: bool) -> tuple[Band, ...]:
    """The bands with their words; only where none is left out do the outer ones reach the ends."""
    label, measured = row["label"], row["bands"]
    if _is_category(measured, label):
        measured = sorted(measured, key=lambda band: -band["rate"])
    open_low, open_high = _open_ends([band["text"] for band in measured], label)
    bands = []
    for k, band in enumerate(measured):
        ends = {open_low: "low", open_high: "high"}.get(k, "") if complete else ""
        bands.append(
            Band(
                band_sentence(band["text"], label, ends=ends),
                band_label(band["text"], label, ends=ends),
                percent(band["rate"]),
                span(band["lower"], band["upper"], like=band["rate"]),
                counted(band["leads"], "lead", "leads"),
                100 * band["rate"],
                100 * band["lower"],
                100 * band["upper"],
            )
        )
    return tuple(bands)


def _open_ends(texts: Sequence[str], label: str) -> tuple[int, int]:
    """Which bands hold the lowest and the highest values, where those are ranges; else -1."""
    known = [k for k, text in enumerate(texts) if not _is_missing(text)]
    ranges = [k for k in known if is_range(texts[k], label)]
    if len(texts) < 2 or not ranges:
        return -1, -1
    low = 0 if ranges[0] == 0 and len(known) > 1 else -1
    high = ranges[-1] if ranges[-1] == known[-1] and ranges[-1] > 0 else -1
    return low, high


def _is_missing(text: str) -> bool:
    return text.endswith(" not known") or (text.startswith("no ") and text.endswith(" yet"))


def _is_category(bands: Sequence[Mapping[str, Any]], label: str) -> bool:
    """Whether the bands have no order of their own: texts, not numbers."""
    values = [
        b["text"].removeprefix(f"{label}: ") for b in bands if b["text"].startswith(f"{label}: ")
    ]
    return bool(values) and not any(value.lstrip("-")[:1].isdigit() for value in values)


def _reads_against(bands: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the band with the clearly highest rate lowers scores against that with the lowest."""
    high = max(bands, key=lambda band: band["rate"])
    low = min(bands, key=lambda band: band["rate"])
    return bool(high["lower"] > low["upper"] and high["effect"] < low["effect"])


def _name(row: Mapping[str, Any]) -> str:
    return subject_words(row["feature"], row["subject"])


def _lead(row: Mapping[str, Any]) -> Lead:
    engagement = row["engagement_grade"]
    stage = row["stage"]
    probability = row["probability"]
    reasons: Sequence[Mapping[str, Any]] = row["reasons"]
    return Lead(
        str(row["lead_id"]),
        date_words(str(row["as_of"])),
        percent(probability),
        span(row["lower"], row["upper"], like=probability),
        row["fit_grade"] or "",
        "" if pd.isna(engagement) else str(int(engagement)),
        STAGES[stage][0] if stage in STAGES else capitalised(str(stage)),
        tuple(_reason(reason) for reason in reasons if reason["effect"] > 0),
        tuple(_reason(reason) for reason in reasons if reason["effect"] < 0),
    )


def _reason(reason: Mapping[str, Any]) -> Reason:
    factor = math.exp(min(abs(reason["effect"]), 10.0))
    sign = "×" if reason["effect"] > 0 else "÷"
    return Reason(capitalised(str(reason["text"])), f"{sign}\u00a0{factor:.1f}")


def _stages(stages: "pd.Series[str]") -> tuple[Tally, ...]:
    """Counts by stage, furthest first; stages we have no words for last."""
    counts = {str(stage): int(count) for stage, count in stages.value_counts().items()}
    known = [stage for stage in STAGES if stage in counts]
    others = sorted(set(counts) - set(known))
    return tuple(
        Tally(*STAGES.get(stage, (capitalised(stage), "")), f"{counts[stage]:,}")
        for stage in [*known, *others]
    )
