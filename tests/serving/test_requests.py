"""Does a request to a model that looks at accounts say whose events it cannot see?"""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from features.feature import Feature
from features.nouns import any_noun
from features.spec import VOCABULARY
from serving.requests import build_asked, parse_request, text_columns
from serving.scoring import Scorer

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WARNING = "this model looks at the whole account, and no colleague is in the request"


def lead(name: str, **more: Any) -> dict[str, Any]:
    return {"lead_id": name, "created_at": "2026-06-01T00:00:00Z", **more}


def warned(scorer: Scorer, *leads: dict[str, Any]) -> list[bool]:
    request = parse_request(json.dumps({"leads": leads}).encode())
    asked = build_asked(request, scorer, now=NOW, max_leads=10)
    return [WARNING in own for own in asked.warnings]


@pytest.fixture(scope="module")
def of_accounts(scorer: Scorer) -> Scorer:
    noun = any_noun(scorer.catalog.events).at_account()
    features = (*scorer.catalog.features, Feature(VOCABULARY["count"], noun))
    return dataclasses.replace(
        scorer, catalog=dataclasses.replace(scorer.catalog, features=features)
    )


def test_a_lead_without_a_colleague_in_the_request_is_warned_of(of_accounts: Scorer) -> None:
    leads = [
        lead("a", account_id="acme"),
        lead("b", account_id="acme"),
        lead("c", account_id="alone"),
        lead("d"),
        lead("e"),
    ]
    assert warned(of_accounts, *leads) == [False, False, True, True, True]


def test_a_model_that_does_not_look_at_accounts_warns_nobody(scorer: Scorer) -> None:
    assert warned(scorer, lead("a", account_id="acme"), lead("d")) == [False, False]


def test_texts_are_what_is_neither_a_number_nor_a_band(scorer: Scorer) -> None:
    texts = text_columns(scorer)
    assert "industry" in texts
    assert "job_title" in texts, "the policy reads it"
    assert not {"employees", "revenue_eur"} & set(texts)


def test_what_leads_were_is_taken_from_those_that_say_so(scorer: Scorer) -> None:
    leads = [
        lead("a"),
        lead("b", previous={"stage": "mql", "engagement_grade": 2}),
        lead("c", previous={}),
    ]
    body = json.dumps({"leads": leads}).encode()
    before = build_asked(parse_request(body), scorer, now=NOW, max_leads=10).before
    assert before is not None
    assert before.to_dict("records") == [
        {"lead_id": "b", "stage": "mql", "fit_grade": None, "engagement_grade": 2},
        {"lead_id": "c", "stage": None, "fit_grade": None, "engagement_grade": None},
    ]
    body = json.dumps({"leads": leads[:1]}).encode()
    assert build_asked(parse_request(body), scorer, now=NOW, max_leads=10).before is None
