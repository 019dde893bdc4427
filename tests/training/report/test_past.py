"""The replayed past as a page: who beat whom, where not, and no more than the figures say."""

import copy
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from leadml.pages.palette import PALETTE
from tests.training.replayed import ABOUT, figure_of, replayed
from training.report.charts.past import past_chart
from training.report.past import (
    PastPoint,
    name_unfinished,
    past_points,
    period_rows,
    say_unfinished,
    table_of_figures,
)
from training.report.past_verdicts import verdicts
from training.report.write import build_backtest, write_backtest


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> tuple[list[tuple[str, dict[str, str | None]]], str]:
    reader = Reader()
    reader.feed(page)
    text = " ".join(reader.texts).replace("\u00a0", " ").replace("\u2011", "-")
    return reader.tags, re.sub(r"\s+", " ", text)


def test_without_dates_nobody_is_newest_and_a_warning_stands_on_the_page() -> None:
    blocks = replayed(["block 7", "block 8", "block 9"])
    page = read(build_backtest(ABOUT | {"clock": "none"}, blocks))[1]
    assert "newest" not in " ".join(verdicts(blocks, "none"))
    assert "OPTIMISTIC" in page
    assert "ewest first" not in page
    assert "block by block" in page
    assert "Data until" not in page
    assert "OPTIMISTIC" not in read(build_backtest(ABOUT, replayed()))[1]


def test_the_best_rival_of_a_period_is_the_best_by_that_figure() -> None:
    first, _, last = period_rows(replayed(), "times")
    assert first.auc_rival == "naive Bayes: 70, clearly behind"
    assert first.log_loss_rival == "naive Bayes: 0.900, clearly behind"
    assert last.auc_rival == "naive Bayes: 85, clearly ahead"
    assert (last.auc.value, last.auc.interval) == ("80", "78–82")


@pytest.mark.parametrize(
    ("names", "known_until", "last"),
    [
        (["2026 Q1"], "2026-05-01", "2026 Q1 (to 30 Jan)"),
        (["2026 Q1"], "2026-06-29", "2026 Q1 (to 30 Mar)"),
        (["2026 Q1"], "2026-06-30", "2026 Q1"),
        (["2025-12"], "2026-03-15", "2025-12 (to 14 Dec)"),
        (["2025-12"], "2026-04-01", "2025-12"),
        (["week of 2026-01-05"], "2026-04-08", "week of 2026-01-05 (to 7 Jan)"),
        (["week of 2026-01-05"], "2026-04-12", "week of 2026-01-05"),
        (["block 3"], "2026-01-01", "block 3"),
    ],
)
def test_a_period_that_had_not_ended_is_named_so(names, known_until, last) -> None:
    about = ABOUT | {"known_until": f"{known_until}T00:00:00+00:00"}
    made = replayed(names)
    before = copy.deepcopy(made)
    assert name_unfinished(made, about)["periods"][-1]["name"] == last
    said = say_unfinished(made, about)
    assert bool(said) == (last != names[-1])
    assert said[:1] == said[:1].upper()
    undated = about | {"clock": "sequence"}
    assert name_unfinished(made, undated)["periods"][-1]["name"] == names[-1]
    assert say_unfinished(made, undated) == ""
    assert made == before


def test_an_unfinished_quarter_is_marked_in_table_chart_and_words() -> None:
    about = ABOUT | {"known_until": "2026-05-01T00:00:00+00:00"}
    page = build_backtest(about, replayed())
    said = "2026 Q1 is not complete: it holds looks until 30 January 2026. What came of"
    assert said in read(page)[1]
    assert '<th scope="row" class="score-range">2026 Q1 (to 30 Jan)</th>' in page
    assert page.count(">2026 Q1 (to 30 Jan)</text>") == 2, "in both charts"
    assert "not complete" not in build_backtest(ABOUT, replayed())


def test_what_lies_far_off_is_named_and_not_drawn() -> None:
    points = past_points(replayed(), "times", "log_loss")
    assert points.far == ("naive Bayes",)
    assert {point.scorer for point in points.shown} == {"this model", "trained once"}
    page = read(build_backtest(ABOUT, replayed()))[1]
    assert "Too far off to be drawn: naive Bayes." in page


def test_a_chart_shows_every_period_and_scorer_in_colours_that_have_dark_ones() -> None:
    points = past_points(replayed(), "times", "auc").shown
    svg = str(past_chart(points, title="pairs", chance=50.0))
    for text in ("2025 Q3", "2026 Q1", "this model", "naive Bayes", "newest first", "pairs"):
        assert f">{text}</text>" in svg
    drawn = set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg))
    assert drawn <= {colour.light for colour in PALETTE}
    assert 'aria-label="pairs, by period. This model, 2025 Q3: 80; ' in svg
    width = re.search(r'width="(\d+)"', svg)
    assert width is not None
    assert int(width[1]) <= 350


def test_each_dot_of_the_model_lies_within_its_drawn_interval() -> None:
    points = (PastPoint("a", "this model", 60.0, 50.0, 80.0), PastPoint("a", "x", 90.0, 90.0, 90.0))
    svg = str(past_chart(points, title="pairs"))
    ((left, wide),) = re.findall(r'<path d="M([\d.]+),[\d.]+h([\d.]+)v[\d.]+h-', svg)
    dots = dict(re.findall(r'<path transform="translate\(([\d.]+),(11|25)\)"', svg))
    places = {y: (float(x) - float(left)) / float(wide) for x, y in dots.items()}
    assert places == pytest.approx({"11": 1 / 3, "25": 4 / 3}, abs=0.01)


def test_a_figure_that_says_nothing_is_a_dash_and_no_win() -> None:
    made = replayed()
    made["overall"]["figures"]["model"]["calibration_slope"] = figure_of(None)
    made["periods"][0]["figures"]["points"]["auc"] = figure_of(None)
    assert "trained once and a table of points in both quarters" in verdicts(made, "times")[0]
    page = build_backtest(ABOUT, made)
    assert '<td class="number">–</td>' in page
    assert "None" not in page
    assert "nan" not in read(page)[1]


def test_the_page_fetches_nothing_and_runs_nothing_it_was_given() -> None:
    hostile = "<script>alert(1)</script>"
    made = replayed()
    made["parts"]["source"] = [made["parts"]["new"][0] | {"name": hostile}]
    made["periods"][0]["recipe"] = hostile
    page = build_backtest(ABOUT | {"name": hostile}, made)
    tags, text = read(page)
    assert "script" not in {tag for tag, _ in tags}
    assert text.count(hostile) >= 3
    assert not re.search(r"https?://|url\(|@import", page)


def test_the_page_says_every_figure_of_everybody() -> None:
    page = read(build_backtest(ABOUT, replayed()))[1]
    assert "1,500" not in page
    assert "500 examples of 400 leads; 60 of the examples led to a win" in page
    for text in ("Naive Bayes", "Trained once", "Calibration slope", "on arrival", "(sales)"):
        assert text in page
    assert "By source" not in page


def test_the_file_is_written_whole_and_the_figures_stay_as_they_were(tmp_path: Path) -> None:
    made = replayed()
    before = copy.deepcopy(made)
    write_backtest(tmp_path / "new" / "b.html", about=ABOUT, backtest=made)
    assert made == before
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["b.html"]


def test_the_table_has_a_row_a_period_and_scorer_and_every_metric_with_both_ends() -> None:
    made = replayed()
    table = table_of_figures(made)
    assert len(table) == 3 * 5
    assert not table.duplicated(["period", "scorer"]).any()
    figures = made["periods"][0]["figures"]["model"]
    wanted = {name + end for name in figures for end in ("", "_lower", "_upper")}
    assert wanted <= set(table)
    last = table[(table["period"] == "2026 Q1") & (table["scorer"] == "naive Bayes")].iloc[0]
    found = last[["auc", "auc_lower", "auc_upper"]].tolist()
    assert found == pytest.approx([0.85, 0.83, 0.87])
    assert table.loc[table["scorer"] == "points", "log_loss"].isna().all()
