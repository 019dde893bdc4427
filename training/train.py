"""The training story: from tables to a model that has been judged.

`train` reads top to bottom as it happens: examples, leaks, features, split, recipe, judgement, and
last the same recipe fitted once more on every mature example, because the newest quarter is worth
most and the judged model has never seen it. The figures are those of the judged model.
"""

import dataclasses
import logging
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from features.build import build_matrix
from features.catalog import Catalog, declare_catalog
from features.past import build_past
from leadml.arrays import Floats, Matrix
from leadml.config import Config, as_dict
from leadml.lifecycle import Levels, fit_levels
from leadml.model import LeadModel
from leadml.tables import Tables
from training.calibrate import fit_calibration
from training.drivers import measure_drivers
from training.evaluate import Evaluation, evaluate
from training.examples import ExampleSet, build_examples, check_labels, label_line
from training.fit import (
    Margin,
    Recipe,
    Sample,
    Trial,
    choose_recipe,
    fit_margin,
    out_of_fold_margins,
    recency_weights,
)
from training.leaks import ColumnReport, refused, report_leaks
from training.split import Split, split_by_time

log = logging.getLogger(__name__)

PACKAGES = ("leadml", "lightgbm", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """One training: the model, how it was judged, and what it was made from.

    Attributes:
        model: fitted on every mature example.
        sample: up to 1,000 rows of the features the model saw, for signature and example.
        usable: whether it sorts better than chance and beats the base rate beyond noise.
    """

    model: LeadModel
    catalog: Catalog
    evaluation: Evaluation
    sample: Matrix
    usable: bool


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What every fit of one training learns from; rows of sample and leads are oldest first."""

    sample: Sample
    leads: "pd.Series[str]"
    catalog: Catalog
    config: Config


def train(config: Config, tables: Tables) -> TrainingResult:
    """Fits, calibrates and judges one model on ``tables``.

    Raises:
        SignalError: there are too few outcomes.
        DataError: there is nothing to learn from.
    """
    examples = build_examples(tables, config)
    check_labels(examples, config)
    mature = examples.mature
    log.info("%s", label_line(examples, config))
    leaks = report_leaks(tables, mature, config)
    past = build_past(tables, mature)
    declared = declare_catalog(tables, config, leaks=refused(leaks))
    catalog = declared.with_levels(past, config.attributes)
    matrix = build_matrix(catalog, past)
    log.info("features: %d for %s examples", len(catalog.features), f"{len(mature):,}")

    split = split_by_time(mature, config, dated=tables.dated)
    sample = _sample(matrix, mature, catalog, config, dated=tables.dated)
    recipe, trials = choose_recipe(sample, split, config.training)
    log.info("recipe: %s", recipe.words)
    lesson = _Lesson(sample, mature["lead_id"], catalog, config)
    judged = _fit(lesson, split.train, recipe)
    evaluation = evaluate(
        mature.iloc[split.test],
        judged.probability(matrix[split.test]),
        _rivals(tables, mature, split),
        seed=config.training.seed,
    )
    usable = has_signal(evaluation)
    card = _card(config, tables, examples, split) | {
        "recipe": recipe.words,
        "trials": [_trial(trial) for trial in trials],
        "usable": usable,
        "leaks": [_leak(report) for report in leaks],
        "drivers": _drivers(lesson, judged, split.test),
        "evaluation": evaluation.to_json(),
    }
    final = _fit(lesson, np.arange(len(mature)), recipe)
    model = dataclasses.replace(final, card=card)
    shown = matrix[:: len(matrix) // 1000 + 1]
    return TrainingResult(model, catalog, evaluation, shown, usable)


def has_signal(evaluation: Evaluation) -> bool:
    """Whether the ranking beats chance beyond noise and the probabilities beat the base rate."""
    model, level = evaluation.figures["model"], evaluation.figures["base rate"]
    return model["auc"].lower > 0.5 and model["log_loss"].value < level["log_loss"].value


def _sample(
    matrix: Matrix, mature: pd.DataFrame, catalog: Catalog, config: Config, *, dated: bool
) -> Sample:
    weights = recency_weights(mature["as_of"], config.training) if dated else np.ones(len(mature))
    return Sample(
        matrix,
        mature["converted"].to_numpy(dtype=bool),
        weights,
        mature["group"],
        [max(len(f.levels), 1) if f.is_category else 0 for f in catalog.features],
    )


def _fit(lesson: _Lesson, rows: np.ndarray, recipe: Recipe) -> LeadModel:
    """A calibrated model from the given rows (oldest first), its policy drawn from their newest."""
    settings = lesson.config.training
    chosen = lesson.sample.rows(rows)
    margin = fit_margin(chosen, recipe, settings)
    unseen = out_of_fold_margins(chosen, recipe, settings)
    newest = _newest(chosen, settings.calibrate_share)
    leads = lesson.leads.iloc[rows].iloc[newest]
    calibration = fit_calibration(unseen[newest], chosen.converted[newest], leads)
    model = LeadModel(lesson.catalog.to_json(), margin.linear, margin.trees, calibration, {}, {})
    levels = _levels(lesson, model, margin, chosen.matrix[newest])
    return dataclasses.replace(model, policy=levels.to_json())


def _newest(sample: Sample, share: float) -> np.ndarray:
    """The newest rows that calibrate: the share, widened until it holds enough of both outcomes."""
    rows = len(sample.converted)
    while share < 1:
        newest = np.arange(int(rows * (1 - share)), rows)
        won = int(sample.converted[newest].sum())
        if min(won, len(newest) - won) >= 50:
            return newest
        share *= 1.5
    return np.arange(rows)


def _levels(lesson: _Lesson, model: LeadModel, margin: Margin, matrix: Matrix) -> Levels:
    """The policy's cuts, from the probabilities and contributions of the given examples."""
    contributions, _ = model.contributions(matrix)
    fit = lesson.catalog.group_sum(contributions, "fit")
    acted = lesson.catalog.group_sum(contributions, "engagement", "intent")
    probability = model.calibration.probability(margin.of(matrix))
    return fit_levels(lesson.config.policy, probability, fit, acted)


def _drivers(lesson: _Lesson, model: LeadModel, rows: np.ndarray) -> list[dict[str, Any]]:
    """What drives conversion, as the model and the given rows have it."""
    matrix = lesson.sample.matrix[rows]
    return measure_drivers(
        lesson.catalog,
        matrix,
        model.contributions(matrix)[0],
        lesson.sample.converted[rows],
        lesson.leads.iloc[rows].reset_index(drop=True),
    )


def _rivals(tables: Tables, mature: pd.DataFrame, split: Split) -> dict[str, Floats]:
    """What one would do without a model, as scores of the test examples."""
    rate = float(mature["converted"].iloc[split.train].mean())
    created = tables.leads.set_index("lead_id")["created_at"]
    test = mature["lead_id"].iloc[split.test]
    newest = created.reindex(test).rank().to_numpy(dtype=np.float64)
    return {"base rate": np.full(len(test), rate), "newest first": newest + 1.0}


def _card(config: Config, tables: Tables, examples: ExampleSet, split: Split) -> dict[str, Any]:
    """What the model predicts and from which data, as plain data."""
    return {
        "name": config.registry.name,
        "outcome": config.label.outcome,
        "horizon_days": config.label.horizon_days,
        "known_until": tables.end.isoformat(),
        "clock": tables.clock,
        "max_age_days": config.examples.max_age_days,
        "data": {
            "fingerprint": tables.fingerprint(),
            "leads": len(tables.leads),
            "events": len(tables.events),
            "examples": len(examples.mature),
            "converted": int(examples.mature["converted"].sum()),
            "immature": examples.immature,
            "closed": examples.closed,
            "findings": [f"{f.table}: {f.text}" for f in tables.findings],
        },
        "split": split.describe(examples.mature),
        "config": as_dict(config),
        "packages": {name: version(name) for name in PACKAGES}
        | {"python": platform.python_version()},
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "recipe": trial.recipe.words,
        "log_loss": trial.log_loss,
        "better_than_level": trial.better_than_level,
        "standard_error": trial.standard_error,
    }


def _leak(report: ColumnReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in ColumnReport.__slots__}
