"""A policy that cannot be followed is refused, with the rule named."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.criteria import Criterion
from leadml.errors import ConfigError
from leadml.policy import BLOCKS, Block, Policy, Rule, resolved
from leadml.policy_check import MOST_NEEDS, check_policy
from tests.leadml.decided import EVENTS, decided, leads, levels_of, policies, rules


def refusal(policy: Policy) -> str:
    with pytest.raises(ConfigError) as caught:
        check_policy(policy, EVENTS)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["b2b", "b2c"])
def test_the_usual_policies_can_be_followed_whatever_events_there_are(kind: Any) -> None:
    check_policy(Policy(kind=kind), EVENTS)
    check_policy(Policy(kind=kind), {})


# --- one rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("lead", activity=True), "for lead must be for one of sql, pql, mql, service_qual"),
        (Rule("customer", activity=True), "Outcomes and blocks give the others."),
        (Rule("mql"), "for mql must need something, got nothing: every lead would have"),
        (Rule("mql", fit="D"), "for mql must need something"),
        (Rule("mql", engagement=4, fit="D"), "for mql must need something"),
        (Rule("sql", fit="A", line="sql"), "for sql must need explicit intent or product use, for"),
        (Rule("sql", line="sql", service_days=7.0), "no threshold alone makes a sales lead"),
        (Rule("mql", engagement=5), "for mql must ask for engagement 1 to 4, or 0 for none, got 5"),
        (Rule("mql", engagement=-1), "or 0 for none, got -1."),
        (Rule("pql", product_days=-1.0), "for pql: product_days must be 0 to 36,500, got -1."),
        (Rule("pql", product_days=math.nan), "product_days must be 0 to 36,500, got nan."),
        (Rule("iql", activity=True, look_again_days=1e9), "look_again_days must be 0 to 36,500"),
        (Rule("iql", activity=True, follow_up_hours=-1.0), "for iql: follow_up_hours must be 0"),
        (
            Rule("mql", line="mql", intent=("demo_request",)),
            "for mql names events of intent, so it must set intent_days, got none.",
        ),
        (
            Rule("sql", intent_days=7.0, intent=("demo_requst",)),
            "kind 'intent', got 'demo_requst'. Did you mean 'demo_request'?",
        ),
        (Rule("sql", intent_days=7.0, intent=("*demo*",)), "kind 'intent', got '*demo*'."),
        (Rule("sql", intent_days=7.0, intent=("page_view",)), "kind 'intent', got 'page_view'."),
        (Rule("mql", intent_days=7.0, intent=("unsubscribed",)), "got 'unsubscribed'."),
    ],
)
def test_a_rule_that_cannot_be_followed_is_named(rule: Rule, said: str) -> None:
    text = refusal(Policy(rules=(rule,)))
    assert text.startswith(f"The policy's rule for {rule.stage}")
    assert said in text


# --- rules beside each other ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "stage", "before"),
    [
        ((Rule("mql", line="mql", product_days=30.0, fit="B"),), "mql", "pql"),
        ((Rule("mql", fit="A", product_days=7.0),), "mql", "pql"),
        ((Rule("iql", service_days=14.0),), "iql", "service_qualified"),
        ((Rule("service_qualified", activity=True),), "iql", "service_qualified"),
        ((Rule("mql", line="mql"), Rule("mql", line="sql", fit="A")), "mql", "mql"),
        ((Rule("sql", intent_days=30.0), Rule("pql", intent_days=7.0)), "pql", "sql"),
        (
            (Rule("sql", intent_days=7.0), Rule("mql", intent_days=7.0, intent=("demo_request",))),
            *("mql", "sql"),
        ),
        ((Rule("mql", activity=True, fit="D"),), "service_qualified", "mql"),
    ],
)
def test_a_rule_that_can_never_be_reached_is_named_with_the_one_before(
    own: tuple[Rule, ...], stage: str, before: str
) -> None:
    text = refusal(Policy(rules=own))
    assert text.startswith(f"The policy's rule for {stage} can never be reached")
    assert f"the rule for {before} before it" in text


@pytest.mark.parametrize(
    "own",
    [
        (Rule("mql", fit="A", product_days=31.0),),
        (Rule("mql", fit="D", product_days=30.0),),
        (Rule("sql", intent_days=7.0, intent=("demo_request",)), Rule("mql", intent_days=7.0)),
        (Rule("mql", line="sql", fit="A"), Rule("mql", line="mql")),
        (Rule("sql", fit="C", intent_days=30.0), Rule("mql", fit="C", intent_days=30.0)),
    ],
)
def test_a_rule_that_some_leads_reach_is_allowed(own: tuple[Rule, ...]) -> None:
    """Fit is never waived for sql, so where nobody has a grade an mql with the same needs is."""
    check_policy(Policy(rules=own), EVENTS)


@settings(max_examples=300, deadline=None)
@given(policies(), rules, st.lists(leads, min_size=1, max_size=20))
def test_no_lead_is_ever_given_a_rule_that_is_refused_as_unreachable(
    policy: Policy, rule: Rule, rows: list[dict[str, Any]]
) -> None:
    marked = dataclasses.replace(rule, track="sales material", follow_up_hours=99.0)
    policy = dataclasses.replace(policy, rules=(*policy.ordered, marked), without=())
    try:
        check_policy(policy, EVENTS)
    except ConfigError as error:
        if str(error).startswith(f"The policy's rule for {rule.stage} can never be reached"):
            for cuts in ((-1.0, 0.0, 1.0), None):
                found = decided(levels_of(policy, fit=cuts, engagement=cuts), rows, anew=True)
                mine = found.stage == rule.stage
                assert not (mine & (found.follow_up_minutes == 99 * 60)).any()


def test_a_stage_that_is_left_out_must_have_no_rule() -> None:
    policy = Policy(rules=(Rule("mql", line="mql"),), without=("mql",))
    assert refusal(policy).startswith("The policy's rule for mql contradicts policy.without")
    assert "policy.without must name some of sql, pql" in refusal(Policy(without=("customer",)))


def test_rules_need_no_more_different_things_than_can_be_told_apart() -> None:
    def of(days: int) -> Policy:
        own = [Rule("sql", intent_days=float(k), line="sql") for k in range(1, days + 1)]
        return Policy(rules=tuple(own), without=("pql", "mql", "service_qualified", "iql"))

    check_policy(of(MOST_NEEDS - 1), EVENTS)  # so many days, and one line
    assert f"at most {MOST_NEEDS} different things, got {MOST_NEEDS + 1}" in refusal(of(MOST_NEEDS))


# --- blocks, lines, urgency -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Block("spam"), "The policy's block 'spam' must name events, or who is held back, got nei"),
        (Block("", events=("*",)), "Every block of the policy must have a name"),
        (Block("spam", events=("*",), within_days=0.0), "within_days must be above 0 and at most"),
        (Block("spam", events=("*",), within_days=math.nan), "36,500, got nan."),
        (Block("spam", events=("*",), look_again_days=-1.0), "look_again_days must be 0 to 36,500"),
        (
            Block("spam", events=("unsubscribe",)),
            "'spam': events must name declared events, got 'unsubscribe'. Did you mean 'unsub",
        ),
        (
            Block("spam", events=("demo_request",)),
            "The policy's block 'spam' contradicts the kind of 'demo_request'",
        ),
        (Block("tiny", who=Criterion("employees")), "'tiny': who (employees) must ask something"),
    ],
)
def test_a_block_that_cannot_be_followed_is_named(block: Block, said: str) -> None:
    assert said in refusal(Policy(blocks=(block,)))


def test_two_blocks_of_one_name_are_refused() -> None:
    text = refusal(Policy(blocks=(*BLOCKS, Block("bounced", events=("job_change",)))))
    assert text == "The policy's blocks must have different names, got 'bounced' twice."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"sql_share": 0.4},
            "policy.sql_share and policy.mql_share contradict each other, got 0.4 and 0.3",
        ),
        (
            {"sql_probability": 0.2, "mql_probability": 0.3},
            "policy.sql_probability and policy.mql_probability contradict each other",
        ),
        ({"fit_odds": (1.0, 1.0, 2.0)}, "policy.fit_odds must be three rising numbers above 0"),
        ({"fit_odds": (0.0, 1.0, 2.0)}, "policy.fit_odds must be three rising numbers above 0"),
        ({"engagement_odds": (0.5, 1.0)}, "policy.engagement_odds must be three rising"),
        ({"engagement_odds": (0.5, math.nan, 2.0)}, "policy.engagement_odds must be three rising"),
        ({"urgent_minutes": {"demo": 5.0}}, "policy.urgent_minutes must name declared events"),
        ({"urgent_minutes": {"*demo*": 0.0}}, "policy.urgent_minutes.*demo* must be above 0"),
    ],
)
def test_lines_grades_and_urgency_that_contradict_are_named(
    changes: dict[str, Any], said: str
) -> None:
    assert said in refusal(dataclasses.replace(Policy(), **changes))


def test_lines_that_are_set_for_one_stage_only_contradict_nothing() -> None:
    check_policy(Policy(mql_probability=0.9), EVENTS)
    check_policy(Policy(sql_probability=0.01), EVENTS)
    check_policy(Policy(sql_share=0.3, mql_share=0.3), EVENTS)


# --- what nobody records --------------------------------------------------------------------------


def test_a_rule_of_ones_own_that_needs_a_kind_nobody_declared_is_refused() -> None:
    policy = Policy(rules=(Rule("pql", fit="C", product_days=14.0),))
    check_policy(policy, EVENTS)
    views = {"page_view": EVENTS["page_view"]}
    with pytest.raises(ConfigError, match="for pql can never be reached: it needs product, and no"):
        check_policy(policy, views)


def test_usual_rules_that_need_what_nobody_declared_go() -> None:
    views = {"page_view": EVENTS["page_view"]}
    assert [rule.stage for rule in resolved(Policy(), views).rules] == ["mql", "iql"]
    assert [rule.stage for rule in resolved(Policy(), EVENTS).rules] == [
        *("sql", "pql", "mql", "service_qualified", "iql")
    ]


def test_a_block_of_ones_own_that_is_like_no_negative_event_is_refused() -> None:
    said = refusal(Policy(blocks=(Block("spam", events=("*spam*",)),)))
    assert (
        "block 'spam' must name negative events that are declared, but *spam* is like none" in said
    )
    check_policy(Policy(blocks=(Block("bounced", events=("*bounce*",)),)), EVENTS)
