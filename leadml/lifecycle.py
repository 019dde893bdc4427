"""Which stage is a lead in, and what is to be done with it? The policy, applied.

`decide` takes one lead or a million, which is the same: every need is one array of truths, and
what is said of a lead depends only on its case and which needs it meets, so that each sentence is
made once. The first case that holds decides:

customer · closed · no consent · blocks · opportunity · the policy's rules · lead
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from leadml.advice import Case
from leadml.arrays import Bools, Floats, Ints
from leadml.levels import FIT_GRADES, Levels, engagement_numbers, fit_letters, grade
from leadml.policy import STAGES, Need
from leadml.rulebook import Rulebook

ACTIVE = ("engagement", "intent", "product", "service")
"""The kinds of events that are any activity."""

URGENT_DAYS = 1.0
"""An event of the last day is urgent; what is older waits like the rest."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the policy looks at, one row a lead; all arrays have shape (n,).

    Attributes:
        score: the calibrated probability, or points; NaN where there is none.
        fit, engagement: what these groups add: log-odds, or points.
        days_since: days since the last event of each kind, and of each event type the policy
            names; NaN where there is none.
        reached: the furthest outcome so far ("" where there is none).
        consent: 1 given, 0 refused, NaN not known.
        blocked: for every block that looks at an attribute, by name, whether it holds.
    """

    score: Floats
    fit: Floats
    engagement: Floats
    days_since: Mapping[str, Floats]
    reached: np.ndarray
    consent: Floats
    blocked: Mapping[str, Bools] = field(default_factory=dict)

    def of(self, rows: Ints) -> "Evidence":
        """That of some leads, by position, each as often as it is named."""
        return Evidence(
            self.score[rows],
            self.fit[rows],
            self.engagement[rows],
            {name: days[rows] for name, days in self.days_since.items()},
            self.reached[rows],
            self.consent[rows],
            {name: holds[rows] for name, holds in self.blocked.items()},
        )


@dataclass(frozen=True, slots=True)
class Previous:
    """What leads were when they were last looked at; arrays of shape (n,).

    Attributes:
        stage: "" where it is not known.
        fit_grade: "" where it is not known.
        engagement_grade: 0 where it is not known.
    """

    stage: np.ndarray
    fit_grade: np.ndarray
    engagement_grade: Ints

    def of(self, rows: Ints) -> "Previous":
        """That of some leads, by position, each as often as it is named."""
        return Previous(self.stage[rows], self.fit_grade[rows], self.engagement_grade[rows])


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is decided of every lead; all arrays have shape (n,).

    Attributes:
        stage: one of `leadml.policy.STAGES`.
        fit_grade: A to D; "" without evidence of fit.
        engagement_grade: 1 to 4; 0 without evidence of engagement.
        block: what holds a lead back; "".
        met: the needs of its stage, as text.
        missing: what it lacks for the nearest further stage, as text.
        moves_up: what would make it which stage; "" where nothing would.
        action, track: what is done, and what is sent.
        follow_up_minutes: how soon; NaN where nothing is said.
        look_again_days: after how many days to decide anew; NaN for never.
    """

    stage: np.ndarray
    fit_grade: np.ndarray
    engagement_grade: Ints
    block: np.ndarray
    met: np.ndarray
    missing: np.ndarray
    moves_up: np.ndarray
    action: np.ndarray
    track: np.ndarray
    follow_up_minutes: Floats
    look_again_days: Floats


def decide(book: Rulebook, evidence: Evidence, previous: Previous | None = None) -> Decisions:
    """The stage of every lead, and all that follows from it.

    Args:
        book: the policy in the units of the model.
        evidence: of n leads.
        previous: what they were before; a lead keeps what it still nearly has.
    """
    fit, engagement = _grades(book.levels, evidence, previous)
    leads = _Leads(book.levels, evidence, fit, engagement)
    met = [leads.meet(need) for need in book.needs]
    which = _which(book, leads, met, previous)
    patterns, place = _patterns(which, met)
    said = [book.said(case, held) for case, held in patterns]
    met_texts, missing, moves_up = (
        np.array([one[k] for one in said], dtype=object)[place] for k in range(3)
    )
    return Decisions(
        stage=book.stage[which],
        fit_grade=fit_letters(fit),
        engagement_grade=engagement_numbers(engagement),
        block=book.block[which],
        met=met_texts,
        missing=missing,
        moves_up=moves_up,
        action=book.action[which],
        track=book.track[which],
        follow_up_minutes=_follow_up(book, which, leads),
        look_again_days=_look_again(book, which, leads),
    )


@dataclass(frozen=True, slots=True)
class _Leads:
    """Leads as the policy sees them; grades as numbers."""

    levels: Levels
    evidence: Evidence
    fit: Ints
    engagement: Ints

    def meet(self, need: Need, *, nearly: bool = False) -> Bools:
        """Which leads meet a need, or nearly do."""
        if need.what == "fit":
            return self._graded(self.fit, 3 - FIT_GRADES.index(need.least), need)
        if need.what == "engagement":
            return self._graded(self.engagement, 4 - int(need.least), need)
        if need.what == "line":
            return self.levels.reaches(self.evidence.score, need.least, nearly=nearly)
        if need.what == "consent":
            return np.asarray(self.evidence.consent == 1)
        if need.what == "activity":
            return self.within(ACTIVE, np.inf)
        return self.within(need.events or (need.what,), need.days)

    def are(self, case: Case) -> Bools:
        """Which have the outcome, refusal or negative sign of a case; all where it has none."""
        if case.outcome:
            return np.asarray(self.evidence.reached == case.outcome)
        if case.refused:
            return np.asarray(self.evidence.consent == 0)
        if not case.block:
            return np.ones(len(self.fit), dtype=np.bool_)
        by_event = self.within(case.events, case.within_days)
        by_attribute = self.evidence.blocked.get(case.block)
        return by_event if by_attribute is None else by_event | by_attribute

    def days_since(self, names: Sequence[str]) -> Floats:
        """Days since the last of some kinds or event types; NaN where there is none."""
        if not names:
            return np.full(len(self.fit), np.nan)
        last = self.evidence.days_since[names[0]]
        for name in names[1:]:
            last = np.fmin(last, self.evidence.days_since[name])
        return last

    def within(self, names: Sequence[str], days: float) -> Bools:
        """Where any of some kinds or event types happened within so many days."""
        return np.asarray(self.days_since(names) <= days)

    def _graded(self, grades: Ints, least: int, need: Need) -> Bools:
        met = grades >= least
        return np.asarray(met | (grades < 0) if need.waived else met)


def _grades(levels: Levels, evidence: Evidence, previous: Previous | None) -> tuple[Ints, Ints]:
    """Grades of fit and engagement as numbers."""
    fit_before, engagement_before = None, None
    if previous is not None:
        fit_before = _places(previous.fit_grade, FIT_GRADES[::-1])
        engagement_before = np.where(
            previous.engagement_grade > 0, 4 - previous.engagement_grade, -1
        )
    return (
        grade(levels.fit_cuts, evidence.fit, levels.margin, fit_before),
        grade(levels.engagement_cuts, evidence.engagement, levels.margin, engagement_before),
    )


def _which(book: Rulebook, leads: _Leads, met: Sequence[Bools], previous: Previous | None) -> Ints:
    """The first case that holds of every lead, by position."""
    nearly = list(met)
    if previous is not None:
        before = _places(previous.stage, STAGES)
        for k, need in enumerate(book.needs):
            if need.what == "line":
                nearly[k] = leads.meet(need, nearly=True)
    holds = []
    for case, needed, rank in zip(book.cases, book.needed, book.rank, strict=True):
        so = leads.are(case)
        passed = so
        for k in needed:
            passed = passed & met[k]
        if previous is not None and needed:
            kept = so & (before >= rank)
            for k in needed:
                kept = kept & nearly[k]
            passed = passed | kept
        holds.append(passed)
    return np.asarray(np.argmax(np.array(holds), axis=0))


def _places(texts: np.ndarray, order: Sequence[str]) -> Ints:
    """Where each text stands in an order, from 0; -1 where it is none of them."""
    places = np.full(len(texts), -1)
    for place, text in enumerate(order):
        places[texts == text] = place
    return places


def _patterns(which: Ints, met: Sequence[Bools]) -> tuple[list[tuple[int, int]], Ints]:
    """The distinct (case, needs met as bits), and the place of every lead's among them."""
    codes = which << len(met)
    for k, held in enumerate(met):
        codes |= held.astype(np.int64) << k
    distinct, place = np.unique(codes, return_inverse=True)
    mask = (1 << len(met)) - 1
    return [(code >> len(met), code & mask) for code in distinct.tolist()], place


def _follow_up(book: Rulebook, which: Ints, leads: _Leads) -> Floats:
    """Minutes until the follow-up; sooner where a lead that is called did something urgent."""
    minutes = book.follow_up_minutes[which]
    called = book.action[which] == "call"
    if not called.any():
        return minutes
    for event, soon in book.levels.policy.urgent_minutes.items():
        urgent = called & leads.within((event,), URGENT_DAYS)
        minutes = np.where(urgent, np.fmin(minutes, soon), minutes)
    return minutes


def _look_again(book: Rulebook, which: Ints, leads: _Leads) -> Floats:
    """Whole days until the case's own term, or until what it rests on runs out; at least one."""
    days = book.look_again_days[which]
    for case in np.unique(which).tolist():
        for names, within in book.windows[case]:
            left = within - leads.days_since(names)
            rests = (which == case) & (left >= 0)
            days = np.where(rests, np.fmin(days, left), days)
    return np.maximum(np.ceil(days), 1.0)
