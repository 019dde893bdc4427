"""The health of the data in words: one, many, none, and what cannot be told."""

import dataclasses

import pandas as pd
import pytest

from tests.training.report.judged import judged_card
from tests.training.report.rendered import HOSTILE, render, tags_of, text_of
from training.health.measure import Filling, Health
from training.health.paces import Pace
from training.health.shifts import Drift, Shift
from training.report.health import HealthPage, named, read_health

SINCE = pd.Timestamp("2026-04-01", tz="UTC")
LAST = pd.Timestamp("2026-05-20", tz="UTC")


def shift(index: float, *, label: str = "pricing-page views", part: str = "above 3") -> Shift:
    return Shift(label.replace(" ", "_"), label, index, part, 0.1, 0.4)


def filling(column: str, now: int, *, then: int = 900, used: bool = True) -> Filling:
    return Filling(column, used, then, 1000, now, 200)


def pace(many: str, verdict: str) -> Pace:
    if verdict == "never":
        return Pace(many, many, "never", None, 0.0, 0, 0.0)
    seen = {"comes": 70, "stopped": 0, "trickles": 1}[verdict]
    return Pace(many, many, verdict, LAST, 5.0, seen, 70.4)


@pytest.fixture
def health() -> Health:
    """Nothing is wrong."""
    return Health(
        SINCE,
        Drift(1200, 3400, 5000, shift(0.02, label="score"), (shift(0.05), shift(0.01))),
        (filling("city", 180), filling("size", 181)),
        (pace("visits", "comes"), pace("demos", "comes")),
        pd.Timestamp("2026-04-01", tz="UTC"),
        frozenset({"city"}),
    )


def page(health: Health | None, **changes) -> tuple[HealthPage, str]:
    card = judged_card(**changes)
    read = read_health(card, health)
    return read, text_of(render(card, "health", health=read))


def test_a_healthy_base_is_called_so(health: Health) -> None:
    read, text = page(health, leaks=[])
    assert read.mend == ()
    assert "Nothing to mend was found." in text
    assert "no column looks as if it knew the outcome" in text
    assert "1,200 leads since 1 April 2026, looked at 3,400 times in the same way." in text
    assert "The score itself has moved little (index 0.02)" in text
    assert "None of 2 subjects has moved more than little; the furthest is" in text
    assert "None is filled more or less often than before, beyond noise." in text
    assert "of 200 leads that came since 1 April 2026, beside 1,000 of the year before." in text
    assert "All 2 kinds of events still come." in text
    assert "so some of these looks taught it" not in text


def test_what_is_wrong_comes_first_with_its_number(health: Health) -> None:
    hurt = dataclasses.replace(
        health,
        drift=Drift(1200, 3400, 5000, shift(0.31, label="score"), (shift(0.4), shift(0.2))),
        fillings=(filling("city", 10), filling("size", 0), filling("fax", 0, used=False)),
        paces=(pace("visits", "stopped"), pace("demos", "trickles"), pace("fairs", "never")),
    )
    read, text = page(hurt)
    assert read.mend == (
        "Find out why 2 columns are hardly filled any more: “city” and “size”.",
        "Find out why 2 kinds of events have stopped: “visits” and “demos”.",
        "Train again: the score has moved much (index 0.31, 1,200 leads).",
        "Ask why “call_duration” already knows the outcome; it is kept out of the model.",
    )
    assert "so its probabilities may be off: recalibrate or train again" in text
    assert "2 of 2 subjects have moved." in text
    assert "3 columns have died: “city”, “size” and “fax”." in text
    assert "“size” and “fax” keep no history" in text
    assert "Visits have stopped: the last came on 20 May 2026. At their usual pace about 70" in text
    assert "Demos hardly come any more: 1 in the newest 14 days, where 70 would have come" in text
    assert "Declared, but never seen: “fairs”." in text
    assert [row.part for row in read.moved] == ["above 3"] * 3
    assert [(row.size, row.index) for row in read.moved] == [
        ("much", "0.31"),
        ("much", "0.40"),
        ("some", "0.20"),
    ]


def test_one_of_anything_is_said_in_the_singular(health: Health) -> None:
    hurt = dataclasses.replace(
        health,
        drift=Drift(1, 1, 5000, None, ()),
        fillings=(filling("size", 0),),
        paces=(pace("visits", "stopped"),),
    )
    card = judged_card()["data"] | {"immature": 1, "closed": 1, "examples": 1, "converted": 1}
    _, text = page(hurt, data=card, horizon_days=1)
    assert "Find out why 1 column is hardly filled any more: “size”." in text
    assert "Find out why 1 kind of event has stopped: “visits”." in text
    assert "1 column has died: “size”." in text
    assert "“size” keeps no history" in text
    assert "Only 1 lead was looked at since 1 April 2026. Of fewer than 500 nothing is" in text
    assert "1 example has a known outcome; 1 of them led to a win." in text
    assert "1 example is too young: its 1 day had not passed by the end of the data. It was" in text
    assert "1 moment was left out" in text


def test_young_examples_that_taught_by_a_shorter_horizon_are_said_to(health: Health) -> None:
    config = judged_card()["config"] | {"label": {"also_days": [180, 60, 30]}}
    _, text = page(health, config=config)
    assert "They were not called lost; what was known of them after 30 and 60 days taught" in text
    assert "neither learned from nor called lost" in page(health)[1]


def test_a_model_made_in_the_newest_quarter_knows_these_leads(health: Health) -> None:
    fresh = dataclasses.replace(health, trained_until=pd.Timestamp("2026-07-01", tz="UTC"))
    assert "made from data until 1 July 2026, so some of these looks taught it" in page(fresh)[1]


def test_without_dates_or_tables_it_is_said_why_nothing_is_there(health: Health) -> None:
    undated = Health(None, None, (), (), SINCE, frozenset())
    read, text = page(undated, clock="none")
    assert "The data have no dates, so nobody can tell newer leads from older ones" in text
    assert "Events that stopped" not in text
    assert "Missing values" not in text
    assert (read.fillings, read.paces, read.moved) == ((), (), ())
    assert "It was not measured" in page(None)[1]
    no_profile = dataclasses.replace(health, drift=None)
    assert "It was not measured" in page(no_profile)[1]


def test_too_few_leads_to_compare_are_said(health: Health) -> None:
    few = dataclasses.replace(health, fillings=(Filling("city", True, 40, 45, 180, 200),))  # noqa: FBT003
    _, text = page(few)
    assert "On one side stand fewer than 100 leads: too few to tell a change from chance." in text
    assert "None is filled more or less" not in text


def test_columns_allowed_by_name_are_to_be_stopped(health: Health) -> None:
    config = judged_card()["config"] | {"attributes": {"allow": ["call_duration"]}}
    read, text = page(health, config=config)
    assert read.mend == ("Stop reading 1 column that the leak report refuses: “call_duration”.",)
    assert "because attributes.allow names them" in text
    assert "owner may be written later" in text


def test_hostile_names_are_shown_and_never_run(health: Health) -> None:
    hurt = dataclasses.replace(
        health,
        drift=Drift(1200, 3400, 5000, shift(0.3), (shift(0.3, label=HOSTILE, part=HOSTILE),)),
        fillings=(filling(HOSTILE, 0),),
        paces=(pace(HOSTILE, "stopped"),),
    )
    card = judged_card(leaks=[{"column": HOSTILE, "verdict": "leak", "reason": HOSTILE}])
    card["data"]["findings"] = card["overlaps"] = [HOSTILE]
    html = render(card, "health", health=read_health(card, hurt))
    assert {"script", "img"}.isdisjoint(tags_of(html))
    assert text_of(html).count("<script>alert(1)</script>") > 8


def test_many_names_are_counted() -> None:
    assert named(["a"]) == "“a”"
    assert named(["a", "b", "c"]) == "“a”, “b” and “c”"
    assert named(["a", "b", "c", "d", "e"]) == "“a”, “b”, “c” and 2 more"
