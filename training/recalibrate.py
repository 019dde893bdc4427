"""Where is the level today? The champion's map refitted on what has matured since, its margin kept.

The level of conversions moves faster than the ranking, so the map is refitted between trainings,
in seconds. What was believed of it is the starting point: a few outcomes move it a little, many
move it fully (`training.tracker`).
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.build import build_matrix
from features.catalog import Catalog
from features.past import build_past
from leadml.arrays import Floats, Ints
from leadml.config import Config
from leadml.errors import ConfigError, SignalError
from leadml.levels import Levels
from leadml.model import Calibration, LeadModel, sigmoid
from leadml.tables import Tables
from leadml.timeline import parse_moment
from training.evaluate import Evaluation
from training.examples import ExampleSet, build_examples, known_at
from training.gate import Champion, Gate, Rule
from training.tracker import Belief, Outcomes, update
from training.train import TrainingResult


@dataclass(frozen=True, slots=True)
class Revision:
    """A champion of which only a part was changed.

    Attributes:
        result: as a training gives it, to be registered.
        gate: the verdict on it, which says what was changed, and from what.
    """

    result: TrainingResult
    gate: Gate


def recalibrate(config: Config, tables: Tables, champion: Champion) -> Revision:
    """Refits the map of every horizon on examples the champion could not learn from.

    Raises:
        ConfigError: the configuration asks for another outcome or horizon than the champion's.
        SignalError: nothing has matured since the champion was made.
    """
    model, card = champion.model, champion.model.card
    _check_label(config, card)
    examples = build_examples(tables, config)
    first = len(known_at(examples, parse_moment(card["known_until"])).rows)
    known = known_at(examples, examples.end)
    rows = known.rows[first:]
    if not len(rows):
        msg = (
            f"Outcomes must have matured since {card['known_until'][:10]}, when version "
            f"{champion.number} was made, got none. Try again later."
        )
        raise SignalError(msg)
    catalog = Catalog.from_json(model.catalog)
    matrix = build_matrix(catalog, build_past(tables, examples.looked.iloc[rows]))
    margin = model.margin(matrix)
    told = Outcomes(
        model.calibration.bent(margin),
        known.converted[first:],
        known.offset[first:],
        int(examples.looked["lead_id"].iloc[rows].nunique()),
        periods=0.0,
    )
    moved = follow(model.calibration, told)
    made = dataclasses.replace(
        model,
        calibration=moved,
        horizons=_others(model, examples, rows, margin),
        policy=_moved_levels(model, moved).to_json(),
        card={**card, "known_until": tables.end.isoformat()},
    )
    facts = _facts(champion, told, model.calibration, moved)
    made = dataclasses.replace(made, card={**made.card, "recalibrated": facts})
    gate = Gate((Rule("recalibration", passed=True, text=_words(facts)),), champion.number)
    evaluation = Evaluation.from_json(card["evaluation"])
    result = TrainingResult(
        made, catalog, evaluation, champion.judged, matrix[:1000], usable=card["usable"]
    )
    return Revision(result, gate)


def follow(calibration: Calibration, told: Outcomes) -> Calibration:
    """The map after new outcomes, from what was believed of it before them."""
    own, together, level = calibration.variance
    belief = Belief(
        0.0,
        np.array([calibration.slope, calibration.offset]),
        np.array([[own, together], [together, level]]),
        calibration.drift,
    )
    moved = update(belief, told)
    return dataclasses.replace(
        calibration,
        slope=moved.slope,
        offset=moved.offset,
        variance=moved.later(1.0).spans,
        leads=calibration.leads + told.leads,
    )


def _others(
    model: LeadModel, examples: ExampleSet, rows: Ints, margin: Floats
) -> dict[int, Calibration]:
    """The maps of the other horizons after what of the new examples has ended by each."""
    moved = {}
    for horizon, calibration in model.horizons.items():
        known = known_at(examples, examples.end, days_ahead=horizon)
        chosen = rows[rows < len(known.rows)]
        told = Outcomes(
            calibration.bent(margin[: len(chosen)]),
            known.converted[chosen],
            known.offset[chosen],
            int(examples.looked["lead_id"].iloc[chosen].nunique()),
            periods=0.0,
        )
        moved[horizon] = follow(calibration, told)
    return moved


def _moved_levels(model: LeadModel, moved: Calibration) -> Levels:
    """The policy's lines where the same leads pass them as before; a chosen one stays."""
    levels, before = Levels.from_json(model.policy), model.calibration
    lines = np.array([levels.sql_line, levels.mql_line])
    bent = (np.log(lines) - np.log1p(-lines) - before.offset) / before.slope
    sql, mql = (float(line) for line in sigmoid(moved.slope * bent + moved.offset))
    mql = levels.policy.mql_probability or mql
    sql = levels.policy.sql_probability or max(sql, mql)
    return dataclasses.replace(levels, sql_line=sql, mql_line=min(mql, sql))


def _check_label(config: Config, card: Any) -> None:
    asked = (config.label.outcome, config.label.horizon_days)
    kept = (card["outcome"], card["horizon_days"])
    if asked != kept:
        msg = (
            f"The configuration must ask for what the champion predicts, {kept[0]} within "
            f"{kept[1]} days, got {asked[0]} within {asked[1]}. Train a new model instead."
        )
        raise ConfigError(msg)


def _facts(
    champion: Champion, told: Outcomes, before: Calibration, moved: Calibration
) -> dict[str, Any]:
    """What was learned, as plain data."""
    expected = sigmoid(before.slope * told.margin + before.offset + told.offset)
    now = sigmoid(moved.slope * told.margin + moved.offset + told.offset)
    return {
        "from_version": champion.number,
        "examples": len(told.margin),
        "leads": told.leads,
        "converted": int(told.converted.sum()),
        "expected_before": float(expected.sum()),
        "expected_now": float(now.sum()),
        "slope": [before.slope, moved.slope],
        "offset": [before.offset, moved.offset],
    }


def _words(facts: dict[str, Any]) -> str:
    return (
        f"Only the map of version {facts['from_version']} was refitted, on {facts['examples']:,} "
        f"examples of {facts['leads']:,} leads that matured since: {facts['converted']:,} were "
        f"won, it had expected {facts['expected_before']:,.0f} and would now expect "
        f"{facts['expected_now']:,.0f}."
    )
