"""Which open leads stand out, and why? The table of all that have a score, and their cards.

The page holds every scored lead as a row of a compact table that a script shows, 25 at a time, and
a card for the most likely ones, squeezed. Without a script the ten most likely stand there in full.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from leadml.pages.card import About, Card, build_card, engagement_of, stage_name
from leadml.pages.words import STAGES, capitalised, percent, span
from leadml.people import shown_ids
from training.neighbours import Neighbours

MOST_LEADS = 10
"""So many leads stand in full where scripts do not run."""

MOST_CARDS = 8_000
"""So many leads have a card in the page."""

PACK = 100
"""So many cards lie in a pack, squeezed to a fourteenth; a script unpacks it when one is opened."""

UNSAID = About("", 0, dated=True)

Names = Mapping[str, Sequence[str]]
"""What else leads are called, by lead_id."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many leads are at a stage, or unscored for a reason."""

    name: str
    meaning: str
    leads: str


@dataclass(frozen=True, slots=True)
class OpenLeads:
    """All open leads.

    Attributes:
        total: how many there are.
        scored: how many of them have a score.
        cards: of the most likely, the most likely first.
        data: every scored lead, as JSON for the script.
        sources: whether leads have a source.
        hidden: how many ids looked like an address or a number and are not shown.
        stages, unscored: counts.
    """

    total: int
    scored: int
    cards: tuple[Card, ...]
    data: Markup
    sources: bool
    hidden: int
    stages: tuple[Tally, ...]
    unscored: tuple[Tally, ...]

    @property
    def pack(self) -> int:
        """So many cards lie in a pack."""
        return PACK

    @property
    def top(self) -> tuple[Card, ...]:
        """The most likely leads, which stand in full where scripts do not run."""
        return self.cards[:MOST_LEADS]


def read_open_leads(
    open_leads: pd.DataFrame,
    about: About = UNSAID,
    *,
    similar: Mapping[str, Neighbours] | None = None,
    names: Names | None = None,
    most_cards: int = MOST_CARDS,
) -> OpenLeads:
    """All open leads, the scored ones by probability, ties by lead_id.

    Args:
        open_leads: see `training.report.write.write_report`; may be empty. Columns beyond those,
            as `serving.scores.Scores.for_people` has them, and source (text), missing (lists of
            attributes), are told where they are there.
        about: what the scores are of.
        similar: past leads like them, by lead_id.
        names: what else leads are called; None hides names, and ids that tell a person.
        most_cards: how many leads get a card.
    """
    if open_leads.empty:
        return OpenLeads(0, 0, (), Markup(), sources=False, hidden=0, stages=(), unscored=())
    scored = open_leads[open_leads["probability"].notna()]
    ranked = scored.sort_values(["probability", "lead_id"], ascending=[False, True])
    unscored = open_leads.loc[open_leads["probability"].isna(), "unscored_reason"]
    shown = _shown(ranked["lead_id"], similar or {}, with_names=names is not None)
    sources = "source" in ranked and ranked["source"].notna().any()
    return OpenLeads(
        len(open_leads),
        len(ranked),
        _cards(ranked.head(most_cards), about, shown, similar or {}, names or {}),
        _as_json(_columns(ranked, shown, names or {}, sources=bool(sources))),
        sources=bool(sources),
        hidden=sum(shown[own] != own for own in ranked["lead_id"].astype(str)),
        stages=_stages(scored["stage"]),
        unscored=tuple(
            Tally(capitalised(str(reason)), "", f"{count:,}")
            for reason, count in unscored.value_counts().items()
        ),
    )


def _shown(
    lead_ids: "pd.Series[str]", similar: Mapping[str, Neighbours], *, with_names: bool
) -> Mapping[str, str]:
    """How every id that the section may name is shown."""
    others = (one.lead_id for own in similar.values() for one in own.nearest)
    return shown_ids([*lead_ids.astype(str), *others], with_names=with_names)


def _cards(
    ranked: pd.DataFrame,
    about: About,
    shown: Mapping[str, str],
    similar: Mapping[str, Neighbours],
    names: Names,
) -> tuple[Card, ...]:
    cards = []
    for record in ranked.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        own = str(row["lead_id"])
        cards.append(
            build_card(
                row,
                about,
                shown_id=shown[own],
                names=names.get(own, ()),
                similar=_plain(similar[own], shown) if own in similar else None,
            )
        )
    return tuple(cards)


def _plain(similar: Neighbours, shown: Mapping[str, str]) -> dict[str, Any]:
    """What became of similar leads, with their ids as they are shown."""
    plain = similar.to_json()
    nearest = [{**one, "lead_id": shown[one["lead_id"]]} for one in plain["nearest"]]
    return {**plain, "nearest": nearest}


def _columns(
    ranked: pd.DataFrame, shown: Mapping[str, str], names: Names, *, sources: bool
) -> dict[str, Any]:
    """Every scored lead, column by column; texts that recur are told once."""
    stages = [stage_name(str(stage)) for stage in ranked["stage"]]
    ids = ranked["lead_id"].astype(str)
    columns: dict[str, Any] = {
        "ids": [shown[own] for own in ids],
        "score": _coded([percent(share) for share in ranked["probability"]]),
        "interval": _coded(
            [
                span(lower, upper, like=share)
                for lower, upper, share in zip(
                    ranked["lower"], ranked["upper"], ranked["probability"], strict=True
                )
            ]
        ),
        "stage": _coded(stages, first=[name for name, _ in STAGES.values()]),
        "fit": _coded(["" if pd.isna(own) else str(own) for own in ranked["fit_grade"]]),
        "engagement": _coded([engagement_of(own) for own in ranked["engagement_grade"]]),
    }
    if sources:
        columns["source"] = _coded(["" if pd.isna(o) else str(o) for o in ranked["source"]])
    if names:
        columns["names"] = [" · ".join(names.get(own, ())) for own in ids]
    return columns


def _coded(values: Sequence[str], *, first: Iterable[str] = ()) -> dict[str, Any]:
    """Texts as numbers: those named first, then in order, nothing at all last."""
    there = set(values)
    known = [text for text in first if text in there]
    others = sorted(there - set(known), key=lambda text: (not text, text))
    place = {text: k for k, text in enumerate([*known, *others])}
    return {"texts": list(place), "codes": [place[text] for text in values]}


def _as_json(columns: Mapping[str, Any]) -> Markup:
    """Plain data that no text can break out of: it holds no tag and no entity."""
    text = json.dumps(columns, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the signs that matter have just been escaped


def _stages(stages: "pd.Series[str]") -> tuple[Tally, ...]:
    """Counts by stage, furthest first; stages we have no words for last."""
    counts = {str(stage): int(count) for stage, count in stages.value_counts().items()}
    known = [stage for stage in STAGES if stage in counts]
    others = sorted(set(counts) - set(known))
    return tuple(
        Tally(*STAGES.get(stage, (capitalised(stage), "")), f"{counts[stage]:,}")
        for stage in [*known, *others]
    )
