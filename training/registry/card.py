"""What should a person know before using this model? One page of Markdown from its card.

The card is plain data; the page says it in the order of the questions people ask: what it
predicts, from which data, how well, whether to believe the probabilities, what was kept out, what
to beware of, who may use it for what, and how to make it again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from leadml.said.figures import interval
from training.gate import Gate
from training.limits import USE, limits_of, out_of_scope
from training.registry.origin import Origin

FIGURES = {
    "auc": "a won lead above a lost one (AUC)",
    "average_precision": "average precision",
    "wins_in_top_20": "wins in the top 20 %",
    "log_loss": "log loss",
    "brier": "Brier score",
}
"""The figures shown, and how they are said."""


def build_card(card: Mapping[str, Any], gate: Gate, origin: Origin, *, run_id: str) -> str:
    """The model card.

    Args:
        card: of the model.
        gate: the verdict on it.
        origin: what it was made from.
        run_id: the run that holds it.
    """
    sections = {
        "Data": _data(card),
        "How well it does": _figures(card["evaluation"]),
        "Can the probabilities be believed?": _calibration(card["evaluation"]),
        "Leaks": _leaks(card),
        "Gate": _gate(gate),
        "Limits": _bullets(_limits(card)),
        "Use": [USE],
        "Out of scope": _bullets(out_of_scope(card)),
        "Made from": _reproduce(card, origin, run_id),
    }
    lines = [f"# {card['name']}", "", *_purpose(card)]
    for title, body in sections.items():
        lines += ["", f"## {title}", "", *body]
    return "\n".join(lines) + "\n"


def _purpose(card: Mapping[str, Any]) -> list[str]:
    asked = f"{card['outcome']} within {card['horizon_days']} days"
    return [
        f"How likely an open lead is to reach {asked} of the moment it is looked at:",
        "a probability with its interval, grades, a stage and reasons.",
        f"Recipe: {card['recipe']}.",
    ]


def _data(card: Mapping[str, Any]) -> list[str]:
    data = card["data"]
    known = f"until {card['known_until'][:16]} UTC" if _dated(card) else "in the order of the rows"
    rows = [
        [
            part["part"],
            part["from"][:10] if _dated(card) else "-",
            part["to"][:10] if _dated(card) else "-",
            f"{part['examples']:,}",
            f"{part['leads']:,}",
            f"{part['converted']:,}",
        ]
        for part in card["split"]
    ]
    head = (
        f"Known {known}: {data['leads']:,} leads and {data['events']:,} events; "
        f"{data['examples']:,} mature examples, {data['converted']:,} of them converted."
    )
    return [
        head,
        "",
        *_table(["part", "from", "to", "examples", "leads", "converted"], rows),
    ]


def _figures(evaluation: Mapping[str, Any]) -> list[str]:
    """The figures beside those of the rivals, where a rival has them."""
    figures = evaluation["figures"]
    rows = [
        [said, *(interval(own[name]) if name in own else "-" for own in figures.values())]
        for name, said in FIGURES.items()
    ]
    head = (
        f"On {evaluation['n']:,} examples it had not seen ({evaluation['leads']:,} leads), "
        f"{evaluation['converted']:,} of them won; 90 % intervals."
    )
    return [head, "", *_table(["", *figures], rows)]


def _calibration(evaluation: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            f"{row['lower']:.0%} to {row['upper']:.0%}",
            f"{row['n']:,}",
            f"{row['predicted']:.1%}",
            f"{row['observed']:.1%} ({row['observed_lower']:.1%} to {row['observed_upper']:.1%})",
        ]
        for row in evaluation["ranges"]
    ]
    return _table(["probability", "examples", "said on average", "won (90 % interval)"], rows)


def _leaks(card: Mapping[str, Any]) -> list[str]:
    """What was kept out, what a person allowed all the same, what to look at."""
    allowed = set(card["config"]["attributes"]["allow"])
    found = [row for row in card["leaks"] if row["verdict"] != "fine"]
    if not found:
        return ["No column looks like a leak."]
    rows = []
    for row in found:
        verdict = "suspect, used"
        if row["verdict"] == "leak":
            by_name = row.get("allowed", row["column"] in allowed)
            verdict = "leak, allowed by name" if by_name else "leak, kept out"
        rows.append([f"`{row['column']}`", verdict, row["reason"]])
    return _table(["column", "verdict", "why"], rows)


def _gate(gate: Gate) -> list[str]:
    beside = f"beside version {gate.champion}" if gate.champion else "with no champion beside it"
    head = f"{'Passed' if gate.passed else 'Refused'}, judged {beside}."
    said = (f"{'' if rule.passed else 'REFUSED: '}{rule.name}: {rule.text}" for rule in gate.rules)
    return [head, "", *_bullets(said)]


def _limits(card: Mapping[str, Any]) -> list[str]:
    warned = [f"Of the tables: {text}" for text in card["data"]["findings"]]
    return [*limits_of(card), *warned] or ["None beside what the intervals say."]


def _reproduce(card: Mapping[str, Any], origin: Origin, run_id: str) -> list[str]:
    packages = ", ".join(f"{name} {number}" for name, number in sorted(card["packages"].items()))
    return [
        f"`leadml train --from-run {run_id}` makes it again, byte for byte, from the same data,",
        "code and packages.",
        "",
        *_table(
            ["", ""],
            [
                ["data (sha256)", f"`{origin.fingerprint}`"],
                ["code (sha256)", f"`{origin.code}`"],
                ["commit", f"`{origin.commit}`" if origin.commit else "no checkout"],
                ["packages", packages],
            ],
        ),
    ]


def _dated(card: Mapping[str, Any]) -> bool:
    return card["clock"] in {"times", "days"}


def _bullets(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _table(header: list[str], rows: Iterable[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"

    return [line(header), line(["---"] * len(header)), *(line(row) for row in rows)]
