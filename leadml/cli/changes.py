"""What two models make of the same leads, in lines for the terminal."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from leadml.explore import Rate, TrueLift
    from serving.changes import Change

MOST_LEADS = 20
"""So many leads are shown one by one; the file holds all."""


def moved(changes: "pd.DataFrame") -> "pd.DataFrame":
    """The leads whose stage or grade differs, by how much the probability does.

    Args:
        changes: of `training.gate.list_changes`.
    """
    differs = (changes["stage"] != changes["stage_before"]) | (
        changes["grade"] != changes["grade_before"]
    )
    own = changes[differs]
    far = (own["probability"] - own["probability_before"]).abs().fillna(0.0)
    order = far.sort_values(ascending=False, kind="stable").index
    return own.loc[order].reset_index(drop=True)


def change_lines(changes: "pd.DataFrame", before: str, after: str) -> Iterator[str]:
    """How many leads change stage and grade, which moves there are, and the leads that move most.

    Args:
        changes: of `training.gate.list_changes`.
        before: the version whose stages leads have.
        after: the other version.
    """
    total = max(len(changes), 1)
    staged = changes[changes["stage"] != changes["stage_before"]]
    graded = int((changes["grade"] != changes["grade_before"]).sum())
    yield (
        f"Of {len(changes):,} open leads {len(staged):,} ({len(staged) / total:.0%}) change stage "
        f"and {graded:,} ({graded / total:.0%}) change grade from version {before} to {after}."
    )
    moves = (staged["stage_before"] + " to " + staged["stage"]).value_counts()
    yield from (f"{count:>8,}  {move}" for move, count in moves.items())
    shown = moved(staged).head(MOST_LEADS)
    if len(shown):
        yield f"The {len(shown)} whose probability changes most:" if len(shown) > 1 else "It is:"
    for lead in shown.to_dict("records"):
        yield (
            f"  {lead['lead_id']}: {lead['stage_before']} to {lead['stage']}, grade "
            f"{lead['grade_before']} to {lead['grade']}, probability "
            f"{_percent(lead['probability_before'])} to {_percent(lead['probability'])}"
        )


def why_lines(change: "Change") -> Iterator[str]:
    """Why one score changed: the sentence, the steps with their sum, and what became known."""
    yield change.text
    yield "In log-odds:"
    for part in change.parts:
        yield f"{part.effect:>+8.2f}  {part.cause}"
    start, end = change.before.log_odds, change.after.log_odds
    yield f"{end - start:>+8.2f}  in all, from {start:+.2f} to {end:+.2f}"
    news = [event.text for event in change.new_events]
    news += [attribute.text for attribute in change.changed_attributes]
    if news:
        yield f"What became known: {'; '.join(news)}."


def lift_lines(found: "TrueLift") -> Iterator[str]:
    """What leads passed at random tell, for a head of sales."""
    rates = {
        "called by the policy": found.above,
        "others, called at random": found.below,
        "others, not called": found.untouched,
    }
    for name, rate in rates.items():
        yield f"{name:<28} {_rate(rate)} became customers, of {rate.leads:,} leads"
    yield f"What the policy tells apart: {_rate(found.lift)} (its leads less others, all called)"
    yield f"What a call brings others:   {_rate(found.effect)} (called less not called)"
    yield "Intervals of 90 %, each lead counted once."


def _rate(rate: "Rate") -> str:
    return f"{100 * rate.value:.1f} % ({100 * rate.lower:.1f} to {100 * rate.upper:.1f})"


def _percent(probability: float) -> str:
    return "-" if math.isnan(probability) else f"{100 * probability:.2g} %"
