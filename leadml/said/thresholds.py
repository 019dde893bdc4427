"""What does the terminal say of a plan of thresholds? A table, and what it means in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

YIELD = ("from", "contacts", "a week", "busiest", "wins expected", "happened", "within")
SHARES = ("precision", "happened", "share of wins", "leads below", "wins below")

NOTES = (
    "A contact is a lead, called once: when it first reaches the line. Its win counts, also in the",
    "profit, if it came within the horizon of that moment. The interval is for the number of wins:",
    "the level may be off, and each win is chance; within: what happened lies in it. Busiest: the",
    "most contacts in one week, mostly the first, when all leads then open are looked at. Share of",
    "wins, and wins below: as they happened, of leads that won, soon or late. Best F1 is known in",
    "hindsight only. Wins are those of leads that are called, not those that a call brings about:",
    "only calling some leads below the line at random measures that. By value: where a contact",
    "begins to pay; a lower line can show more profit, as it calls leads sooner. Nothing changes",
    "until a person puts a line into the policy.",
)


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """A plan for a head of sales, line by line.

    Args:
        plan: the plain data of a `training.thresholds.Plan`.
    """
    people, each = plan["capacity"]["people"], plan["capacity"]["conversations_per_week"]
    lines = [
        (
            f"Tried on {plan['leads']:,} leads looked at from {plan['start'][:10]} to "
            f"{plan['end'][:10]} ({plan['weeks']:.1f} weeks), {plan['won']:,} of them won. "
            "90 % intervals."
        ),
        (
            f"{_people(people)} with {each:g} conversations a week can take on {people * each:g} "
            f"leads a week: those from {_percent(plan['everybody']['line']['probability'])} on."
        ),
        more_line(plan["everybody"]),
        "",
        *_tables("line", [(line["name"], line) for line in plan["lines"]]),
    ]
    if plan["teams"]:
        rows = [(team["name"], team["line"]) for team in plan["teams"]]
        lines += ["", "Each team with a line of its own:", "", *_tables("team", rows), ""]
        lines += [f"{team['name']}: {more_line(team)}" for team in plan["teams"]]
    if plan["unstaffed"]:
        lines.append(f"Nobody works on the leads of: {', '.join(map(_named, plan['unstaffed']))}.")
    missed = [line["name"] for line in plan["lines"] if not line["held"]]
    if missed:
        lines += [
            "",
            f"WHAT HAPPENED LIES OUTSIDE THE INTERVAL at: {', '.join(missed)}.",
            "Recalibrate or train again before you rely on the wins expected.",
        ]
    return [*lines, "", *NOTES]


def more_line(team: Mapping[str, Any]) -> str:
    """What one more person would add to a team."""
    more = team["one_more"]
    if not more["contacts_per_week"]:
        return "One more person would add nothing: no further lead waits below the line."
    wins = more["wins_per_week"]
    said = (
        f"One more person: the line falls to {_percent(more['probability'])}, with "
        f"{more['contacts_per_week']:.1f} more contacts and {wins['value']:.2f} more wins a week "
        f"({wins['lower']:.2f} to {wins['upper']:.2f}; {more['happened_per_week']:.2f} happened)"
    )
    if more["profit_per_week"] is None:
        return f"{said}."
    return f"{said}: {more['profit_per_week']:,.0f} a week after the cost of contacts."


def _tables(head: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What lines yield, and below it which part of all wins that is and what falls below."""
    valued = rows[0][1]["profit_per_week"] is not None
    heads = [head, *YIELD, *(["profit a week"] if valued else [])]
    yields = [[_named(name), *_yield(line)] for name, line in rows]
    shares = [[_named(name), *_shares(line)] for name, line in rows]
    return [*_aligned([heads, *yields]), "", *_aligned([[head, *SHARES], *shares])]


def _yield(line: Mapping[str, Any]) -> list[str]:
    interval = f"({line['wins_lower']:.0f} to {line['wins_upper']:.0f})"
    cells = [
        _percent(line["probability"]),
        f"{line['contacts']:,}",
        f"{line['contacts_per_week']:.1f}",
        f"{line['busiest_week']:,}",
        f"{line['wins_expected']:.1f} {interval}",
        f"{line['wins_happened']:,}",
        "yes" if line["held"] else "NO",
    ]
    profit = line["profit_per_week"]
    return cells if profit is None else [*cells, f"{profit:,.0f}"]


def _shares(line: Mapping[str, Any]) -> list[str]:
    return [
        *(_percent(line[f"precision_{kind}"], digits=0) for kind in ("expected", "happened")),
        _percent(line["share_of_wins_happened"], digits=0),
        f"{line['below']:,}",
        f"{line['wins_below_happened']:,}",
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first their heads: names to the left, figures to the right.

    >>> _aligned([["line", "wins"], ["low", "7"]])
    ['line  wins', 'low      7']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [f"{row[0]:<{widths[0]}}"]
            + [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]


def _percent(share: float | None, *, digits: int = 1) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def _people(number: float) -> str:
    return "1 person" if number == 1 else f"{number:g} people"


def _named(name: str) -> str:
    return name or "(no segment)"
