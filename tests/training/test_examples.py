"""Which examples there are and what became of them: a plain loop over moments says the same."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadml.config import Config, parse_config
from leadml.errors import SignalError
from leadml.tables import Tables
from training.examples import (
    ExampleSet,
    build_examples,
    build_moments,
    check_labels,
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
