"""Is one set of probabilities as good as another, and does it keep its word?

The arithmetic of the gate. Differences are resampled in pairs over whole groups, so that what
both models find hard cancels out. Calibration is looked at from two sides (Cox 1958): how many
wins came for each that was expected, and the slope of what happened on the log-odds said.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Floats
from training.metrics import (
    Estimate,
    Metric,
    average_precision,
    bootstrap_weights,
    calibration_slope,
    estimate,
    log_loss,
    observed_to_expected,
)

LEAST_OUTCOMES = 20
"""With fewer wins, or fewer others, two models cannot be told apart at all."""

WORST_LOG_LOSS = 0.03
"""A log loss this share above the champion's refuses, even where noise could explain it."""

WORST_PRECISION = 0.10
"""As much for average precision, which rests on the wins alone and swings more."""

LEVEL = (1 / 2, 2.0)
"""Wins that came for each expected. The level moves with the market, and the model that is kept is
fitted anew on the very examples it is judged by: only twice or half as many is clearly off."""

SLOPE = (0.5, 2.0)
"""Log-odds that happened for each that was said. At half, a lead said to be four times as likely
is twice as likely: differences that do not hold."""

Said = tuple[str, bool, str]
"""The name of a rule, whether it passed, and why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A metric of two models on the same examples, and challenger minus champion."""

    challenger: float
    champion: float
    difference: Estimate


def judge_losses(both: pd.DataFrame, *, version: str, seed: int) -> list[Said]:
    """Whether the challenger is as good as the champion, in probabilities and in ranking.

    Args:
        both: converted, group, challenger, champion: probabilities; shape (n, …).
        version: of the champion.
        seed: of the resampling.
    """
    won = int(both["converted"].sum())
    others = len(both) - won
    if min(won, others) < LEAST_OUTCOMES:
        text = (
            f"Not judged: {won:,} wins and {others:,} others can be compared with version "
            f"{version}, and {LEAST_OUTCOMES} of each are needed. Train again when more have "
            "matured, or promote it by force."
        )
        return [("comparison", False, text)]
    draws = list(bootstrap_weights(both["group"], seed=seed))
    loss = pair(log_loss, both, draws)
    precision = pair(average_precision, both, draws)
    loss_limit = WORST_LOG_LOSS * loss.champion
    precision_limit = WORST_PRECISION * precision.champion
    worse = loss.difference.lower > 0 or loss.difference.value > loss_limit
    poorer = precision.difference.upper < 0 or -precision.difference.value > precision_limit
    on = f"on {len(both):,} examples that neither has seen, {won:,} of them won"
    return [
        ("log loss", not worse, _said(loss, loss_limit, version, on)),
        ("average precision", not poorer, _said(precision, precision_limit, version, on)),
    ]


def pair(metric: Metric, both: pd.DataFrame, draws: list[Floats]) -> Pair:
    """A metric of both models, and its difference with a 90 % interval over the same draws."""
    converted = both["converted"].to_numpy(dtype=bool)
    drawn = [w for w in draws if min(w[converted].sum(), w[~converted].sum()) > 0]
    values, spread = {}, {}
    for name in ("challenger", "champion"):
        score = both[name].to_numpy(dtype=np.float64)
        order = np.argsort(score, kind="stable")
        y, s = converted[order], score[order]
        values[name] = float(metric(y, s, np.ones(len(y))))
        spread[name] = np.array([metric(y, s, w[order]) for w in drawn])
    value = values["challenger"] - values["champion"]
    lower, upper = np.quantile(spread["challenger"] - spread["champion"], (0.05, 0.95))
    difference = Estimate(value, min(float(lower), value), max(float(upper), value))
    return Pair(values["challenger"], values["champion"], difference)


def _said(pair: Pair, limit: float, version: str, on: str) -> str:
    difference = pair.difference
    return (
        f"{pair.challenger:.4f} against {pair.champion:.4f} of version {version}: a difference of "
        f"{difference.value:+.4f} ({difference.lower:+.4f} to {difference.upper:+.4f}) {on}; "
        f"worse by more than noise, or by more than {limit:.4f}, refuses."
    )


def judge_calibration(judged: pd.DataFrame, *, seed: int) -> tuple[bool, str]:
    """Whether probabilities keep their word, and a sentence; refused where clearly off.

    Args:
        judged: converted, group, challenger: the probabilities; shape (n, …).
        seed: of the resampling.
    """
    found = estimate(
        {"level": observed_to_expected, "slope": calibration_slope},
        judged["converted"].to_numpy(dtype=bool),
        judged["challenger"].to_numpy(dtype=np.float64),
        judged["group"],
        seed=seed,
    )
    level, slope = found["level"], found["slope"]
    text = (
        f"{_figure(level)} wins came for each it expected ({LEVEL[0]:.2f} to {LEVEL[1]:.2f} "
        f"is allowed), and its log-odds hold with slope {_figure(slope)} ({SLOPE[0]:.2f} to "
        f"{SLOPE[1]:.2f}); an interval wholly outside refuses."
    )
    return not (_outside(level, LEVEL) or _outside(slope, SLOPE)), text


def _outside(figure: Estimate, bounds: tuple[float, float]) -> bool:
    return figure.upper < bounds[0] or figure.lower > bounds[1]


def _figure(figure: Estimate) -> str:
    if np.isnan(figure.value):
        return "that cannot be told, for all are alike"
    return f"{figure.value:.2f} ({figure.lower:.2f} to {figure.upper:.2f})"
