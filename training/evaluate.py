"""How good is the model, beside what one would do without it? Small tables with intervals.

Every function returns a tidy table and draws nothing; the report draws. A figure never stands
without its n or its interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from training.beside import differences, estimates, figures_from_json, figures_to_json
from training.evidence.rates import count_rate
from training.metrics import ALL, RANKING, Estimate, resample
from training.rivals import NO_PROBABILITY

RELIABILITY_BINS = 10
RANGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Score ranges a marketer reads."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the model did on examples it never saw.

    Attributes:
        figures: by scorer ("model" and the rivals), then metric.
        reliability: lower, upper (bounds of predicted probability), n, leads, predicted,
            observed, observed_lower, observed_upper; equal numbers of examples a row.
        ranges: the same columns over fixed ranges of probability; empty ranges left out.
        n, converted: of the test examples.
        leads: distinct leads among them.
        ahead: the model's figures less a rival's, by rival, then metric.
    """

    figures: dict[str, dict[str, Estimate]]
    reliability: pd.DataFrame
    ranges: pd.DataFrame
    n: int
    converted: int
    leads: int
    ahead: dict[str, dict[str, Estimate]]

    def to_frame(self) -> pd.DataFrame:
        """The figures as a table: metric, scorer, value, lower, upper; sorted."""
        rows = [
            {"metric": metric, "scorer": scorer, **figure.to_json()}
            for scorer, own in self.figures.items()
            for metric, figure in own.items()
        ]
        return pd.DataFrame(rows).sort_values(["metric", "scorer"], ignore_index=True)

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "figures": figures_to_json(self.figures),
            "reliability": self.reliability.to_dict("records"),
            "ranges": self.ranges.to_dict("records"),
            "n": self.n,
            "converted": self.converted,
            "leads": self.leads,
            "ahead": figures_to_json(self.ahead),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evaluation":
        """The inverse of `to_json`."""
        figures = figures_from_json(data["figures"])
        ahead = figures_from_json(data.get("ahead", {}))  # cards of before lack it
        reliability, ranges = (pd.DataFrame(data[name]) for name in ("reliability", "ranges"))
        n, converted, leads = (data[name] for name in ("n", "converted", "leads"))
        return cls(figures, reliability, ranges, n, converted, leads, ahead)


def evaluate(
    examples: pd.DataFrame, probability: Floats, rivals: "dict[str, Floats]", *, seed: int
) -> Evaluation:
    """Judges probabilities and their rivals on the same examples.

    Args:
        examples: lead_id, converted, group; shape (n, …).
        probability: the model's, shape (n,).
        rivals: other scores by name, judged as probabilities too unless `NO_PROBABILITY`.
        seed: of the bootstrap.
    """
    converted = examples["converted"].to_numpy(dtype=bool)
    drawn = {}
    for name, score in {"model": probability, **rivals}.items():
        metrics = RANKING if name in NO_PROBABILITY else ALL
        drawn[name] = resample(metrics, converted, score, examples["group"], seed=seed)
    quantiles = np.quantile(probability, np.arange(1, RELIABILITY_BINS) / RELIABILITY_BINS)
    edges = np.concatenate([[0.0], np.unique(quantiles), [1.0]])
    return Evaluation(
        estimates(drawn),
        calibration_table(examples["lead_id"], converted, probability, edges),
        calibration_table(examples["lead_id"], converted, probability, np.array(RANGES)),
        len(converted),
        int(converted.sum()),
        int(examples["lead_id"].nunique()),
        differences(drawn, "model"),
    )


def calibration_table(
    lead_ids: "pd.Series[str]", converted: Bools, probability: Floats, edges: Floats
) -> pd.DataFrame:
    """Predicted beside observed, by range of probability; a range holds its lower bound.

    The interval of what was observed knows that examples of one lead are alike.

    Returns:
        lower, upper, n, leads, predicted, observed, observed_lower, observed_upper.
    """
    code = np.searchsorted(edges[1:-1], probability, side="right")
    lead = pd.factorize(lead_ids)[0]
    rows = []
    for k in range(len(edges) - 1):
        inside = code == k
        if not inside.any():
            continue
        observed = count_rate(inside, converted, lead)
        rows.append(
            {
                "lower": float(edges[k]),
                "upper": float(edges[k + 1]),
                "n": observed["n"],
                "leads": observed["leads"],
                "predicted": float(probability[inside].mean()),
                "observed": observed["rate"],
                "observed_lower": observed["lower"],
                "observed_upper": observed["upper"],
            }
        )
    return pd.DataFrame(rows)
