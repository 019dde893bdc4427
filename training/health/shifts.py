"""What has moved since a model learned? Its features and its score, and where each moved most.

The population stability index (`leadml.profile`) says how far a feature has moved; a `Shift` says
in which direction: the part of its values whose share changed most, as it was and as it is.

Leads must be looked at as the model looked at them when it learned: at the moments of
``[examples]`` (`newest_looks`). All open leads looked at today are older than leads that have just
come, so they would seem to have moved where nothing has.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Floats, Ints, Matrix
from leadml.config import Config
from leadml.model import LeadModel
from leadml.profile import Profile, Spread, measure_psi
from leadml.tables import Tables
from leadml.timeline import days
from training.examples import build_examples

LEAST_LEADS = 500
"""Of fewer leads nothing is said: ten bins would move an index by 0.02 by chance alone."""

MOST_LOOKS = 20_000
"""Among more looks, evenly spaced ones tell how far things have moved."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one thing has moved, and the part of it that moved most.

    Attributes:
        name: of the feature; ``score`` for the model's own.
        label: what it measures.
        index: the population stability index.
        part: which values, as the end of "…: "; "" where nothing moved.
        then, now: the share of leads with such values.
    """

    name: str
    label: str
    index: float
    part: str
    then: float
    now: float


@dataclass(frozen=True, slots=True)
class Drift:
    """What has moved between the examples a model learned from and newer looks.

    Attributes:
        leads, looks: how many were looked at, and how often.
        learned: the examples of the model's profile.
        score: of the model's own score; None of fewer than `LEAST_LEADS` leads.
        features: the one that moved most of each subject, furthest first; likewise empty.
    """

    leads: int
    looks: int
    learned: int
    score: Shift | None
    features: tuple[Shift, ...]


def newest_looks(tables: Tables, config: Config, *, since: pd.Timestamp) -> pd.DataFrame:
    """The looks at open leads from ``since`` to the end of the data: lead_id, as_of.

    They are taken at the moments of ``config.examples``, as those the model learned from.

    Raises:
        SignalError: there is no lead to look at.
    """
    looked = build_examples(tables, config).looked
    newest = looked.loc[looked["as_of"] >= since, ["lead_id", "as_of"]]
    return newest.iloc[:: len(newest) // MOST_LOOKS + 1].reset_index(drop=True)


def newest_quarter(tables: Tables, *, quarter_days: float = 91) -> pd.Timestamp:
    """When the newest quarter of the data began."""
    return tables.end - days(quarter_days)


def measure_drift(
    model: LeadModel, catalog: Catalog, matrix: Matrix, lead_ids: "pd.Series[str]"
) -> Drift | None:
    """How far some looks have moved from what a model learned from.

    Args:
        model: has a profile; None comes back where it has none.
        catalog: its features.
        matrix: the features of the looks, shape (n, n_features).
        lead_ids: whose they are, shape (n,).
    """
    if not model.profile:
        return None
    profile = Profile.from_json(model.profile)
    leads, learned = int(lead_ids.nunique()), sum(profile.margin.counts)
    if leads < LEAST_LEADS:
        return Drift(leads, len(matrix), learned, None, ())
    counts = profile.count(matrix, model.margin(matrix))
    index = measure_psi(profile, counts)
    split = np.split(counts, profile.bins.first[1:-1])
    most = [max(columns, key=lambda k: index[k]) for columns in catalog.subjects]
    shifts = [
        _shift(catalog.features[k], profile.features[k], split[k], float(index[k])) for k in most
    ]
    score = _score(model, profile.margin, split[-1], float(index[-1]))
    furthest = sorted(shifts, key=lambda shift: -shift.index)
    return Drift(leads, len(matrix), learned, score, tuple(furthest))


def _shift(feature: Feature, spread: Spread, now: Ints, index: float) -> Shift:
    """The direction of a feature: what is missing, a level, or what lies above an edge."""
    part, shares = _largest(feature, spread, _shares(spread.counts), _shares(now))
    return Shift(feature.name, feature.label, index, part, *shares)


def _score(model: LeadModel, spread: Spread, now: Ints, index: float) -> Shift:
    ends = model.calibration.probability(np.array(spread.edges))
    then, shares = _shares(spread.counts), _shares(now)
    place = _edge(then, shares)
    part = f"above {_short(100 * ends[place])}\u00a0%" if len(ends) else ""
    return Shift("score", "score", index, part, _above(then, place), _above(shares, place))


def _largest(
    feature: Feature, spread: Spread, then: Floats, now: Floats
) -> tuple[str, tuple[float, float]]:
    unknown = (float(then[-1]), float(now[-1]))
    part, shares = "", (0.0, 0.0)
    if spread.codes:
        changes = np.abs(now - then)[:-1]
        place = int(changes.argmax())
        codes = (*spread.codes, len(feature.levels))
        rest = place == len(spread.codes)
        part = "any other" if rest else _said(feature, float(codes[place]))
        shares = (float(then[place]), float(now[place]))
    elif spread.edges:
        place = _edge(then, now)
        part = f"above {_short(spread.edges[place])}"
        shares = (_above(then, place), _above(now, place))
    if abs(unknown[1] - unknown[0]) > abs(shares[1] - shares[0]):
        return _said(feature, float("nan")), unknown
    return (part, shares) if shares[0] != shares[1] else ("", (0.0, 0.0))


def _edge(then: Floats, now: Floats) -> int:
    """The edge at which the shares above it differ most."""
    gaps = [abs(_above(now, k) - _above(then, k)) for k in range(max(len(then) - 2, 1))]
    return int(np.argmax(gaps))


def _above(shares: Floats, place: int) -> float:
    """What lies above an edge; what is missing does not."""
    return float(shares[place + 1 : -1].sum())


def _shares(counts: "Ints | tuple[int, ...]") -> Floats:
    own = np.asarray(counts, dtype=np.float64)
    return np.asarray(own / max(own.sum(), 1.0), dtype=np.float64)


def _said(feature: Feature, value: float) -> str:
    return feature.describe(value).removeprefix(f"{feature.label}: ")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
