"""Only the map moves, from what is believed of it, by as much as the new outcomes weigh."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from leadml.config import Config
from leadml.errors import ConfigError, SignalError
from leadml.model import Calibration, sigmoid
from leadml.tables import Tables
from training.gate import Champion
from training.recalibrate import Revision, follow, recalibrate
from training.tracker import Outcomes
from training.train import TrainingResult, train


@pytest.fixture(scope="module")
def earlier(config: Config, tables: Tables) -> TrainingResult:
    """The model of five months before the end."""
    return train(config, tables.upto(tables.end - pd.Timedelta(150, "D")))


@pytest.fixture(scope="module")
def champion(earlier: TrainingResult) -> Champion:
    return Champion("1", earlier.model, earlier.judged)


@pytest.fixture(scope="module")
def moved(config: Config, tables: Tables, champion: Champion) -> Revision:
    return recalibrate(config, tables, champion)


def outcomes(n: int, *, level: float, seed: int = 0) -> Outcomes:
    """Margins whose outcomes come at another level."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.0, 1.0, n)
    return Outcomes(margin, rng.random(n) < sigmoid(margin + level), np.zeros(n), n, periods=0.0)


def test_few_outcomes_move_the_level_a_little_and_many_fully() -> None:
    before = Calibration(1.0, 0.0, variance=(0.01, 0.0, 0.09), drift=0.1)
    few, many = (follow(before, outcomes(n, level=1.0)) for n in (20, 20_000))
    assert 0.02 < few.offset < 0.7
    assert many.offset == pytest.approx(1.0, abs=0.1)
    assert many.variance[2] < few.variance[2] < before.variance[2] + before.drift**2


def test_no_outcomes_leave_the_map_where_it_was() -> None:
    before = Calibration(1.2, -0.3, variance=(0.01, 0.0, 0.09), drift=0.1)
    after = follow(before, outcomes(0, level=1.0))
    assert (after.slope, after.offset) == pytest.approx((1.2, -0.3))


def test_margin_catalogue_and_card_stay_and_the_card_says_what_moved(
    moved: Revision, champion: Champion, tables: Tables
) -> None:
    made, before = moved.result.model, champion.model
    rows = moved.result.sample
    assert (made.margin(rows) == before.margin(rows)).all()
    assert made.catalog == before.catalog
    assert made.calibration != before.calibration
    facts = made.card["recalibrated"]
    assert facts["from_version"] == "1"
    assert facts["examples"] > 100
    assert abs(facts["expected_now"] - facts["converted"]) <= abs(
        facts["expected_before"] - facts["converted"]
    )
    assert made.card["known_until"] == tables.end.isoformat()
    assert f"{facts['examples']:,} examples" in moved.gate.rules[0].text


def test_it_learns_only_from_examples_that_the_champion_could_not_know(
    config: Config, tables: Tables, champion: Champion, moved: Revision
) -> None:
    """Were the outcomes the champion knew turned round, only how scarce short labels are would."""
    moment = tables.end - pd.Timedelta(150, "D")
    known = tables.outcomes["closed_at"] < moment - pd.Timedelta(120, "D")
    turned = {"closed_won": "closed_lost", "closed_lost": "closed_won"}
    outcome = tables.outcomes["outcome"].where(~known, tables.outcomes["outcome"].replace(turned))
    other = dataclasses.replace(tables, outcomes=tables.outcomes.assign(outcome=outcome))
    again = recalibrate(config, other, champion)
    own, other = again.result.model.calibration, moved.result.model.calibration
    assert (own.slope, own.offset) == pytest.approx((other.slope, other.offset), abs=0.05)
    assert (
        again.result.model.card["recalibrated"]["converted"]
        == (moved.result.model.card["recalibrated"]["converted"])
    )


def test_the_same_leads_pass_the_probability_lines_as_before(
    moved: Revision, champion: Champion
) -> None:
    rows = moved.result.sample
    for line in ("sql_line", "mql_line"):
        passed = [
            m.probability(rows) >= m.policy[line] for m in (champion.model, moved.result.model)
        ]
        assert (passed[0] == passed[1]).mean() > 0.999


def test_nothing_new_is_said_and_refused(
    config: Config, tables: Tables, champion: Champion
) -> None:
    with pytest.raises(SignalError, match="must have matured since"):
        recalibrate(config, tables.upto(tables.end - pd.Timedelta(150, "D")), champion)


def test_another_horizon_than_the_champions_is_refused(
    config: Config, tables: Tables, champion: Champion
) -> None:
    label = dataclasses.replace(config.label, horizon_days=60)
    with pytest.raises(ConfigError, match="must ask for what the champion predicts"):
        recalibrate(dataclasses.replace(config, label=label), tables, champion)
