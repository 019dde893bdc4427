"""Does a replay say of the past only what could have been said then?"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.lessons import (
    DAY,
    START,
    another_future,
    examples_of,
    history,
    lesson_of,
    otherwise,
)
from training.examples import SECOND, ExampleSet, known_at
from training.fit import PARTS, Recipe, fit_margin
from training.lesson import Lesson
from training.periods import LEAST_OUTCOMES, Period, plan_periods
from training.replay import FOLDS, Replays, Stretch
from training.split import folds_by_group

LINE, _, BOTH = PARTS[:3]
Made = tuple[ExampleSet, np.ndarray]


def long_history(seed: int = 0) -> Made:
    return history(700, days=450, seed=seed, accounts=200, moments=2, base=-0.5)


def replayed(lesson: Lesson) -> Replays:
    """The quarters of a lesson."""
    plan = plan_periods(
        lesson.examples,
        dataclasses.replace(lesson.settings, by="quarter"),
        lesson.examples.mature["as_of"].iloc[-150],
    )
    return Replays(lesson, plan)


def said(stretches: list[Stretch]) -> list[tuple[bytes, ...]]:
    """Every bit of them."""
    return [
        (*(getattr(s, n).tobytes() for n in ("rows", "margin", "converted", "offset")),)
        for s in stretches
    ]


# --- the future -----------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1_000), st.sampled_from([0, 200]))
def test_no_outcome_from_the_start_of_a_period_on_changes_a_bit_of_its_margins(
    seed: int, most: int
) -> None:
    made = long_history(seed)
    lesson = lesson_of(made, **({"most_examples": most} if most else {}))
    replays = replayed(lesson)
    replays.prepare([LINE, BOTH])
    assert len(replays.periods) > 2
    for period in replays.periods:
        other = lesson_of((another_future(made[0], period.start, seed=seed), made[1]))
        again = Replays(dataclasses.replace(other, settings=lesson.settings), [period])
        again.prepare([LINE, BOTH])
        for recipe in (LINE, BOTH):
            expected = replays.margin(period, recipe)
            assert again.margin(period, recipe).tobytes() == expected.tobytes()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1_000), st.sampled_from([130, 190, 275, 366, 420]))
def test_no_outcome_from_a_moment_on_changes_what_it_knew_of_its_past(seed: int, day: int) -> None:
    made, moment = long_history(seed), START + day * DAY
    replays = replayed(lesson_of(made))
    future = another_future(made[0], moment, seed=seed)
    again = Replays(lesson_of((future, made[1])), replays.periods)
    assert said(again.until(moment, LINE)) == said(replays.until(moment, LINE))
    assert again.has_past(moment) == replays.has_past(moment)


def test_what_came_before_the_start_does_change_them() -> None:
    made = long_history()
    replays = replayed(lesson_of(made))
    last = replays.periods[-1]
    reached = made[0].looked["reached_at"]
    early = (reached < last.start) & (np.arange(len(reached)) % 5 == 0)
    other = Replays(lesson_of((otherwise(made[0], reached.mask(early)), made[1])), [last])
    for each in (replays, other):
        each.prepare([LINE])
    assert (other.margin(last, LINE) != replays.margin(last, LINE)).any()


# --- the margins ----------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [150, 40_000])
@pytest.mark.parametrize("recipe", [LINE, dataclasses.replace(BOTH, half_life_days=60)])
def test_a_periods_margin_is_that_of_a_fit_on_its_first_day(most: int, recipe: Recipe) -> None:
    lesson = lesson_of(long_history(), most_examples=most)
    replays = replayed(lesson)
    replays.prepare([recipe])
    for period in replays.periods:
        known = lesson.known(period.start, most=most)
        assert len(known.rows) <= most
        fit = fit_margin(lesson.sample(known, period.start), recipe, seed=0)
        expected = fit.of(lesson.matrix[period.rows])
        assert np.array_equal(replays.margin(period, recipe), expected)


def test_fewer_examples_make_other_margins() -> None:
    made = long_history()
    few, all_of_them = (replayed(lesson_of(made, most_examples=most)) for most in (150, 40_000))
    for replays in (few, all_of_them):
        replays.prepare([LINE])
    last = few.periods[-1]
    assert (few.margin(last, LINE) != all_of_them.margin(last, LINE)).any()


def test_two_threads_say_what_one_says() -> None:
    made, moment = long_history(), START + 400 * DAY
    one, two = (replayed(lesson_of(made, threads=threads)) for threads in (1, 2))
    for replays in (one, two):
        replays.prepare([LINE, BOTH])
    for recipe in (LINE, BOTH):
        assert said(two.until(moment, recipe)) == said(one.until(moment, recipe))
    early = START + 60 * DAY
    assert said(two.until(early, BOTH)) == said(one.until(early, BOTH))


def test_what_was_fitted_is_kept() -> None:
    replays = replayed(lesson_of(long_history()))
    replays.prepare([LINE])
    before = [replays.margin(period, LINE) for period in replays.periods]
    replays.prepare([LINE, PARTS[1]])
    replays.until(START + 400 * DAY, LINE)
    after = [replays.margin(period, LINE) for period in replays.periods]
    assert all(own is kept for own, kept in zip(after, before, strict=True))


# --- what a moment knew ---------------------------------------------------------------------------


@pytest.mark.parametrize("day", [275, 330, 366, 400, 450])
def test_a_moment_knows_of_each_period_before_it_what_had_ended(day: int) -> None:
    lesson = lesson_of(long_history())
    replays, moment = replayed(lesson), START + day * DAY
    known = known_at(lesson.examples, moment)
    expected = []
    for period in replays.periods:
        rows = [row for row in period.rows if row < len(known.rows)]
        won = sum(bool(known.converted[row]) for row in rows)
        if period.start < moment and min(won, len(rows) - won) >= LEAST_OUTCOMES:
            expected.append((period, rows))
    assert len(expected) > 1
    assert replays.has_past(moment)
    stretches = replays.until(moment, LINE)
    assert [s.rows.tolist() for s in stretches] == [rows for _, rows in expected]
    for (period, rows), stretch in zip(expected, stretches, strict=True):
        assert stretch.converted.tolist() == known.converted[rows].tolist()
        assert stretch.offset.tolist() == known.offset[rows].tolist()
        assert stretch.leads.tolist() == lesson.leads.iloc[rows].tolist()
        assert stretch.groups.tolist() == lesson.groups.iloc[rows].tolist()
        margin = dict(zip(period.rows, replays.margin(period, LINE), strict=True))
        assert stretch.margin.tolist() == [margin[row] for row in rows]


def test_the_period_that_begins_now_has_not_been_decided() -> None:
    replays = replayed(lesson_of(long_history()))
    start = replays.periods[2].start
    at, later = (replays.until(moment, LINE) for moment in (start, start + 60 * DAY))
    assert (len(at), len(later)) == (2, 3)
    assert max(at[-1].rows) < replays.periods[2].rows[0] <= min(later[-1].rows)


def test_a_stretch_is_parted_and_shifted_row_by_row() -> None:
    names = pd.Series(["a", "b", "c"], dtype="str", index=[7, 8, 9])
    stretch = Stretch(
        np.arange(3),
        np.array([0.5, -1.0, 2.0]),
        np.array([True, False, True]),
        np.array([0.0, -0.3, 0.0]),
        names,
        "account " + names,
    )
    assert stretch.shifted.tolist() == [0.5, -1.3, 2.0]
    some = stretch.of(np.array([False, True, True]))
    assert some.rows.tolist() == [1, 2]
    assert some.shifted.tolist() == [-1.3, 2.0]
    assert (some.leads.tolist(), some.converted.tolist()) == (["b", "c"], [False, True])
    assert some.groups.tolist() == ["account b", "account c"]


# --- folds ----------------------------------------------------------------------------------------


def short_history(seed: int = 0, **given: object) -> Made:
    return history(
        300, **{"days": 80, "seed": seed, "accounts": 60, "horizons": (14,), "base": -0.5, **given}
    )


@pytest.mark.parametrize("periods", ["none", "one"])
def test_where_fewer_than_two_periods_were_decided_folds_stand_in(periods: str) -> None:
    lesson = lesson_of(short_history())
    known = known_at(lesson.examples, lesson.examples.end)
    rows = np.arange(150, len(known.rows))
    one = Period("late", lesson.examples.looked["as_of"].iloc[150], rows)
    replays = Replays(lesson, [one] if periods == "one" else [])
    assert not replays.has_past(lesson.examples.end)
    (stretch,) = replays.until(lesson.examples.end, LINE)
    assert stretch.rows.tolist() == known.rows.tolist(), "every example, in order"
    assert stretch.converted.tolist() == known.converted.tolist()
    assert np.isfinite(stretch.margin).all()


@pytest.mark.parametrize("recipe", [LINE, BOTH])
def test_the_outcomes_of_an_account_change_no_margin_in_its_fold(recipe: Recipe) -> None:
    made = short_history()
    examples, end = made[0], made[0].end
    lesson = lesson_of(made)
    groups = lesson.groups
    fold = folds_by_group(groups, FOLDS, seed=lesson.settings.seed)
    own = (examples.looked["group"] == groups.iloc[0]).to_numpy()
    reached, as_of = examples.looked["reached_at"], examples.looked["as_of"]
    turned = reached.mask(own, (as_of + SECOND).where(reached.isna()))
    other = lesson_of((otherwise(examples, turned), made[1]))
    (before,), (after,) = (Replays(each, []).until(end, recipe) for each in (lesson, other))
    assert before.converted[0] != after.converted[0]
    same = fold == fold[0]
    assert before.margin[same].tobytes() == after.margin[same].tobytes()
    assert (before.margin[~same] != after.margin[~same]).any()


def test_a_feature_that_is_each_accounts_own_outcome_helps_no_margin_out_of_fold() -> None:
    # A number for each account, the winners' above the losers'.
    rng = np.random.default_rng(0)
    account = np.repeat(np.arange(60), 5)
    won = (rng.random(60) < 0.5)[account]
    order = rng.permutation(300)
    account, won = account[order], won[order]
    as_of = START + pd.to_timedelta(np.arange(300) * 3600, unit="s")
    end = START + 60 * DAY
    examples = examples_of(as_of, as_of.where(won), end=end, horizons=(14,), groups=account)
    matrix = np.zeros((300, 4))
    matrix[:, 0] = rng.permutation(60)[account]
    lesson = lesson_of((examples, matrix))
    (stretch,) = Replays(lesson, []).until(end, BOTH)
    seen = fit_margin(lesson.sample(lesson.known(end), end), BOTH, seed=0).of(matrix)
    gap = [own[won].mean() - own[~won].mean() for own in (stretch.margin, seen)]
    assert gap[0] < 0.25 < gap[1], "it can be memorised, but not by those who have not seen it"


def test_folds_hold_no_more_examples_than_asked_and_judge_those() -> None:
    lesson = lesson_of(short_history(), most_examples=120)
    (stretch,) = Replays(lesson, []).until(lesson.examples.end, LINE)
    known = lesson.known(lesson.examples.end, most=120)
    assert stretch.rows.tolist() == known.rows.tolist()
    assert len(stretch.rows) == 120
    assert stretch.converted.tolist() == known.converted.tolist()


def test_without_dates_blocks_are_replayed() -> None:
    made = history(2_500, days=0, seed=1, dated=False, base=-0.5)
    lesson = lesson_of(made)
    plan = plan_periods(made[0], lesson.settings, made[0].looked["as_of"].iloc[1_875])
    stretches = Replays(lesson, plan).until(made[0].end, LINE)
    assert [s.rows.tolist() for s in stretches] == [p.rows.tolist() for p in plan]
    assert len(stretches) > 10
    assert all((stretch.offset == 0).all() for stretch in stretches)
