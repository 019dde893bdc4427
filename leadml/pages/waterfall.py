"""How does a score come about, step by step? From the average lead to this one, exactly.

Each reason moves the log-odds by its effect, and what no reason tells is one more step, so that the
steps always lead from the base to the score. Bars stand on a scale of log-odds, where equal steps
have equal lengths; its ticks are labelled in probability, which is what a reader knows. Points are
drawn on a scale of points.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from leadml.pages.words import percent

Kind = Literal["start", "for", "against", "rest", "end"]
"""What a step is: where it begins, what raises, what lowers, what is left, where it ends."""

MARGIN = 0.06
"""The share of the scale that is left free on either side."""

CLOSEST = 18.0
"""Ticks stand at least so far apart, in percent of the scale."""

LEAST_REST = 1e-9
"""A rest smaller than this is rounding, and not told."""

MOST_LOG_ODDS = 12.0
"""Log-odds are drawn no further out than this: a probability of 0.0006 %, or all but that."""

_TICKS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9),
    *(0.95, 0.98, 0.99, 0.995, 0.998, 0.999),
)


@dataclass(frozen=True, slots=True)
class Move:
    """What one reason does: its sentence, and what it adds to the log-odds, or points."""

    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step, ready to be drawn.

    Attributes:
        start, end: log-odds, or points, before and after it.
        left, right: where its bar lies, in percent of the scale.
        after: where it leads, in percent of the scale.
        change: by how much it multiplies or divides the odds, or adds points; "" of the ends.
        reached: the probability, or points, after it.
    """

    text: str
    kind: Kind
    start: float
    end: float
    left: float
    right: float
    after: float
    change: str
    reached: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the scale, in percent of it, and what stands there."""

    at: float
    label: str
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The steps from the average lead to this one, and the ticks of their scale."""

    steps: tuple[Step, ...]
    ticks: tuple[Tick, ...]
    unit: Literal["odds", "points"]

    @property
    def marks(self) -> str:
        """The ticks as lines of an SVG path, from 0 to 10 down."""
        return "".join(f"M{tick.at:g} 0V10" for tick in self.ticks)


def draw_waterfall(moves: Sequence[Move], *, base: float, score: float) -> Waterfall:
    """The way from the average lead's log-odds to this one's.

    Args:
        moves: in the order they are told; what they leave out is one more step.
        base: log-odds of the average lead.
        score: log-odds of this one.
    """
    scale = _Scale.over(_path(moves, base, score), most=MOST_LOG_ODDS)
    return Waterfall(
        _steps(moves, base, score, scale, _Words("The average lead", times, _probability)),
        _spaced([(scale.at(logit(p)), f"{100 * p:g}\u00a0%") for p in _TICKS]),
        "odds",
    )


def draw_points(moves: Sequence[Move], *, score: float) -> Waterfall:
    """The way from no points to this lead's."""
    path = _path(moves, 0.0, score)
    scale = _Scale.over(path, most=math.inf)
    step = _round_step((max(path) - min(path)) / 4)
    first, last = math.floor(min(path) / step), math.ceil(max(path) / step)
    ticks = [(scale.at(k * step), f"{k * step:g}") for k in range(first, last + 1)]
    words = _Words("No points", plus, lambda points: f"{points:g}")
    return Waterfall(_steps(moves, 0.0, score, scale, words), _spaced(ticks), "points")


def times(effect: float) -> str:
    r"""By what an effect in log-odds multiplies or divides the odds.

    >>> times(0.6931), times(-1.0986)
    ('×\xa02.0', '÷\xa03.0')
    """
    factor = math.exp(min(abs(effect), 10.0))
    return f"{'÷' if effect < 0 else '×'}\u00a0{factor:.1f}"


def plus(points: float) -> str:
    """Points that are given or taken.

    >>> plus(20.0), plus(-30.0)
    ('+20', '−30')
    """
    return f"{'−' if points < 0 else '+'}{abs(points):g}"


def logit(probability: float) -> float:
    """The log-odds of a probability; of 0 and 1 those of the nearest one that has some."""
    inside = min(max(probability, 1e-15), 1 - 1e-15)
    return math.log(inside / (1 - inside))


@dataclass(frozen=True, slots=True)
class _Scale:
    """From log-odds, or points, to percent of the width."""

    low: float
    high: float
    most: float

    @classmethod
    def over(cls, values: Sequence[float], *, most: float) -> "_Scale":
        held = [min(max(value, -most), most) for value in values]
        low, high = min(held), max(held)
        free = MARGIN * (high - low) or 1.0
        return cls(low - free, high + free, most)

    def at(self, value: float) -> float:
        held = min(max(value, -self.most), self.most)
        return round(100 * (held - self.low) / (self.high - self.low), 2)


def _path(moves: Sequence[Move], base: float, score: float) -> list[float]:
    """Every place the way leads through."""
    path = [base]
    for move in moves:
        path.append(path[-1] + move.effect)
    return [*path, score]


@dataclass(frozen=True, slots=True)
class _Words:
    """How the first step is called, and how changes and places are said."""

    first: str
    change: Callable[[float], str]
    place: Callable[[float], str]


def _steps(
    moves: Sequence[Move], base: float, score: float, scale: _Scale, words: _Words
) -> tuple[Step, ...]:
    path = _path(moves, base, score)
    rest = score - path[-2]
    told = [(move.text, _side(move.effect)) for move in moves]
    if abs(rest) > LEAST_REST:
        told.append(("Everything else it looks at", "rest"))
    steps = [_step(words.first, "start", (base, base), scale, words)]
    for k, (text, kind) in enumerate(told):
        steps.append(_step(text, kind, (path[k], path[k + 1]), scale, words))
    return (*steps, _step("This lead", "end", (score, score), scale, words))


def _step(text: str, kind: Kind, ends: tuple[float, float], scale: _Scale, words: _Words) -> Step:
    start, end = ends
    before, after = scale.at(start), scale.at(end)
    left, right = sorted((before, after))
    change = "" if kind in {"start", "end"} else words.change(end - start)
    return Step(text, kind, start, end, left, right, after, change, words.place(end))


def _side(effect: float) -> Kind:
    return "for" if effect > 0 else "against"


def _probability(log_odds: float) -> str:
    return percent(1 / (1 + math.exp(-max(min(log_odds, 700.0), -700.0))))


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50, … that is no smaller."""
    power = 10.0 ** math.floor(math.log10(max(least, 1.0)))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least or k == 10)


def _spaced(places: Sequence[tuple[float, str]]) -> tuple[Tick, ...]:
    """The ticks that lie on the scale, none too close to the one before."""
    ticks: list[Tick] = []
    for at, label in places:
        if 0 <= at <= 100 and (not ticks or at - ticks[-1].at >= CLOSEST):
            ticks.append(Tick(at, label, "start" if at < 4 else "end" if at > 96 else "middle"))
    return tuple(ticks)
