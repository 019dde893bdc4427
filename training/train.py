"""The training story: from tables to a model that has been judged.

`train` reads top to bottom as it happens: examples, leaks, features, split, replays of the past,
recipe, judgement, and last the same once more with everything that is known today, because the
newest quarter is worth most and the judged model has never seen it. The figures are those of the
judged model.
"""

import dataclasses
import logging
import platform
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.build import build_matrix
from features.catalog import Catalog, declare_catalog
from features.past import build_past
from leadml.arrays import Floats, Matrix
from leadml.config import Config, as_dict
from leadml.errors import SignalError
from leadml.known import choose_rows
from leadml.levels import Levels, fit_levels
from leadml.model import Calibration, LeadModel
from leadml.parallel import in_order
from leadml.tables import Tables
from leadml.timeline import days
from training.backtest import Backtest, run_backtest
from training.calibrate import fit_calibration
from training.choose import Choice, Trial, choose_recipe
from training.evaluate import Evaluation, evaluate
from training.evidence.drivers import measure_drivers
from training.evidence.interactions import find_interactions
from training.examples import ExampleSet, build_examples, check_labels, known_at, label_line
from training.fit import Recipe, fit_margin
from training.leaks.overlaps import report_duplicates, report_overlaps
from training.leaks.report import ColumnReport, refused, report_leaks
from training.lesson import Lesson
from training.periods import LEAST_OUTCOMES, plan_periods
from training.profile import learn_profile
from training.questions import learn_answers
from training.replay import Replays, Stretch
from training.rivals import newest_first, points
from training.search import search_recipe
from training.split import Split, split_by_time

log = logging.getLogger(__name__)

PACKAGES = ("leadml", "lightgbm", "numpy", "pandas", "scikit-learn")


NEWEST = 5_000
"""The policy's lines and the profile are drawn from so many of the newest examples, at most."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """One training: the model, how it was judged, and what it was made from.

    Attributes:
        model: fitted on everything that is known.
        judged: the test examples as judged by the model that had not seen them: lead_id, as_of,
            converted, group, probability.
        sample: up to 1,000 rows of the features the model saw, for signature and example.
        usable: whether it sorts better than chance and beats the base rate beyond noise.
    """

    model: LeadModel
    catalog: Catalog
    evaluation: Evaluation
    judged: pd.DataFrame
    sample: Matrix
    usable: bool


@dataclass(frozen=True, slots=True)
class Past:
    """The past of one training, ready to be replayed.

    Attributes:
        leaks: what was found of each column; those that leak teach nothing.
        split: what judges.
        replays: the lesson, and the periods of the past.
    """

    leaks: list[ColumnReport]
    split: Split
    replays: Replays


def train(config: Config, tables: Tables) -> TrainingResult:
    """Fits, calibrates and judges one model on ``tables``.

    Raises:
        SignalError: there are too few outcomes.
        DataError: there is nothing to learn from.
    """
    past = prepare_past(config, tables)
    leaks, split, replays = past.leaks, past.split, past.replays
    lesson, examples = replays.lesson, replays.lesson.examples
    with threadpool_limits(1, user_api="blas"):
        found = find_recipes(replays, split.test_start)
        moments = split.test_start, examples.end
        choices = [choose_recipe(replays, moment, found=found) for moment in moments]
        made = in_order(partial(learn, replays, config), choices, threads=config.training.threads)
        judged, final = made
        asked = ask_rivals(config, tables, examples)
        backtest = _backtest(config, tables, replays, asked)
    latest = choices[-1]
    log.info("recipe: %s", latest.recipe.words)
    probability = judged.probability(lesson.matrix[split.test])
    shown = examples.mature.iloc[split.test].assign(probability=probability)
    rivals = _base_rate(examples, split) | {k: v[split.test] for k, v in asked.items()}
    evaluation = evaluate(shown, probability, rivals, seed=config.training.seed)
    usable = has_signal(evaluation) and choices[0].trial.beats_the_level
    card = _card(config, tables, examples, split) | {
        "recipe": latest.recipe.words,
        "trials": [_trial(trial) for trial in latest.trials],
        "usable": usable,
        "leaks": [_leak(report) for report in leaks],
        "overlaps": [
            *report_duplicates(tables, config.attributes),
            *report_overlaps(
                tables,
                examples.looked["lead_id"].iloc[split.train],
                examples.mature["lead_id"].iloc[split.test],
                config.attributes,
            ),
        ],
        **_drivers(lesson, judged, split.test),
        "evaluation": evaluation.to_json(),
        "backtest": backtest.to_json() if backtest else None,
        "horizons_days": sorted({config.label.horizon_days, *final.horizons}),
    }
    sample = lesson.matrix[:: len(lesson.matrix) // 1000 + 1]
    model = dataclasses.replace(final, card=card, known={"rows": choose_rows(sample)})
    return TrainingResult(
        model, lesson.catalog, evaluation, shown.reset_index(drop=True), sample, usable
    )


def replay_past(config: Config, tables: Tables) -> Backtest:
    """The backtest alone: no model is made, nothing is registered.

    Raises:
        SignalError: there are too few outcomes, or no past period has enough of them.
        DataError: there is nothing to learn from.
    """
    replays = prepare_past(config, tables).replays
    with threadpool_limits(1, user_api="blas"):
        asked = ask_rivals(config, tables, replays.lesson.examples)
        backtest = _backtest(config, tables, replays, asked)
    if backtest is None:
        by = config.training.by or "period"
        msg = (
            f"A past {by} can be replayed where {LEAST_OUTCOMES} won and {LEAST_OUTCOMES} other "
            "examples were known at its start and as many came of it, got none. Bring more "
            "history, or take another length: --by quarter, month, week or block."
        )
        raise SignalError(msg)
    return backtest


def prepare_past(config: Config, tables: Tables) -> Past:
    """Examples, leaks, features, split and periods: all that comes before the first fit."""
    examples = build_examples(tables, config)
    check_labels(examples, config)
    log.info("%s", label_line(examples, config))
    leaks = report_leaks(tables, examples.mature, config)
    lesson = prepare_lesson(config, tables, examples, leaks)
    split = split_by_time(examples, config.training)
    periods = plan_periods(examples, config.training, split.test_start)
    return Past(leaks, split, Replays(lesson, periods))


def prepare_lesson(
    config: Config, tables: Tables, examples: ExampleSet, leaks: list[ColumnReport]
) -> Lesson:
    """The features of every example that can teach, without the columns that leak."""
    teaching = examples.looked.iloc[: examples.teaching]
    past = build_past(tables, teaching)
    declared = declare_catalog(tables, config, leaks=refused(leaks))
    catalog = declared.with_levels(past, config.attributes)
    matrix = build_matrix(catalog, past)
    log.info("features: %d for %s examples", len(catalog.features), f"{len(matrix):,}")
    return Lesson(examples, matrix, catalog, config.training)


def find_recipes(replays: Replays, moment: pd.Timestamp) -> list[Recipe]:
    """What a search finds by ``moment`` where one is asked for."""
    minutes = replays.lesson.settings.search_minutes
    if not minutes:
        return []
    choice = choose_recipe(replays, moment)
    return [search_recipe(replays, moment, choice, minutes=minutes)]


def learn(replays: Replays, config: Config, choice: Choice) -> LeadModel:
    """The model that one would have made at the moment of a choice, of all that was known then."""
    lesson, moment = replays.lesson, choice.moment
    sample = lesson.sample(lesson.known(moment), moment)
    margin = fit_margin(sample, choice.recipe, seed=lesson.settings.seed)
    stretches = replays.until(moment, choice.recipe)
    model = LeadModel(
        lesson.catalog.to_json(),
        margin.linear,
        margin.trees,
        fit_calibration(stretches),
        {},
        {"horizon_days": config.label.horizon_days},
        _other_horizons(lesson, stretches, moment, config),
        learn_answers(lesson.catalog, sample.matrix, weights=sample.share),
    )
    recent = sample.matrix[-NEWEST:]
    profile = learn_profile(lesson.catalog, recent, model.margin(recent))
    newest = lesson.matrix[stretches[-1].rows[-NEWEST:]]
    levels = _levels(config, lesson, model, newest)
    return dataclasses.replace(model, policy=levels.to_json(), profile=profile.to_json())


def has_signal(evaluation: Evaluation) -> bool:
    """Whether the ranking beats chance beyond noise and the probabilities beat the base rate."""
    model, level = evaluation.figures["model"], evaluation.figures["base rate"]
    return model["auc"].lower > 0.5 and model["log_loss"].value < level["log_loss"].value


def _other_horizons(
    lesson: Lesson, stretches: list[Stretch], moment: pd.Timestamp, config: Config
) -> dict[int, Calibration]:
    """The map to each other horizon of which enough outcomes are known."""
    examples, found = lesson.examples, {}
    main = config.label.horizon_days
    others = [d for d in sorted(set(config.label.also_days)) if d != main]
    for horizon in others if examples.gaps[0].days else ():
        ended = examples.converted_within(
            np.arange(examples.known_by(moment, days(horizon))), horizon
        )
        if min(ended.sum(), (~ended).sum()) >= config.training.min_outcomes:
            known = known_at(examples, moment, days_ahead=horizon)
            found[horizon] = fit_calibration([s.told_by(known) for s in stretches])
    return found


def _levels(config: Config, lesson: Lesson, model: LeadModel, matrix: Matrix) -> Levels:
    """The policy's lines, from the probabilities of the given examples."""
    groups = {feature.noun.group for feature in lesson.catalog.features}
    return fit_levels(
        config.policy,
        config.events,
        model.probability(matrix),
        fit="fit" in groups,
        engagement=bool(groups & {"engagement", "intent"}),
    )


def _drivers(lesson: Lesson, model: LeadModel, rows: np.ndarray) -> dict[str, Any]:
    """What drives conversion, alone and together, as the model and the given rows have it."""
    matrix = lesson.matrix[rows]
    contributions = model.contributions(matrix)[0]
    converted = lesson.examples.mature["converted"].to_numpy(dtype=bool)[rows]
    examples = lesson.examples.mature[["lead_id", "as_of"]].iloc[rows].reset_index(drop=True)
    seen = lesson.catalog, matrix, contributions, converted
    return {
        "drivers": measure_drivers(*seen, examples["lead_id"]),
        "interactions": find_interactions(*seen, examples),
    }


def ask_rivals(config: Config, tables: Tables, examples: ExampleSet) -> dict[str, Floats]:
    """Scores that need no training, of every mature example."""
    past = build_past(tables, examples.mature)
    created = tables.leads.set_index("lead_id")["created_at"]
    asked = {"newest first": newest_first(created.reindex(examples.mature["lead_id"]))}
    given = points(config.points, past, config.events)
    return asked if given is None else asked | {"points": given}


def _backtest(
    config: Config, tables: Tables, replays: Replays, asked: dict[str, Floats]
) -> Backtest | None:
    sources = _sources(tables, replays.lesson.examples)
    return run_backtest(replays, asked, sources, capacity=config.policy.sql_share)


def _sources(tables: Tables, examples: ExampleSet) -> "pd.Series[str]":
    """Where the lead of each mature example came from; "" where it is not known."""
    if "source" not in tables.leads:
        return pd.Series("", index=examples.mature.index, dtype="str")
    source = tables.leads.set_index("lead_id")["source"]
    return examples.mature["lead_id"].map(source).fillna("").astype("str")


def _base_rate(examples: ExampleSet, split: Split) -> dict[str, Floats]:
    """The share won of what was known when the test began, as everybody's probability."""
    decided = examples.known_by(split.test_start, examples.gaps[0])
    rate = float(examples.mature["converted"].iloc[:decided].mean()) if decided else 0.5
    return {"base rate": np.full(len(split.test), rate)}


def about(config: Config, tables: Tables) -> dict[str, Any]:
    """What is predicted, and how it was decided, as plain data."""
    return {
        "name": config.registry.name,
        "outcome": config.label.outcome,
        "horizon_days": config.label.horizon_days,
        "known_until": tables.end.isoformat(),
        "clock": tables.clock,
        "max_age_days": config.examples.max_age_days,
        "config": as_dict(config),
    }


def _card(config: Config, tables: Tables, examples: ExampleSet, split: Split) -> dict[str, Any]:
    """What the model predicts and from which data, as plain data."""
    return about(config, tables) | {
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
        "split": split.describe(examples),
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
