"""The past replayed: nobody in it knows what came later, and its figures add up."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from tests.training.lessons import DAY, another_future, history, lesson_of
from training.backtest import (
    MODEL,
    ONCE,
    Backtest,
    Slice,
    _fit_then,
    _reported,
    _then,
    run_backtest,
)
from training.lesson import Lesson
from training.metrics import auc, log_loss
from training.periods import LEAST_OUTCOMES, Period, plan_periods
from training.replay import Replays
from training.rivals import FITTED, NO_PROBABILITY

CAPACITY = 0.15


def replays_of(lesson: Lesson) -> Replays:
    examples = lesson.examples
    test_start = examples.mature["as_of"].iloc[int(0.75 * len(examples.mature))]
    return Replays(lesson, plan_periods(examples, lesson.settings, test_start))


def asked_of(lesson: Lesson) -> dict[str, np.ndarray]:
    n = len(lesson.examples.mature)
    views = lesson.matrix[:n, 1]
    return {"newest first": np.arange(n, dtype=float), "points": views}


def sources_of(lesson: Lesson) -> pd.Series:
    n = len(lesson.examples.mature)
    names = np.array(["web", "fair", ""])[np.arange(n) % 5 % 3]
    return pd.Series(names, dtype="str")


def backtest_of(lesson: Lesson) -> tuple[Replays, Backtest]:
    replays = replays_of(lesson)
    found = run_backtest(replays, asked_of(lesson), sources_of(lesson), capacity=CAPACITY)
    assert found is not None
    return replays, found


def world(*, seed: int = 0, threads: int = 1) -> Lesson:
    """Fifteen months; every lead is looked at about twice, at any time."""
    made = history(1_400, days=450, seed=seed, moments=2, accounts=300, base=-0.7)
    return lesson_of(made, half_lives_days=(0, 180), threads=threads, periods=4, by="month")


@pytest.fixture(scope="module")
def replayed() -> tuple[Replays, Backtest]:
    return backtest_of(world())


def scores(replays: Replays, periods: list[Period], k: int) -> dict[str, bytes]:
    """What everybody says in a period of all its examples, known or not, to the last bit."""
    lesson, period = replays.lesson, periods[k]
    judged = lesson.matrix[period.rows]
    first, then = (_then(replays, own) for own in (periods[0], period))
    once = _fit_then(replays, periods[0], first)
    sample = lesson.sample(
        lesson.known(period.start, most=lesson.settings.most_examples), period.start
    )
    said = {
        MODEL: then.calibration.probability(replays.margin(period, then.recipe)),
        ONCE: first.calibration.probability(once.of(judged)),
        **{name: rival(sample, judged) for name, rival in FITTED.items()},
    }
    own = np.array([*then.calibration.variance, then.calibration.spread])
    return {name: values.tobytes() for name, values in said.items()} | {"map": own.tobytes()}


@pytest.mark.parametrize("back", [1, 2])
def test_nothing_that_came_after_a_period_began_changes_what_was_said_in_it(
    replayed: tuple[Replays, Backtest], back: int
) -> None:
    replays, _ = replayed
    lesson, periods = replays.lesson, _reported(replays)
    k = len(periods) - back
    period = periods[k]
    matrix = lesson.matrix.copy()
    later = slice(int(period.rows[-1]) + 1, None)
    matrix[later] = np.random.default_rng(1).permutation(matrix[later])
    changed = another_future(lesson.examples, period.start, seed=2)
    assert not changed.mature["converted"].equals(lesson.examples.mature["converted"])
    other = Replays(dataclasses.replace(lesson, examples=changed, matrix=matrix), replays.periods)
    assert scores(other, periods, k) == scores(replays, periods, k)


def test_an_outcome_known_before_a_period_does_change_what_is_said_in_it(
    replayed: tuple[Replays, Backtest],
) -> None:
    replays, _ = replayed
    lesson, periods = replays.lesson, _reported(replays)
    changed = another_future(lesson.examples, periods[1].start, seed=2)
    other = Replays(dataclasses.replace(lesson, examples=changed), replays.periods)
    ours, theirs = (scores(own, periods, len(periods) - 1) for own in (replays, other))
    assert all(ours[name] != theirs[name] for name in (*FITTED, MODEL))
    assert ours[ONCE] == theirs[ONCE], "the first period's model knew nothing of it"


def test_trained_once_is_the_first_periods_model(replayed: tuple[Replays, Backtest]) -> None:
    _, found = replayed
    first, *_, last = found.periods
    assert first.figures[ONCE] == first.figures[MODEL]
    assert last.figures[ONCE] != last.figures[MODEL]


def test_the_newest_periods_are_reported_with_everybody_beside_the_model(
    replayed: tuple[Replays, Backtest],
) -> None:
    replays, found = replayed
    assert [own.name for own in found.periods] == [own.name for own in replays.periods][-4:]
    assert found.overall.name == "all periods"
    scorers = {MODEL, ONCE, *FITTED, "newest first", "points"}
    for own in (*found.periods, found.overall):
        assert set(own.figures) == scorers
        for name, figures in own.figures.items():
            assert ("log_loss" in figures) == (name not in NO_PROBABILITY)
            assert "wins_in_capacity" in figures
    assert all(own.recipe for own in found.periods)
    assert found.overall.recipe == ""


def test_the_periods_sum_to_the_whole(replayed: tuple[Replays, Backtest]) -> None:
    replays, found = replayed
    mature = replays.lesson.examples.mature
    for own, period in zip(found.periods, _reported(replays), strict=True):
        rows = mature.iloc[period.rows[period.rows < len(mature)]]
        assert (own.n, own.converted) == (len(rows), rows["converted"].sum())
        assert own.leads == rows["lead_id"].nunique()
    assert found.overall.n == sum(own.n for own in found.periods)
    assert found.overall.converted == sum(own.converted for own in found.periods)
    assert found.overall.leads <= sum(own.leads for own in found.periods)
    for scorer in (MODEL, ONCE, *FITTED):
        for metric in ("log_loss", "brier"):
            parts = [own.figures[scorer][metric].value for own in found.periods]
            mean = np.average(parts, weights=[own.n for own in found.periods])
            assert found.overall.figures[scorer][metric].value == pytest.approx(mean)


def test_a_periods_figures_are_those_of_its_own_scores(replayed: tuple[Replays, Backtest]) -> None:
    replays, found = replayed
    mature = replays.lesson.examples.mature
    periods = _reported(replays)
    for k in (0, len(periods) - 1):
        rows = periods[k].rows[periods[k].rows < len(mature)]
        converted = mature["converted"].to_numpy()[rows]
        own, ones = found.periods[k].figures, np.ones(len(rows))
        every = scores(replays, periods, k)
        for name in (MODEL, ONCE, *FITTED):
            said = np.frombuffer(every[name])[: len(rows)]
            expected = log_loss(converted, said, ones)
            assert own[name]["log_loss"].value == pytest.approx(expected, rel=1e-12), name
        said = np.frombuffer(every[MODEL])[: len(rows)]
        assert own["newest first"]["auc"].value == auc(converted, rows.astype(float), ones)
        best = np.argsort(-said, kind="stable")[: round(CAPACITY * len(rows))]
        share = converted[best].sum() / converted.sum()
        assert own[MODEL]["wins_in_capacity"].value == pytest.approx(share, abs=0.02)


def counted(replays: Replays) -> dict[str, dict[str, list[bool]]]:
    """How many examples and wins of each kind there are: the plain definition, row by row."""
    looked, mature = replays.lesson.examples.looked, replays.lesson.examples.mature
    first_seen: dict[str, pd.Timestamp] = {}
    for lead, as_of in zip(looked["lead_id"], looked["as_of"], strict=True):
        first_seen.setdefault(lead, as_of)
    sources = sources_of(replays.lesson)
    found: dict[str, dict[str, list[bool]]] = {"new": {}, "source": {}, "tenure": {}}
    bands = {"on arrival": 0, "1 to 30 days": 1, "30 to 90 days": 30, "90 to 180 days": 90}
    bands["180 days and more"] = 180
    for period in _reported(replays):
        for row in period.rows[period.rows < len(mature)]:
            lead, as_of, won = mature.loc[row, ["lead_id", "as_of", "converted"]]
            if first_seen[lead] >= period.start:
                found["new"].setdefault("never seen in training", []).append(won)
            if sources[row]:
                found["source"].setdefault(sources[row], []).append(won)
            age = (as_of - first_seen[lead]) / DAY
            band = [name for name, start in bands.items() if start <= age][-1]
            found["tenure"].setdefault(band, []).append(won)
    return found


def test_parts_are_new_leads_sources_and_tenures_as_counted_row_by_row(
    replayed: tuple[Replays, Backtest],
) -> None:
    replays, found = replayed
    for kind, own in counted(replays).items():
        told = {
            name: (len(won), sum(won))
            for name, won in own.items()
            if min(sum(won), len(won) - sum(won)) >= LEAST_OUTCOMES
        }
        parts = {part.name: (part.n, part.converted) for part in found.parts[kind]}
        assert parts == told, kind
        assert parts, "this world tells something of every kind"
        for part in found.parts[kind]:
            assert set(part.figures) == {MODEL}


def test_the_model_is_better_than_chance_and_its_intervals_hold_its_figures(
    replayed: tuple[Replays, Backtest],
) -> None:
    _, found = replayed
    assert found.overall.figures[MODEL]["auc"].lower > 0.6
    for figures in found.overall.figures.values():
        for name, figure in figures.items():
            assert figure.lower <= figure.value <= figure.upper, name
    expected = found.overall.figures[MODEL]["observed_to_expected"]
    assert expected.lower - 0.1 < 1 < expected.upper + 0.1


def test_a_backtest_is_finite_plain_data(replayed: tuple[Replays, Backtest]) -> None:
    _, found = replayed
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [own["n"] for own in data["periods"]] == [own.n for own in found.periods]
    assert set(data["parts"]) == {"new", "source", "tenure"}
    figure = found.overall.figures[MODEL]["auc"]
    assert data["overall"]["figures"][MODEL]["auc"]["value"] == figure.value


def test_the_number_of_threads_changes_no_figure(replayed: tuple[Replays, Backtest]) -> None:
    _, again = backtest_of(world(threads=2))
    assert again.to_json() == replayed[1].to_json()


def test_a_history_too_short_for_any_period_has_no_backtest() -> None:
    lesson = lesson_of(history(60, days=40, seed=0))
    replays = replays_of(lesson)
    assert run_backtest(replays, asked_of(lesson), sources_of(lesson), capacity=0.1) is None
    empty = Replays(world(), [])
    assert run_backtest(empty, {}, sources_of(empty.lesson), capacity=0.1) is None


def test_a_slice_is_written_with_its_counts() -> None:
    assert Slice("2025 Q1", "line", 3, 2, 1, {}, {}).to_json() == {
        "name": "2025 Q1",
        "recipe": "line",
        "n": 3,
        "leads": 2,
        "converted": 1,
        "figures": {},
        "ahead": {},
    }
