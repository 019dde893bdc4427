"""The whole funnel: volumes by hand, one company from top to bottom, nothing lost on the way."""

import json

import pandas as pd
import pytest

from tests.training.small_company import company
from training.funnel.measure import Funnel, measure_funnel

JUDGED = pd.DataFrame({"lead_id": ["old"], "probability": [0.1], "converted": [True]})
OPEN = pd.DataFrame({"probability": [0.1], "stage": ["mql"]})

LEADS = [("old", "2025-12-01", "fair")]
LEADS += [(f"a{k}", "2026-02-01", "fair") for k in range(6)]
LEADS += [(f"w{k}", "2026-02-01", "web") for k in range(4)]
LEADS += [(f"b{k}", "2026-05-01", "fair") for k in range(2)]
LEADS += [(f"x{k}", "2026-05-01", "web") for k in range(40)]


def measure(*, leads=LEADS, **how) -> Funnel:
    return measure_funnel(company(leads, **how), JUDGED, OPEN, horizon_days=90)


def test_volumes_are_counted_by_source_and_quarter() -> None:
    volume = measure().volume
    assert volume is not None
    assert (volume.this, volume.last) == (42, 10)
    web, fair = volume.sources
    assert (web.source.name, web.this.count, web.this.n) == ("web", 40, 42)
    assert web.last is not None
    assert (web.last.count, web.last.n) == (4, 10)
    assert web.change is not None
    assert web.change.value == pytest.approx(10 * 90 / 91)
    assert web.change.beyond
    assert fair.change is not None
    assert not fair.change.beyond


def test_leads_of_a_quarter_cut_short_are_held_against_the_same_days() -> None:
    late = [("z", "2026-03-15", "fair")]
    volume = measure(leads=[*LEADS, *late], end="2026-05-11").volume
    assert volume is not None
    assert (volume.this, volume.last) == (42, 10)  # z came after the first 40 days


def test_without_a_quarter_before_there_is_nothing_to_hold_against() -> None:
    volume = measure(leads=LEADS[-42:]).volume
    assert volume is not None
    assert (volume.last, volume.change) == (None, None)
    assert all(row.last is None and row.change is None for row in volume.sources)


def test_undated_data_tell_scores_and_sources_only() -> None:
    found = measure(clock="none")
    assert (found.quarters, found.volume, found.stages) == (None, None, None)
    assert (found.acceptance, found.spending) == (None, None)
    assert found.scores.scored == 1
    assert found.by_source is not None


def test_it_is_plain_data(tables, trained) -> None:
    judged = trained.judged
    made = measure_funnel(
        tables, judged, pd.DataFrame({"probability": [0.2], "stage": ["lead"]}), horizon_days=90
    )
    plain = made.to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["end"].startswith(f"{tables.end:%Y-%m-%d}")


def test_of_a_simulated_company_nothing_is_lost(tables, trained) -> None:
    made = measure_funnel(tables, trained.judged, OPEN, horizon_days=60)
    assert made.volume is not None
    assert made.quarters is not None
    assert sum(row.this.count for row in made.volume.sources) == made.volume.this
    created = tables.leads["created_at"]
    assert made.volume.this == int((created >= made.quarters.this.start).sum())
    rates = made.stages
    assert rates is not None
    assert rates.together is not None
    assert rates.together.leads == sum(cohort.leads for cohort in rates.cohorts)
    for k, step in enumerate(rates.together.steps):
        assert step.count == sum(cohort.steps[k].count for cohort in rates.cohorts)
    assert made.by_source is not None
    assert made.by_source.every.leads == trained.judged["lead_id"].nunique()


def test_the_order_of_rows_changes_nothing(tables, trained) -> None:
    shuffled = company([])
    shuffled = type(tables)(
        leads=tables.leads.sample(frac=1, random_state=1).reset_index(drop=True),
        events=tables.events,
        outcomes=tables.outcomes.sample(frac=1, random_state=2).reset_index(drop=True),
        attributes=tables.attributes,
        spend=tables.spend.sample(frac=1, random_state=3).reset_index(drop=True),
        end=tables.end,
        clock=tables.clock,
    )
    one, other = (
        measure_funnel(each, trained.judged, OPEN, horizon_days=90).to_json()
        for each in (tables, shuffled)
    )
    for name in ("volume", "stages", "acceptance", "scores", "by_source"):
        assert one[name] == other[name]
    assert one["spending"]["priced"]["paid"]["spent"] == pytest.approx(
        other["spending"]["priced"]["paid"]["spent"]
    )
