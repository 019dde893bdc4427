"""What does the terminal say of a training? Plain lines, each figure with its interval."""

from collections.abc import Mapping
from typing import Any

from leadml.tables import Tables


def read_lines(tables: Tables) -> list[str]:
    """What was read, a line a table."""
    shown = {
        "leads": tables.leads,
        "events": tables.events,
        "outcomes": tables.outcomes,
        "attributes": tables.attributes,
        "spend": tables.spend,
    }
    lines = [f"{name:>10}  {len(frame):>11,} rows" for name, frame in shown.items() if len(frame)]
    if tables.dated:
        lines.append(f"{'end':>10}  {tables.end:%Y-%m-%d %H:%M} UTC ({tables.clock})")
    return lines


def judgement_lines(card: Mapping[str, Any]) -> list[str]:
    """How good a model is, beside what one would do without it."""
    evaluation, figures = card["evaluation"], card["evaluation"]["figures"]
    model, newest = figures["model"], figures["newest first"]
    base = figures["base rate"]
    lines = [
        (
            f"Judged on {evaluation['n']:,} examples of {evaluation['leads']:,} leads it had not "
            f"seen, {evaluation['converted']:,} of them won."
        ),
        (
            "Sorting: of a won and a lost lead it puts the won one higher "
            f"{interval(model['auc'], percent=True)} of the time (newest first: "
            f"{newest['auc']['value']:.0%})."
        ),
        (
            f"The top 20 % of leads hold {interval(model['wins_in_top_20'], percent=True)} of the "
            f"wins (newest first: {newest['wins_in_top_20']['value']:.0%})."
        ),
        (
            f"Probabilities: log loss {interval(model['log_loss'])}, Brier "
            f"{interval(model['brier'])} (base rate: {base['log_loss']['value']:.3f}, "
            f"{base['brier']['value']:.3f})."
        ),
        f"Recipe: {card['recipe']}.",
    ]
    kept_out = [leak["column"] for leak in card["leaks"] if leak["verdict"] == "leak"]
    if kept_out:
        lines.append(f"Kept out as leaks: {', '.join(kept_out)}.")
    if not card["usable"]:
        lines.append(
            "NO USABLE SIGNAL: it does not beat the base rate beyond noise. "
            "Do not sell a ranking from it."
        )
    return lines


def registered_line(number: str, *, champion: bool, usable: bool) -> str:
    """What became of a version."""
    if champion:
        return f"Registered as version {number}, the champion: it scores."
    if not usable:
        return f"Registered as version {number}; without a usable signal it cannot be promoted."
    return (
        f"Registered as version {number}, the challenger. `leadml promote {number}` makes it score."
    )


def leak_lines(leaks: list[Mapping[str, Any]]) -> list[str]:
    """What looks like a leak, worst first."""
    order = {"leak": 0, "suspect": 1}
    noted = sorted(
        (leak for leak in leaks if leak["verdict"] in order),
        key=lambda leak: order[leak["verdict"]],
    )
    return [f"{leak['verdict']:>8}  {leak['column']}: {leak['reason']}." for leak in noted]


def interval(figure: Mapping[str, float], *, percent: bool = False) -> str:
    """A figure with its 90 % interval.

    >>> interval({"value": 0.583, "lower": 0.52, "upper": 0.641}, percent=True)
    '58 % (52 to 64)'
    """
    value, lower, upper = figure["value"], figure["lower"], figure["upper"]
    if percent:
        return f"{100 * value:.0f} % ({100 * lower:.0f} to {100 * upper:.0f})"
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"
