"""Small worlds of leads and events, at the edges of windows, and every question to ask of them.

Uniform times would let a window that is one second short pass. Here each time lies on an edge of
something, or 1 ns or 1 s beside it: a window, a day, a pause, office hours in a zone that
changes its clock on 29 March 2026.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from features.bands import band_labels
from features.build import build_matrix
from features.catalog import Catalog
from features.domains import DOMAIN_KINDS
from features.feature import EVER, Feature
from features.nouns import Noun
from features.past import Past, build_past
from features.spec import VOCABULARY
from features.titles import JOB_FUNCTIONS, SENIORITIES
from leadml.arrays import Matrix
from leadml.tables import Tables
from leadml.timeline import Window, from_nanos
from tests.features.plain import DAY, MINUTE, SECOND, Change, Event, Lead, World

QUICK = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEW = settings(QUICK, max_examples=15)

Example = tuple[str, int]
"""A lead's name and the moment from which we look."""


def at(text: str) -> int:
    return pd.Timestamp(text, tz="UTC").value


# --- questions ------------------------------------------------------------------------------------

ZONE = "Europe/Amsterdam"
NAMES = ("ada", "bob", "cyd", "dot", "eve")
KINDS = ("view", "demo", "mail")
"""Declared types, on purpose not in alphabetical order."""

WEEK, MONTH = Window(7), Window(30)
WINDOWS = (EVER, Window(1), WEEK, MONTH)
GAP_MINUTES = 30.0


def noun(name: str, *keys: str) -> Noun:
    return Noun(name, keys or (name,), name, f"{name}s", "engagement")


VIEWS, DEMOS = noun("view"), noun("demo")
ALL, OVERLAPPING, NEVER = noun("event", *KINDS), noun("paper", "mail", "view"), noun("never")
NOUNS = (ALL, VIEWS, DEMOS, OVERLAPPING, NEVER)
BOTH = tuple(each for noun in NOUNS for each in (noun, noun.at_account()))
CAME = (noun("lead"), noun("lead").at_account())


def feature(word: str, noun: Noun, window: Window = EVER, **given: Any) -> Feature:
    return Feature(VOCABULARY[word], noun, window, **given)


def asked_of(noun: Noun) -> list[Feature]:
    """Every word of events, of one noun, over every window."""
    options: dict[str, dict[str, Any]] = {
        "sessions": {"gap_minutes": GAP_MINUTES},
        "share": {"among": KINDS},
        "order_of_first": {"among": KINDS},
        "off_hours_share": {"zone": ZONE},
        "weekend_share": {"zone": ZONE},
        "last_event": {"levels": noun.keys},
        "event_before": {"levels": noun.keys},
    }
    made = []
    for word in VOCABULARY.values():
        if not word.of_events or word.name == "tenure":
            continue
        windows = (WINDOWS[1:] if word.needs == "window" else WINDOWS) if word.windowed else (EVER,)
        lives = (0.5, 14.0) if word.name.startswith("decayed") else (0.0,)
        made += [
            feature(word.name, noun, window, half_life_days=life, **options.get(word.name, {}))
            for window in windows
            for life in lives
        ]
    return made


OF_EVENTS = (
    *(feature for noun in BOTH for feature in asked_of(noun)),
    *(feature("tenure", came) for came in CAME),
)

EDGES = (10.0, 20.5)
TIERS = ("low", "mid", "high")
OF_ATTRIBUTES = (
    feature("number", noun("employees")),
    feature("number", noun("revenue")),
    feature("number", noun("nothing")),
    feature("band", noun("employees"), edges=EDGES, levels=band_labels(EDGES)),
    feature("ordered", noun("tier"), levels=TIERS),
    feature("category", noun("city"), levels=("Ulm", "Ede")),
    feature("country", noun("country"), levels=("Netherlands", "Germany")),
    feature("region", noun("country"), levels=("Western Europe",)),
    feature("domain_kind", noun("email"), levels=DOMAIN_KINDS),
    feature("seniority", noun("job_title"), levels=SENIORITIES),
    feature("job_function", noun("job_title"), levels=JOB_FUNCTIONS),
    feature("completeness", noun("record", "employees", "city", "tier", "revenue", "nothing")),
)
EVERYTHING = Catalog((*OF_EVENTS, *OF_ATTRIBUTES), {})

# --- worlds ---------------------------------------------------------------------------------------

NOON, MIDNIGHT = at("2026-03-31 12:34:56.789012345"), at("2026-04-01")
MOMENTS = (NOON, MIDNIGHT)
NEAR = (0, 0, 1, -1, SECOND, -SECOND)


def _on_the_wall(day: date, hour: int) -> int:
    local = datetime.combine(day, time(hour), ZoneInfo(ZONE))
    return int(local.timestamp()) * SECOND


WINDOW_EDGES = [m - back * DAY for m in MOMENTS for back in (0, 1, 2, 7, 14, 30, 60, 400)]
DAY_EDGES = [MIDNIGHT - back * DAY for back in (0, 1, 2, 7)]
PAUSES = [m - DAY + int(k * GAP_MINUTES) * MINUTE for m in MOMENTS for k in (1, 2, 3)]
OFFICE = [
    _on_the_wall(date(2026, 3, 27) + timedelta(days), hour)
    for days in range(5)  # Friday to Tuesday; the clock changes in the night to Sunday
    for hour in (0, 8, 18)
]
INSTANTS = [edge + near for edge in (*WINDOW_EDGES, *DAY_EDGES, *PAUSES, *OFFICE) for near in NEAR]

LONG_AGO = at("2025-01-01")
DOERS = (*NAMES[:4], "ada", "bob", "a stranger")  # "eve" never does anything
SAID = (*KINDS, "view", "fax")  # nobody declared "fax"
VALUES = (math.nan, 0.0, 1.0, 2.5, -3.0, 0.1, 1e6)
ACCOUNTS = (None, "acme", "acme", "bolt")
RECORD: dict[str, tuple[Any, ...]] = {
    "employees": (None, 10.0, 20.5, 21.0),
    "city": (None, "Ede", "Ulm", "Ur"),
    "tier": (None, "low", "high", "odd"),
    "country": (None, "NL", "deutschland", "Oz"),
    "email": (None, "a@gmail.com", "a@acme.com", "no address"),
    "job_title": (None, "CEO", "Head of Sales", "xyz"),
}
TOLD: dict[str, tuple[Any, ...]] = {
    "employees": (None, 9.0, 20.0, 500.0),
    "city": (None, "Ede", "Bonn"),
    "country": (None, "Germany", "FR"),
    "job_title": (None, "Student", "Sales Manager"),
    "revenue": (None, 0.0, 5e6),
}


def rich_world(seed: int) -> World:
    """A world with more in it than would be drawn piece by piece."""
    pick = Random(seed).choice

    def some(columns: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
        return {column: pick(choices) for column, choices in columns.items()}

    leads = [
        Lead(name, pick((LONG_AGO, pick(INSTANTS))), pick(ACCOUNTS), some(RECORD)) for name in NAMES
    ]
    events = [
        Event(pick(DOERS), pick(SAID), pick(INSTANTS), pick((None, pick(INSTANTS))), pick(VALUES))
        for _ in range(pick((20, 30, 40)))
    ]
    moments = {(pick(DOERS), pick(INSTANTS)) for _ in range(8)}
    changes = [Change(lead, moment, some(TOLD)) for lead, moment in sorted(moments)]
    return World(leads, events + events[: pick((0, 3))], changes)


def one_of_each(columns: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: st.sampled_from(some) for name, some in columns.items()})


instants = st.sampled_from(INSTANTS)
events = st.builds(
    Event,
    st.sampled_from(DOERS),
    st.sampled_from(SAID),
    instants,
    st.none() | instants,
    st.sampled_from(VALUES),
)
logs = st.tuples(st.lists(events, max_size=12), st.integers(0, 3)).map(
    lambda drawn: drawn[0] + drawn[0][: drawn[1]]  # some of them twice
)
people = st.tuples(
    *(
        st.builds(
            Lead,
            st.just(name),
            st.just(LONG_AGO) | instants,
            st.sampled_from(ACCOUNTS),
            one_of_each(RECORD),
        )
        for name in NAMES
    )
).map(list)
changes = st.lists(
    st.builds(Change, st.sampled_from(DOERS), instants, one_of_each(TOLD)),
    max_size=8,
    unique_by=lambda change: (change.lead, change.valid_from),
)
worlds = st.builds(World, people, logs, changes) | st.integers(0, 1 << 30).map(rich_world)
everyone = [(name, moment) for name in NAMES for moment in MOMENTS]
examples = st.permutations(everyone).map(lambda pairs: pairs[:6]) | st.lists(
    st.sampled_from(everyone), max_size=2
)


# --- as tables ------------------------------------------------------------------------------------


def texts(values: Sequence[str | None]) -> "pd.Series[str]":
    return pd.Series(list(values), dtype="str")


def times(values: Sequence[int]) -> pd.DatetimeIndex:
    return from_nanos(np.array(values, dtype=np.int64))


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, "pd.Series[Any]"]:
    found = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(name) for row in rows]
        numeric = all(cell is None or isinstance(cell, float) for cell in cells)
        numeric = numeric and name in {"employees", "revenue"}
        found[name] = pd.Series(cells, dtype="float64") if numeric else texts(cells)
    return found


def event_table(events: Sequence[Event]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": texts([e.lead for e in events]),
            "event_type": texts([e.kind for e in events]),
            "occurred_at": times([e.occurred for e in events]),
            "known_at": times([e.known for e in events]),
            "value": np.array([e.value for e in events], dtype=np.float64),
        }
    )


def tables_of(world: World) -> Tables:
    leads = pd.DataFrame(
        {
            "lead_id": texts([lead.name for lead in world.leads]),
            "created_at": times([lead.created for lead in world.leads]),
            "account_id": texts([lead.account for lead in world.leads]),
            **_columns([lead.record for lead in world.leads]),
        }
    )
    changed = pd.DataFrame(
        {
            "lead_id": texts([c.lead for c in world.changes]),
            "valid_from": times([c.valid_from for c in world.changes]),
            **_columns([c.told for c in world.changes]),
        }
    )
    outcomes = pd.DataFrame(
        {"lead_id": texts([]), "outcome": texts([]), "closed_at": times([]), "amount": []}
    )
    spend = pd.DataFrame({"source": texts([]), "month": times([]), "cost": []})
    end = pd.Timestamp("2027-01-01", tz="UTC")
    return Tables(leads, event_table(world.events), outcomes, changed, spend, end)


def example_table(pairs: Sequence[Example]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": texts([name for name, _ in pairs]),
            "as_of": times([moment for _, moment in pairs]),
        }
    )


def past_of(world: World, pairs: Sequence[Example]) -> Past:
    return build_past(tables_of(world), example_table(pairs))


def matrix_of(world: World, pairs: Sequence[Example], catalog: Catalog = EVERYTHING) -> Matrix:
    return build_matrix(catalog, past_of(world, pairs), threads=1)


def same(found: Matrix, expected: Matrix) -> bool:
    """Bit by bit, NaN equal to NaN."""
    return np.array_equal(found, expected, equal_nan=True)
