"""Does a table of points take a model's place, and say that it is none?"""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from leadml.config import Config, parse_config
from leadml.tables import Tables
from serving.points import points_levels, points_scorer
from serving.scoring import score_examples
from serving.wire.answering import answer
from serving.wire.answers import build_model_response

EVENTS = {
    "demo": {"one": "demo request", "many": "demo requests", "kind": "intent"},
    "view": {"one": "view", "many": "views"},
    "bounce": {"one": "bounce", "many": "bounces", "kind": "negative"},
}
POINTS = {
    "fit": [{"attribute": "size", "at_least": 10, "points": 25, "said": "large enough"}],
    "behaviour": [
        {"event": "demo", "points": 60, "said": "asked for a demo"},
        {"event": "view", "points": 5, "each": True, "most": 15, "said": "views"},
        {"event": "bounce", "points": -50, "said": "bounced"},
    ],
}
NOW = datetime(2026, 5, 10, tzinfo=UTC)


@pytest.fixture
def config() -> Config:
    return parse_config({"events": EVENTS, "points": POINTS})


def score(config: Config, **lead: object) -> dict[str, object]:
    body = {"leads": [{"lead_id": "L", "created_at": "2026-05-01", **lead}]}
    answered = answer(points_scorer(config), json.dumps(body).encode(), now=NOW, max_leads=10)
    found: dict[str, object] = json.loads(answered.content)["scores"][0]
    return found


def event(kind: str, day: int) -> dict[str, str]:
    return {"event_type": kind, "occurred_at": f"2026-05-{day:02d}T09:00:00Z"}


def after_a_week(tables: Tables) -> pd.DataFrame:
    """Every lead, a week after it came."""
    leads = tables.leads
    return pd.DataFrame(
        {"lead_id": leads["lead_id"], "as_of": leads["created_at"] + pd.Timedelta(7, "D")}
    )


def test_points_make_a_sales_lead_with_its_rules_as_reasons(config: Config) -> None:
    found = score(config, attributes={"size": 12}, events=[event("demo", 8), event("view", 9)])

    assert (found["points"], found["probability"], found["within"]) == (90.0, None, [])
    assert (found["stage"], found["action"]) == ("sql", "call")
    assert "at least 80 points" in found["needs_met"]  # type: ignore[operator]
    reasons = [(reason["text"], reason["group"]) for reason in found["reasons"]]  # type: ignore[attr-defined]
    assert reasons == [
        ("+60: asked for a demo (once in the last 90 days)", "intent"),
        ("+25: large enough (size 12)", "fit"),
        ("+5: views (once in the last 90 days)", "engagement"),
    ]
    assert found["evidence"] == {
        "base": 0.0,
        "fit": 25.0,
        "engagement": 5.0,
        "intent": 60.0,
        "negative": 0.0,
    }
    assert found["warnings"] == ["points, not a probability: there is no model yet"]


def test_points_alone_make_no_sales_lead(config: Config) -> None:
    rich = {"points": [{"attribute": "size", "at_least": 10, "points": 500}]}
    generous = parse_config({"events": EVENTS, "points": {"fit": rich["points"]}})
    found = score(generous, attributes={"size": 12}, events=[event("view", 9)])
    assert found["points"] == 500.0
    assert found["stage"] == "iql"
    assert config.points.sql == 80


def test_a_lead_of_which_nothing_is_known_gets_no_points(config: Config) -> None:
    found = score(config)
    assert (found["points"], found["stage"]) == (None, "lead")
    assert found["unscored_reason"] == "nothing is known about this lead yet"
    assert found["evidence"] is None


def test_the_model_page_tells_that_there_is_none(config: Config) -> None:
    said = build_model_response(points_scorer(config), aliases=[], at_hand=[])
    assert said.recipe == "a table of points"
    assert said.policy.unit == "points"
    assert (said.policy.sql_line, said.policy.mql_line) == (80, 60)
    assert said.figures == {}


def test_grades_part_a_quarter_of_the_way_apart_and_hold_by_odds(config: Config) -> None:
    levels = points_levels(config.policy, config.points, config.events)
    assert levels.fit_cuts == (1.0, 20.0, 40.0)
    # A quarter of the way, 20 points, doubles the odds: a tenth of a log-odds is 2.9 points.
    assert levels.margin == pytest.approx(20 * 0.1 / np.log(2))


def test_the_file_has_points_in_place_of_probabilities(config: Config, tables: Tables) -> None:
    chosen = after_a_week(tables).head(50)
    found = score_examples(points_scorer(config), tables, chosen).for_file()
    assert "points" in found
    assert not {"probability", "lower", "upper"} & set(found)


def test_a_batch_is_its_leads_one_by_one(tables: Tables) -> None:
    own = parse_config({"events": EVENTS})
    chosen = after_a_week(tables).head(40).reset_index(drop=True)
    scorer = points_scorer(own)
    together = score_examples(scorer, tables, chosen).for_file()
    alone = [
        score_examples(scorer, tables, chosen.iloc[[k]].reset_index(drop=True)).for_file()
        for k in range(40)
    ]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


def test_a_lead_for_which_nothing_speaks_does_not_fit(config: Config) -> None:
    found = score(config, attributes={"size": 3})
    assert (found["points"], found["fit_grade"], found["engagement_grade"]) == (0.0, "D", 4)
    assert found["missing"] == []
    assert score(config, events=[event("view", 9)])["missing"] == ["size"]


def test_what_a_lead_has_reached_with_sales_is_told_over_http(config: Config) -> None:
    strong = {"attributes": {"size": 12}, "events": [event("demo", 8)]}
    for reached, stage, action in (
        ("opportunity", "opportunity", "none"),
        ("closed_won", "customer", "none"),
        ("closed_lost", "disqualified", "recycle"),
    ):
        found = score(config, **strong, reached=reached)
        assert (found["stage"], found["action"]) == (stage, action)


def test_an_unscored_lead_is_not_called_for_its_evidence(config: Config) -> None:
    old = {"created_at": "2024-01-01", "attributes": {"size": 12}}
    body = {"leads": [{"lead_id": "L", **old, "events": [event("demo", 8)]}]}
    answered = answer(points_scorer(config), json.dumps(body).encode(), now=NOW, max_leads=10)
    found = json.loads(answered.content)["scores"][0]
    assert found["unscored_reason"].startswith("older than 365 days")
    assert (found["stage"], found["action"], found["propensity"]) == ("iql", "nurture", 0.0)
