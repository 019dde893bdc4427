"""A tiny real model: six hundred simulated leads, two attributes, three event types."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from leadml.config import Config, parse_config
from leadml.model import Bend, Calibration
from leadml.tables import Tables
from serving.scorer import Scorer
from training.train import train

START = pd.Timestamp("2025-01-01", tz="UTC")


@pytest.fixture(scope="session")
def config() -> Config:
    return parse_config(
        {
            "events": {
                "pricing_page_view": {"one": "pricing-page view", "many": "pricing-page views"},
                "demo_request": {
                    "one": "demo request",
                    "many": "demo requests",
                    "kind": "intent",
                },
                "unsubscribed": {
                    "one": "unsubscription",
                    "many": "unsubscriptions",
                    "kind": "negative",
                },
            },
            "label": {"horizon_days": 30},
            "examples": {"after_days": [7]},
            "attributes": {"min_count": 5},
            "training": {"threads": 1},
        }
    )


@pytest.fixture(scope="session")
def tables() -> Tables:
    rng = np.random.default_rng(7)
    n = 600
    ids = pd.Series([f"L{k}" for k in range(n)], dtype="str")
    created = pd.Series(START + pd.to_timedelta(np.sort(rng.uniform(0, 300, n)), unit="D"))
    created = created.dt.as_unit("us")
    employees = np.round(np.exp(rng.normal(4, 1, n)))
    industry = rng.choice(["Software", "Retail", "Health"], n, p=[0.5, 0.3, 0.2])
    views = rng.poisson(1.5, n)
    demo = rng.random(n) < 0.3
    odds = -3.0 + 0.9 * views + 2.0 * demo + 0.8 * (industry == "Software")
    won = rng.random(n) < 1 / (1 + np.exp(-odds))
    parts = [
        _events(ids, created, np.repeat(np.arange(n), views), "pricing_page_view", rng),
        _events(ids, created, np.flatnonzero(demo), "demo_request", rng),
        _events(ids, created, np.flatnonzero(rng.random(n) < 0.05), "unsubscribed", rng),
    ]
    leads = pd.DataFrame(
        {
            "lead_id": ids,
            "created_at": created,
            "employees": np.where(rng.random(n) < 0.1, np.nan, employees),
            "industry": pd.Series(industry, dtype="str"),
        }
    )
    outcomes = pd.DataFrame(
        {
            "lead_id": ids,
            "outcome": pd.Series(np.where(won, "closed_won", "closed_lost"), dtype="str"),
            "closed_at": created + pd.to_timedelta(rng.uniform(10, 28, n), unit="D").as_unit("us"),
            "amount": np.full(n, np.nan),
        }
    )
    nothing = pd.DataFrame({"lead_id": ids[:0], "valid_from": created[:0]})
    spend = pd.DataFrame({"source": ids[:0], "month": created[:0], "cost": np.zeros(0)})
    end = START + pd.Timedelta(365, "D")
    return Tables(leads, pd.concat(parts, ignore_index=True), outcomes, nothing, spend, end)


def _events(
    ids: pd.Series, created: pd.Series, who: np.ndarray, event_type: str, rng: np.random.Generator
) -> pd.DataFrame:
    when = created.iloc[who].reset_index(drop=True)
    when = when + pd.to_timedelta(rng.uniform(-1, 6, len(who)), unit="D").as_unit("us")
    return pd.DataFrame(
        {
            "lead_id": ids.iloc[who].reset_index(drop=True),
            "occurred_at": when,
            "event_type": pd.Series([event_type] * len(who), dtype="str"),
            "value": np.full(len(who), np.nan),
            "known_at": when,
        }
    )


@pytest.fixture(scope="session")
def scorer(config: Config, tables: Tables) -> Scorer:
    return Scorer.of(train(config, tables).model, "1")


@pytest.fixture(scope="session")
def crossing(scorer: Scorer) -> Scorer:
    """The same model with a bent map, and steeper and flatter ones of other horizons across it."""
    bend = Bend(np.array([-1.0, 0.5, 2.0]), np.array([-1.5, 0.2, 3.0]))
    bent = dataclasses.replace(scorer.model.calibration, bend=bend)
    others = {
        180: Calibration(0.3, 0.2, leads=90),
        7: Calibration(1.5, -0.2, leads=300),
        60: Calibration(0.8, 0.4, leads=200),
    }
    return Scorer.of(dataclasses.replace(scorer.model, calibration=bent, horizons=others), "1")
