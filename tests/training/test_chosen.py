"""Does a chosen line change the line, and nothing else?"""

import dataclasses

import pytest

from leadml.errors import ConfigError
from leadml.levels import Levels
from leadml.tables import Tables
from training.chosen import choose_line
from training.contacts import read_looks, shared_spread
from training.gate import Champion
from training.lines import Line, measure_line
from training.train import TrainingResult


@pytest.fixture
def champion(trained: TrainingResult) -> Champion:
    return Champion("4", trained.model, trained.judged)


@pytest.fixture
def line(champion: Champion) -> Line:
    judged = champion.judged
    spread = shared_spread(champion.model.calibration, judged["probability"].to_numpy())
    return measure_line(read_looks(judged.assign(spread=spread)), "capacity", 0.2, seed=0)


def test_only_the_policy_is_another(champion: Champion, tables: Tables, line: Line) -> None:
    made = choose_line(champion, tables, line, because="two reps").result.model
    before, after = (Levels.from_json(m.policy) for m in (champion.model, made))
    assert (after.sql_line, after.policy.sql_probability) == (0.2, 0.2)
    assert after.mql_line == before.mql_line
    assert after.policy.rules == before.policy.rules
    same = dataclasses.replace(made, policy=champion.model.policy, card=champion.model.card)
    assert same == champion.model


def test_the_version_says_who_chose_what(champion: Champion, tables: Tables, line: Line) -> None:
    made = choose_line(champion, tables, line, because=" two reps ")
    (rule,) = made.gate.rules
    assert rule.passed
    assert "of version 4 was moved from" in rule.text
    assert "to 0.2000 (capacity), because: two reps." in rule.text
    facts = made.result.model.card["chosen"]
    assert (facts["from_version"], facts["now"], facts["because"]) == ("4", 0.2, "two reps")


def test_no_reason_no_line(champion: Champion, tables: Tables, line: Line) -> None:
    with pytest.raises(ConfigError, match="A line is chosen for a reason"):
        choose_line(champion, tables, line, because="  ")


def test_a_line_below_that_of_marketing_is_refused(
    champion: Champion, tables: Tables, line: Line
) -> None:
    low = dataclasses.replace(line, probability=1e-6)
    with pytest.raises(ConfigError, match="must not lie below the mql line"):
        choose_line(champion, tables, low, because="everybody")
