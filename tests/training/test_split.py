"""Do the newest examples judge, and does nothing learned before look past their beginning?"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leadml.config import Training
from leadml.errors import SignalError
from tests.training.lessons import DAY, START, another_future, examples_of, history
from training.examples import SECOND, ExampleSet, known_at
from training.split import LEAST_TO_JUDGE, Split, folds_by_group, split_by_time

SETTINGS = Training(min_outcomes=10)


@st.composite
def splits(draw: st.DrawFn) -> tuple[ExampleSet, Split, Training]:
    horizons = draw(st.sampled_from([(30, 10), (14,), (90, 60, 30)]))
    examples, _ = history(
        draw(st.integers(80, 300)),
        days=draw(st.sampled_from([60, 200, 700])),
        seed=draw(st.integers(0, 10_000)),
        accounts=draw(st.sampled_from([0, 40])),
        horizons=horizons,
        moments=draw(st.sampled_from([1, 3])),
        dated=draw(st.booleans()),
    )
    share = draw(st.sampled_from([0.05, 0.1, 0.25, 0.5, 0.9]))
    asked = Training(test_share=share, min_outcomes=10)
    assume(len(examples.mature))
    try:
        return examples, split_by_time(examples, asked), asked
    except SignalError:
        assume(condition=False)
        raise


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(splits())
def test_the_newest_mature_examples_judge_and_what_was_known_by_then_teaches(
    drawn: tuple[ExampleSet, Split, Training],
) -> None:
    examples, split, asked = drawn
    as_of, mature = examples.looked["as_of"], len(examples.mature)
    newest = np.flatnonzero(examples.mature["as_of"] >= split.test_start)
    assert split.test.tolist() == newest.tolist()
    assert len(split.test) >= asked.test_share * mature - 1
    after = examples.mature["as_of"] > split.test_start
    assert after.sum() <= asked.test_share * mature, "no more than asked, but for a tie"
    shortest = examples.gaps[-1]
    assert split.train.tolist() == np.flatnonzero(as_of + shortest <= split.test_start).tolist()
    assert not set(split.train) & set(split.test)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(splits(), st.integers(0, 99))
def test_no_outcome_from_the_start_of_the_test_on_changes_what_may_teach(
    drawn: tuple[ExampleSet, Split, Training], seed: int
) -> None:
    examples, split, _ = drawn
    assume(examples.gaps[0] != SECOND)
    other = another_future(examples, split.test_start, seed=seed)
    before, after = (known_at(e, split.test_start) for e in (examples, other))
    assert before.rows.tolist() == after.rows.tolist() == split.train.tolist()
    assert before.converted.tolist() == after.converted.tolist()
    try:
        again = split_by_time(other, SETTINGS)
    except SignalError:
        return  # the other future left nothing to judge by
    assert isinstance(again, Split)


def test_examples_of_one_moment_stand_on_one_side() -> None:
    # Forty a month: the cut falls within a month, which judges as a whole.
    as_of = np.repeat([START + k * 30 * DAY for k in range(10)], 40)
    won = [own + DAY if k % 2 else pd.NaT for k, own in enumerate(as_of)]
    examples = examples_of(as_of, won, end=START + 900 * DAY)
    split = split_by_time(examples, Training(test_share=0.25))
    assert split.test_start == START + 7 * 30 * DAY
    assert len(split.test) == 120
    assert len(split.train) == 280, "thirty days before, the label of the last of them had ended"


def test_last_months_leads_teach_by_a_shorter_horizon() -> None:
    examples, _ = history(600, days=400, seed=1, horizons=(90, 30))
    split = split_by_time(examples, SETTINGS)
    by_main = examples.known_by(split.test_start, examples.gaps[0])
    assert by_main < len(split.train) == examples.known_by(split.test_start, examples.gaps[1])


def test_without_dates_the_order_parts_and_no_gap_is_lost() -> None:
    examples, _ = history(400, days=0, seed=1, dated=False)
    split = split_by_time(examples, SETTINGS)
    assert [*split.train, *split.test] == list(range(400))
    assert len(split.test) == 100


@pytest.mark.parametrize(
    ("winners", "said"),
    [
        (slice(0, 300), r"test part must hold 5 converted examples and 5 others, got 0 and 100"),
        (slice(300, 400), r"training part must hold 40 converted .* got 0 and 300"),
    ],
    ids=["none in the test part", "none in the training part"],
)
def test_a_part_with_too_few_outcomes_is_refused_with_the_numbers(
    winners: slice, said: str
) -> None:
    as_of = START + pd.to_timedelta(np.arange(400), unit="s")
    won = np.zeros(400, dtype=bool)
    won[winners] = np.arange(400)[winners] % 2 == 0
    examples = examples_of(as_of, as_of.where(won), end=as_of[-1] + SECOND, dated=False)
    with pytest.raises(SignalError, match=said):
        split_by_time(examples, Training())


@pytest.mark.parametrize("few", [LEAST_TO_JUDGE - 1, LEAST_TO_JUDGE])
@pytest.mark.parametrize("rare", [True, False])
def test_five_of_each_outcome_are_enough_to_judge_by(few: int, *, rare: bool) -> None:
    as_of = START + pd.to_timedelta(np.arange(400), unit="s")
    won = np.arange(400) % 2 == 0
    won[300:] = not rare
    won[-few:] = rare
    examples = examples_of(as_of, as_of.where(won), end=as_of[-1] + SECOND, dated=False)
    if few == LEAST_TO_JUDGE:
        assert len(split_by_time(examples, Training()).test) == 100
    else:
        with pytest.raises(SignalError, match="test part"):
            split_by_time(examples, Training())


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.sampled_from([f"g{k}" for k in range(30)]), min_size=1, max_size=200),
    count=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_folds_keep_groups_whole_and_hold_like_numbers_of_them(
    groups: list[str], count: int, seed: int
) -> None:
    column = pd.Series(groups, dtype="str")
    fold = folds_by_group(column, count, seed=seed)
    assert pd.Series(fold).groupby(column).nunique().eq(1).all()
    sizes = [column[fold == k].nunique() for k in range(count)]
    assert max(sizes) - min(sizes) <= 1
    assert fold.min() >= 0
    assert fold.max() < count


def test_the_fold_of_a_group_does_not_hang_on_the_order_of_rows() -> None:
    column = pd.Series([f"g{k % 17}" for k in range(100)], dtype="str")
    order = np.random.default_rng(3).permutation(100)
    fold = folds_by_group(column, 5, seed=1)
    shuffled = folds_by_group(column.iloc[order].reset_index(drop=True), 5, seed=1)
    assert (shuffled == fold[order]).all()
    assert (folds_by_group(column, 5, seed=2) != fold).any()


def test_parts_describe_themselves() -> None:
    examples, _ = history(600, days=700, seed=1, moments=2, horizons=(30, 10))
    split = split_by_time(examples, SETTINGS)
    train, test = split.describe(examples)
    rows = examples.mature.iloc[split.test]
    assert test == {
        "part": "test",
        "from": rows["as_of"].iloc[0].isoformat(),
        "to": rows["as_of"].iloc[-1].isoformat(),
        "examples": len(rows),
        "leads": len(set(rows["lead_id"])),
        "converted": sum(rows["converted"]),
    }
    assert test["leads"] < test["examples"]
    assert train["part"] == "train"
    assert train["examples"] == len(split.train)
    assert train["converted"] == known_at(examples, split.test_start).converted.sum()
    assert train["to"] < test["from"]
