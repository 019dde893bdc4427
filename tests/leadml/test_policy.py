"""Rules and blocks as data: which there are, what they need, what their patterns stand for."""

import pytest
from hypothesis import given

from leadml.criteria import Criterion
from leadml.policy import (
    BLOCKS,
    RULED,
    STAGES,
    USUAL,
    Block,
    Need,
    Policy,
    Rule,
    named_attributes,
    named_events,
    needs_of,
    resolved,
)
from tests.leadml.decided import EVENTS, policies


def of_stage(policy: Policy, stage: str) -> list[Rule]:
    return [rule for rule in policy.ordered if rule.stage == stage]


# --- which rules hold -----------------------------------------------------------------------------


def test_stages_stand_from_the_least_to_the_furthest() -> None:
    assert ", ".join(STAGES) == (
        "disqualified, lead, iql, service_qualified, mql, pql, sql, opportunity, customer"
    )
    assert RULED == ("sql", "pql", "mql", "service_qualified", "iql")


def test_the_usual_rules_of_selling_to_companies() -> None:
    needs = {rule.stage: needs_of(rule) for rule in Policy().ordered}
    assert needs == {
        "sql": (Need("fit", "C"), Need("line", "sql"), Need("intent", days=30.0)),
        "pql": (Need("fit", "C", waived=True), Need("product", days=30.0)),
        "mql": (
            Need("fit", "C", waived=True),
            Need("engagement", "2", waived=True),
            Need("line", "mql"),
        ),
        "service_qualified": (Need("service", days=30.0),),
        "iql": (Need("activity"),),
    }
    assert tuple(needs) == RULED


def test_the_usual_rules_of_selling_to_persons_ask_for_no_fit() -> None:
    needs = {rule.stage: needs_of(rule) for rule in Policy(kind="b2c").ordered}
    assert needs == {
        "sql": (Need("line", "sql"), Need("intent", days=30.0)),
        "pql": (Need("line", "mql"), Need("product", days=14.0)),
        "mql": (Need("engagement", "2", waived=True), Need("line", "mql")),
        "service_qualified": (Need("service", days=30.0),),
        "iql": (Need("activity"),),
    }


def test_what_is_done_is_the_same_of_companies_and_persons() -> None:
    done = {
        kind: [
            (rule.stage, rule.action, rule.track, rule.follow_up_hours, rule.look_again_days)
            for rule in rules
        ]
        for kind, rules in USUAL.items()
    }
    assert done["b2b"] == done["b2c"]
    assert done["b2b"] == [
        ("sql", "call", "sales material", 24.0, 7.0),
        ("pql", "call", "case studies and product", 48.0, 14.0),
        ("mql", "nurture", "case studies and product", 0.0, 30.0),
        ("service_qualified", "call", "case studies and product", 48.0, 30.0),
        ("iql", "nurture", "education", 0.0, 30.0),
    ]


def test_a_rule_takes_the_place_of_the_usual_one_of_its_stage_only() -> None:
    own = Rule("mql", fit="A", line="mql")
    policy = Policy(rules=(own,))
    assert of_stage(policy, "mql") == [own]
    assert [rule for rule in policy.ordered if rule != own] == [
        rule for rule in Policy().ordered if rule.stage != "mql"
    ]


def test_rules_stand_furthest_stage_first_and_within_a_stage_as_listed() -> None:
    one, two = Rule("sql", intent_days=7.0), Rule("sql", product_days=7.0, line="sql")
    iql = Rule("iql", consent=True)
    assert Policy(rules=(iql, two, one)).ordered[:2] == (two, one)
    assert Policy(rules=(iql, two, one)).ordered[-1] == iql
    assert [rule.stage for rule in Policy(rules=(iql, two, one)).ordered] == [
        *("sql", "sql", "pql", "mql", "service_qualified", "iql")
    ]


def test_a_stage_left_out_has_no_rule() -> None:
    policy = Policy(without=("pql", "iql"))
    assert [rule.stage for rule in policy.ordered] == ["sql", "mql", "service_qualified"]


# --- needs ----------------------------------------------------------------------------------------


def test_everything_a_rule_can_ask_for_is_one_need() -> None:
    rule = Rule(
        "sql",
        fit="B",
        engagement=1,
        line="mql",
        intent_days=1.0,
        product_days=2.0,
        service_days=3.0,
        intent=("demo_request",),
        activity=True,
        consent=True,
    )
    assert needs_of(rule) == (
        Need("fit", "B"),
        Need("engagement", "1"),
        Need("line", "mql"),
        Need("intent", days=1.0, events=("demo_request",)),
        Need("product", days=2.0),
        Need("service", days=3.0),
        Need("activity"),
        Need("consent"),
    )
    assert needs_of(Rule("iql")) == ()


@pytest.mark.parametrize("stage", RULED)
def test_grades_that_nobody_has_are_waived_of_every_stage_but_sql(stage: str) -> None:
    rule = Rule(stage, fit="C", engagement=2, line="mql")  # type: ignore[arg-type]
    assert [need.waived for need in needs_of(rule)] == [stage != "sql"] * 2 + [False]


DEMO, BOTH = ("demo_request",), ("demo_request", "price_request")


@pytest.mark.parametrize(
    ("need", "other", "holds"),
    [
        (Need("fit", "C"), Need("fit", "B"), True),
        (Need("fit", "B"), Need("fit", "C"), False),
        (Need("fit", "C"), Need("fit", "C"), True),
        (Need("fit", "C"), Need("fit", "C", waived=True), False),
        (Need("fit", "C", waived=True), Need("fit", "C"), True),
        (Need("fit", "C"), Need("engagement", "1"), False),
        (Need("engagement", "2"), Need("engagement", "1"), True),
        (Need("engagement", "1"), Need("engagement", "2"), False),
        (Need("line", "mql"), Need("line", "sql"), True),
        (Need("line", "sql"), Need("line", "mql"), False),
        (Need("line", "sql"), Need("line", "sql"), True),
        (Need("intent", days=30), Need("intent", days=7), True),
        (Need("intent", days=7), Need("intent", days=30), False),
        (Need("intent", days=7), Need("intent", days=7, events=DEMO), True),
        (Need("intent", days=7, events=DEMO), Need("intent", days=7), False),
        (Need("intent", days=7, events=BOTH), Need("intent", days=7, events=DEMO), True),
        (Need("intent", days=7, events=DEMO), Need("intent", days=7, events=BOTH), False),
        (Need("intent", days=30), Need("product", days=7), False),
        (Need("activity"), Need("intent", days=7), True),
        (Need("activity"), Need("product", days=7), True),
        (Need("activity"), Need("service", days=7), True),
        (Need("activity"), Need("activity"), True),
        (Need("activity"), Need("engagement", "1"), False),
        (Need("intent", days=7), Need("activity"), False),
        (Need("consent"), Need("consent"), True),
        (Need("consent"), Need("activity"), False),
    ],
)
def test_a_need_holds_wherever_a_stronger_one_does(need: Need, other: Need, holds: object) -> None:
    assert need.holds_with(other) is holds


def test_the_poorest_grade_is_always_had_where_it_is_waived() -> None:
    assert Need("fit", "D", waived=True).always
    assert Need("engagement", "4", waived=True).always
    assert not Need("fit", "D").always
    assert not Need("fit", "C", waived=True).always
    assert not Need("activity").always


# --- patterns -------------------------------------------------------------------------------------


def test_the_usual_blocks_take_the_negative_events_once_each() -> None:
    found = {block.name: block.events for block in resolved(Policy(), EVENTS).blocks}
    assert found == {
        "unsubscribed": ("unsubscribed",),
        "bounced": ("hard_bounce",),
        "student": (),
        "negative sign": ("job_change",),
    }, "no event is of a competitor, so that block goes; the one that looks at titles stays"
    assert [block.name for block in BLOCKS][2] == "competitor"


def test_an_event_belongs_to_the_first_block_that_takes_it() -> None:
    first, rest = Block("mine", events=("job_change",)), Block("rest", events=("*",))
    found = resolved(Policy(blocks=(first, rest)), EVENTS).blocks
    assert [block.events for block in found] == [("job_change",), ("unsubscribed", "hard_bounce")]
    turned = resolved(Policy(blocks=(rest, first)), EVENTS).blocks
    assert [block.name for block in turned] == ["rest"]


def test_a_pattern_takes_negative_events_only_and_a_name_takes_any() -> None:
    blocks = (Block("named", events=("support_ticket",)), Block("like", events=("*ticket*",)))
    (found,) = resolved(Policy(blocks=blocks), EVENTS).blocks
    assert (found.name, found.events) == ("named", ("support_ticket",))


def test_patterns_match_whatever_the_case() -> None:
    (found,) = resolved(Policy(blocks=(Block("b", events=("*BOUNCE",)),)), EVENTS).blocks
    assert found.events == ("hard_bounce",)


def test_urgent_events_are_requests_and_the_sooner_time_counts() -> None:
    assert resolved(Policy(), EVENTS).urgent_minutes == {"demo_request": 5.0}
    for urgent in ({"demo_request": 5.0, "*": 60.0}, {"*": 60.0, "demo_request": 5.0}):
        found = resolved(Policy(urgent_minutes=urgent), EVENTS).urgent_minutes
        assert found == {"demo_request": 5.0, "price_request": 60.0}


@given(policies())
def test_a_resolved_policy_is_resolved(policy: Policy) -> None:
    once = resolved(policy, EVENTS)
    assert resolved(once, EVENTS) == once
    assert once.rules == policy.ordered
    assert set(named_events(once)) <= set(EVENTS)


def test_what_a_policy_names_is_told_once_each() -> None:
    employees = Criterion("employees", at_most=3)
    policy = Policy(
        rules=(
            Rule("sql", intent_days=30.0, intent=("price_request",)),
            Rule("mql", intent_days=7.0, intent=("price_request", "demo_request")),
        ),
        blocks=(
            Block("tiny", events=("job_change",), who=employees),
            Block("also tiny", who=employees),
            BLOCKS[3],
        ),
    )
    assert named_events(resolved(policy, EVENTS)) == [
        *("price_request", "demo_request", "job_change")
    ]
    assert named_attributes(policy) == ["employees", "job_title"]
