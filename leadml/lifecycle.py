"""What should happen with a lead? From separate evidence to one stage.

Fit (who they are), engagement (what they do), explicit intent (what they ask for) and negative
signs are kept apart: high engagement never makes up for poor fit, and no threshold alone makes a
sales lead. The first rule that holds decides:

| stage | needs |
|---|---|
| customer | an outcome closed_won |
| disqualified | a negative sign within ``negative_days``, or closed_lost |
| opportunity | an outcome row ``opportunity`` |
| sql | fit, explicit intent within ``intent_days``, and the probability of the sql line |
| pql | fit, and product use within ``product_days`` |
| mql | fit, engagement, and the probability of the mql line |
| service_qualified | a service request within ``service_days`` |
| iql | any activity at all |
| lead | nothing |

A need for evidence that the company does not record at all is waived for mql, never for sql.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from leadml.arrays import Bools, Floats
from leadml.config import Policy
from leadml.events import Kind

Stage = Literal[
    "lead",
    "iql",
    "mql",
    "pql",
    "sql",
    "service_qualified",
    "opportunity",
    "customer",
    "disqualified",
]
FIT_GRADES = "ABCD"


@dataclass(frozen=True, slots=True)
class Levels:
    """A policy with its lines: what `Policy` asks for, in the units of one model.

    Attributes:
        policy: what each stage needs.
        sql_probability, mql_probability: from the shares that sales and marketing can work on.
        fit_cuts: contributions of fit (log-odds) that part D|C|B|A; None without fit features.
        engagement_cuts: contributions of engagement and intent that part 4|3|2|1; or None.
    """

    policy: Policy
    sql_probability: float
    mql_probability: float
    fit_cuts: tuple[float, float, float] | None
    engagement_cuts: tuple[float, float, float] | None

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Levels":
        """The inverse of `to_json`."""
        cuts = {name: _cuts(data[name]) for name in ("fit_cuts", "engagement_cuts")}
        return cls(**{**data, **cuts, "policy": Policy(**data["policy"])})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the policy looks at, one row a lead; all arrays have shape (n,).

    Attributes:
        probability: calibrated.
        fit, engagement: the model's contributions of these groups, in log-odds.
        days_since: days since the last event of each kind; NaN where there is none.
        reached: the furthest outcome so far ("" where there is none).
    """

    probability: Floats
    fit: Floats
    engagement: Floats
    days_since: Mapping[Kind, Floats]
    reached: np.ndarray


def fit_levels(policy: Policy, probability: Floats, fit: Floats, engagement: Floats) -> Levels:
    """The lines of a policy, from the examples a model was calibrated on.

    The probability lines let ``sql_share`` and ``mql_share`` of such leads pass; the cuts part
    each group's contributions into quarters.
    """
    return Levels(
        policy,
        float(np.quantile(probability, 1 - policy.sql_share)),
        float(np.quantile(probability, 1 - policy.mql_share)),
        _quarters(fit),
        _quarters(engagement),
    )


def grade_fit(levels: Levels, fit: Floats) -> np.ndarray:
    """Grades A (best) to D; "" where the model has no features of fit."""
    if levels.fit_cuts is None:
        return np.full(len(fit), "", dtype="<U1")
    letters = np.array(list(FIT_GRADES[::-1]))
    return letters[np.searchsorted(levels.fit_cuts, fit, side="right")]


def grade_engagement(levels: Levels, engagement: Floats) -> np.ndarray:
    """Grades 1 (strongest) to 4; 0 where the model has no features of engagement."""
    if levels.engagement_cuts is None:
        return np.zeros(len(engagement), dtype=np.int64)
    return 4 - np.searchsorted(levels.engagement_cuts, engagement, side="right")


def assign_stages(levels: Levels, evidence: Evidence) -> np.ndarray:
    """The stage of every lead; text of shape (n,)."""
    policy = levels.policy
    fit_grade = grade_fit(levels, evidence.fit)
    engagement_grade = grade_engagement(levels, evidence.engagement)
    fits = (fit_grade <= policy.fit) | (fit_grade == "")
    engaged = (engagement_grade > 0) & (engagement_grade <= policy.engagement)
    engaged |= np.full(len(fits), levels.engagement_cuts is None)
    since = evidence.days_since
    ever = np.any([~np.isnan(days) for kind, days in since.items() if kind != "negative"], axis=0)
    rules: list[tuple[Stage, Bools]] = [
        ("customer", evidence.reached == "closed_won"),
        ("disqualified", evidence.reached == "closed_lost"),
        ("disqualified", _within(since["negative"], policy.negative_days)),
        ("opportunity", evidence.reached == "opportunity"),
        (
            "sql",
            fits
            & (fit_grade != "")
            & _within(since["intent"], policy.intent_days)
            & (evidence.probability >= levels.sql_probability),
        ),
        ("pql", fits & _within(since["product"], policy.product_days)),
        ("mql", fits & engaged & (evidence.probability >= levels.mql_probability)),
        ("service_qualified", _within(since["service"], policy.service_days)),
        ("iql", ever),
    ]
    return np.select([rule for _, rule in rules], [stage for stage, _ in rules], default="lead")


def _within(days_since: Floats, limit_days: float) -> Bools:
    return np.nan_to_num(days_since, nan=np.inf) <= limit_days


def _quarters(values: Floats) -> tuple[float, float, float] | None:
    low, middle, high = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
    return None if low == high else (low, middle, high)


def _cuts(values: Any) -> tuple[float, float, float] | None:
    return None if values is None else (values[0], values[1], values[2])
