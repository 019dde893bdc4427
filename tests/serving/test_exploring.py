"""Are leads below the line passed as the policy says, and is it told how likely that was?"""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.attributes import AttributeLog
from features.log import EventLog
from features.past import Past
from leadml.lifecycle import Decisions
from leadml.policy import STAGES, Policy
from leadml.tables import Tables
from serving.exploring import BELOW, EXPLORED_MINUTES, Drawn, explore
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.subjects import Subjects

DAY = pd.Timedelta(1, "D")
MARCH = pd.Timestamp("2026-03-01", tz="UTC")
MANY = 4_000
NONE = np.zeros(0, dtype=np.int64)


CALLED = {"sql", "pql", "service_qualified"}
"""Stages of which the usual policy calls the leads."""


def drawn(
    *stages: str, share: float = 0.1, as_of: pd.Timestamp = MARCH, scored: object = True
) -> Drawn:
    n = len(stages)
    nothing = np.full(n, "", dtype=object)
    numbers = np.full(n, np.nan)
    actions = np.array(["call" if stage in CALLED else "nurture" for stage in stages])
    decided = Decisions(
        np.array(stages), *[nothing] * 6, action=actions, track=nothing, **_numbers(numbers)
    )
    moments = np.full(n, as_of.value)
    blank = AttributeLog(moments, np.arange(n), {})
    past = Past(EventLog(NONE, NONE, NONE, np.zeros(0), (), n), blank, np.arange(n), moments)
    ids = np.array([f"L{k}" for k in range(n)], dtype=object)
    subjects = Subjects(ids, past, nothing, numbers, dated=True)
    return explore(Policy(explore_share=share), decided, subjects, np.full(n, scored))


def _numbers(blank: np.ndarray) -> dict[str, np.ndarray]:
    return {"follow_up_minutes": blank, "look_again_days": blank}


def test_the_share_of_leads_below_the_line_is_drawn() -> None:
    found = drawn(*["iql"] * MANY)
    # binomial: the standard deviation of 4,000 draws of 0.1 is 19
    assert abs(found.explored.sum() - 400) < 4 * 19
    assert (found.propensity == 0.1).all()


@pytest.mark.parametrize("stage", STAGES)
def test_only_leads_nobody_would_call_are_drawn_and_called_ones_are_certain(stage: str) -> None:
    found = drawn(*[stage] * 200, share=0.5)
    free = stage in {"lead", "iql", "mql"}
    assert found.explored.any() == free
    assert set(found.propensity) == {1.0 if stage in CALLED else 0.5 if free else 0.0}


def test_a_lead_without_a_score_is_not_drawn() -> None:
    found = drawn(*["lead"] * 200, share=0.5, scored=False)
    assert not found.explored.any()
    assert not found.propensity.any()


def test_without_a_share_nobody_is_drawn() -> None:
    found = drawn(*["iql", "sql"] * 100, share=0.0)
    assert not found.explored.any()
    assert found.propensity.tolist() == [0.0, 1.0] * 100


def test_the_same_leads_are_drawn_all_through_a_month_and_others_in_the_next() -> None:
    first = drawn(*["iql"] * 500, share=0.3)
    last = drawn(*["iql"] * 500, share=0.3, as_of=MARCH + 30.9 * DAY)
    april = drawn(*["iql"] * 500, share=0.3, as_of=MARCH + 31 * DAY)
    assert (first.explored == last.explored).all()
    assert 0 < (first.explored & april.explored).sum() < first.explored.sum()


def test_a_lead_that_is_drawn_is_called_within_a_day_and_keeps_its_stage(
    scorer: Scorer, tables: Tables
) -> None:
    leads = tables.leads[:200]
    examples = pd.DataFrame({"lead_id": leads["lead_id"], "as_of": leads["created_at"] + 7 * DAY})
    policy = dataclasses.replace(scorer.levels.policy, explore_share=0.4)
    levels = dataclasses.replace(scorer.levels, policy=policy)
    exploring = dataclasses.replace(scorer, levels=levels)
    plain = score_examples(scorer, tables, examples).table
    table = score_examples(exploring, tables, examples).table
    passed = table["explored"].to_numpy()
    assert 20 < passed.sum() < 120
    assert not plain["explored"].any()
    assert table["stage"].tolist() == plain["stage"].tolist()
    assert set(table.loc[passed, "stage"]) <= set(BELOW)
    assert set(table.loc[passed, "action"]) == {"call"}
    assert set(table.loc[passed, "follow_up_minutes"]) == {EXPLORED_MINUTES}
    assert set(table.loc[passed, "propensity"]) == {0.4}
    rest = ["action", "follow_up_minutes", "look_again", "needs_missing"]
    pd.testing.assert_frame_equal(table.loc[~passed, rest], plain.loc[~passed, rest])
