"""Is the default table the usual one, and is a rule that cannot be followed refused by its name?"""

import pandas as pd
import pytest

from leadml.config import Config, Points, as_dict, parse_config
from leadml.criteria import Criterion
from leadml.errors import ConfigError
from leadml.point_rules import BEHAVIOUR, DECISION_MAKERS, FIT, BehaviourRule, FitRule

VIEW = {"one": "view", "many": "views"}
EVENTS = {"pricing_page_view": VIEW, "Pricing Download": VIEW, "demo": VIEW}


def test_the_default_table_is_the_usual_one() -> None:
    assert {rule.words: rule.points for rule in Points().rules} == {
        "company size in the target range": 20,
        "decision-maker title": 15,
        "target industry": 10,
        "student or competitor": -100,
        "pricing page viewed": 20,
        "case study read": 10,
        "webinar": 15,
        "three or more e-mail opens": 5,
        "unsubscribed": -30,
        "e-mail bounced": -50,
    }
    assert (Points().mql, Points().sql, Points().halving_days) == (60, 80, 0)


def test_the_default_rules_find_the_event_types_that_exports_have() -> None:
    types = {
        "pricing page viewed": ["pricing_page_view", "Viewed Pricing"],
        "case study read": ["case_study_view", "Case Study Download", "casestudy"],
        "webinar": ["webinar_attended", "WEBINAR"],
        "three or more e-mail opens": ["email_open", "Email Opened", "E-Mail Open", "EMAIL_OPEN"],
        "unsubscribed": ["unsubscribed", "Unsubscribe Email", "UNSUBSCRIPTION"],
        "e-mail bounced": ["email_bounced", "Email Bounced Soft", "BOUNCE"],
    }
    every = [name for names in types.values() for name in names]
    for rule in BEHAVIOUR:
        assert list(rule.types_among([*every, "page_view", "email_sent"])) == types[rule.words]


@pytest.mark.parametrize(
    ("title", "decides"),
    [
        ("CEO", True),
        ("cto", True),
        ("VP of Sales", True),
        ("SVP IT", True),
        ("V.P. Sales", True),
        ("Founder & CEO", True),
        ("Head of IT", True),
        ("Dir. Operations", True),
        ("Geschäftsführerin", True),
        ("Geschaeftsfuehrer", True),
        ("Bereichsleiter Logistik", True),
        ("Directrice générale", True),
        ("Product Owner", False),
        ("Sales Manager", False),
        ("Teamleiterin", False),
        ("Software Developer", False),
        ("Headhunter", False),
    ],
)
def test_decision_makers_are_told_by_their_titles(title: str, decides: bool) -> None:  # noqa: FBT001
    criterion = Criterion("job_title", matches=DECISION_MAKERS)
    assert criterion.holds(pd.Series([title])).tolist() == [decides]


def test_a_glob_speaks_of_all_types_like_it_whatever_the_case() -> None:
    rule = BehaviourRule("*PRICING*", 20)
    assert rule.types_among(EVENTS) == ("pricing_page_view", "Pricing Download")
    assert rule.is_glob
    assert rule.name == "*pricing*"


def test_a_name_speaks_of_its_own_type_only() -> None:
    assert BehaviourRule("Demo", 20).types_among([*EVENTS, "demo_request"]) == ("demo",)
    assert BehaviourRule("a[1]", 20).types_among(["a1", "a[1]"]) == ("a[1]",)
    assert BehaviourRule("A|B start", 20).name == "a_b_start"
    assert not BehaviourRule("demo", 20).is_glob


def test_a_rule_without_words_is_told_by_what_it_asks() -> None:
    assert FitRule("employees", 20, at_least=50).words == "employees at least 50"
    assert BehaviourRule("*pricing_page*", 20).words == "pricing page"
    assert BehaviourRule("demo", 20, at_least=3).words == "demo, 3 or more"


# --- leadml.toml ----------------------------------------------------------------------------------


def test_setting_one_part_of_the_table_keeps_the_other() -> None:
    rule = {"attribute": "employees", "at_least": 50, "at_most": 1000, "points": 20}
    table = parse_config({"points": {"fit": [rule]}}).points
    assert table.fit == (FitRule("employees", 20.0, at_least=50.0, at_most=1000.0),)
    assert table.behaviour == BEHAVIOUR
    asked = {"event": "demo", "points": 30, "each": True, "at_least": 2, "most": 60}
    table = parse_config({"events": EVENTS, "points": {"behaviour": [asked], "mql": 10}}).points
    assert table.behaviour == (BehaviourRule("demo", 30.0, each=True, at_least=2, most=60.0),)
    assert (table.fit, table.mql, table.sql) == (FIT, 10, 80)


def test_the_table_can_be_emptied() -> None:
    assert parse_config({"points": {"fit": [], "behaviour": []}}).points.rules == ()


def test_the_resolved_table_reads_back_as_the_same() -> None:
    rule = {"attribute": "employees", "at_most": 50, "points": -20, "said": "small"}
    config = parse_config({"points": {"fit": [rule], "half_life_days": 30}})
    for tree in (as_dict(config)["points"], as_dict(Config())["points"]):
        assert "None" not in str(tree)
    assert parse_config({"points": as_dict(config)["points"]}).points == config.points
    assert parse_config({"points": as_dict(Config())["points"]}).points == Points()


def fit(**settings: object) -> dict[str, object]:
    return {"points": {"fit": [{"attribute": "n", "points": 1, "at_least": 1, **settings}]}}


def behaviour(**settings: object) -> dict[str, object]:
    return {"points": {"behaviour": [{"event": "*demo*", "points": 1, **settings}]}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (fit(matches="("), r"points\.fit \(n\): matches must be a regular expression"),
        (fit(at_most=0), r"points\.fit \(n\): at_least must not exceed at_most, got 1 and 0"),
        (fit(points=float("nan")), r"points\.fit \(n\): points must be .* got nan"),
        (fit(points=float("inf")), r"points\.fit \(n\): points must be .* got inf"),
        (fit(one_off=["a"]), r"Unknown setting 'points\.fit\.one_off'. Did you mean 'one_of'"),
        (behaviour(points=float("-inf")), r"points\.behaviour \(\*demo\*\): points must be"),
        (behaviour(at_least=0), r"\(\*demo\*\): at_least must be 1 to .*, got 0"),
        (behaviour(most=-1), r"\(\*demo\*\): most must be 0 to .*, got -1"),
        (behaviour(within_days=-1), r"within_days must be 0 to 36,500, got -1"),
        (behaviour(within_days=36_501), r"within_days must be 0 to 36,500, got 36501"),
        (behaviour(within_days=1.5), r"points\.behaviour\.within_days must be a whole number"),
        ({"points": {"fit": [{"attribute": "n"}]}}, r"points\.fit must set points"),
        ({"points": {"fit": [{"attribute": "n", "points": 1}]}}, r"must ask something"),
        ({"points": {"half_life_days": -1}}, r"points\.half_life_days must be 0 or more"),
        ({"points": {"decay_percent_a_month": 100}}, r"must be 0 or more and below 100, got 100"),
        (
            {"points": {"decay_percent_a_month": 10, "half_life_days": 30}},
            r"must not both be set, got 30 and 10\. Keep one of the two",
        ),
        ({"points": {"mql": 90}}, r"points\.mql must not exceed points\.sql, got 90 and 80"),
        ({"points": {"mql": 0, "sql": 0}}, r"points\.mql must be above 0, got 0"),
    ],
)
def test_a_table_that_cannot_be_followed_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(settings)


def test_a_misspelt_event_type_is_told_the_nearest_and_a_glob_may_match_none() -> None:
    rule = {"event": "pricing_page_veiw", "points": 20}
    with pytest.raises(ConfigError, match=r"\(pricing_page_veiw\) must .* Did you mean 'pricing_p"):
        parse_config({"events": EVENTS, "points": {"behaviour": [rule]}})
    with pytest.raises(ConfigError, match="Declared are: none"):
        parse_config({"points": {"behaviour": [rule]}})
    glob = {"event": "*veiw*", "points": 20}
    assert parse_config({"events": EVENTS, "points": {"behaviour": [glob]}}).points.behaviour


def test_two_rules_of_the_same_words_are_refused() -> None:
    rules = [{"event": "*a*", "points": 1}, {"event": "*a*", "points": 2, "within_days": 7}]
    with pytest.raises(ConfigError, match="told by its words, got 'a' twice"):
        parse_config({"points": {"behaviour": rules}})


@pytest.mark.parametrize(
    ("percent", "days"),
    # A month is 30.44 days: half of it gone in one month, three quarters in half a month each.
    [(50, 30.44), (75, 15.22), (0, 0), (100 * (1 - 0.5 ** (30.44 / 90)), 90)],
)
def test_percent_a_month_is_a_half_life(percent: float, days: float) -> None:
    assert Points(decay_percent_a_month=percent).halving_days == pytest.approx(days)
    assert Points(half_life_days=7).halving_days == 7
