"""What had a lead done before a moment? The only reader of event time.

A `History` is the past of a set of examples: it answers windowed questions and has no method that
looks at or past ``as_of``. Events are sorted once by (lead, known time); every window is then two
positions in each lead's stretch, and every answer a difference of running sums at positions, or
one event looked up there (`features.strands`). One example or a million take the same path, and an
answer depends on nothing but the lead's own events, so that batch and request agree to the bit.

Every answer is float64 of shape (n_examples,), aligned with the examples:

* an event is seen when it became known in ``[as_of - window, as_of)``;
* an account sees a colleague's event from when both the event and the colleague were known;
* counts, sums, days and sessions of nothing are 0; recency, means, maxima and shares are NaN.
"""

from collections.abc import Callable, Sequence

import numpy as np

from features.attributes import AttributeLog, Known
from features.log import EventLog
from features.nouns import Noun, Scope, whole_of
from features.strands import NO_PLAN, Keys, Plan, Side, Strand
from leadml.arrays import Floats, Ints, Matrix, Nanos
from leadml.timeline import DAY_NS, Window


class History:
    """The past of a set of examples, and nothing after it."""

    def __init__(
        self, log: EventLog, leads: AttributeLog, lead: Ints, as_of: Nanos, plan: Plan = NO_PLAN
    ) -> None:
        """Fixes whose past is asked for.

        Args:
            log: the events of these leads, and of everyone at their accounts.
            leads: who the leads are.
            lead: each example's lead code; shape (n_examples,).
            as_of: each example's moment; shape (n_examples,).
            plan: what will be asked; anything else can be, at a little more cost.
        """
        self._log, self._leads, self._lead, self.as_of = log, leads, lead, as_of
        self._plan = plan
        self._sides: dict[Scope, Side] = {}
        self._strands: dict[tuple[Scope, Keys], tuple[Strand, int]] = {}

    def __len__(self) -> int:
        return len(self._lead)

    def answer(self, noun: Noun, question: Callable[..., Matrix], *given: object) -> Floats:
        """What a question to the strand of a noun gives (`features.strands.Strand`)."""
        strand, row = self._strand(noun)
        answer: Floats = strand.ask(question, *given)[row]
        return answer

    def answer_within(
        self, noun: Noun, window: Window, question: Callable[..., Matrix], *given: object
    ) -> Floats:
        """What a question about windows gives for one of them."""
        strand, row = self._strand(noun)
        answer: Floats = strand.ask(question, (window.days,), *given)[row, 0]
        return answer

    def planned(self, scope: Scope, place: int) -> Strand:
        """A strand of the plan."""
        nouns = self._plan.strands[scope][place]
        return self._strand_of(scope, nouns[0])[0]

    def count(self, noun: Noun, window: Window) -> Floats:
        """How many events fell in the window."""
        return self.answer_within(noun, window, Strand.counts)

    def total(self, noun: Noun, window: Window) -> Floats:
        """The sum of the values of the events in the window; a missing value adds nothing."""
        return self.answer_within(noun, window, Strand.totals)

    def mean(self, noun: Noun, window: Window) -> Floats:
        """The mean of the values in the window; NaN where there is none."""
        valued = self.answer_within(noun, window, Strand.valued)
        return _share(self.total(noun, window), valued)

    def maximum(self, noun: Noun, window: Window) -> Floats:
        """The greatest value in the window; NaN where there is none."""
        return self.answer_within(noun, window, Strand.greatest)

    def active_days(self, noun: Noun, window: Window) -> Floats:
        """On how many distinct days (UTC) an event fell in the window."""
        return self.answer_within(noun, window, Strand.active_days)

    def sessions(self, noun: Noun, window: Window, *, gap_minutes: float) -> Floats:
        """How many sittings the window's events make, parted by pauses longer than the gap."""
        return self.answer_within(noun, window, Strand.sessions, gap_minutes)

    def days_since_last(self, noun: Noun) -> Floats:
        """Days from the newest event to ``as_of``; NaN where there is none."""
        return self.answer(noun, Strand.days_since_last)

    def days_since_first(self, noun: Noun) -> Floats:
        """Days from the oldest event to ``as_of``; NaN where there is none."""
        return self.answer(noun, Strand.days_since_first)

    def decayed_count(self, noun: Noun, *, half_life_days: float) -> Floats:
        """Events so far, each halved for every half-life that has passed since."""
        return self.answer(noun, Strand.decayed_counts, half_life_days)

    def decayed_total(self, noun: Noun, *, half_life_days: float) -> Floats:
        """Values so far, each halved for every half-life that has passed since."""
        return self.answer(noun, Strand.decayed_totals, half_life_days)

    def share(self, noun: Noun, among: Keys, window: Window) -> Floats:
        """Which part of the events ``among`` in the window is this one; NaN where there is none."""
        return _share(self.count(noun, window), self.count(whole_of(noun, among), window))

    def trend(self, noun: Noun, window: Window) -> Floats:
        """Events in the window less those in the window of the same length before it."""
        twice = Window(2 * (window.days or 0))
        return 2 * self.count(noun, window) - self.count(noun, twice)

    def last_type(self, noun: Noun, *, back: int) -> Floats:
        """The position in ``noun.keys`` of the newest event's type; NaN where there is none.

        ``back=1`` asks for the one before the newest. Of events at one instant, the type that
        stands later in the alphabet is the later one.
        """
        strand, row = self._strand(noun)
        place_of_type = np.full(len(self._log.types) + 1, np.nan)
        for place, key in enumerate(noun.keys):
            if key in self._log.type_index:
                place_of_type[self._log.type_index[key]] = place
        places: Floats = place_of_type[strand.types_back(back)[row]]
        return places

    def off_hours_share(self, noun: Noun, window: Window, *, zone: str) -> Floats:
        """Which part of the events fell outside Monday to Friday, 8 to 18 h; NaN for none."""
        off = self.answer_within(noun, window, Strand.off_hours, zone)
        return _share(off, self.count(noun, window))

    def weekend_share(self, noun: Noun, window: Window, *, zone: str) -> Floats:
        """Which part of the events fell on Saturday or Sunday; NaN where there is none."""
        off = self.answer_within(noun, window, Strand.at_weekend, zone)
        return _share(off, self.count(noun, window))

    def order_of_first(self, noun: Noun, among: Keys) -> Floats:
        """One more than the events ``among`` known before the first; NaN where there is none."""
        strand, row = self._strand(noun)
        some, first = strand.some[row], strand.first_times()[row]
        wider, wide_row = self._strand(whole_of(noun, among))
        before = wider.count_until(wide_row, np.where(some, first, 0))
        return np.where(some, before + 1.0, np.nan)

    def tenure_days(self, scope: Scope) -> Floats:
        """Days since the lead came, or the first lead of its account."""
        return (self.as_of - self._leads.came(scope)[self._lead]) / DAY_NS

    def attribute(self, column: str) -> Known:
        """An attribute as it was known at ``as_of``."""
        return self._leads.at(column, self._lead, self.as_of)

    def _strand(self, noun: Noun) -> tuple[Strand, int]:
        """The strand that holds a noun, and its row there."""
        return self._strand_of(noun.scope, noun.keys)

    def _strand_of(self, scope: Scope, keys: Keys) -> tuple[Strand, int]:
        if scope not in self._sides:
            self._sides[scope] = self._sort(scope)
            for nouns in self._plan.strands[scope]:
                self._add(scope, nouns)
        if (scope, keys) not in self._strands:
            self._add(scope, (keys,))
        return self._strands[scope, keys]

    def _sort(self, scope: Scope) -> "Side":
        log, owner = self._log, self._lead
        if scope == "account":
            log, owner = self._leads.account_log(log), self._leads.account[owner]
        return Side(log.sorted(), owner, self.as_of, self._plan)

    def _add(self, scope: Scope, nouns: Sequence[Keys]) -> None:
        strand = Strand(self._sides[scope], nouns)
        self._strands |= {(scope, keys): (strand, row) for row, keys in enumerate(nouns)}


def _share(part: Floats, whole: Floats) -> Floats:
    """``part / whole``; NaN where the whole is 0."""
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found
