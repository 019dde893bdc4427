"""What a review recommends, and the number behind it."""

import dataclasses

import pytest

from leadml.capacity import Capacity
from training.funnel.acceptance import Acceptance
from training.funnel.shares import Change, changed_share, share_of
from training.gate import Rule
from training.health.shifts import Drift, Shift
from training.metrics import Estimate
from training.report.advice import Around, Challenger, advise_data, advise_line, advise_model
from training.review import Promise, Review, quarter_of

SILENT = Acceptance((), None, None, None, None, None)
PROMISE = Promise(leads=40, weeks=10.0, over=30, expected=Estimate(6.0, 2.0, 11.0), happened=5)
REVIEW = Review(
    quarter=quarter_of("2026Q1"),
    horizon_days=90,
    from_files=True,
    versions={"1": 500},
    scores=500,
    leads=300,
    immature=480,
    evaluation=None,
    promise=PROMISE,
    acceptance=SILENT,
)


def answered(taken: int, of: int, *, before: tuple[int, int], waiting: int = 0) -> Acceptance:
    this, last = share_of(taken, of), share_of(*before)
    change: Change | None = changed_share(this, last)
    both = ("sales_accepted", "sales_rejected")
    return Acceptance(both, this, last, change, waiting, waiting)


def moved(index: float) -> Drift:
    shift = Shift("pages", "page views in the last 30 days", index, "above 3", 0.4, 0.7)
    return Drift(900, 1200, 5000, shift, (shift,))


def test_too_few_outcomes_are_counted() -> None:
    said = advise_model(REVIEW, "wait", Around({}, "7"))
    assert said.do == "Leave version 7 and look again later."
    assert said.because == (
        "20 scores have come due; to judge by, 20 must have led to a win and 20 not."
    )


def test_a_challenger_comes_with_the_numbers_of_its_gate() -> None:
    rules = tuple(Rule(name, passed=True, text=f"{name} is better.") for name in ("a", "b", "c"))
    said = advise_model(REVIEW, "promote", Around({}, "7", Challenger("8", True, rules)))  # noqa: FBT003
    assert "leadml promote 8" in said.do
    assert said.because == "a is better. b is better."


@pytest.mark.parametrize(
    ("people", "advice"),
    [(1, "Raise the line, or add people"), (2, "Leave the line"), (3, "Lower the line")],
)
def test_the_line_follows_what_sales_can_take(people: int, advice: str) -> None:
    said = advise_line(REVIEW, Capacity(people, 2.0))
    assert said.do.startswith(advice)
    assert said.because == (
        f"4.0 leads came to sales in an average week, and it can take on {2 * people}. Of the 30 "
        "whose time is over, 6.0 wins were expected (2–11) and 5 came: as promised."
    )


def test_a_promise_that_was_not_kept_is_said() -> None:
    broken = dataclasses.replace(PROMISE, happened=1)
    review = dataclasses.replace(REVIEW, promise=broken)
    assert advise_line(review, Capacity(2, 2.0)).because.endswith("1 came: not as promised.")


def test_without_stages_or_capacity_the_line_asks_for_them() -> None:
    bare = dataclasses.replace(REVIEW, promise=None)
    assert "None of the 500 scores says" in advise_line(bare, Capacity(2, 2.0)).because
    assert "[capacity]" in advise_line(REVIEW, None).do


def test_the_gravest_of_sales_and_data_is_told() -> None:
    fewer, as_before = answered(40, 100, before=(80, 100)), answered(70, 100, before=(70, 100))
    assert advise_data(fewer, moved(0.9)).because == (
        "It took 40 % (32–48) of the 100 leads it answered, after 80 % (73–86) in the quarter "
        "before."
    ).replace(" %", "\u00a0%")
    said = advise_data(as_before, moved(0.31))
    assert said.because == "“Page views in the last 30 days” has moved by 0.31, where 0.25 is much."
    waiting = answered(70, 100, before=(70, 100), waiting=1)
    assert (
        "1 lead that the data record as SQL has waited" in advise_data(waiting, moved(0.1)).because
    )
    assert advise_data(as_before, moved(0.1)).do == "Nothing to mend."
    assert "Sales took" in advise_data(as_before, None).because
    assert "0 of 2 answers" in advise_data(SILENT, None).because
