"""Whom did the model beat in the replayed past, and where not? In sentences that claim no more."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadml.pages.words import joined
from training.report.standing import Standing, figure_of, standing
from training.report.tables import figure_cell

MODEL, ONCE = "model", "trained once"

SAID = {
    "trained once": "the model trained once",
    "best single rule": "the best single rule",
    "newest first": "calling the newest first",
    "points": "a table of points",
}
"""How a sentence calls those whose names are not enough."""

_VERBS = {"auc": "sorted better", "log_loss": "came closer to what happened"}

MOST_NAMED = 4
"""No more periods in which it was worse are named in a sentence."""

Replayed = Mapping[str, Any]


def period_word(replayed: Replayed) -> str:
    """What its periods are: quarter, month, week or block.

    >>> period_word({"periods": [{"name": "2026 Q1"}]})
    'quarter'
    """
    name = replayed["periods"][0]["name"]
    for start, word in (("week", "week"), ("block", "block")):
        if name.startswith(start):
            return word
    return "quarter" if "Q" in name else "month"


def rivals_of(replayed: Replayed, clock: str) -> list[str]:
    """Everybody beside the model; without dates nobody is newest."""
    absent = {MODEL, "newest first"} if clock == "none" else {MODEL}
    return [name for name in replayed["overall"]["figures"] if name not in absent]


def verdicts(replayed: Replayed, clock: str) -> list[str]:
    """In how many periods it clearly beat each rival, where not, and how all come out."""
    metrics = ("auc", "log_loss")
    by_period = (_beaten(replayed, clock, metric) for metric in metrics)
    return [
        *(text for text in by_period if text),
        *(_together(replayed, clock, metric) for metric in metrics),
    ]


def lost_to(replayed: Replayed, clock: str) -> str:
    """Who clearly sorted better over all periods together, as a sentence; "" where nobody did."""
    behind = _apart(replayed, clock, "auc")["behind"]
    over = f"In the replayed past, over all {period_word(replayed)}s together,"
    return _leads(replayed, "auc", behind, over) if behind else ""


def _beaten(replayed: Replayed, clock: str, metric: str) -> str:
    """One sentence of one metric: rivals beaten everywhere first, then the rest one by one."""
    word = period_word(replayed)
    everywhere: dict[int, list[str]] = {}
    others = []
    for rival in rivals_of(replayed, clock):
        stood = _stood(replayed["periods"], rival, metric)
        if not stood:
            continue
        name = SAID.get(rival, rival)
        if set(stood.values()) == {"ahead"}:
            everywhere.setdefault(len(stood), []).append(name)
        else:
            others.append(f"than {name} {_where(stood)}")
    wholly = [f"than {joined(names)} in {_all(count, word)}" for count, names in everywhere.items()]
    opening = "It clearly sorted leads better"
    if metric != "auc":
        opening = "Its probabilities were clearly closer to what happened"
    return f"{opening} {'; '.join([*wholly, *others])}." if wholly or others else ""


def _stood(periods: Sequence[Replayed], rival: str, metric: str) -> dict[str, Standing]:
    """How the model stood, by period; it is itself what is trained in the first one."""
    told = periods[1:] if rival == ONCE else periods
    found = {period["name"]: standing(period, rival, metric) for period in told}
    return {name: stood for name, stood in found.items() if stood is not None}


def _where(stood: Mapping[str, Standing]) -> str:
    """In how many it was clearly ahead, where behind, and in how many it cannot be told."""
    ahead, behind, unclear = (
        [name for name, own in stood.items() if own == kind]
        for kind in ("ahead", "behind", "unclear")
    )
    many, said = len(stood), []
    if behind:
        named = _unbroken(behind) if len(behind) <= MOST_NAMED else f"{len(behind)}"
        said.append(f"clearly worse in {'all' if len(behind) == many else named}")
    if unclear:
        number = "all" if len(unclear) == many else f"{len(unclear)}"
        said.append(f"too close to tell in {number}")
    return f"in {len(ahead) or 'none'} of {many} ({'; '.join(said)})"


def _unbroken(names: Sequence[str]) -> str:
    """Names of periods that no line breaks at their hyphens."""
    return joined([name.replace("-", "\u2011") for name in names])


def _all(count: int, word: str) -> str:
    if count == 1:
        return f"the one {word} that tells"
    return f"{'both' if count == 2 else f'all {count}'} {word}s"


def _together(replayed: Replayed, clock: str, metric: str) -> str:
    """Who was clearly better or worse over all periods together, and of whom it cannot be told."""
    if figure_of(replayed["overall"], MODEL, metric) is None:
        return f"Over all {period_word(replayed)}s together the model's figure says nothing."
    stood = _apart(replayed, clock, metric)
    over = f"Over all {period_word(replayed)}s together"
    said = [_leads(replayed, metric, stood["behind"], over)]
    if stood["ahead"]:
        said.append(f"The model clearly {_VERBS[metric]} than {joined(stood['ahead'])}.")
    if stood["unclear"]:
        said.append(f"Too close to tell: {joined(stood['unclear'])}.")
    return " ".join(said)


def _apart(replayed: Replayed, clock: str, metric: str) -> dict[Standing, list[str]]:
    """Whom the model is ahead of or behind over all periods, with figures where it is not ahead."""
    overall = replayed["overall"]
    stood: dict[Standing, list[str]] = {"ahead": [], "behind": [], "unclear": []}
    for rival in rivals_of(replayed, clock):
        kind, other = standing(overall, rival, metric), figure_of(overall, rival, metric)
        if kind is not None and other is not None:
            name = SAID.get(rival, rival)
            stood[kind].append(name if kind == "ahead" else f"{name} ({_said(metric, other)})")
    return stood


def _leads(replayed: Replayed, metric: str, behind: Sequence[str], over: str) -> str:
    """Who was clearly better than the model."""
    own = figure_of(replayed["overall"], MODEL, metric)
    cell = figure_cell(metric, own)
    unit = f"{cell.value} of 100 pairs right" if metric == "auc" else f"log loss {cell.value}"
    figure = ", ".join(part for part in (unit, cell.interval) if part)
    if metric != "auc":
        figure += "; less is closer"
    who = joined(behind) or "nobody"
    return f"{over} {who} clearly {_VERBS[metric]} than the model ({figure})."


def _said(metric: str, figure: Mapping[str, float]) -> str:
    cell = figure_cell(metric, figure)
    return f"{cell.value}, {cell.interval}" if cell.interval else cell.value
