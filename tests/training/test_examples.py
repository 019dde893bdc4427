"""Which examples there are and what became of them: a plain loop over moments says the same."""

import dataclasses
import math
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadml.config import Config, parse_config
from leadml.errors import SignalError
from leadml.tables import Tables
from tests.training.lessons import another_future, example_set, examples_of, history
from training.examples import (
    LEAST_TO_COMPARE,
    SECOND,
    ExampleSet,
    Known,
    build_examples,
    build_moments,
    check_labels,
    known_at,
    label_line,
)

START = pd.Timestamp("2025-01-10T09:30", tz="UTC")
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
HORIZON = 30


def config(**changes: dict) -> Config:
    return parse_config({"label": {"horizon_days": HORIZON}, **changes})


def tables(
    leads: list[tuple[str, pd.Timestamp]],
    outcomes: list[tuple[str, str, pd.Timestamp]],
    *,
    end: pd.Timestamp,
    clock: str = "times",
    accounts: list[str | None] | None = None,
) -> Tables:
    ids, created = ([row[k] for row in leads] for k in (0, 1))
    frame = pd.DataFrame({"lead_id": pd.Series(ids, dtype="str"), "created_at": times(created)})
    if accounts is not None:
        frame["account_id"] = pd.Series(accounts, dtype="str")
    events = pd.DataFrame(
        {
            "lead_id": pd.Series([], dtype="str"),
            "occurred_at": times([]),
            "event_type": pd.Series([], dtype="str"),
            "value": pd.Series([], dtype="float64"),
            "known_at": times([]),
        }
    )
    closed = pd.DataFrame(
        {
            "lead_id": pd.Series([row[0] for row in outcomes], dtype="str"),
            "outcome": pd.Series([row[1] for row in outcomes], dtype="str"),
            "closed_at": times([row[2] for row in outcomes]),
            "amount": pd.Series([float("nan")] * len(outcomes), dtype="float64"),
        }
    )
    empty = pd.DataFrame({"lead_id": pd.Series([], dtype="str"), "valid_from": times([])})
    spend = pd.DataFrame({"source": pd.Series([], dtype="str"), "month": times([])})
    return Tables(frame, events, closed, empty, spend, end, clock)


def times(values: list) -> pd.Series:
    return pd.Series(pd.to_datetime(values, utc=True).as_unit("us"))


def found(examples: ExampleSet) -> list[tuple[str, pd.Timestamp, bool]]:
    mature = examples.mature
    return sorted(zip(mature["lead_id"], mature["as_of"], mature["converted"], strict=True))


def plainly(source: Tables, asked: Config) -> tuple[list[tuple], int, int]:
    """The definition, said as a loop: (mature examples, immature, closed)."""
    horizon = timedelta(days=asked.label.horizon_days)
    oldest = timedelta(days=asked.examples.max_age_days)
    midnights = pd.date_range(source.leads["created_at"].min().normalize(), source.end, freq="D")
    starts = {
        "": [],
        "week": [day for day in midnights if day.weekday() == 0],
        "month": [day for day in midnights if day.day == 1],
        "quarter": [day for day in midnights if day.day == 1 and day.month in {1, 4, 7, 10}],
    }[asked.examples.every]
    mature, immature, closed = [], 0, 0
    rows = list(source.outcomes.itertuples())
    for lead in source.leads.itertuples():
        moments = {lead.created_at + timedelta(days=d) for d in asked.examples.after_days}
        moments |= set(starts)
        if source.clock == "days":
            moments = {m if m == m.normalize() else m.normalize() + DAY for m in moments}
        for as_of in moments:
            if not (lead.created_at <= as_of <= lead.created_at + oldest and as_of < source.end):
                continue
            own = [row for row in rows if row.lead_id == lead.lead_id]
            ends = [row for row in own if row.outcome in {"closed_won", "closed_lost"}]
            if any(row.closed_at < as_of for row in ends):
                closed += 1
            elif as_of + horizon > source.end:
                immature += 1
            else:
                wanted = [row for row in own if row.outcome == asked.label.outcome]
                won = any(as_of <= row.closed_at < as_of + horizon for row in wanted)
                mature.append((lead.lead_id, as_of, won))
    return sorted(mature), immature, closed


@st.composite
def companies(draw: st.DrawFn) -> tuple[Tables, Config]:
    """A few leads whose outcomes lie on the edges of label windows, or next to them."""
    clock = draw(st.sampled_from(["times", "days"]))
    unit = DAY if clock == "days" else TICK
    after = draw(st.sampled_from([(0,), (3,), (0, 3, 14)]))
    every = draw(st.sampled_from(["", "week", "month", "quarter"]))
    label = draw(st.sampled_from(["closed_won", "opportunity"]))
    oldest = draw(st.sampled_from([3, 40, 365]))
    leads, outcomes, edges = [], [], []
    for k in range(draw(st.integers(1, 4))):
        created = START + timedelta(days=draw(st.integers(0, 60)))
        if draw(st.booleans()):
            created = created.normalize()
        leads.append((f"L{k}", created))
        month = (created.normalize() + pd.offsets.MonthBegin()).normalize()
        moments = [month, *(created + timedelta(days=d) for d in after)]
        if clock == "days":
            moments = [moment.ceil("D") for moment in moments]
        for _ in range(draw(st.integers(0, 2))):
            moment = draw(st.sampled_from(moments))
            far = timedelta(days=draw(st.sampled_from([0, HORIZON])))
            closed_at = moment + far + draw(st.sampled_from([-1, 0, 1])) * unit
            outcome = draw(st.sampled_from(["closed_won", "closed_lost", "opportunity"]))
            outcomes.append((f"L{k}", outcome, closed_at))
        edges += [moment + timedelta(days=HORIZON) for moment in moments]
    end = draw(st.sampled_from(edges)) + draw(st.sampled_from([-1, 0, 1, 100])) * unit
    asked = config(
        label={"horizon_days": HORIZON, "outcome": label},
        examples={"after_days": list(after), "every": every, "max_age_days": oldest},
    )
    return tables(leads, outcomes, end=end, clock=clock), asked


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(companies())
def test_the_examples_are_those_of_the_plain_loop(company: tuple[Tables, Config]) -> None:
    source, asked = company
    examples = build_examples(source, asked)
    assert (found(examples), examples.immature, examples.closed) == plainly(source, asked)


@pytest.mark.parametrize(
    ("after", "converted"),
    [
        (timedelta(0), True),
        (timedelta(days=HORIZON) - TICK, True),
        (timedelta(days=HORIZON), False),
    ],
    ids=["at as_of", "just before the horizon ends", "as the horizon ends"],
)
def test_a_label_looks_at_the_half_open_horizon(after: timedelta, *, converted: bool) -> None:
    source = tables(
        [("L", START)], [("L", "closed_won", START + after)], end=START + timedelta(days=400)
    )
    assert found(build_examples(source, config())) == [("L", START, converted)]


@pytest.mark.parametrize("outcome", ["closed_won", "closed_lost"])
def test_a_lead_closed_before_as_of_is_no_example(outcome: str) -> None:
    asked = config(examples={"after_days": [5]})
    as_of, end = START + timedelta(days=5), START + timedelta(days=400)
    before = tables([("L", START)], [("L", outcome, as_of - TICK)], end=end)
    at = tables([("L", START)], [("L", outcome, as_of)], end=end)
    assert (len(build_examples(before, asked).mature), build_examples(before, asked).closed) == (
        0,
        1,
    )
    assert (len(build_examples(at, asked).mature), build_examples(at, asked).closed) == (1, 0)


def test_an_earlier_stage_does_not_close_a_lead() -> None:
    asked = config(examples={"after_days": [5]})
    source = tables([("L", START)], [("L", "sql", START + DAY)], end=START + timedelta(days=400))
    assert len(build_examples(source, asked).mature) == 1


@pytest.mark.parametrize(("early", "won"), [(TICK, False), (timedelta(0), True)])
def test_an_outcome_before_the_moment_is_not_looked_for(early: timedelta, *, won: bool) -> None:
    asked = config(
        label={"horizon_days": HORIZON, "outcome": "opportunity"}, examples={"after_days": [5]}
    )
    as_of = START + 5 * DAY
    source = tables(
        [("L", START)], [("L", "opportunity", as_of - early)], end=START + timedelta(days=400)
    )
    examples = build_examples(source, asked)
    assert found(examples) == [("L", as_of, won)]
    assert known_at(examples, examples.end).converted.tolist() == [won]


def test_a_label_is_mature_once_its_horizon_lies_before_the_end() -> None:
    ripe = tables([("L", START)], [], end=START + timedelta(days=HORIZON))
    green = tables([("L", START)], [], end=START + timedelta(days=HORIZON) - TICK)
    assert (
        len(build_examples(ripe, config()).mature),
        build_examples(ripe, config()).immature,
    ) == (
        1,
        0,
    )
    assert (
        len(build_examples(green, config()).mature),
        build_examples(green, config()).immature,
    ) == (0, 1)


def test_the_immature_are_counted_even_where_they_have_already_won() -> None:
    source = tables([("L", START)], [("L", "closed_won", START + DAY)], end=START + 3 * DAY)
    examples = build_examples(source, config())
    assert (len(examples.mature), examples.immature, examples.closed) == (0, 1, 0)


def test_a_source_with_days_only_is_looked_at_midnight() -> None:
    source = tables(
        [("noon", START), ("midnight", START.normalize())],
        [("noon", "closed_won", START.normalize() + DAY)],
        end=START + timedelta(days=400),
        clock="days",
    )
    assert found(build_examples(source, config())) == [
        ("midnight", START.normalize(), False),
        ("noon", START.normalize() + DAY, True),
    ]


def test_the_calendar_asks_on_each_first_of_a_month_until_the_lead_is_too_old() -> None:
    source = tables([("L", START)], [], end=START + timedelta(days=400))
    asked = parse_config({"examples": {"after_days": [], "every": "month", "max_age_days": 81}})
    firsts = ["2025-02-01", "2025-03-01", "2025-04-01"]
    assert build_moments(source, asked.examples)["as_of"].tolist() == [
        pd.Timestamp(day, tz="UTC") for day in firsts
    ]


def test_a_moment_at_exactly_the_greatest_age_still_counts() -> None:
    source = tables([("L", START)], [], end=START + timedelta(days=400))
    asked = config(examples={"after_days": [0, 7, 8], "max_age_days": 7})
    assert build_moments(source, asked.examples)["as_of"].tolist() == [START, START + 7 * DAY]


def test_a_moment_named_twice_is_one_example() -> None:
    first = pd.Timestamp("2025-02-01", tz="UTC")
    source = tables([("L", first)], [], end=first + timedelta(days=40))
    asked = config(examples={"after_days": [0], "every": "month", "max_age_days": 10})
    assert len(build_examples(source, asked).mature) == 1


def test_examples_of_one_account_share_a_group_and_leads_without_one_stand_alone() -> None:
    source = tables(
        [("a", START), ("b", START), ("c", START)],
        [],
        end=START + timedelta(days=400),
        accounts=["c", "c", None],
    )
    groups = build_examples(source, config()).mature.set_index("lead_id")["group"]
    assert groups["a"] == groups["b"]
    assert groups["c"] not in {groups["a"]}, "an account called like a lead is not that lead"
    assert groups.notna().all()


def test_too_few_outcomes_are_refused_with_the_numbers() -> None:
    leads = [(f"L{k}", START) for k in range(60)]
    won = [(f"L{k}", "closed_won", START + DAY) for k in range(7)]
    source = tables(leads, won, end=START + timedelta(days=400))
    with pytest.raises(SignalError, match=r"40 examples .* within 30 .* got 7 and 53 \(0 are"):
        check_labels(build_examples(source, config()), config())


@pytest.mark.parametrize(("winners", "said"), [(0, "got 0 and 60"), (60, "got 60 and 0")])
def test_a_constant_label_is_refused_with_the_numbers(winners: int, said: str) -> None:
    leads = [(f"L{k}", START) for k in range(60)]
    won = [(f"L{k}", "closed_won", START + DAY) for k in range(winners)]
    source = tables(leads, won, end=START + timedelta(days=400))
    with pytest.raises(SignalError, match=said):
        check_labels(build_examples(source, config()), config())


def test_no_leads_at_all_are_refused_with_the_numbers() -> None:
    source = tables([], [], end=START)
    with pytest.raises(SignalError, match="got 0 and 0"):
        check_labels(build_examples(source, config()), config())


def test_enough_of_both_outcomes_pass() -> None:
    leads = [(f"L{k}", START) for k in range(80)]
    won = [(f"L{k}", "closed_won", START + DAY) for k in range(40)]
    source = tables(leads, won, end=START + timedelta(days=400))
    check_labels(build_examples(source, config()), config())


def test_the_line_counts_mature_won_immature_and_closed() -> None:
    end = START + timedelta(days=400)
    source = tables(
        [("won", START), ("lost", START), ("late", end - DAY)],
        [("won", "closed_won", START + DAY), ("lost", "closed_lost", START + DAY)],
        end=end,
    )
    asked = config(examples={"after_days": [0, 2]})
    assert label_line(build_examples(source, asked), asked) == (
        "2 mature examples of 2 leads, 1 reached closed_won within 30 days; "
        "1 are still immature, 2 moments fell after closing."
    )


# --- what a moment knew ---------------------------------------------------------------------------

ALSO = (10, 3)
"""Shorter horizons that teach beside the main one of 30 days."""


def plainly_known(
    examples: ExampleSet, moment: pd.Timestamp, asked: list[int]
) -> list[tuple[bool, float]]:
    """The definition, said as a loop: (converted, offset) of each example known at ``moment``.

    ``asked`` are the horizons, longest first; offsets are against the first.
    """
    rows = list(examples.looked.itertuples())

    def known(row: tuple, horizon: int) -> bool:
        return row.as_of + timedelta(days=horizon) <= moment

    def won(row: tuple, horizon: int) -> bool:
        return row.reached_at < row.as_of + timedelta(days=horizon)

    def odds(labels: list[bool]) -> float:
        return math.log(sum(labels) / (len(labels) - sum(labels)))

    shifts = {asked[0]: 0.0}
    for longer, shorter in pairwise(asked):
        both = [row for row in rows if known(row, longer)]
        short, long = ([won(row, horizon) for row in both] for horizon in (shorter, longer))
        enough = min(sum(short), len(both) - sum(long)) >= LEAST_TO_COMPARE
        shifts[shorter] = shifts[longer] + (odds(short) - odds(long) if enough else 0.0)
    told = []
    for row in rows:
        horizons = [horizon for horizon in asked if known(row, horizon)]
        if horizons:
            told.append((won(row, horizons[0]), shifts[horizons[0]]))
    return told


@st.composite
def histories(draw: st.DrawFn, *, most: int = 150) -> tuple[ExampleSet, pd.Timestamp]:
    """Examples that lie, with their outcomes, on the edges of what some moment knew."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    horizons = draw(st.sampled_from([(HORIZON,), (HORIZON, 10), (HORIZON, *ALSO)]))
    n, day, now = draw(st.integers(1, most)), 86_400, 60 * 86_400
    edge = now - rng.choice(horizons, n) * day + rng.choice([-1, 0, 1], n)
    looked = np.sort(np.where(rng.random(n) < 0.5, edge, rng.integers(0, now + 5 * day, n)))
    within = looked + rng.choice([0, 2, 5, *horizons, 40], n) * day + rng.choice([-1, 0, 1], n)
    edge = now + rng.choice([-1, 0, 1], n)
    came = np.maximum(np.where(rng.random(n) < 0.3, edge, within), looked)
    as_of, reached = (START + pd.to_timedelta(seconds, unit="s") for seconds in (looked, came))
    reached = reached.where(rng.random(n) < draw(st.sampled_from([0.1, 0.5, 0.9])))
    moment = START + 60 * DAY
    end = moment + draw(st.sampled_from([0, 5, 40])) * DAY
    return examples_of(as_of, reached, end=end, horizons=horizons), moment


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_what_a_moment_knew_is_what_the_plain_loop_says(
    drawn: tuple[ExampleSet, pd.Timestamp],
) -> None:
    examples, moment = drawn
    known = known_at(examples, moment)
    expected = plainly_known(examples, moment, list(examples.horizons_days))
    assert known.rows.tolist() == list(range(len(expected))), "the first ones, in order"
    assert known.converted.tolist() == [won for won, _ in expected]
    assert known.offset == pytest.approx([shift for _, shift in expected], abs=1e-12)
    assert known_at(examples, examples.end).rows.size == examples.teaching


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.sampled_from([1, 3, 7, 10, 20, HORIZON, 45]))
def test_another_horizon_is_asked_for_in_place_of_the_main_one(
    drawn: tuple[ExampleSet, pd.Timestamp], days_ahead: int
) -> None:
    examples, moment = drawn
    known = known_at(examples, moment, days_ahead=days_ahead)
    shorter = [horizon for horizon in examples.horizons_days if horizon < days_ahead]
    expected = plainly_known(examples, moment, [days_ahead, *shorter])
    assert known.rows.tolist() == list(range(len(expected)))
    assert known.converted.tolist() == [won for won, _ in expected]
    assert known.offset == pytest.approx([shift for _, shift in expected], abs=1e-12)
    if days_ahead == HORIZON:
        assert same(known, known_at(examples, moment))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.integers(0, 99))
def test_nothing_that_happens_at_the_moment_or_later_changes_what_it_knew(
    drawn: tuple[ExampleSet, pd.Timestamp], seed: int
) -> None:
    examples, moment = drawn
    changed = another_future(examples, moment, seed=seed)
    early = examples.looked["as_of"] < moment
    fewer = example_set(
        examples.looked[early], end=moment, horizons=examples.horizons_days, dated=True
    )
    for future in (changed, fewer):
        for days_ahead in (0, 7, 45):
            now, then = (known_at(e, moment, days_ahead=days_ahead) for e in (examples, future))
            assert same(then, now)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(companies(), st.data())
def test_what_a_moment_knew_of_whole_tables_is_what_it_knows_of_tables_cut_there(
    company: tuple[Tables, Config], data: st.DataObject
) -> None:
    source, asked = company
    asked = dataclasses.replace(asked, label=dataclasses.replace(asked.label, also_days=ALSO))
    examples = build_examples(source, asked)
    if not len(examples.looked):
        return
    unit = DAY if source.clock == "days" else TICK
    as_of = data.draw(st.sampled_from(list(examples.looked["as_of"])))
    gap = data.draw(st.sampled_from([timedelta(0), *examples.gaps]))
    moment = min(as_of + gap + data.draw(st.sampled_from([-1, 0, 1])) * unit, source.end)
    if moment <= source.leads["created_at"].min():
        return
    cut = build_examples(source.upto(moment), asked)
    assert same(known_at(cut, moment), known_at(examples, moment))
    known = len(known_at(cut, moment).rows)
    for column in ("lead_id", "as_of", "group"):
        assert cut.looked[column].tolist()[:known] == examples.looked[column].tolist()[:known]


def same(one: Known, other: Known) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("rows", "converted", "offset")
    )


def test_a_later_moment_knows_the_same_examples_and_more() -> None:
    examples, _ = history(300, days=200, seed=3)
    before = known_at(examples, START)
    for day in range(0, 200, 7):
        now = known_at(examples, START + day * DAY)
        assert now.rows.tolist()[: len(before.rows)] == before.rows.tolist()
        # What was converted within a shorter horizon still is within a longer one.
        assert not (before.converted & ~now.converted[: len(before.rows)]).any()
        before = now
    assert len(before.rows) > 200


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_an_example_is_known_by_the_longest_horizon_that_ended_by_hand(late: int) -> None:
    moment = START + 100 * DAY
    as_of = [moment - HORIZON * DAY + late * SECOND, moment - 10 * DAY + late * SECOND]
    won = [as_of[0] + 12 * DAY, as_of[1] + 2 * DAY]
    known = known_at(examples_of(as_of, won, end=moment, horizons=(HORIZON, 10)), moment)
    # A second too young for 30 days it has 10, within which it was not won; for 10, nothing.
    assert known.converted.tolist() == ([False] if late == 1 else [True, True])


def test_a_shorter_label_is_as_much_scarcer_as_examples_known_by_both_say_by_hand() -> None:
    # A hundred old ones: 25 won within 10 days, 25 more within 30. Their odds are 1:3 and 1:1.
    moment = START + 100 * DAY
    as_of = [START] * 100 + [moment - 20 * DAY] * 7
    won = [START + DAY] * 25 + [START + 12 * DAY] * 25 + [pd.NaT] * 50
    known = known_at(
        examples_of(as_of, [*won, *[pd.NaT] * 7], end=moment, horizons=(HORIZON, 10)), moment
    )
    assert known.converted.sum() == 50
    assert known.offset.tolist() == pytest.approx([0.0] * 100 + [-math.log(3)] * 7)


@pytest.mark.parametrize("few", [LEAST_TO_COMPARE - 1, LEAST_TO_COMPARE])
def test_how_much_scarcer_a_label_is_is_not_said_by_a_handful(few: int) -> None:
    moment = START + 100 * DAY
    as_of = [START] * 100 + [moment - 20 * DAY]
    won = [START + DAY] * few + [START + 12 * DAY] * 30 + [pd.NaT] * (71 - few)
    known = known_at(examples_of(as_of, won, end=moment, horizons=(HORIZON, 10)), moment)
    assert (known.offset[-1] != 0) == (few == LEAST_TO_COMPARE)


def test_only_shorter_horizons_teach_longest_first() -> None:
    source = tables([("L", START)], [], end=START + timedelta(days=400))
    asked = config(label={"horizon_days": HORIZON, "also_days": [3, 60, 10, HORIZON, 10, 180]})
    examples = build_examples(source, asked)
    assert examples.horizons_days == (HORIZON, 10, 3)
    assert examples.gaps == (HORIZON * DAY, 10 * DAY, 3 * DAY)


def test_the_immature_teach_by_the_horizons_that_ended() -> None:
    end = START + 400 * DAY
    leads = [(f"L{k}", end - k * DAY) for k in (40, 29, 11, 10, 9)]
    asked = config(label={"horizon_days": HORIZON, "also_days": [10]})
    examples = build_examples(tables(leads, [], end=end), asked)
    assert (len(examples.mature), examples.immature, examples.teaching) == (1, 4, 4)
    assert examples.end == end


def test_without_dates_an_example_is_known_once_its_second_is_over() -> None:
    first = pd.Timestamp(0, tz="UTC")
    leads = [(f"L{k}", first + k * SECOND) for k in range(6)]
    won = [(f"L{k}", "closed_won", first + k * SECOND) for k in (1, 4)]
    source = tables(leads, won, end=first + timedelta(days=4_000), clock="sequence")
    examples = build_examples(source, config(label={"horizon_days": HORIZON, "also_days": [10]}))
    assert examples.horizons_days == (HORIZON,)
    assert examples.gaps == (SECOND,)
    assert len(examples.mature) == examples.teaching == 6
    assert examples.end == first + 6 * SECOND
    known = known_at(examples, first + 3 * SECOND)
    assert known.rows.tolist() == [0, 1, 2]
    assert known.converted.tolist() == [False, True, False]
    assert known.offset.tolist() == [0.0] * 3
    assert known_at(examples, examples.end).converted.sum() == 2


def test_the_mature_are_the_first_examples_with_their_label() -> None:
    examples, _ = history(200, days=120, seed=5)
    mature = examples.mature
    assert 0 < len(mature) < examples.teaching < len(examples.looked)
    assert mature["lead_id"].tolist() == examples.looked["lead_id"].tolist()[: len(mature)]
    known = known_at(examples, examples.end)
    assert known.converted[: len(mature)].tolist() == mature["converted"].tolist()


def test_too_few_accounts_are_refused_with_the_number() -> None:
    leads = [(f"L{k}", START) for k in range(90)]
    won = [(f"L{k}", "closed_won", START + DAY) for k in range(45)]
    for accounts in (9, 10):
        source = tables(
            leads,
            won,
            end=START + timedelta(days=400),
            accounts=[f"a{k % accounts}" for k in range(90)],
        )
        examples = build_examples(source, config())
        if accounts == 10:
            check_labels(examples, config())
        else:
            with pytest.raises(SignalError, match=r"from 10 accounts .* got 9"):
                check_labels(examples, config())
