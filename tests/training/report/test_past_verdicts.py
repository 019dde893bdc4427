"""Verdicts on the replayed past claim what the figures show: no tie is a win, and none a loss."""

import pytest

from tests.training.replayed import figure_of, replayed
from training.report.past_verdicts import lost_to, period_word, verdicts
from training.report.standing import standing


def paired(made, rival, metric, *differences):
    """The replayed past with measured differences to a rival, of each period or of all together."""
    owners = made["periods"] if len(differences) > 1 else [made["overall"]]
    for own, difference in zip(owners, differences, strict=True):
        own.setdefault("ahead", {}).setdefault(rival, {})[metric] = difference
    return made


def test_a_sentence_says_where_each_rival_was_beaten_and_where_not() -> None:
    sorting, closeness, *_ = verdicts(replayed(), "times")
    assert sorting == (
        "It clearly sorted leads better than the model trained once in both quarters; "
        "than a table of points and calling the newest first in all 3 quarters; "
        "than naive Bayes in 2 of 3 (clearly worse in 2026 Q1)."
    )
    assert closeness == (
        "Its probabilities were clearly closer to what happened than naive Bayes in all 3 "
        "quarters; than the model trained once in none of 2 (too close to tell in all)."
    )


def test_a_tie_is_neither_a_win_nor_a_loss() -> None:
    made = replayed()
    for period in made["periods"]:
        period["figures"]["points"]["auc"] = figure_of(0.80)
    said = verdicts(made, "times")[0]
    assert "than a table of points in none of 3 (too close to tell in all)" in said


def test_few_periods_in_which_it_was_worse_are_named_and_many_counted() -> None:
    made = replayed([f"2025-0{k}" for k in range(1, 8)])
    for period in made["periods"][1:]:
        period["figures"]["points"]["auc"] = figure_of(0.9)
    said = verdicts(made, "times")[0].replace("\u2011", "-")
    assert "than a table of points in 1 of 7 (clearly worse in 6)" in said
    assert "than naive Bayes in 5 of 7 (clearly worse in 2025-03 and 2025-06)" in said


def test_by_overlapping_intervals_nothing_is_told() -> None:
    made = replayed()
    assert verdicts(made, "times")[2] == (
        "Over all quarters together nobody clearly sorted better than the model (80 of 100 pairs "
        "right, 78–82). The model clearly sorted better than a table of points and "
        "calling the newest first. Too close to tell: the model trained once "
        "(77, 75–79) and naive Bayes (81, 79–83)."
    )
    made["overall"]["figures"]["naive Bayes"]["auc"] = figure_of(0.90)
    assert "together naive Bayes (90, 88–92) clearly sorted" in verdicts(made, "times")[2]


def test_a_measured_difference_tells_where_intervals_overlap() -> None:
    made = paired(replayed(), "trained once", "auc", figure_of(0.03))
    paired(made, "naive Bayes", "auc", figure_of(-0.01, width=0.005))
    said = verdicts(made, "times")[2]
    assert "together naive Bayes (81, 79–83) clearly sorted better than the model" in said
    assert "The model clearly sorted better than the model trained once, a table of" in said
    assert "Too close" not in said


def test_the_first_page_names_who_sorted_better_and_is_silent_where_nobody_did() -> None:
    made = replayed()
    assert lost_to(made, "times") == ""
    made["overall"]["figures"]["naive Bayes"]["auc"] = figure_of(0.90)
    assert lost_to(made, "times") == (
        "In the replayed past, over all quarters together, naive Bayes (90, 88–92) clearly sorted "
        "better than the model (80 of 100 pairs right, 78–82)."
    )


def test_a_loss_is_said_with_its_direction() -> None:
    assert verdicts(replayed(), "times")[3] == (
        "Over all quarters together nobody clearly came closer to what happened than the model "
        "(log loss 0.300, 0.280–0.320; less is closer). The model clearly came closer to what "
        "happened than naive Bayes. Too close to tell: the model trained "
        "once (0.310, 0.290–0.330)."
    )


def test_a_measured_difference_tells_by_period_too() -> None:
    none, less = figure_of(0.0), figure_of(-0.10)
    made = paired(replayed(), "naive Bayes", "log_loss", none, less, figure_of(0.1))
    said = verdicts(made, "times")[1]
    wanted = "in 1 of 3 (clearly worse in 2026 Q1; too close to tell in 1)"
    assert f"than naive Bayes {wanted}" in said


@pytest.mark.parametrize(
    ("metric", "difference", "stood"),
    [
        ("auc", 0.03, "ahead"),
        ("auc", -0.03, "behind"),
        ("auc", 0.01, "unclear"),
        ("log_loss", 0.03, "behind"),
        ("log_loss", -0.03, "ahead"),
        ("log_loss", 0.0, "unclear"),
        ("wins_in_top_20", 0.03, "ahead"),
    ],
)
def test_more_is_better_but_for_losses(metric, difference, stood) -> None:
    made = paired(replayed(), "naive Bayes", metric, figure_of(difference))
    assert standing(made["overall"], "naive Bayes", metric) == stood


def test_who_has_no_such_figure_has_no_standing() -> None:
    assert standing(replayed()["overall"], "points", "log_loss") is None
    assert standing(replayed()["overall"], "nobody", "auc") is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("2026 Q1", "quarter"),
        ("2026 Q1 (to 31 Jan)", "quarter"),
        ("2026-01", "month"),
        ("2026-01 (to 5 Jan)", "month"),
        ("week of 2026-01-05", "week"),
        ("block 3", "block"),
    ],
)
def test_a_period_is_called_what_it_is(name: str, word: str) -> None:
    assert period_word(replayed([name])) == word
