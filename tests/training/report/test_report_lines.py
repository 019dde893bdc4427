"""Do table, chart and slider say of every line what was measured of it, and nothing else?"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

import training.report
from leadml.capacity import Capacity
from leadml.errors import ConfigError, DataError
from leadml.pages.environment import pages
from leadml.pages.palette import PALETTE
from leadml.pages.words import outcome_words, percent
from tests.browser import WIDTHS, open_page, overflow, serious_problems
from tests.training.looked import look_at
from training.contacts import Looks, read_looks
from training.lines import Line, line_for_capacity, measure_line
from training.report.line_steps import a_week, in_percent
from training.report.lines import Lines, money, read_lines
from training.report.told import Tried
from training.thresholds import draw_plan

FOLDER = Path(training.report.__file__).parent
CARD = {"clock": "times", "outcome": "closed_won"}
VALUED = Capacity(2, 5, value_per_win=1_000, cost_per_contact=80)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Lines</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src '{{ digest }}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{% include "page.css" %}{% include "lines.css" %}</style></head>
<body><main><h1>Lines</h1>{% include "lines.html" %}</main>
<script>{{ script }}</script></body></html>
"""


def some_judged() -> pd.DataFrame:
    """600 leads over 12 weeks, a third of them there at the start, some looked at twice."""
    rng = np.random.default_rng(11)
    rows = [("first", 0.0, 0.02, False), ("last", 84.0, 0.02, False)]
    for k in range(600):
        day = 0.0 if k % 3 == 0 else float(rng.integers(0, 84))
        odds = rng.beta(1, 7)
        rows.append((f"L{k:03}", day, odds, bool(rng.random() < odds)))
        if k % 4 == 0 and day < 56 and not rows[-1][3]:
            rows.append((f"L{k:03}", day + 28, min(odds * 1.3, 0.9), bool(rng.random() < odds)))
    return look_at(rows)


JUDGED = some_judged()


def section(
    judged: pd.DataFrame, capacity: Capacity | None, *, card: dict[str, str], of: int = 0
) -> Lines:
    """The section of a plan drawn by a capacity."""
    try:
        plan = None if capacity is None else draw_plan(judged, capacity)
    except DataError:
        plan = None
    return read_lines(Tried(judged, of, plan), card)


@pytest.fixture(scope="module")
def looks() -> Looks:
    return read_looks(JUDGED)


@pytest.fixture(scope="module")
def valued() -> Lines:
    return section(JUDGED, VALUED, card=CARD)


@pytest.fixture(scope="module")
def valued_page(valued: Lines, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(valued, tmp_path_factory.mktemp("lines"))


def rendered(lines: Lines, outcome: str = "closed_won") -> str:
    template = pages(FOLDER).get_template("lines.html")
    return template.render(lines=lines, words=outcome_words(outcome))


def written(lines: Lines, folder: Path) -> Path:
    script = (FOLDER / "lines.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (
        pages(FOLDER)
        .from_string(PAGE)
        .render(
            lines=lines,
            words=outcome_words("closed_won"),
            script=Markup(script),
            digest=Markup(f"sha256-{digest}"),
        )
    )
    path = folder / "lines.html"
    path.write_text(page, encoding="utf-8")
    return path


def texts(html: str) -> str:
    without = re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without.replace("\u00a0", " "))


# --- the texts ------------------------------------------------------------------------------------


def test_the_table_says_what_the_plan_says(valued: Lines) -> None:
    plan = draw_plan(JUDGED, VALUED)
    assert valued.plan is not None
    assert [row.name for row in valued.plan.rows] == [
        *("Capacity", "Value", "Best F1"),
        *(f"Fixed at {in_percent(cut)}" for cut in (0.05, 0.1, 0.2, 0.3, 0.5)),
    ]
    for row, line in zip(valued.plan.rows, plan.lines, strict=True):
        assert row.probability == in_percent(line.probability)
        assert row.contacts == a_week(line.contacts_per_week)
        assert row.expected == a_week(line.wins_expected)
        assert row.interval == f"{line.wins_lower:.0f}–{line.wins_upper:.0f}"
        counts = (line.busiest_week, line.wins_happened, line.wins_below_happened)
        assert (row.busiest, row.happened, row.left) == tuple(map(str, counts))
        assert row.precision == (percent(line.precision_happened) if line.contacts else "–")
        assert row.share == percent(line.share_of_wins_happened)
        profit = (1_000 * line.wins_expected - 80 * line.contacts) / plan.weeks
        assert row.profit == money(profit)


def test_the_sentences_say_who_can_take_on_what(valued: Lines) -> None:
    more = draw_plan(JUDGED, VALUED).everybody.one_more
    page = texts(rendered(valued))
    assert "2 people with 5 leads a week each can take on 10 leads a week: those from" in page
    assert (
        f"One more person: the line falls to {in_percent(more.probability)}. Expect "
        f"{a_week(more.wins_per_week.value)} more wins a week "
        f"({a_week(more.wins_per_week.lower)}–{a_week(more.wins_per_week.upper)}; "
        f"{a_week(more.happened_per_week)} happened) from {a_week(more.contacts_per_week)} more "
        "contacts."
    ).replace("\u00a0", " ") in page
    assert (
        "tried on 602 leads at moments the model had not learned from, looked at from 5 January"
        in page
    )
    assert "all count in the first week" in page
    assert "Counted are only" not in page


def test_one_person_and_one_lead_are_singular() -> None:
    told = section(JUDGED, Capacity(1, 1), card=CARD).plan
    assert told is not None
    assert told.told.startswith("1 person with 1 lead a week each can take on 1 lead a week: ")
    halves = section(JUDGED, Capacity(1.5, 3), card=CARD).plan
    assert halves is not None
    assert halves.told.startswith("1.5 people with 3 leads a week each can take on 4.5 leads")
    assert not halves.valued
    assert {row.profit for row in halves.rows} == {""}


def test_what_the_policy_lets_through_is_said() -> None:
    lines = section(JUDGED, None, card=CARD, of=5_000)
    assert f"sales needs by the policy: {len(JUDGED):,} of 5,000." in lines.tried
    assert "Counted" not in section(JUDGED, None, card=CARD, of=len(JUDGED)).tried


def test_without_a_capacity_the_page_says_how_to_set_one_and_the_slider_is_there() -> None:
    lines = section(JUDGED, None, card=CARD)
    page = rendered(lines)
    assert lines.plan is None
    assert "[capacity]\npeople = 3" in page
    assert "<table" not in page
    assert lines.data is not None
    assert lines.data["steps"][0]["said"]["more"].startswith("One more lead a week: ")
    assert lines.data["start"] == len(lines.data["steps"]) // 2


def test_what_cannot_be_planned_is_said_and_the_rest_stays() -> None:
    with pytest.raises(ConfigError, match="A contact must cost 0 or more") as wrong:
        draw_plan(JUDGED, Capacity(2, 5, 100, 200))
    why = f"The capacity that is set gives no plan. {wrong.value}"
    lines = read_lines(Tried(JUDGED, unplanned=why), CARD)
    page = rendered(lines)
    assert lines.plan is None
    assert "The capacity that is set gives no plan. A contact must cost 0 or more" in page
    assert "[capacity]" not in page
    assert lines.data is not None
    assert lines.data["cost_per_contact"] is None


@pytest.mark.parametrize("clock", ["none", "sequence"])
def test_undated_data_have_no_weeks(clock: str) -> None:
    page = rendered(section(JUDGED, VALUED, card={**CARD, "clock": clock}))
    assert "The data have no dates" in page
    assert "<svg" not in page
    assert "lines-data" not in page


def test_where_less_than_a_week_was_judged_it_is_said() -> None:
    lines = section(look_at([("a", 0, 0.2, True), ("b", 1, 0.3, False)]), VALUED, card=CARD)
    assert lines.absent.startswith("No line could be tried. Judged examples must span a week")


def test_leads_all_alike_leave_nothing_to_try() -> None:
    alike = look_at([(f"L{k}", 7.0 * (k % 3), 0.2, False) for k in range(9)])
    page = rendered(section(alike, VALUED, card=CARD))
    assert "<svg" not in page
    assert "<table" in page
    assert "nan" not in texts(page).lower()
    too_few = section(alike, Capacity(1, 2), card=CARD).plan
    assert too_few is not None
    assert too_few.told.endswith("fewer than there are leads with the highest score.")


def test_where_nobody_won_shares_are_a_dash_and_no_sentence_breaks() -> None:
    lines = section(JUDGED.assign(converted=False), VALUED, card=CARD)
    assert lines.plan is not None
    assert {row.share for row in lines.plan.rows} == {"–"}
    assert lines.plan.doubt
    assert lines.data is not None
    assert {step["said"]["share"] for step in lines.data["steps"]} == {"nobody became a customer"}
    assert "nan" not in json.dumps(lines.data)
    assert 'class="note"' in rendered(lines)


def test_teams_have_a_line_each_and_hostile_names_are_shown_not_run() -> None:
    hostile = "<script>alert(1)</script>"
    names = np.array([hostile, "s" * 200, ""], dtype=object)
    judged = JUDGED.assign(segment=names[np.arange(len(JUDGED)) % 3])
    capacity = Capacity(3, 4, by="region", people_by_segment={hostile: 2, "s" * 200: 1})
    lines = section(judged, capacity, card=CARD)
    assert lines.plan is not None
    plan = draw_plan(judged, capacity)
    for row, team in zip(lines.plan.teams, plan.teams, strict=True):
        assert row.probability == in_percent(team.line.probability)
        more = team.one_more.wins_per_week
        said = f"{a_week(more.value)} ({a_week(more.lower)}–{a_week(more.upper)})"
        assert row.more == said
    page = rendered(lines)
    assert hostile not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert lines.plan.unstaffed == "Nobody works on the leads of no segment."
    assert page.count('scope="row"') == len(plan.lines) + 2


def test_an_outcome_that_is_no_win_has_its_own_words() -> None:
    lines = section(JUDGED, VALUED, card={**CARD, "outcome": "sql"})
    page = texts(rendered(lines, "sql"))
    assert "A conversion brings" in page
    assert "more conversions a week" in page
    assert " wins " not in page
    assert lines.data is not None
    assert "reached SQL" in lines.data["steps"][3]["said"]["share"]


def test_the_busiest_week_says_where_the_pile_lies() -> None:
    rows = [(f"L{k}", 0.0, 0.5, False) for k in range(4)]
    rows += [("m", 8.0, 0.4, True), *((f"N{k}", 15.0, 0.3, False) for k in range(6))]
    lines = section(look_at(rows), None, card=CARD)
    assert lines.data is not None
    said = {round(s["probability"], 2): s["said"]["busiest"] for s in lines.data["steps"]}
    assert said == {
        0.5: "4 leads, in the first week, with those that waited; later nobody",
        0.4: "4 leads, in the first week, with those that waited; later at most 1",
        0.3: "6 leads; 4 in the first week, with those that waited",
    }


# --- the chart ------------------------------------------------------------------------------------


def test_the_chart_has_the_colours_that_have_dark_ones_and_no_ids(valued: Lines) -> None:
    assert valued.chart is not None
    svg = str(valued.chart.picture)
    drawn = set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg))
    assert drawn <= {colour.light for colour in PALETTE}
    assert " id=" not in svg
    for text in ("expected", "happened", "contacts a week", "wins a week"):
        assert f">{text}</text>" in svg
    width = re.search(r'width="(\d+)"', svg)
    assert width is not None
    assert int(width[1]) <= 350


# --- the slider, in a browser ---------------------------------------------------------------------


def read_page(page: Any) -> dict[str, str]:
    """All that the slider's part says."""
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries(
            [...document.querySelectorAll("[data-said], [data-lines=profit], [data-lines=best]")]
            .map(e => [e.dataset.said ?? e.dataset.lines, e.textContent]))"""
    )
    return found


def press(page: Any, key: str, *, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def measured(looks: Looks, capacity: float) -> Line:
    return measure_line(looks, "x", line_for_capacity(looks, capacity), seed=0)


def profit_of(line: Line, wins: float, weeks: float, *, value: float, cost: float) -> str:
    return money((wins * value - line.contacts * cost) / weeks)


def the_walk(page: Any) -> Iterator[float]:
    """The capacities that the keys of a slider reach."""
    page.focus("#lines-slider")
    for key, times in (("Home", 1), ("ArrowRight", 7), ("PageUp", 2), ("ArrowLeft", 3), ("End", 1)):
        press(page, key, times=times)
        yield float(page.input_value("#lines-capacity"))


def test_by_keyboard_the_slider_says_what_is_measured_of_each_line(
    valued_page: Path, looks: Looks
) -> None:
    with open_page(valued_page) as page:
        assert page.input_value("#lines-capacity") == "10"
        seen = []
        for capacity in the_walk(page):
            seen.append(capacity)
            line, said = measured(looks, capacity), read_page(page)
            ends = (line.wins_expected, line.wins_lower, line.wins_upper, line.wins_happened)
            value, lower, upper, happened = (a_week(end / looks.weeks) for end in ends)
            assert said["sum"] == (
                f"With {capacity:g} {'lead' if capacity == 1 else 'leads'} a week, call those from "
                f"{in_percent(line.probability)} on: expect {value} wins a week ({lower}–{upper}); "
                f"{happened} a week happened."
            )
            assert said["wins"] == f"{value} a week ({lower}–{upper})"
            assert said["happened"].startswith(f"{happened} a week, {line.wins_happened} in all: ")
            assert said["happened"].endswith(
                "within the range" if line.held else "outside the range"
            )
            assert said["contacts"].startswith(f"{a_week(line.contacts_per_week)} a week, ")
            assert said["precision"].startswith(f"{percent(line.precision_happened)} of ")
            assert said["share"].startswith(f"{percent(line.share_of_wins_happened)} of ")
            assert said["busiest"].startswith(f"{line.busiest_week} ")
            if line.below:
                assert said["below"].startswith(f"{line.wins_below_happened} of {line.below} ")
            profits = [
                profit_of(line, wins, looks.weeks, value=1_000, cost=80)
                for wins in (*ends[:3], ends[3])
            ]
            assert said["profit"] == (
                "Profit: {} a week expected ({} to {}), {} as it happened.".format(*profits)
            )
            spoken = page.get_attribute("#lines-slider", "aria-valuetext")
            assert spoken.endswith(f"a week, line at {in_percent(line.probability)}")
        assert seen[0] == 1
        assert len(set(seen)) == 5
        assert read_page(page)["below"] == "no lead is below the line"


def test_one_more_person_is_the_plans_at_the_capacity_that_is_told(
    valued: Lines, valued_page: Path
) -> None:
    with open_page(valued_page) as page:
        assert valued.plan is not None
        told = valued.plan.more.removeprefix("One more person")
        assert read_page(page)["more"] == f"One more person (5 leads a week){told}"


def test_a_number_takes_the_largest_step_that_fits(valued: Lines, valued_page: Path) -> None:
    assert valued.data is not None
    capacities = [step["capacity"] for step in valued.data["steps"]]
    with open_page(valued_page) as page:
        for typed, taken in (
            ("13.9", max(c for c in capacities if c <= 13.9)),
            (f"{capacities[9]:g}", capacities[9]),
            ("0.2", capacities[0]),
            ("100000", capacities[-1]),
        ):
            page.fill("#lines-capacity", typed)
            assert page.input_value("#lines-slider") == str(capacities.index(taken))
            assert read_page(page)["sum"].startswith(f"With {taken:g} lead")
            assert page.input_value("#lines-capacity") == typed
        page.fill("#lines-capacity", "")
        assert read_page(page)["sum"].startswith(f"With {capacities[-1]:g} leads")


@pytest.mark.parametrize(("value", "cost"), [(1_000, 80), (50, 2.5), (9, 8.5), (3_000_000, 0)])
def test_the_line_that_brings_most_is_found_marked_and_a_key_away(
    valued_page: Path, looks: Looks, valued: Lines, value: float, cost: float
) -> None:
    assert valued.data is not None
    capacities = [step["capacity"] for step in valued.data["steps"]]
    lines = [measured(looks, capacity) for capacity in capacities]
    profits = [line.wins_expected * value - line.contacts * cost for line in lines]
    best = int(np.argmax(profits))
    with open_page(valued_page) as page:
        page.fill("#lines-value", f"{value}")
        page.fill("#lines-cost", f"{cost}")
        said = read_page(page)["best"]
        assert said.startswith(f"A contact pays from {percent(cost / value)} on. ")
        if profits[best] <= 0:
            assert said.endswith("No line tried brings more than it costs.")
            assert page.is_hidden("[data-lines=best-mark]")
            assert page.is_hidden("[data-lines=to-best]")
            return
        assert (
            f"{capacities[best]:g} leads a week, from {in_percent(lines[best].probability)}" in said
        )
        assert page.is_visible("[data-lines=best-mark]")
        page.focus("[data-lines=to-best]")
        page.keyboard.press("Enter")
        assert page.input_value("#lines-slider") == str(best)
        assert page.evaluate("document.activeElement.id") == "lines-slider"
        assert read_page(page)["best"].endswith("the one chosen brings most.")
        assert page.is_hidden("[data-lines=to-best]")


def test_without_both_there_is_no_profit_and_a_senseless_cost_is_refused(valued_page: Path) -> None:
    with open_page(valued_page) as page:
        page.fill("#lines-cost", "")
        assert (read_page(page)["profit"], read_page(page)["best"]) == ("", "")
        for cost in ("1000", "-1"):
            page.fill("#lines-cost", cost)
            assert read_page(page)["profit"] == ""
            assert read_page(page)["best"].startswith("A contact must cost 0 or more")
            assert page.is_hidden("[data-lines=best-mark]")


ON_THE_LINE = """() => {
    const centre = (name) => {
        const box = document.querySelector(`[data-lines="${name}"]`).getBoundingClientRect();
        return new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
    };
    const [line] = document.querySelectorAll('.lines-chart .mark-line path');
    const inside = line.getScreenCTM().inverse();
    const point = centre("dot").matrixTransform(inside);
    const upright = centre("here").matrixTransform(inside);
    return {x: point.x, upright: upright.x, drawn: line.getAttribute("d"), y: point.y,
            stroke: line.getAttribute("stroke")};
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_the_marker_lies_on_the_drawn_line_at_every_width(
    valued_page: Path, valued: Lines, width: int
) -> None:
    assert valued.data is not None
    blue = next(colour.light for colour in PALETTE if colour.name == "model")
    with open_page(valued_page, width) as page:
        page.focus("#lines-slider")
        for key in ("Home", "PageUp", "PageUp", "End"):
            page.keyboard.press(key)
            found = page.evaluate(ON_THE_LINE)
            step = int(page.input_value("#lines-slider"))
            assert found["stroke"] == blue
            points = re.findall(r"[ML]([\d.]+),([\d.]+)", found["drawn"])
            assert len(points) == len(valued.data["steps"]) + 1
            x, y = map(float, points[step + 1])
            assert (found["x"], found["y"]) == pytest.approx((x, y), abs=0.6)
            assert found["upright"] == pytest.approx(x, abs=0.6)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_and_everybody_can_use_it(
    valued_page: Path, width: int, *, dark: bool
) -> None:
    with open_page(valued_page, width, dark=dark) as page:
        assert overflow(page) == 0
        assert not serious_problems(page)
        for name in ("tool", "said", "here", "dot", "best-mark"):
            assert page.is_visible(f"[data-lines={name}]")
        assert page.is_hidden("[data-lines=off]")


def test_with_scripts_off_the_table_stays_and_the_slider_is_away(valued_page: Path) -> None:
    with open_page(valued_page, 360, scripts=False) as page:
        assert page.is_visible("table")
        assert page.is_visible(".lines-chart svg")
        assert page.is_visible("[data-lines=off]")
        for name in ("tool", "said", "here", "dot", "best-mark", "to-best"):
            assert page.is_hidden(f"[data-lines={name}]")


def test_on_paper_no_control_is_left(valued_page: Path) -> None:
    with open_page(valued_page, 800, printed=True) as page:
        assert page.is_hidden("#lines-slider")
        assert page.is_hidden("[data-lines=to-best]")
        assert page.is_visible("[data-said=sum]")


def test_the_script_runs_no_text_and_the_data_close_no_element(valued: Lines) -> None:
    script = (FOLDER / "lines.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", script)
    assert not re.search(r"Function\(|fetch|XMLHttp|https?:|localStorage", script)
    block = re.search(r'id="lines-data">(.*?)</script>', rendered(valued), re.DOTALL)
    assert block is not None
    assert not set("<>&'") & set(block[1])
    assert json.loads(block[1]) == valued.data
    assert len(block[1]) < 80_000
