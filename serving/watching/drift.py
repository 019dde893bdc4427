"""How far have the leads that are scored now moved from those the model learned from?

Scored leads are counted in the bins of the model's profile, in lots, and the newest `LOTS` lots are
kept: the indices speak of the newest five thousand leads and forget all others. It is a window of
leads, not of time, because an index needs so many leads whatever the traffic, and because a person
can check what is said "of the newest 5,000 leads". Memory is `LOTS` counts a bin, whatever comes.

A drift is a reason to look, not a verdict: leads are scored whenever someone asks, and were learned
from at the moments that ``[examples]`` names.
"""

import dataclasses
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from leadml.arrays import Floats, Ints, Matrix
from leadml.model import LeadModel
from leadml.profile import Profile, measure_psi

LOT = 256
"""So many leads are counted at a time: half a millisecond's work."""

LOTS = 20
"""So many lots are remembered."""

LEAST = 500
"""Of fewer leads nothing is said: ten bins would move an index by 0.02 by chance alone."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far everything has moved.

    Attributes:
        names: of the features; the probability last.
        psi: their indices (`leadml.profile.measure_psi`); NaN of fewer than `LEAST` leads.
        leads: of how many.
    """

    names: list[str]
    psi: Floats
    leads: int

    def most(self, n: int) -> list[tuple[str, float]]:
        """What has moved furthest, with its index; nothing where nothing is said."""
        order = np.argsort(-self.psi, kind="stable")[:n]
        return [(self.names[k], float(self.psi[k])) for k in order if not np.isnan(self.psi[k])]


class Drift:
    """The newest scored leads, counted in the bins of a model's profile. Safe between threads."""

    def __init__(self, model: LeadModel) -> None:
        """Starts without leads; ``model.profile`` must not be empty."""
        profile = Profile.from_json(model.profile)
        edges = model.calibration.probability(np.array(profile.margin.edges))
        margin = dataclasses.replace(
            profile.margin, name="probability", edges=tuple(edges.tolist())
        )
        self._profile = dataclasses.replace(profile, margin=margin)
        self._lots: deque[Ints] = deque(maxlen=LOTS)
        self._waiting: list[tuple[Matrix, Floats]] = []
        self._n_waiting = 0
        self._lock = threading.Lock()

    def add(self, matrix: Matrix, probability: Floats) -> bool:
        """Takes scored leads in.

        Args:
            matrix: their features, shape (n, n_features); not copied.
            probability: shape (n,).

        Returns:
            whether a lot was full and the indices have changed.
        """
        with self._lock:
            self._waiting.append((matrix, probability))
            self._n_waiting += len(matrix)
            full = self._n_waiting >= LOT
            while self._n_waiting >= LOT:
                self._lots.append(self._profile.count(*self._take(LOT)))
        return full

    def measure(self) -> Moved:
        """The indices of the newest leads, those not yet counted in a lot among them."""
        with self._lock:
            counts = sum(self._lots, np.zeros(len(self._profile.counts), dtype=np.int64))
            if self._waiting:
                counts = counts + self._profile.count(*_joined(self._waiting))
            leads = len(self._lots) * LOT + self._n_waiting
        psi = measure_psi(self._profile, counts)
        if leads < LEAST:
            psi = np.full(len(psi), np.nan)
        return Moved(self._profile.names, psi, leads)

    def _take(self, n: int) -> tuple[Matrix, Floats]:
        """The oldest ``n`` leads that wait, which then wait no more."""
        taken = []
        while n:
            matrix, probability = self._waiting[0]
            some = matrix[:n], probability[:n]
            taken.append(some)
            n -= len(some[0])
            self._n_waiting -= len(some[0])
            rest = matrix[len(some[0]) :], probability[len(some[0]) :]
            self._waiting[:1] = [rest] if len(rest[0]) else []
        return _joined(taken)


def _joined(parts: list[tuple[Matrix, Floats]]) -> tuple[Matrix, Floats]:
    matrices, probabilities = zip(*parts, strict=True)
    return np.concatenate(matrices), np.concatenate(probabilities)
