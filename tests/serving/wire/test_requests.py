"""Does a request say what is wrong, what is missing and what is not used, lead by lead?"""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from features.feature import Feature
from features.nouns import any_noun
from features.spec import VOCABULARY
from serving.scorer import Scorer
from serving.wire.problems import InvalidRequestError
from serving.wire.requests import Asked, read_request
from serving.wire.schemas import MOMENT_WORDS
from serving.wire.told import previous_told

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WARNING = "this model looks at the whole account, and no colleague is in the request"


def lead(name: str, **more: Any) -> dict[str, Any]:
    return {"lead_id": name, "created_at": "2026-06-01T00:00:00Z", **more}


def asked_of(scorer: Scorer, *leads: Any, **more: Any) -> Asked:
    body = json.dumps({"leads": leads, **more}).encode()
    return read_request(body, scorer, now=NOW, max_leads=10)


def wrong_with(scorer: Scorer, *leads: Any, **more: Any) -> list[str]:
    with pytest.raises(InvalidRequestError) as refused:
        asked_of(scorer, *leads, **more)
    return [f"{error.field} {error.message}" for error in refused.value.errors]


def warned(scorer: Scorer, *leads: dict[str, Any]) -> list[bool]:
    return [WARNING in own for own in asked_of(scorer, *leads).warnings]


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
    assert "industry" in scorer.text_columns
    assert "job_title" in scorer.text_columns, "the policy reads it"
    assert not {"employees", "revenue_eur"} & scorer.text_columns


def test_what_leads_were_is_taken_from_those_that_say_so(scorer: Scorer) -> None:
    told = lead("b", previous={"stage": "mql", "engagement_grade": 2})
    before = previous_told(asked_of(scorer, lead("a"), told, lead("c", previous={})).leads)
    assert before is not None
    assert before.stage.tolist() == ["", "mql", ""]
    assert before.fit_grade.tolist() == ["", "", ""]
    assert before.engagement_grade.tolist() == [0, 2, 0]
    assert previous_told(asked_of(scorer, lead("a")).leads) is None


# --- partial failure ------------------------------------------------------------------------------

SHAPELESS = {"lead_id": 7, "created_at": "2026-06-01"}
NO_NUMBER = lead("n", attributes={"employees": "many"})
UNDATED = {"lead_id": "u"}


def test_leads_with_a_problem_stay_out_and_the_others_are_asked(scorer: Scorer) -> None:
    leads = [SHAPELESS, lead("a"), NO_NUMBER, lead("b"), lead("a"), UNDATED]
    asked = asked_of(scorer, *leads)
    assert [one.lead_id for one in asked.leads] == ["a", "b"]
    assert [one.index for one in asked.problems] == [0, 2, 4, 5]
    said = {one.index: [f"{e.field} {e.message}" for e in one.errors] for one in asked.problems}
    assert said == {
        0: ["leads[0].lead_id must be text"],
        2: ["leads[2].attributes.employees must be a number"],
        4: ["leads[4].lead_id must be unique within the request, but leads[1] has the same"],
        5: ["leads[5].created_at must be given"],
    }
    assert {len(values) for values in asked.attributes.values()} == {2}
    assert len(asked.missing) == len(asked.warnings) == 2


def test_a_lead_is_asked_alike_whoever_is_wrong_beside_it(scorer: Scorer) -> None:
    good = [
        lead("a", attributes={"employees": 12, "industry": "Software", "shoe": 1}),
        lead("b", events=[{"event_type": "unheard", "occurred_at": "2026-06-02"}]),
    ]
    alone = asked_of(scorer, *good)
    among = asked_of(scorer, SHAPELESS, good[0], NO_NUMBER, UNDATED, good[1])
    assert among.leads == alone.leads
    assert among.missing == alone.missing
    assert among.warnings == alone.warnings
    assert repr(among.attributes) == repr(alone.attributes)


def test_where_no_lead_can_be_used_the_request_is_refused_with_all_that_is_wrong(
    scorer: Scorer,
) -> None:
    assert wrong_with(scorer, SHAPELESS, {}) == [
        "leads[0].lead_id must be text",
        "leads[1].lead_id must be given",
    ]
    assert wrong_with(scorer, NO_NUMBER, SHAPELESS) == [
        "leads[0].attributes.employees must be a number",
        "leads[1].lead_id must be text",
    ]


def test_what_is_wrong_with_the_request_itself_refuses_it_whole(scorer: Scorer) -> None:
    assert wrong_with(scorer, lead("a"), SHAPELESS, explain="all") == [
        "explain must be a whole number",
        "leads[1].lead_id must be text",
    ]
    assert wrong_with(scorer, lead("a"), as_of="2026-07-02T00:00:00Z") == [
        "as_of must not lie in the future"
    ]
    many = [lead(f"L{k}") for k in range(10)]
    assert wrong_with(scorer, *many, SHAPELESS) == [
        "leads must hold at most 10 leads, got 11; send them in parts"
    ]


def test_a_horizon_is_one_of_those_the_model_answers(scorer: Scorer) -> None:
    days = [str(each) for each in scorer.horizons]
    assert wrong_with(scorer, lead("a"), horizon=5) == [
        f"horizon must be one of {', '.join(days)} days, which are answered"
    ]
    assert asked_of(scorer, lead("a"), horizon=scorer.horizon).request.horizon == scorer.horizon


@pytest.mark.parametrize("field", ["occurred_at", "recorded_at"])
@pytest.mark.parametrize("value", ["2026-02-30", "0001-01-01", "2200-01-01", "2026-06-01T24:30Z"])
def test_an_event_at_no_moment_is_a_problem_of_its_lead_alone(
    scorer: Scorer, field: str, value: str
) -> None:
    fine = {"event_type": "demo_request", "occurred_at": "2026-06-03"}
    wrong = lead("b", events=[fine, fine, {**fine, field: value}])
    asked = asked_of(scorer, lead("a", events=[fine]), wrong, lead("c"))
    assert [own.lead_id for own in asked.leads] == ["a", "c"]
    ((problem),) = asked.problems
    assert [error.field for error in problem.errors] == [f"leads[1].events[2].{field}"]
    assert problem.errors[0].message == MOMENT_WORDS
    assert len(asked.acts.events) == 1
