"""May the probabilities be believed? What the section counts is what it shows."""

import pytest

from tests.training.report.judged import judged_card
from tests.training.report.rendered import render, text_of
from training.report.judgement import believe, ranking
from training.report.tables import range_rows


def section(card):
    evaluation = card["evaluation"]
    return text_of(
        render(
            card,
            "belief",
            belief=believe(evaluation),
            ranges=range_rows(evaluation["ranges"]),
            reliability=range_rows(evaluation["reliability"]),
            charts={"reliability": ""},
            examples="1,000 leads",
            unseen="1,000 leads that the model had not learned from",
            average="15 %",
            horizons="",
        )
    )


def test_the_sentence_counts_the_groups_of_the_chart_and_the_ranges_of_the_table():
    card = judged_card()
    rows = card["evaluation"]["ranges"]
    card["evaluation"]["ranges"] = [*rows, rows[0] | {"observed_lower": 0.9, "observed_upper": 1.0}]
    text = section(card)
    assert "into 2 groups of like score: 2 of 2 agree with what happened" in text
    assert "The table parts the same leads by fixed ranges of score: 2 of 3 ranges agree." in text
    assert text.count("yes") == 2 + 2, "of the table, and of the groups of the chart below it"


def test_a_score_belongs_to_one_range():
    rows = judged_card()["evaluation"]["ranges"]
    ends = [(0.0, 0.01), (0.01, 0.02), (0.5, 1.0)]
    made = [rows[0] | {"lower": low, "upper": high} for low, high in ends]
    assert [row.score.replace("\u00a0", " ") for row in range_rows(made)] == [
        "under 1 %",
        "1 to under 2 %",
        "50 % or more",
    ]


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ((0.01, 0.05), None),
        ((-0.05, -0.01), "newest first did better"),
        ((-0.01, 0.05), "cannot be told apart"),
    ],
)
def test_a_measured_difference_to_newest_first_outweighs_their_intervals(difference, said):
    card = judged_card()
    lower, upper = difference
    own = {"value": (lower + upper) / 2, "lower": lower, "upper": upper}
    card["evaluation"]["ahead"] = {"newest first": {"wins_in_top_20": own}}
    text = ranking(card)
    assert said in text if said else "On these leads" not in text
