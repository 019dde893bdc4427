"""Which leads should sales call? Lines drawn from capacity and value, and what they will yield.

Every line is tried on the newest mature examples, judged by a model that had not seen them: what
was expected of it stands beside what happened. Wins are those of leads that are called, not those
that a call brings about; only leads called at random tell that (`leadml.explore`).

Nothing here changes a policy: a person reads the plan and chooses.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from leadml.capacity import Capacity, check_capacity
from leadml.timeline import from_nanos
from training.contacts import Looks, expect_wins, first_contacts, read_looks
from training.lines import Line, line_for_capacity, line_for_f1, line_for_value, measure_line
from training.metrics import Estimate

FIXED = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Cut-offs one might have set by hand."""

EVERYBODY = "everybody"
"""Who works on leads of all segments."""


@dataclass(frozen=True, slots=True)
class OneMore:
    """What one more person would add.

    Attributes:
        probability: the line that fills one person more.
        contacts_per_week: leads that only then are contacted.
        wins_per_week: of these leads, expected, with a 90 % interval over the judged weeks.
        happened_per_week: how many of them won.
    """

    probability: float
    contacts_per_week: float
    wins_per_week: Estimate
    happened_per_week: float


@dataclass(frozen=True, slots=True)
class Team:
    """The line that people can work on, for all leads or for those of a segment."""

    name: str
    people: float
    line: Line
    one_more: OneMore


@dataclass(frozen=True, slots=True)
class Plan:
    """Lines to choose from, tried on judged examples.

    Attributes:
        capacity: what was asked for.
        start, end: the first and the last look.
        weeks: how long one looked.
        leads: looked at.
        won: leads that won within the horizon of their last look.
        lines: for all leads: from capacity, from value (where told), best F1, fixed cut-offs.
        everybody: the line from capacity, for all leads.
        teams: the same for each segment that people work on.
        unstaffed: segments with leads that nobody works on, where people are told by segment.
    """

    capacity: Capacity
    start: pd.Timestamp
    end: pd.Timestamp
    weeks: float
    leads: int
    won: int
    lines: tuple[Line, ...]
    everybody: Team
    teams: tuple[Team, ...]
    unstaffed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data, with ``held`` and ``profit_per_week``; not a number is None."""
        data = dataclasses.asdict(self) | {
            "capacity": dataclasses.asdict(self.capacity),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "lines": [self._line(line) for line in self.lines],
            "everybody": self._team(self.everybody),
            "teams": [self._team(team) for team in self.teams],
            "unstaffed": list(self.unstaffed),
        }
        plain: dict[str, Any] = _plain(data)
        return plain

    def _line(self, line: Line) -> dict[str, Any]:
        profit = self.capacity.profit(wins=line.wins_expected, contacts=line.contacts)
        return dataclasses.asdict(line) | {
            "held": line.held,
            "profit_per_week": profit / self.weeks,
        }

    def _team(self, team: Team) -> dict[str, Any]:
        more = team.one_more
        wins, contacts = more.wins_per_week.value, more.contacts_per_week
        return {
            "name": team.name,
            "people": team.people,
            "line": self._line(team.line),
            "one_more": dataclasses.asdict(more)
            | {"profit_per_week": self.capacity.profit(wins=wins, contacts=contacts)},
        }


def draw_plan(
    judged: pd.DataFrame, capacity: Capacity, *, fixed: Sequence[float] = FIXED, seed: int = 0
) -> Plan:
    """The lines that capacity, value and habit suggest, each with what it yields.

    Args:
        judged: lead_id, as_of, converted, probability, spread, and segment where people are told
            by segment (`training.contacts.read_looks`).
        capacity: what sales can do, and what it is worth.
        fixed: cut-offs to compare with.
        seed: of the draws behind the intervals.

    Raises:
        ConfigError: the capacity is none, or names a segment that no lead is in.
        DataError: the examples do not hold what they must.
    """
    looks = read_looks(judged)
    segments = sorted(set(looks.segment.tolist()))
    check_capacity(capacity, segments)
    everybody = _team(looks, EVERYBODY, capacity.people, capacity, seed=seed)
    lines = [everybody.line]
    if capacity.value_per_win is not None and capacity.cost_per_contact is not None:
        value = line_for_value(capacity.value_per_win, capacity.cost_per_contact)
        lines.append(measure_line(looks, "value", value, seed=seed))
    lines.append(measure_line(looks, "best F1", line_for_f1(looks), seed=seed))
    lines += [measure_line(looks, f"fixed {cut:g}", cut, seed=seed) for cut in fixed]
    staffed = {name: people for name, people in capacity.people_by_segment.items() if people > 0}
    start, end = from_nanos(np.array([looks.start, looks.times.max()]))
    return Plan(
        capacity,
        start,
        end,
        looks.weeks,
        len(looks.last),
        int(looks.converted[looks.last].sum()),
        tuple(lines),
        everybody,
        tuple(
            _team(looks.of(name), name, people, capacity, seed=seed)
            for name, people in sorted(staffed.items())
        ),
        tuple(name for name in segments if staffed and name not in staffed),
    )


def to_frame(plan: Plan) -> pd.DataFrame:
    """The plan as a table, a row a line: of everybody first, then of each segment.

    Returns:
        team, the fields of `Line`, held, profit_per_week (NaN where value or cost is not told).
    """
    data = plan.to_json()
    rows = [{"team": EVERYBODY} | line for line in data["lines"]]
    rows += [{"team": team["name"]} | team["line"] for team in data["teams"]]
    frame = pd.DataFrame(rows)
    return frame.assign(profit_per_week=frame["profit_per_week"].astype(np.float64))


def one_more(looks: Looks, above: float, per_week: float, *, seed: int) -> OneMore:
    """What a larger capacity would add.

    Args:
        looks: of all leads, or of a segment.
        above: the line that is reached already.
        per_week: contacts in an average week, with one person more.
        seed: of the draws behind the interval.
    """
    lower = line_for_capacity(looks, per_week)
    added = first_contacts(looks, lower)
    added = added[looks.highest[looks.lead[added]] < above]
    wins = expect_wins(looks.probability[added], looks.spread[added], seed=seed)
    expected = Estimate(*(end / looks.weeks for end in (wins.value, wins.lower, wins.upper)))
    happened = float(looks.converted[added].sum())
    return OneMore(lower, len(added) / looks.weeks, expected, happened / looks.weeks)


def _team(looks: Looks, name: str, people: float, capacity: Capacity, *, seed: int) -> Team:
    each = capacity.conversations_per_week
    probability = line_for_capacity(looks, people * each)
    line = measure_line(looks, "capacity", probability, seed=seed)
    more = one_more(looks, probability, (people + 1) * each, seed=seed)
    return Team(name, people, line, more)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
