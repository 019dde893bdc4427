"""What is noted of every answer? Its numbers, its drift, and its row in the score log.

One `Watch` lives as long as its app. A route tells it what it answered with one call, which costs
some twenty microseconds for one lead; what costs more is done for many leads at a time. All of it
can be read at ``GET /metrics``.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np

from leadml.arrays import Matrix
from serving.models.keeper import Keeper
from serving.scorer import Scorer
from serving.scores import Scores
from serving.watching.drift import Drift
from serving.watching.metrics import Metrics, ModelState
from serving.watching.score_log import Lines, Role, ScoreLog

TELL_SECONDS = 5.0
"""How often a worker that is not asked for its numbers still says which model it has."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request asked beside its leads, and where it was answered from.

    Attributes:
        at: when it came in.
        request_id: which one it was.
        role: why the model was asked.
        unknown_events: how many events it brought of a type that no feature knows.
    """

    at: datetime
    request_id: str = ""
    role: Role = "champion"
    unknown_events: int = 0


class Watch:
    """Everything that looks on while one app scores."""

    def __init__(
        self, metrics: Metrics, keeper: Keeper, clock: Callable[[], datetime], folder: Path | None
    ) -> None:
        """Starts with nothing counted.

        Args:
            metrics: where the numbers are.
            keeper: says which model answers, and how it stands with the registry.
            clock: the current moment.
            folder: of the score log; None for none.

        Raises:
            ConfigError: the folder cannot be written.
        """
        self._metrics, self._keeper, self._clock = metrics, keeper, clock
        self._log = None if folder is None else ScoreLog(folder, on_lost=metrics.lost)
        self._watched: tuple[Scorer, Drift | None] | None = None
        self._told = -math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes what the log still holds."""
        if self._log is not None:
            self._log.close()

    def scored(self, scorer: Scorer, scores: Scores, answered: Answered) -> None:
        """Notes what leads were answered. Safe between threads.

        Args:
            scorer: the model.
            scores: of the leads.
            answered: what else is known of the request.
        """
        if not len(scores):
            return
        probability = scores.worth.score if scores.worth.within else np.full(len(scores), np.nan)
        stages, unscored = scores.decided.stage.tolist(), scores.unscored.tolist()
        self._metrics.scored(
            probability, stages, unscored, version=scorer.version, role=answered.role
        )
        if answered.role == "champion":
            self._follow(scorer, scores, answered.unknown_events)
        if self._log is not None:
            self._log.add(
                Lines(
                    answered.at,
                    answered.request_id,
                    scorer.version,
                    answered.role,
                    scores.subjects.lead_ids.tolist(),
                    scores.subjects.past.as_of,
                    scores.matrix,
                    probability,
                    scores.worth.lower,
                    scores.worth.upper,
                    scores.points,
                    stages,
                    unscored,
                )
            )
            self._metrics.logged(len(scores))
        if time.monotonic() - self._told > TELL_SECONDS:
            self._tell_model()

    def render(self) -> bytes:
        """All numbers in Prometheus' text format, those of this moment among them."""
        drift = None if self._watched is None else self._watched[1]
        if drift is not None:
            self._metrics.drifted(drift.measure())
        self._tell_model()
        return self._metrics.render()

    def _tell_model(self) -> None:
        """Says which model answers, and how it stands with the registry."""
        self._told = time.monotonic()
        standing, now = self._keeper.standing, self._clock()
        if standing.champion is None:
            return
        card = standing.champion.model.card
        silent = timedelta(seconds=self._keeper.silent_seconds)
        self._metrics.model(
            ModelState(
                card["name"],
                standing.champion.version,
                datetime.fromisoformat(card["known_until"]),
                now - timedelta(seconds=self._keeper.serving_seconds),
                None if standing.asked is None else now - silent,
                bool(self._keeper.trouble) or standing.origin == "last-good",
            )
        )

    def _follow(self, scorer: Scorer, scores: Scores, unknown_events: int) -> None:
        """Counts what the model did not know, and where its leads lie against its profile."""
        if self._watched is None or self._watched[0] is not scorer:
            drift = Drift(scorer.model) if scorer.model.profile else None
            self._watched = scorer, drift
        _, drift = self._watched
        self._metrics.surprised(_count_unseen(scorer, scores.matrix), unknown_events)
        if drift is None:
            return
        matrix, probability = scores.matrix, scores.worth.score
        if any(scores.unscored.tolist()):
            kept = scores.unscored == ""
            matrix, probability = matrix[kept], probability[kept]
        if drift.add(matrix, probability):
            self._metrics.drifted(drift.measure())


def _count_unseen(scorer: Scorer, matrix: Matrix) -> Mapping[str, int]:
    """How many values of each attribute are of no level that the model knows."""
    columns, levels, attributes = scorer.levelled
    unseen = matrix.take(columns, axis=1) >= levels
    if not unseen.any():
        return {}
    found: dict[str, int] = {}
    for name, n in zip(attributes, unseen.sum(axis=0).tolist(), strict=True):
        found[name] = max(n, found.get(name, 0))
    return {name: n for name, n in found.items() if n}
