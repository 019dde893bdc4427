"""What if sales took other leads? The champion with a line that a person chose, and nothing else.

Model, map and figures stay. It is registered as a version that says who is called now, so that it
is promoted and rolled back like any other: no line ever moves silently.
"""

import dataclasses
from typing import Any

from features.build import build_matrix
from features.catalog import Catalog
from features.past import build_past
from leadml.errors import ConfigError
from leadml.levels import Levels
from leadml.tables import Tables
from training.evaluate import Evaluation
from training.gate import Champion, Gate, Rule
from training.lines import Line
from training.recalibrate import Revision
from training.train import TrainingResult

SAMPLE = 1_000
"""So many judged examples show what the features look like."""


def choose_line(champion: Champion, tables: Tables, line: Line, *, because: str) -> Revision:
    """The champion with its sql line moved.

    Args:
        champion: the model that scores now.
        tables: what its judged examples were looked up in.
        line: the one that was chosen, with what it yields.
        because: why, in the person's words.

    Raises:
        ConfigError: no reason is given, or the line lies below that of marketing.
    """
    if not because.strip():
        msg = "A line is chosen for a reason, got none. Give it by --because, as in 'two new reps'."
        raise ConfigError(msg)
    model, card = champion.model, champion.model.card
    levels = Levels.from_json(model.policy)
    _check_above(levels, line)
    policy = dataclasses.replace(levels.policy, sql_probability=line.probability)
    moved = dataclasses.replace(levels, policy=policy, sql_line=line.probability)
    facts = _facts(champion, levels, line, because)
    made = dataclasses.replace(model, policy=moved.to_json(), card={**card, "chosen": facts})
    catalog = Catalog.from_json(model.catalog)
    shown = champion.judged[["lead_id", "as_of"]].head(SAMPLE).reset_index(drop=True)
    result = TrainingResult(
        made,
        catalog,
        Evaluation.from_json(card["evaluation"]),
        champion.judged,
        build_matrix(catalog, build_past(tables, shown)),
        usable=card["usable"],
    )
    return Revision(
        result, Gate((Rule("chosen line", passed=True, text=_words(facts)),), champion.number)
    )


def _check_above(levels: Levels, line: Line) -> None:
    if line.probability < levels.mql_line:
        msg = (
            f"The sql line must not lie below the mql line, got {line.probability:.4f} and "
            f"{levels.mql_line:.4f}: sales would get leads that marketing does not. Raise "
            "policy.mql_share and train, or choose another line."
        )
        raise ConfigError(msg)


def _facts(champion: Champion, levels: Levels, line: Line, because: str) -> dict[str, Any]:
    """What was chosen, as plain data."""
    return {
        "from_version": champion.number,
        "line": line.name,
        "because": because.strip(),
        "before": levels.sql_line,
        "now": line.probability,
        "contacts_per_week": line.contacts_per_week,
        "wins_expected": [line.wins_expected, line.wins_lower, line.wins_upper],
    }


def _words(facts: dict[str, Any]) -> str:
    wins, lower, upper = facts["wins_expected"]
    return (
        f"The sql line of version {facts['from_version']} was moved from {facts['before']:.4f} to "
        f"{facts['now']:.4f} ({facts['line']}), because: {facts['because']}. Tried on the judged "
        f"examples it gives {facts['contacts_per_week']:.1f} contacts a week and {wins:.0f} wins "
        f"({lower:.0f} to {upper:.0f})."
    )
