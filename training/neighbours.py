"""Which leads of the past were most like this one, and how did they end?

Alike is who the model sees alike: the distance of two leads is that of what each subject adds to
their log-odds, so that a subject the model does not use parts nobody, and one it leans on parts
much. Of a past lead that was looked at several times, the look nearest to the lead stands for it.
Only a look whose horizon had ended by the moment of the lead tells anything, so that nothing of the
lead's own future is in it.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from features.build import build_matrix
from features.catalog import Catalog
from features.past import build_past
from leadml.arrays import Bools, Floats, Ints, Matrix, Nanos
from leadml.config import Config
from leadml.model import LeadModel
from leadml.moments import first_time
from leadml.tables import Tables
from leadml.timeline import DAY_NS, days, nanos
from training.examples import build_examples
from training.metrics import wilson

MOST = 50
"""So many past leads tell what became of leads like this one."""

NAMED = 3
"""So many of them are named."""

NEWEST = 20_000
"""Among so many of the newest looks one searches."""

AT_ONCE = 256
"""Distances of so many leads are held at a time."""

Ended = Literal["won", "lost", "open"]
"""How a past lead ended within the horizon of its look."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Looks at past leads, one row each; arrays of shape (n,).

    Attributes:
        view: what each subject added to their log-odds, shape (n, n_subjects).
        lead_ids: whose looks they are.
        as_of: when.
        known_at: when the horizon of each had ended.
        ended: of `Ended`.
        days: from the look to its end; to the end of the horizon where it stayed open.
    """

    view: Matrix
    lead_ids: np.ndarray
    as_of: Nanos
    known_at: Nanos
    ended: np.ndarray
    days: Ints


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past lead that is like another: how it ended, and after how many days."""

    lead_id: str
    ended: Ended
    days: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What became of the past leads most like a lead.

    Attributes:
        n: how many there are; fewer than asked for where the past holds no more.
        won: how many of them converted within the horizon.
        rate, lower, upper: their share, with Wilson's 90 % interval.
        nearest: the most alike of them, the nearest first.
    """

    n: int
    won: int
    rate: float
    lower: float
    upper: float
    nearest: tuple[Neighbour, ...]

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            **{name: getattr(self, name) for name in ("n", "won", "rate", "lower", "upper")},
            "nearest": [
                {"lead_id": one.lead_id, "ended": one.ended, "days": one.days}
                for one in self.nearest
            ],
        }


def find_similar(
    model: LeadModel, catalog: Catalog, tables: Tables, config: Config, leads: pd.DataFrame
) -> dict[str, Neighbours]:
    """The past leads most like some leads, by lead_id; nothing of tables without dates.

    Args:
        model: in whose view they are alike.
        catalog: its features.
        tables: the leads and their past.
        config: at which moments leads are looked at (``examples``), and for what (``label``).
        leads: lead_id, as_of (UTC-aware); whom to find the like of.
    """
    if not tables.dated or leads.empty:
        return {}
    past = look_back(model, catalog, tables, config)
    view = _view(model, catalog, tables, leads)
    lead_ids = leads["lead_id"].to_numpy(dtype=object)
    found = find_neighbours(past, view, lead_ids, nanos(leads["as_of"]))
    return dict(zip(lead_ids.tolist(), found, strict=True))


def look_back(
    model: LeadModel, catalog: Catalog, tables: Tables, config: Config, *, newest: int = NEWEST
) -> Looked:
    """The newest looks of the past whose horizon has ended, as the model sees them.

    Args:
        model: whose view it is.
        catalog: its features.
        tables: the leads and their past, with dates.
        config: the moments and the label.
        newest: how many looks at most.
    """
    examples = build_examples(tables, config)
    first = max(len(examples.mature) - newest, 0)
    looked = examples.looked.iloc[first : len(examples.mature)].reset_index(drop=True)
    horizon = config.label.horizon_days
    lost_at = first_time(tables, looked["lead_id"], "closed_lost")
    ended, after = _endings(looked["as_of"], looked["reached_at"], lost_at, horizon)
    as_of = nanos(looked["as_of"])
    return Looked(
        _view(model, catalog, tables, looked[["lead_id", "as_of"]]),
        looked["lead_id"].to_numpy(dtype=object),
        as_of,
        as_of + horizon * DAY_NS,
        ended,
        after,
    )


def find_neighbours(
    past: Looked,
    view: Matrix,
    lead_ids: np.ndarray,
    as_of: Nanos,
    *,
    most: int = MOST,
) -> list[Neighbours]:
    """The past leads most like each lead, and what became of them.

    Of two looks at like distance the newer one is nearer; then the lead_id decides.

    Args:
        past: where to search.
        view: what each subject adds to the leads' log-odds, shape (n, n_subjects).
        lead_ids: who they are, shape (n,); nobody is like itself.
        as_of: the moments of the leads; what was known only after is not looked at; shape (n,).
        most: how many past leads each.
    """
    ordered = _Ordered.of(past)
    own = ordered.places(lead_ids)
    found: list[Neighbours] = []
    for start in range(0, len(view), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        far = (
            cdist(view[rows], ordered.view)
            if len(ordered.order)
            else np.empty((len(view[rows]), 0))
        )
        for k, distance in enumerate(far, start):
            usable = (ordered.known_at <= as_of[k]) & (ordered.lead != own[k])
            found.append(_summed(past, ordered.nearest(distance, usable, most)))
    return found


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Looks in the order in which those at like distance are taken, the newest first.

    Attributes:
        order: their places in the past, shape (n,).
        view, known_at: as in `Looked`.
        names: the leads, each once, sorted.
        lead: whose each look is, as a place in ``names``; shape (n,).
        repeats: the most looks at one lead.
    """

    order: Ints
    view: Matrix
    known_at: Nanos
    names: np.ndarray
    lead: Ints
    repeats: int

    @classmethod
    def of(cls, past: Looked) -> Self:
        """The looks of the past in their order."""
        order = np.lexsort((past.lead_ids.astype(str), -past.as_of))
        names, lead = np.unique(past.lead_ids[order], return_inverse=True)
        repeats = int(np.bincount(lead).max()) if len(lead) else 0
        return cls(order, past.view[order], past.known_at[order], names, lead, repeats)

    def places(self, lead_ids: np.ndarray) -> Ints:
        """Of each lead its place in ``names``; -1 where it was not looked at."""
        place = {name: k for k, name in enumerate(self.names.tolist())}
        return np.array([place.get(name, -1) for name in lead_ids.tolist()], dtype=np.int64)

    def nearest(self, distance: Floats, usable: Bools, most: int) -> Ints:
        """The nearest look of each of the nearest leads, as places in the past, nearest first."""
        far = np.where(usable, distance, np.inf)
        enough = min(most * self.repeats, len(far)) - 1
        limit = np.partition(far, enough)[enough] if enough >= 0 else np.inf
        near = np.flatnonzero(far <= limit)
        near = near[np.argsort(far[near], kind="stable")]
        near = near[np.isfinite(far[near])]
        first = np.sort(np.unique(self.lead[near], return_index=True)[1])[:most]
        return self.order[near[first]]


def _summed(past: Looked, rows: Ints) -> Neighbours:
    won = int((past.ended[rows] == "won").sum())
    rate = wilson(won, len(rows))
    nearest = [
        Neighbour(str(past.lead_ids[k]), past.ended[k], int(past.days[k])) for k in rows[:NAMED]
    ]
    return Neighbours(len(rows), won, rate.value, rate.lower, rate.upper, tuple(nearest))


def _endings(
    as_of: pd.Series, won_at: pd.Series, lost_at: pd.Series, horizon: int
) -> tuple[np.ndarray, Ints]:
    """How each look ended within the horizon, and after how many days; shapes (n,)."""
    end = as_of + days(horizon)
    won = (won_at < end).to_numpy()
    lost = ((lost_at >= as_of) & (lost_at < end)).to_numpy() & ~won
    at = end.mask(lost, lost_at).mask(won, won_at)
    after = (nanos(at) - nanos(as_of)) // DAY_NS
    return np.select([won, lost], ["won", "lost"], "open").astype(object), after


def _view(model: LeadModel, catalog: Catalog, tables: Tables, examples: pd.DataFrame) -> Matrix:
    """What each subject adds to the log-odds of examples; shape (n, n_subjects)."""
    matrix = build_matrix(catalog, build_past(tables, examples))
    return catalog.subject_sums(model.contributions(matrix)[0])
