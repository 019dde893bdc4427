"""What a table of points asks of the past, as of each example and no later."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import build_matrix, to_frame
from features.catalog import Catalog
from features.past import Blocks, Past
from features.points import points_features, points_frame
from leadml.config import Points
from leadml.events import EventType
from leadml.point_rules import BehaviourRule, FitRule
from leadml.points import PointsModel
from leadml.scorecard import asked_columns, sum_points
from tests.features.plain import DAY, Change, Event, Lead, World
from tests.features.worlds import FEW, QUICK, at, past_of

EVENTS = {
    "pricing_view": EventType("pricing-page view", "pricing-page views"),
    "Pricing PDF": EventType("price list", "price lists"),
    "demo": EventType("demo request", "demo requests", "intent"),
    "bounce": EventType("bounce", "bounces", "negative"),
}
TABLE = Points(
    fit=(FitRule("employees", 20, at_least=50), FitRule("title", 15, matches="head")),
    behaviour=(
        BehaviourRule("*pricing*", 10, each=True, most=25),
        BehaviourRule("demo", 30, within_days=7),
        BehaviourRule("bounce", -50, within_days=0),
        BehaviourRule("*webinar*", 5),
    ),
)
NOW = at("2026-04-01")
CREATED = NOW - 300 * DAY

WORLD = World(
    leads=[
        Lead("ada", CREATED, None, {"employees": 250.0, "title": "Head of IT"}),
        Lead("bob", CREATED, None, {"employees": 9.0, "title": None}),
    ],
    events=[
        Event("ada", "pricing_view", NOW - 90 * DAY),  # at the edge of the window: in it
        Event("ada", "pricing_view", NOW - 90 * DAY - 1),  # before it
        Event("ada", "Pricing PDF", NOW - 1),
        Event("ada", "demo", NOW),  # not before the moment
        Event("bob", "demo", NOW - 8 * DAY, recorded=NOW - 6 * DAY),  # known six days ago
        Event("bob", "bounce", NOW - 250 * DAY),
        Event("bob", "pricing_view", NOW - 5 * DAY),
        Event("bob", "pricing_view", NOW - 4 * DAY),
        Event("bob", "Pricing PDF", NOW - 3 * DAY),
    ],
    changes=[
        Change("ada", CREATED, {"employees": 20.0}),
        Change("ada", NOW - 10 * DAY, {"employees": 250.0}),
    ],
)


def test_the_table_asks_of_each_example_what_was_known_then() -> None:
    pairs = [("ada", NOW), ("bob", NOW), ("ada", NOW - 20 * DAY)]
    frame = points_frame(TABLE, past_of(WORLD, pairs), EVENTS)
    assert frame["employees"].tolist() == [250, 9, 20]
    assert frame["title"].tolist()[0] == "Head of IT"
    assert frame["*pricing*_count_90d"].tolist() == [2, 3, 2]
    assert frame["demo_count_7d"].tolist() == [0, 1, 0]
    assert frame["bounce_count_ever"].tolist() == [0, 1, 0]
    # ada: 20 + 15 + 2 * 10; bob: at most 25, + 30 - 50; ada before: 15 + 2 * 10.
    assert sum_points(TABLE, frame).tolist() == [55, 5, 35]


def test_a_rule_that_nothing_can_answer_is_silent() -> None:
    table = dataclasses.replace(TABLE, fit=(FitRule("planet", 99, one_of=("Mars",)),))
    frame = points_frame(table, past_of(WORLD, [("ada", NOW)]), EVENTS)
    assert "*webinar*_count_90d" not in frame
    assert set(PointsModel(table).silent(frame)) == {"planet Mars", "webinar"}


@pytest.mark.parametrize(
    ("ages_days", "points"),
    # Half-life 30 days, 20 points for each event, at most 35.
    [
        ([0.0], 20),  # as it happens, but for a nanosecond
        ([30.0], 10),
        ([60.0], 5),
        ([90.0], 2.5),
        ([30.0, 60.0], 15),
        ([0.0, 0.0, 30.0], 35),
    ],
)
def test_points_fade_by_half_with_every_half_life(ages_days: list[float], points: float) -> None:
    table = Points(
        (), (BehaviourRule("demo", 20, each=True, most=35, within_days=0),), half_life_days=30
    )
    events = [Event("ada", "demo", NOW - int(age * DAY) - (age == 0)) for age in ages_days]
    world = World([Lead("ada", CREATED)], events)
    frame = points_frame(table, past_of(world, [("ada", NOW)]), EVENTS)
    assert list(frame) == ["demo_count_ever", "demo_decayed_30d"]
    assert sum_points(table, frame) == pytest.approx([points], abs=1e-8)


@pytest.mark.parametrize("fades", [0.0, 14.0, 30.44])
def test_columns_are_named_as_the_vocabulary_names_them(fades: float) -> None:
    named = (
        BehaviourRule("pricing_view", 1),
        BehaviourRule("Pricing PDF", 1, within_days=7),
        BehaviourRule("demo", 1, within_days=0),
    )
    table = Points((), named, half_life_days=fades)
    for column, feature in points_features(table, EVENTS).items():
        assert column == feature.name
    assert set(points_features(table, EVENTS)) == {
        column for rule in named for column in asked_columns(rule, table)
    }


def test_a_table_of_features_serves_where_rules_name_their_events() -> None:
    table = Points((), (BehaviourRule("demo", 30, within_days=7),), half_life_days=14)
    past = past_of(WORLD, [("ada", NOW), ("bob", NOW)])
    catalog = Catalog(tuple(points_features(table, EVENTS).values()), EVENTS)
    written = to_frame(catalog, build_matrix(catalog, past))
    own = points_frame(table, past, EVENTS)
    assert sum_points(table, written).tolist() == sum_points(table, own).tolist()
    assert sum_points(table, own)[1] == pytest.approx(30 * 2 ** (-6 / 14))


# --- laws -----------------------------------------------------------------------------------------

NAMES = ("ada", "bob")
HAPPENED = st.builds(
    Event,
    st.sampled_from(NAMES),
    st.sampled_from(list(EVENTS)),
    st.sampled_from([0, 7, 30, 90]).flatmap(
        lambda age: st.sampled_from([NOW - age * DAY + shift for shift in (-1, 0, 1)])
    ),
    recorded=st.none(),
    value=st.just(1.0),
)
TABLES = st.sampled_from(
    [TABLE, dataclasses.replace(TABLE, half_life_days=30.0), Points(decay_percent_a_month=20)]
)
PAIRS = [(name, NOW - age * DAY) for name in NAMES for age in (0, 30)]


def points_in(world: World, table: Points) -> np.ndarray:
    return sum_points(table, points_frame(table, past_of(world, PAIRS), EVENTS))


@settings(QUICK, max_examples=50)
@given(TABLES, st.lists(HAPPENED, max_size=8))
def test_the_future_gives_no_points(table: Points, events: list[Event]) -> None:
    whole = points_in(World(WORLD.leads, events), table)
    for moment in {as_of for _, as_of in PAIRS}:
        past = points_in(World(WORLD.leads, [e for e in events if e.known < moment]), table)
        now = [as_of == moment for _, as_of in PAIRS]
        assert past[now].tolist() == whole[now].tolist()


@settings(QUICK, max_examples=50)
@given(TABLES, st.lists(HAPPENED, max_size=8), HAPPENED)
def test_one_more_bounce_never_raises_points(
    table: Points, events: list[Event], one: Event
) -> None:
    bounce = one._replace(kind="bounce")
    more = points_in(World(WORLD.leads, [*events, bounce]), table)
    assert (more <= points_in(World(WORLD.leads, events), table)).all()


class InPieces(Past):
    """A past that is cut wherever it can be."""

    def blocks(self, size: int = 1) -> Blocks:
        return Blocks(self, size)


@FEW
@given(st.lists(HAPPENED, min_size=1, max_size=8))
def test_blocks_and_order_change_nothing(events: list[Event]) -> None:
    past = past_of(World(WORLD.leads, events), PAIRS)
    whole = points_frame(TABLE, past, EVENTS)
    pieces = InPieces(past.log, past.leads, past.lead, past.as_of)
    assert len(pieces.blocks()) == 2
    pd.testing.assert_frame_equal(points_frame(TABLE, pieces, EVENTS), whole)
    for k, pair in enumerate(PAIRS):
        alone = points_frame(TABLE, past_of(World(WORLD.leads, events[::-1]), [pair]), EVENTS)
        pd.testing.assert_frame_equal(
            alone, whole.iloc[[k]].reset_index(drop=True), check_dtype=False
        )
