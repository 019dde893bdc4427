"""What the terminal says of the past replayed."""

import re

from leadml.said.past import backtest_lines
from tests.training.replayed import ABOUT, figure_of, replayed


def test_a_period_is_a_line_with_intervals_and_the_best_of_the_rivals() -> None:
    lines = backtest_lines(replayed(), ABOUT)
    assert lines[0] == (
        "3 past periods replayed: 500 examples of 400 leads, 60 of them won. 90 % intervals."
    )
    (line,) = [line for line in lines if line.startswith("2026 Q1")]
    assert re.split(r" {2,}", line) == [
        *("2026 Q1", "500", "60", "0.800 (0.780 to 0.820)", "0.850 naive Bayes"),
        *("0.300 (0.280 to 0.320)", "0.320", "0.900 naive Bayes"),
    ]


def test_everybody_and_every_kind_of_leads_is_told() -> None:
    text = "\n".join(backtest_lines(replayed(), ABOUT))
    for said in ("wins in top 20 %", "wins in capacity (10 %)", "calibration slope", "new leads"):
        assert said in text
    assert "\nnewest first  0.500 (0.480 to 0.520)" in text
    assert "\nnewest first  -  " in text
    assert "\nby tenure   examples  won  AUC" in text
    assert "by source" not in text


def test_without_dates_nobody_is_newest() -> None:
    text = "\n".join(backtest_lines(replayed(["block 1"]), ABOUT | {"clock": "none"}))
    assert "newest first" not in text
    assert "points" in text


def test_a_figure_that_says_nothing_is_a_dash() -> None:
    made = replayed()
    made["overall"]["figures"]["model"]["calibration_slope"] = figure_of(None)
    (line,) = [x for x in backtest_lines(made, ABOUT) if x.startswith("model") and " -  " in x]
    assert "None" not in line
