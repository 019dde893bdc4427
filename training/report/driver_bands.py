"""What are the real rates by value of one driver? Its bands, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import (
    band_label,
    band_sentence,
    counted,
    is_range,
    percent,
    span,
)


@dataclass(frozen=True, slots=True)
class Band:
    """One value or range of a driver, with the real rate.

    Attributes:
        sentence, label: as prose, and as the label of an axis.
        rate, interval, leads: as text.
        others: the rate of all other leads with its interval, as text; "" where it is not known.
        value, lower, upper: the rate and its interval, in percent.
        low, high: the ends of a range of numbers; None of anything else.
        missing: whether it is those of whom nothing is known.
    """

    sentence: str
    label: str
    rate: str
    interval: str
    leads: str
    others: str
    value: float
    lower: float
    upper: float
    low: float | None
    high: float | None
    missing: bool


def read_bands(row: Mapping[str, Any], *, complete: bool) -> tuple[Band, ...]:
    """The bands with their words; only where none is left out do the outer ones reach the ends."""
    label, measured = row["label"], row["bands"]
    if _is_category(measured, label):
        measured = sorted(measured, key=lambda band: -band["rate"])
    open_low, open_high = _open_ends(measured, label)
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
                _others(band.get("rest")),
                100 * band["rate"],
                100 * band["lower"],
                100 * band["upper"],
                band.get("low"),
                band.get("high"),
                is_missing(band),
            )
        )
    return tuple(bands)


def is_missing(band: Mapping[str, Any]) -> bool:
    """Whether nothing is known of those in a band; older cards say it by the words alone."""
    text = band["text"]
    by_words = text.endswith(" not known") or (text.startswith("no ") and text.endswith(" yet"))
    return bool(band["kind"] == "missing" if "kind" in band else by_words)


def reads_against(bands: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the band with the clearly highest rate lowers scores against that with the lowest."""
    high = max(bands, key=lambda band: band["rate"])
    low = min(bands, key=lambda band: band["rate"])
    return bool(high["lower"] > low["upper"] and high["effect"] < low["effect"])


def _others(rest: Mapping[str, Any] | None) -> str:
    if not rest:
        return ""
    return f"{percent(rest['rate'])} ({span(rest['lower'], rest['upper'], like=rest['rate'])})"


def _open_ends(bands: Sequence[Mapping[str, Any]], label: str) -> tuple[int, int]:
    """Which bands hold the lowest and the highest values, where those are ranges; else -1."""
    known = [k for k, band in enumerate(bands) if not is_missing(band)]
    ranges = [k for k in known if is_range(bands[k]["text"], label)]
    if len(bands) < 2 or not ranges:
        return -1, -1
    low = 0 if ranges[0] == 0 and len(known) > 1 else -1
    high = ranges[-1] if ranges[-1] == known[-1] and ranges[-1] > 0 else -1
    return low, high


def _is_category(bands: Sequence[Mapping[str, Any]], label: str) -> bool:
    """Whether the bands have no order of their own: texts, not numbers."""
    values = [
        b["text"].removeprefix(f"{label}: ") for b in bands if b["text"].startswith(f"{label}: ")
    ]
    return bool(values) and not any(value.lstrip("-")[:1].isdigit() for value in values)
