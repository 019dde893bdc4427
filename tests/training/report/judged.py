"""A card to report on: a usable, dated model with round figures."""

import copy
from typing import Any

NBSP = "\u00a0"


def figure(value: float) -> dict[str, float]:
    return {"value": value, "lower": value - 0.05, "upper": value + 0.05}


def _figures(auc: float, top: float) -> dict[str, dict[str, float]]:
    own = {"auc": figure(auc), "log_loss": figure(0.31), "brier": figure(0.1)}
    for share in (10, 20, 30):
        own |= {f"wins_in_top_{share}": figure(top), f"lift_{share}": figure(100 * top / share)}
    return own


def driver(subject: str, weight: float, *, group: str = "engagement") -> dict[str, Any]:
    """A subject with two bands: 20 % of 300 leads, 5 % of 700."""
    bands = [
        {
            "text": f"{subject}: {text}",
            "n": n,
            "leads": n,
            "won": int(rate * n),
            "rate": rate,
            "lower": rate - 0.02,
            "upper": rate + 0.02,
            "effect": rate,
        }
        for text, n, rate in (("yes", 300, 0.2), ("no", 700, 0.05))
    ]
    return {
        "subject": subject,
        "group": group,
        "weight": weight,
        "feature": subject.replace(" ", "_"),
        "label": subject,
        "bands": bands,
    }


def _group(predicted: float) -> dict[str, float]:
    return {
        "lower": predicted - 0.05,
        "upper": predicted + 0.05,
        "n": 500,
        "leads": 500,
        "predicted": predicted,
        "observed": predicted,
        "observed_lower": predicted - 0.03,
        "observed_upper": predicted + 0.03,
    }


_CARD: dict[str, Any] = {
    "name": "lead-scorer",
    "outcome": "closed_won",
    "horizon_days": 90,
    "horizons_days": [90],
    "known_until": "2026-07-01T00:00:00+00:00",
    "clock": "times",
    "max_age_days": 365,
    "usable": True,
    "recipe": "logistic regression",
    "trials": [
        {
            "recipe": "logistic regression",
            "log_loss": 0.31,
            "better_than_level": 0.0123,
            "standard_error": 0.0021,
        }
    ],
    "data": {
        "leads": 5000,
        "events": 12345,
        "examples": 4000,
        "converted": 700,
        "immature": 321,
        "closed": 12,
        "findings": ["events: 3 duplicates."],
        "fingerprint": "f" * 64,
    },
    "split": [
        {
            "part": part,
            "from": f"{start}T00:00:00+00:00",
            "to": f"{end}T00:00:00+00:00",
            "examples": n,
            "leads": n,
            "converted": won,
        }
        for part, start, end, n, won in (
            ("train", "2025-01-02", "2025-09-30", 3000, 450),
            ("test", "2026-01-02", "2026-03-31", 1000, 150),
        )
    ],
    "leaks": [
        {"column": "call_duration", "verdict": "leak", "reason": "written later"},
        {"column": "owner", "verdict": "suspect", "reason": "may be written later"},
    ],
    "drivers": [driver("pricing-page views", 0.4), driver("country", 0.2, group="fit")],
    "evaluation": {
        "figures": {
            "model": _figures(0.88, 0.46),
            "base rate": _figures(0.5, 0.2),
            "newest first": _figures(0.46, 0.17),
        },
        "reliability": [_group(0.05), _group(0.25)],
        "ranges": [_group(0.05), _group(0.25)],
        "n": 1000,
        "converted": 150,
        "leads": 1000,
    },
    "config": {
        "attributes": {"allow": [], "exclude": ["phone"]},
        "data": {"order_by": "", "source": "postgresql://u:hunter2@host/db"},
        "label": {"outcome": "closed_won", "horizon_days": 90, "also_days": []},
        "events": {"demo": {"one": "demo", "many": "demos", "kind": "intent"}},
        "serving": {"keys": ["hunter2"], "log_salt": "hunter2"},
        "capacity": None,
    },
    "packages": {"python": "3.11.7"},
}


def judged_card(**changes: Any) -> dict[str, Any]:
    """The card, with some entries replaced; its own each time."""
    return copy.deepcopy(_CARD) | changes
