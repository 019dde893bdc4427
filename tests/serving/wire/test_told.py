"""Does a request tell of its leads what tables tell of them, to the bit?"""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from features.nouns import any_noun, event_noun
from features.spec import VOCABULARY
from leadml.events import EventType
from leadml.tables import Tables
from leadml.timeline import Window
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples, score_subjects
from serving.wire.requests import Asked, read_request
from serving.wire.told import subjects_told, tables_told

AS_OF = pd.Timestamp("2025-11-20T10:30:00.123456", tz="UTC")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
VIEW = event_noun("pricing_page_view", EventType("pricing-page view", "pricing-page views"))


@pytest.fixture(scope="module")
def company(tables: Tables) -> Tables:
    """The leads of a few accounts, with titles, consent, values, outcomes and late events."""
    rng = np.random.default_rng(5)
    leads, events = tables.leads, tables.events
    kept = (leads["created_at"] < AS_OF).to_numpy()
    leads = leads[kept].reset_index(drop=True)
    n = len(leads)
    leads = leads.assign(
        account_id=pd.Series(rng.choice(["acme", "globex", None, "initech"], n), dtype="str"),
        consent=rng.choice([1.0, 0.0, np.nan], n),
        job_title=pd.Series(rng.choice(["Student", "CEO", None, " Head of Sales "], n)).str.strip(),
    )
    events = events[events["lead_id"].isin(leads["lead_id"])].reset_index(drop=True)
    late = pd.to_timedelta(rng.choice([0, 0, 400], len(events)), unit="h").as_unit("us")
    events = events.assign(
        value=np.where(rng.random(len(events)) < 0.3, rng.normal(100, 30, len(events)), np.nan),
        known_at=events["occurred_at"] + late,
    )
    closed = leads["lead_id"][rng.random(n) < 0.4]
    outcomes = tables.outcomes[tables.outcomes["lead_id"].isin(closed)]
    return dataclasses.replace(
        tables, leads=leads, events=events, outcomes=outcomes.reset_index(drop=True)
    )


@pytest.fixture(scope="module")
def wide(scorer: Scorer) -> Scorer:
    """The model, asking for sums and for accounts beside its own features; these add nothing."""
    whole = any_noun(scorer.catalog.events)
    more = (
        Feature(VOCABULARY["total"], VIEW, Window(90)),
        Feature(VOCABULARY["maximum"], VIEW, Window(None)),
        Feature(VOCABULARY["count"], whole.at_account(), Window(30)),
        Feature(VOCABULARY["days_since_last"], whole.at_account()),
    )
    asked = dataclasses.replace(scorer.asked, features=(*scorer.asked.features, *more))
    made = dataclasses.replace(scorer)
    made.__dict__["asked"] = asked
    return made


def lead_of(company: Tables, row: dict[str, Any]) -> dict[str, Any]:
    """A lead of the tables as a request tells of it."""
    own = company.events[company.events["lead_id"] == row["lead_id"]]
    closed = company.outcomes[company.outcomes["lead_id"] == row["lead_id"]]
    before = closed[closed["closed_at"] < AS_OF]
    lead = {
        "lead_id": row["lead_id"],
        "created_at": row["created_at"].isoformat(),
        "account_id": row["account_id"],
        "consent": None if np.isnan(row["consent"]) else bool(row["consent"]),
        "attributes": {name: row[name] for name in ("employees", "industry", "job_title")},
        "events": [
            {
                "event_type": event.event_type,
                "occurred_at": event.occurred_at.isoformat(),
                "recorded_at": event.known_at.isoformat(),
                "value": None if np.isnan(event.value) else event.value,
            }
            for event in own.itertuples()
        ],
        "reached": None if before.empty else before["outcome"].iloc[0],
    }
    return json.loads(json.dumps(lead).replace("NaN", "null"))


def ask(scorer: Scorer, leads: list[dict[str, Any]]) -> Asked:
    body = json.dumps({"as_of": AS_OF.isoformat(), "leads": leads}).encode()
    return read_request(body, scorer, now=NOW, max_leads=1000)


def same(found: Scores, expected: Scores) -> None:
    """Equal in every bit: features, scores, evidence, reasons and decisions."""
    assert found.matrix.tobytes() == expected.matrix.tobytes()
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    for group, own in expected.groups.items():
        assert found.groups[group].tobytes() == own.tobytes()
    assert found.reasons == expected.reasons


@pytest.fixture(scope="module")
def leads(company: Tables) -> list[dict[str, Any]]:
    return [lead_of(company, row) for row in company.leads.to_dict("records")]


@pytest.fixture(scope="module")
def expected(wide: Scorer, company: Tables) -> Scores:
    examples = pd.DataFrame({"lead_id": company.leads["lead_id"], "as_of": AS_OF})
    scores = score_examples(wide, company, examples, most_reasons=5)
    told = scores.unscored.tolist()
    assert {"already a customer", "already closed", "no consent", ""} <= set(told)
    assert told.count("") > 30
    return scores


def test_a_batch_is_scored_as_its_tables_are(
    wide: Scorer, leads: list[dict[str, Any]], expected: Scores
) -> None:
    asked = ask(wide, leads)
    assert asked.problems == []
    same(score_subjects(wide, subjects_told(asked, wide), most_reasons=5), expected)


def test_one_lead_is_scored_as_in_the_batch(
    scorer: Scorer, company: Tables, leads: list[dict[str, Any]]
) -> None:
    examples = pd.DataFrame({"lead_id": company.leads["lead_id"], "as_of": AS_OF})
    for lead in leads[::7]:
        own = examples[examples["lead_id"] == lead["lead_id"]]
        among = score_examples(scorer, company, examples, most_reasons=5)
        alone = score_subjects(scorer, subjects_told(ask(scorer, [lead]), scorer), most_reasons=5)
        place = own.index[0]
        assert alone.matrix[0].tobytes() == among.matrix[place].tobytes()
        pd.testing.assert_frame_equal(
            alone.table, among.table.iloc[[place]].reset_index(drop=True), check_exact=True
        )
        assert alone.reasons[0] == among.reasons[place]


def test_the_tables_that_a_request_tells_are_scored_alike(
    wide: Scorer, leads: list[dict[str, Any]], expected: Scores
) -> None:
    asked = ask(wide, leads)
    told = tables_told(asked, wide)
    examples = pd.DataFrame({"lead_id": told.leads["lead_id"], "as_of": AS_OF})
    same(score_examples(wide, told, examples, most_reasons=5), expected)


def test_the_order_of_leads_and_events_changes_nothing(
    wide: Scorer, leads: list[dict[str, Any]]
) -> None:
    def scored(told: list[dict[str, Any]]) -> pd.DataFrame:
        subjects = subjects_told(ask(wide, told), wide)
        return score_subjects(wide, subjects).table.set_index("lead_id")

    turned = [{**lead, "events": lead["events"][::-1]} for lead in leads[::-1]]
    found = scored(turned).loc[[lead["lead_id"] for lead in leads]]
    pd.testing.assert_frame_equal(found, scored(leads), check_exact=True)


def test_events_of_unknown_types_change_nothing_and_are_counted(
    wide: Scorer, leads: list[dict[str, Any]]
) -> None:
    strange = {"event_type": "yawned", "occurred_at": "2025-06-01T00:00:00Z"}
    odd = [{**lead, "events": [strange, *lead["events"], strange]} for lead in leads]
    asked = ask(wide, odd)
    assert (asked.acts.type < 0).sum() == 2 * len(leads)
    found = score_subjects(wide, subjects_told(asked, wide))
    same(found, score_subjects(wide, subjects_told(ask(wide, leads), wide)))
