"""How does a model use a number: what does each value of it add, and how many examples have it?"""

from typing import Any

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints

POINTS = 20
LEAST_IN_POINT = 50
BARS = 24
TAIL = 0.995
"""A histogram reaches from one such quantile to the other: a few far values would flatten it."""

SKEWED = 20.0
"""Where the end of the histogram is so many times the median, it stands on a logarithmic axis."""


def measure_curve(values: Floats, effect: Floats) -> dict[str, Any] | None:
    """What values add to the log-odds, and how they are spread; None of fewer than three values.

    Args:
        values: of a number, NaN where missing; shape (n,).
        effect: log-odds added by everything the model knows of its subject, shape (n,).

    Returns:
        points: a bin each, lowest first, of like many examples, zeros apart where they are common:
            value (the median), low, high, n, effect (the mean), lower and upper (the 10 % and
            90 % quantiles of the effect within the bin);
        missing: n, effect, lower, upper of the examples without a value; None where all have one;
        scale: "linear" or "log", the axis on which the values are spread well;
        bars: a histogram on that axis, low, high, n; the outermost hold all beyond them too;
        beyond: how many examples lie beyond.
    """
    missing = np.isnan(values)
    known, own = values[~missing], effect[~missing]
    if len(np.unique(known)) < 3:
        return None
    edges, scale = _bar_edges(known)
    return {
        "points": _points(known, own),
        "missing": _spread(effect[missing]) if missing.any() else None,
        "scale": scale,
        "bars": _bars(known, edges),
        "beyond": int(((known < edges[0]) & ~_apart(known, edges) | (known > edges[-1])).sum()),
    }


def _points(known: Floats, effect: Floats) -> list[dict[str, Any]]:
    rows = []
    for _, rest in pd.Series(np.arange(len(known))).groupby(_bins(known)):
        own = rest.to_numpy()
        inside = known[own]
        rows.append(
            {
                "value": float(np.median(inside)),
                "low": float(inside.min()),
                "high": float(inside.max()),
                **_spread(effect[own]),
            }
        )
    return sorted(rows, key=lambda row: row["low"])


def _bins(known: Floats) -> Ints:
    """A bin for each value; equal values share one."""
    wanted = min(POINTS, max(len(known) // LEAST_IN_POINT, 3))
    zero = known == 0
    zero &= bool(zero.mean() > 1 / wanted)
    others = known[~zero]
    bins = np.zeros(len(known), dtype=np.int64)
    if len(others):
        edges = np.unique(np.quantile(others, np.arange(1, wanted) / wanted))
        bins[~zero] = 1 + np.searchsorted(edges, others, side="right")
    return bins


def _spread(effect: Floats) -> dict[str, Any]:
    lower, upper = np.quantile(effect, (0.1, 0.9))
    return {
        "n": len(effect),
        "effect": float(effect.mean()),
        "lower": float(lower),
        "upper": float(upper),
    }


def _bar_edges(known: Floats) -> tuple[Floats, str]:
    """Where the bars end, and the axis on which they are of one width."""
    low, high = (float(q) for q in np.quantile(known, (1 - TAIL, TAIL)))
    if low == high:
        low, high = float(known.min()), float(known.max())
    positive = known[known > 0]
    if known.min() >= 0 and high > SKEWED * np.median(positive):
        start = float(np.quantile(positive, 1 - TAIL))
        return np.geomspace(start, high, BARS + 1), "log"
    whole = bool((known == np.floor(known)).all())
    if whole and high - low < BARS:
        return np.arange(np.floor(low), np.ceil(high) + 2) - 0.5, "linear"
    return np.linspace(low, high, BARS + 1), "linear"


def _bars(known: Floats, edges: Floats) -> list[dict[str, Any]]:
    """A count a bar; on a logarithmic axis zeros have a bar of no width before the others."""
    apart = _apart(known, edges)
    zeros, rest = int(apart.sum()), known[~apart]
    place = np.clip(np.searchsorted(edges, rest, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    rows = [
        {"low": float(low), "high": float(high), "n": int(n)}
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return [{"low": 0.0, "high": 0.0, "n": zeros}, *rows] if zeros else rows


def _apart(known: Floats, edges: Floats) -> Bools:
    """The zeros that a logarithmic axis has no place for; none on a linear one."""
    return np.asarray((known == 0) & bool(edges[0] > 0 and known.min() == 0))
