"""The funnel as a marketer reads it: right words in every case, and nothing run that was given."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import training.report
from leadml.pages.environment import pages
from leadml.pages.palette import PALETTE
from tests.training.small_company import company
from training.funnel.measure import measure_funnel
from training.funnel.shares import Change, changed_count, share_of
from training.report.charts.funnel import funnel_chart, scores_chart
from training.report.funnel import FunnelSection, read_funnel
from training.report.funnel_tables import ScorePoint, StageBar
from training.report.funnel_words import (
    difference_said,
    from_to,
    listed_sources,
    multiple_said,
    share_said,
)

NBSP, MINUS = "\u00a0", "\u2212"
HOSTILE = "<script>alert(1)</script>"
JUDGED = pd.DataFrame({"lead_id": ["old"], "probability": [0.1], "converted": [True]})
OPEN = pd.DataFrame({"probability": [0.1, 0.02, None], "stage": ["mql", "iql", "lead"]})

LEADS = [("old", "2025-12-01", "fair")]
LEADS += [(f"a{k}", "2026-02-01", "fair") for k in range(6)]
LEADS += [(f"b{k}", "2026-05-10", "web") for k in range(40)]
OUTCOMES = [
    ("a0", "mql", "2026-02-03"),
    ("a1", "mql", "2026-02-05"),
    ("a1", "sql", "2026-02-10"),
    ("a1", "sales_accepted", "2026-02-11"),
    ("a1", "closed_won", "2026-03-01"),
    ("b0", "sql", "2026-05-20"),
    ("b0", "sales_rejected", "2026-05-21"),
]
SPEND = [("fair", "2026-02-01", 60.0)]


def read(*, leads=LEADS, outcomes=OUTCOMES, judged=JUDGED, scores=OPEN, **how) -> FunnelSection:
    tables = company(leads, outcomes, **how)
    return read_funnel(
        measure_funnel(tables, judged, scores, horizon_days=60), outcome="closed_won"
    )


def plain(text: str) -> str:
    return text.replace(NBSP, " ").replace(MINUS, "-")


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def rendered(section: FunnelSection) -> str:
    environment = pages(Path(training.report.__file__).parent)
    return environment.get_template("funnel.html").render(funnel=section)


def words_of(page: str) -> str:
    reader = Reader()
    reader.feed(page)
    return re.sub(r"\s+", " ", plain(" ".join(reader.texts)))


def test_a_whole_quarter_is_said_with_its_days() -> None:
    section = read()
    assert section.quarter == (
        "This quarter is Q2 2026, 1 April to 30 June 2026. "
        "It is held against Q1 2026, 1 January to 31 March 2026."
    )
    assert (section.this, section.last) == ("Q2 2026", "Q1 2026")


def test_a_running_quarter_says_so_and_what_it_is_held_against() -> None:
    section = read(end="2026-05-11")
    assert section.quarter == (
        "This quarter is Q2 2026. It is not over: the data end after 10 May 2026. "
        "Its first 40 days are held against the first 40 days of Q1 2026."
    )
    assert section.this == "Q2 2026, first 40 days"


def test_a_quarter_without_one_before_has_nothing_to_compare_with() -> None:
    section = read(leads=LEADS[-40:], outcomes=OUTCOMES[-2:])
    assert section.quarter.endswith("The data hold no whole quarter before it to compare with.")
    assert section.changes == ()
    assert "Change" not in words_of(rendered(section))


def test_what_changed_beyond_chance_is_said_with_its_interval() -> None:
    changes = [plain(text) for text in read().changes]
    assert changes[0].startswith("More leads came a day than the quarter before: +559 % (")
    assert "New this quarter: leads came from “web”, none the quarter before." in changes
    assert any(text.startswith("Fewer leads came from “fair” a day") for text in changes)


def test_where_nothing_changed_that_is_said() -> None:
    leads = [
        ("old", "2025-12-01", "fair"),
        ("a", "2026-02-01", "fair"),
        ("b", "2026-05-01", "fair"),
    ]
    section = read(leads=leads, outcomes=[])
    assert section.changes == ("Nothing changed by more than chance brings.",)


def test_how_far_leads_get_is_said_step_by_step() -> None:
    text = plain(read().stages[0])
    assert text == (
        "7 leads came from 1 October 2025 to 31 March 2026. Within 60 days of arriving, "
        "29 % (10–59) became MQLs, 50 % (12–88) of the MQLs became SQLs and 100 % (27–100) of the "
        "SQLs became customers; of all leads 14 % (3–45) became customers. "
        "Younger leads have not had that time and are not counted."
    )


def test_stages_that_are_not_recorded_are_named() -> None:
    section = read()
    assert section.stages[-1] == "Opportunity is left out: it is not recorded."
    assert section.steps == ("Lead → MQL", "MQL → SQL", "SQL → Customer", "Lead → Customer")
    two = read(outcomes=OUTCOMES[4:5])
    assert two.stages[-1] == "MQL, SQL and Opportunity are left out: they are not recorded."
    assert two.steps == ("Lead → Customer",)
    none = read(outcomes=[])
    assert none.stages == (
        "The outcomes record no stage after lead, so nothing can be said of how far leads get.",
    )
    assert rendered(none)


def test_what_sales_answers_is_said_in_every_case() -> None:
    both = [plain(text) for text in read().acceptance]
    assert both[0].startswith(
        "In Q2 2026 sales first answered on 1 lead and took 0 % (0–73); in Q1 2026, "
        "100 % (27–100) of 1 lead. The first answer counts. The difference, -100 points ("
    )
    assert both[1] == "No lead that the data record as SQL waits for an answer."
    nothing = read(outcomes=OUTCOMES[:3])
    assert nothing.acceptance[0].startswith("Whether sales takes the leads it gets is not recorded")
    yes_only = read(outcomes=OUTCOMES[:6])
    assert "records a yes but never a no" in yes_only.acceptance[0]
    assert (
        yes_only.acceptance[1]
        == "1 lead that the data record as SQL waits for an answer, for more than 14 days."
    )


def test_open_leads_are_counted_in_words_in_every_number() -> None:
    assert read().scores == ("2 open leads have a score. 1 has none and is not shown.",)
    assert read(scores=OPEN.iloc[:1]).scores == ("1 open lead has a score.",)
    none = read(scores=OPEN.iloc[:0])
    assert none.scores == ("No lead is open in these data.",)
    assert none.score_rows == ()
    assert rendered(none)
    unscored = read(scores=OPEN.iloc[2:])
    assert unscored.scores == ("0 open leads have a score. 1 has none and is not shown.",)
    assert rendered(unscored)


def test_costs_are_said_with_how_many_there_were() -> None:
    costs = [plain(text) for text in read(spend=SPEND).costs]
    each = (
        "30.00 for each MQL (15.31–85.27; n 2), 60.00 for each SQL (19.90–262.43; n 1) and 60.00 "
        "for each customer (19.90–262.43; n 1)."
    )
    can_fall = "More of the same leads may still get there, so these costs can only fall."
    assert costs[:3] == [
        "1 month with spend (February 2026): 60.00 spent on 6 leads, 10.00 for each.",
        f"Counted within 60 days of arriving: {each}",
        f"Counted so far, until 30 June 2026: {each} {can_fall}",
    ]
    assert costs[-1] == "Amounts are in the currency of the table of spend."
    assert read().costs == ("What was spent is not known: there is no table of spend.",)
    unsourced = read(spend=SPEND, sourced=False)
    assert unsourced.costs[0].endswith("leads have no source to hold it against.")


def test_costs_in_time_and_so_far_cannot_be_taken_for_each_other() -> None:
    late = [*OUTCOMES, ("a2", "closed_won", "2026-06-01")]  # 120 days after it came
    section = read(outcomes=late, spend=SPEND)
    text = [plain(text) for text in section.costs]
    assert "60.00 for each customer (19.90–262.43; n 1)" in text[1]
    assert "30.00 for each customer (15.31–85.27; n 2)" in text[2]
    page = words_of(rendered(section))
    for head in (
        "within 60 days of arriving; in brackets 90 % intervals",
        "has reached a stage so far, until 30 June 2026, however long it took",
        "For each customer within 60 days",
        "For each customer so far",
    ):
        assert head in page
    (row,) = section.cost_rows
    assert (row.in_time[2].value, row.in_time[2].n) == ("60.00", "n 1")
    assert (row.so_far[2].value, row.so_far[2].n) == ("30.00", "n 2")


def test_where_no_one_became_a_customer_a_cost_has_but_a_lower_end() -> None:
    (row,) = read(
        outcomes=[*OUTCOMES[:2], *OUTCOMES[-2:], (*OUTCOMES[4][:2], "2026-06-20")], spend=SPEND
    ).cost_rows
    assert (row.in_time[2].value, row.in_time[2].interval) == ("", "32.18 or more")
    assert row.in_time[2].n == "n 0"


def with_amounts(amounts, *, outcomes=OUTCOMES, **how) -> FunnelSection:
    tables = company(LEADS, outcomes, **how)
    tables = replace(tables, outcomes=tables.outcomes.assign(amount=amounts))
    found = measure_funnel(tables, JUDGED, OPEN, horizon_days=60)
    return read_funnel(found, outcome="closed_won")


WINS = [
    ("a0", "closed_won", "2026-03-01"),
    ("a1", "closed_won", "2026-03-01"),
    ("a2", "closed_won", "2026-04-01"),
    ("a3", "closed_won", "2026-05-11"),
]
NONE = float("nan")


def test_what_wins_brought_is_said_beside_the_quarter_before() -> None:
    section = with_amounts([1000.0, 500.0, 200.0, NONE], outcomes=WINS)
    said = [plain(text) for text in section.revenue]
    assert said[0].startswith(
        "Q2 2026: 2 leads were won for 200, 1 without an amount. Q1 2026: 2 leads were won for "
        "1,500, on average 750 a deal. A win counts when it closed, whenever the lead came. "
        "Leads won a day: -1 % ("
    )
    assert said[0].endswith("within what chance alone brings.")
    assert said[1:] == [
        "Of the 4 wins in the table 1 has no amount and is not in the revenue.",
        "Amounts are in your own currency.",
    ]
    rows = [(row.name, row.won, row.revenue, row.unpriced) for row in section.revenue_rows]
    assert rows == [
        ("Q4 2025, from 1 December", "none", "–", "0"),
        ("Q1 2026", "2", "1,500", "0"),
        ("Q2 2026", "2", "200", "1"),
    ]
    assert "Wins without an amount" in words_of(rendered(section))


def test_a_quarter_cut_short_is_marked_where_its_wins_are_told() -> None:
    section = with_amounts([1000.0, 500.0, 200.0, 80.0], outcomes=WINS, end="2026-05-13")
    assert section.revenue_rows[-1].name == "Q2 2026, until 12 May"
    assert plain(section.revenue[0]).startswith(
        "Q2 2026, until 12 May: 2 leads were won for 280, on average 140 a deal. Q1 2026, in as "
        "many days: no lead was won."
    )
    assert "Wins without" not in words_of(rendered(section))


def test_wins_are_said_in_every_number() -> None:
    one = with_amounts([NONE, NONE, NONE, 80.0], outcomes=WINS)
    assert plain(one.revenue[0]).startswith(
        "Q2 2026: 2 leads were won for 80.00, 1 without an amount. Q1 2026: 2 leads were won, "
        "without an amount."
    )
    assert (
        one.revenue[1] == "Of the 4 wins in the table 3 have no amount and are not in the revenue."
    )
    single = with_amounts([70.0], outcomes=WINS[:1])
    assert plain(single.revenue[0]).startswith(
        "Q2 2026: no lead was won. Q1 2026: 1 lead was won for 70.00. A win counts"
    )
    unknown = with_amounts([NONE] * 4, outcomes=WINS)
    assert unknown.revenue == ("What wins bring is not known: no win has an amount.",)
    assert "Average deal" not in words_of(rendered(unknown))
    lost = with_amounts([5.0], outcomes=[("a0", "closed_lost", "2026-03-01")])
    assert lost.revenue == ()
    assert "What wins bring" not in words_of(rendered(lost))


def test_wins_that_changed_beyond_chance_are_among_the_changes() -> None:
    wins = [(f"b{k}", "closed_won", "2026-05-20") for k in range(30)]
    section = with_amounts([9.0] * 31, outcomes=[WINS[0], *wins])
    assert any(text.startswith("More leads were won a day than") for text in section.changes)


def test_a_step_taken_at_once_is_said_so_and_one_never_taken_too() -> None:
    at_once = [(f"a{k}", "mql", "2026-02-01") for k in range(3)]
    section = read(outcomes=[*at_once, ("b0", "sql", "2026-06-20")])
    first, second = section.waits
    assert (first.days, first.half, first.n) == ("same day", "", "3")
    assert (second.days, second.half, second.n) == ("none", "", "0")
    page = words_of(rendered(section))
    assert "Of the leads that took a step within 60 days of the one before (n)" in page
    assert "0.0" not in page


def test_no_code_of_ours_is_shown() -> None:
    scores = pd.DataFrame({"probability": [0.1], "stage": ["in_talks"]})
    page = words_of(rendered(read(outcomes=OUTCOMES[:3], scores=scores)))
    assert "In talks" in page
    assert not re.search(r"[a-z]_[a-z]", page)


def test_spend_that_matches_no_lead_is_said() -> None:
    spend = [*SPEND, ("Fair", "2026-02-01", 5.0)]
    costs = " ".join(read(spend=spend).costs)
    assert "spent on “Fair”, but no lead of these months has that source: is it written" in costs
    unpaid = [*LEADS, ("m", "2026-02-03", "mouth"), ("n", "2026-02-03", None)]
    costs = " ".join(read(leads=unpaid, spend=SPEND).costs)
    assert "2 leads came from sources without spend: not known and “mouth”." in costs


def test_undated_data_keep_scores_and_sources_and_say_why_the_rest_is_missing() -> None:
    section = read(clock="none")
    page = words_of(rendered(section))
    assert "no dates, so quarters cannot be told apart" in page
    assert "every lead that did not convert counts as open" in page
    for part in ("Leads that came", "How far leads get", "What sales answers", "What it costs"):
        assert part not in page.replace("leads that came, stages", "")
    assert "Conversion by source and score" in page


def test_leads_without_a_source_are_counted_together() -> None:
    section = read(sourced=False)
    assert [row.name for row in section.volume] == ["All"]
    assert section.heat == ("Leads have no source, so conversion cannot be told by source.",)
    assert "counted together" in words_of(rendered(section))


def test_a_rate_of_few_leads_is_shown_as_too_few() -> None:
    assert "too few n 1" in words_of(rendered(read()))


def test_hostile_and_long_names_are_shown_and_not_run() -> None:
    long = "x" * 200
    leads = [*LEADS, *((f"h{k}", "2026-05-02", HOSTILE) for k in range(50))]
    leads += [(f"g{k}", "2026-02-02", long) for k in range(50)]
    page = rendered(
        read(leads=leads, spend=[(HOSTILE, "2026-02-01", 9.0), (long, "2026-02-01", 9.0)])
    )
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert HOSTILE in "".join(reader.texts)
    assert long in "".join(reader.texts)
    assert "“" + long[:59] + "…”" in "".join(reader.texts)


def test_a_hundred_sources_are_ten_and_the_others() -> None:
    leads = [("old", "2025-12-01", "s00")]
    leads += [(f"l{k}", "2026-05-01", f"s{k % 100:02}") for k in range(300)]
    section = read(leads=leads, outcomes=[])
    assert [row.name for row in section.volume][-2:] == ["90 others", "All"]
    assert len(section.volume) == 12


def test_every_table_has_a_caption_and_can_be_reached(tables, trained) -> None:
    scores = pd.DataFrame({"probability": [0.1], "stage": ["mql"]})
    found = measure_funnel(tables, trained.judged, scores, horizon_days=60)
    page = rendered(read_funnel(found, outcome="closed_won"))
    assert page.count("<table") == page.count("<caption") == page.count('role="region"') == 9
    assert page.count('tabindex="0"') == 9
    assert "None" not in words_of(page)
    assert "nan" not in words_of(page)


def test_the_chart_of_stages_says_all_it_shows() -> None:
    bars = [StageBar("Lead", 2460, 100.0, 100.0, 100.0), StageBar("Customer", 56, 2.28, 1.8, 2.8)]
    drawn = str(funnel_chart(bars))
    assert "Lead: 2,460, 100 %; Customer: 56, 2.3 %." in drawn
    assert not re.search(r'\bid="', drawn)
    colours = {colour.light for colour in PALETTE}
    assert set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', drawn)) <= colours


def test_the_chart_of_scores_has_the_likeliest_on_top_and_no_stage_that_is_not_there() -> None:
    points = [ScorePoint("0–1 %", "MQL", 3), ScorePoint("1–2 %", "MQL", 1)]
    drawn = str(scores_chart(points))
    assert "1–2 %: 1 lead; 0–1 %: 3 leads." in drawn
    assert "Opportunity" not in drawn


@pytest.mark.parametrize(
    ("leads", "ticks"),
    [(1, "0 1"), (3, "0 1 2 3"), (5, "0 2 4"), (2000, "0 500 1,000 1,500 2,000")],
)
def test_the_axis_of_leads_has_whole_numbers_each_once(leads, ticks) -> None:
    drawn = str(scores_chart([ScorePoint("0–1 %", "MQL", leads)]))
    shown = re.findall(r">([\d.,]+)</text>", drawn)
    assert shown == [*ticks.split(), f"{leads:,}"]


@pytest.mark.parametrize(
    ("change", "value", "interval", "mark"),
    [
        (Change(1.04, 0.95, 1.13, beyond=False), "+4 %", "-5 to +13", ""),
        (Change(0.5, 0.3, 0.8, beyond=True), "-50 %", "-70 to -20", "fewer"),
        (Change(None, 2.0, None, beyond=True), "new", "", "more"),
        (Change(1.001, 0.9, 1.1, beyond=False), "0 %", "-10 to +10", ""),
    ],
)
def test_a_multiple_is_said_in_percent(change, value, interval, mark) -> None:
    said = multiple_said(change)
    assert (plain(said.value), plain(said.interval), said.mark) == (value, interval, mark)


@pytest.mark.parametrize(
    ("change", "value", "interval"),
    [
        (Change(0.04, -0.03, 0.11, beyond=False), "+4 points", "-3 to +11"),
        (Change(0.01, -0.03, 0.11, beyond=False), "+1 point", "-3 to +11"),
        (Change(-0.002, -0.03, 0.02, beyond=False), "-0.2 points", "-3.0 to +2.0"),
        (Change(0.0, -0.0003, 0.0003, beyond=False), "0 points", "-0.03 to +0.03"),
        (None, "", ""),
    ],
)
def test_a_difference_is_said_in_points(change, value, interval) -> None:
    said = difference_said(change)
    assert (plain(said.value), plain(said.interval)) == (value, interval)


def test_a_share_of_nothing_says_that_there_was_none() -> None:
    assert (share_said(share_of(0, 0)).value, share_said(share_of(0, 0)).n) == ("", "none to count")
    assert share_said(share_of(1, 4)).n == "1 of 4"
    assert share_said(share_of(0, 100_000)).interval == "under 0.01"
    assert multiple_said(changed_count(0, 0, days=1, days_before=1)).value == ""


def test_days_and_names_are_listed_shortly() -> None:
    start, end = pd.Timestamp("2025-10-01"), pd.Timestamp("2026-04-01")
    assert from_to(start, end) == "1 October 2025 to 31 March 2026"
    assert listed_sources([f"s{k}" for k in range(8)]).endswith("“s4” and 3 others")
    assert listed_sources([""]) == "not known"
