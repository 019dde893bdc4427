"""The report says what the card says, to a person, and runs nothing it was given."""

import base64
import copy
import dataclasses
import hashlib
import json
import re
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from leadml.pages.palette import PALETTE
from leadml.people import hidden
from tests.training.replayed import replayed
from tests.training.report.rendered import cards_of
from training.report.judgement import believe, in_one_minute
from training.report.told import Told
from training.report.write import FOLDER, SCRIPTS, build_page, write_report

HOSTILE = "<script>alert(1)</script>"
NBSP = "\u00a0"
OURS = [FOLDER / name for name in SCRIPTS]


def figure(value, *, lower=None, upper=None):
    return {
        "value": value,
        "lower": value - 0.02 if lower is None else lower,
        "upper": value + 0.02 if upper is None else upper,
    }


def figures(*, auc, wins, probabilities):
    own = {"auc": figure(auc), "average_precision": figure(0.4)}
    for top, share in zip((10, 20, 30), wins, strict=True):
        own |= {f"wins_in_top_{top}": figure(share), f"lift_{top}": figure(100 * share / top)}
    if probabilities:
        own |= {"log_loss": figure(probabilities), "brier": figure(0.1)}
    return own


def bin_of(predicted, observed, *, n=200):
    return {
        "lower": max(predicted - 0.05, 0.0),
        "upper": predicted + 0.05,
        "n": n,
        "leads": n,
        "predicted": predicted,
        "observed": observed,
        "observed_lower": max(observed - 0.03, 0.0),
        "observed_upper": observed + 0.03,
    }


def band(text, rate, *, n=500, effect=0.0):
    return {
        "text": text,
        "n": n,
        "leads": n,
        "won": int(n * rate),
        "rate": rate,
        "lower": rate - 0.02,
        "upper": rate + 0.02,
        "effect": effect,
    }


def driver(subject, bands, *, weight, group="engagement", label=None):
    return {
        "subject": subject,
        "group": group,
        "weight": weight,
        "feature": subject.replace(" ", "_"),
        "label": label or subject,
        "bands": bands,
    }


VIEWS = "pricing-page views in the last 7 days"


@pytest.fixture
def card():
    """A usable, dated model, as it comes back from disk."""
    part = {"from": "2025-01-02T00:00:00+00:00", "to": "2025-09-30T00:00:00+00:00"}
    test = {"from": "2026-01-02T00:00:00+00:00", "to": "2026-03-31T00:00:00+00:00"}
    made = {
        "name": "lead-scorer",
        "outcome": "closed_won",
        "horizon_days": 90,
        "known_until": "2026-07-01T00:00:00+00:00",
        "clock": "times",
        "max_age_days": 365,
        "data": {
            "leads": 5000,
            "events": 12345,
            "examples": 4000,
            "converted": 700,
            "immature": 321,
            "closed": 12,
            "findings": ["events: 3 duplicates."],
            "fingerprint": "f" * 64,
        },
        "split": [
            {"part": "train", **part, "examples": 3000, "leads": 3000, "converted": 550},
            {"part": "origin 1", **part, "examples": 500, "leads": 500, "converted": 80},
            {"part": "test", **test, "examples": 1000, "leads": 1000, "converted": 150},
        ],
        "recipe": "logistic regression",
        "trials": [
            {
                "recipe": "logistic regression",
                "log_loss": 0.31234567,
                "better_than_level": 0.0123,
                "standard_error": 0.0021,
            }
        ],
        "usable": True,
        "leaks": [
            {"column": "call_duration", "verdict": "leak", "reason": "written later"},
            {"column": "owner", "verdict": "suspect", "reason": "may be written later"},
            {"column": "country", "verdict": "fine", "reason": ""},
        ],
        "drivers": [
            driver(
                "pricing-page views",
                [
                    band(f"no {VIEWS}", 0.11, n=700, effect=-0.2),
                    band(f"{VIEWS}: 1 to 9", 0.24, n=300, effect=0.6),
                ],
                weight=0.4,
                label=VIEWS,
            ),
            driver(
                "country",
                [band("country: DE", 0.2, effect=-0.3), band("country: FR", 0.1, effect=0.3)],
                weight=0.2,
                group="fit",
            ),
            driver("newsletters", [band("no newsletter yet", 0.15, n=1000)], weight=0.001),
        ],
        "evaluation": {
            "figures": {
                "model": figures(auc=0.884, wins=(0.31, 0.4612345, 0.6), probabilities=0.31),
                "base rate": figures(auc=0.5, wins=(0.1, 0.2, 0.3), probabilities=0.42),
                "newest first": figures(auc=0.46, wins=(0.08, 0.17, 0.27), probabilities=None),
            },
            "reliability": [bin_of(p, p) for p in (0.02, 0.05, 0.08, 0.15, 0.45)],
            "ranges": [bin_of(0.05, 0.05, n=600), bin_of(0.3, 0.3, n=400)],
            "n": 1000,
            "converted": 150,
            "leads": 1000,
        },
        "config": {"attributes": {"allow": []}, "data": {"order_by": ""}, "events": {}},
        "packages": {"python": "3.11.7"},
    }
    return json.loads(json.dumps(made))


@pytest.fixture
def open_leads():
    """Three open leads, one of them hostile and one unscored."""
    reasons = [
        {"text": "3 pricing-page views in the last 7 days", "group": "engagement", "effect": 0.7},
        {"text": "country: FR", "group": "fit", "effect": -0.4},
    ]
    return pd.DataFrame(
        {
            "lead_id": ["L1", HOSTILE, "L3"],
            "as_of": pd.to_datetime(["2026-07-01"] * 3, utc=True),
            "probability": [0.08, 0.2345, np.nan],
            "lower": [0.05, 0.17, np.nan],
            "upper": [0.11, 0.31, np.nan],
            "fit_grade": ["B", "A", ""],
            "engagement_grade": pd.array([pd.NA, 1, pd.NA], dtype="Int64"),
            "stage": ["mql", "sql", ""],
            "unscored_reason": ["", "", "no consent"],
            "model_version": "3",
            "reasons": [[], reasons, []],
        }
    )


class Reader(HTMLParser):
    """What a browser would make of the page: its tags with attributes, its text, its scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.scripts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.cdata_elem is None:
            self.texts.append(data)
        elif self.cdata_elem == "script":
            self.scripts.append((self.tags[-1][1].get("type"), data))


def read(page):
    reader = Reader()
    reader.feed(page)
    text = re.sub(r"\s+", " ", " ".join(reader.texts).replace(NBSP, " "))
    return reader.tags, text


def scripts_of(page):
    """Every script that would run; what is data is read, so that it is known to be data."""
    reader = Reader()
    reader.feed(page)
    for kind, text in reader.scripts:
        if kind == "application/json":
            json.loads(text)
    return [text for kind, text in reader.scripts if kind != "application/json"]


def told(card, open_leads=None, version="3"):
    return Told(card, version, pd.DataFrame() if open_leads is None else open_leads)


def text_of(card, open_leads=None):
    return read(build_page(told(card, open_leads)))[1]


def minute(card):
    return " ".join(in_one_minute(card)).replace(NBSP, " ")


def test_the_file_is_written_whole_into_a_new_folder_and_leaves_nothing_beside_it(
    tmp_path, card, open_leads
):
    path = tmp_path / "new" / "report.html"
    for _ in range(2):
        write_report(path, told(card, open_leads))
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_failed_write_keeps_the_old_report(tmp_path, card, open_leads, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def refuse(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(OSError):  # noqa: PT011 - the plain one, as raised
        write_report(path, told(card, open_leads))
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [
        ("report.html", "old")
    ]


def test_the_same_card_gives_the_same_page(card, open_leads):
    pages = {build_page(told(card, open_leads)) for _ in range(2)}
    assert len(pages) == 1


def test_neither_card_nor_leads_are_changed(card, open_leads):
    before, frame = copy.deepcopy(card), open_leads.copy(deep=True)
    build_page(told(card, open_leads))
    assert card == before
    pd.testing.assert_frame_equal(open_leads, frame)


def test_hostile_text_is_shown_and_never_run(card, open_leads):
    hostile = f'"><img src=x onerror=alert(1)>{HOSTILE}'
    card["name"] = card["recipe"] = card["leaks"][0]["column"] = hostile
    card["data"]["findings"] = [hostile]
    card["drivers"][0]["subject"] = hostile
    card["drivers"][1]["bands"][0]["text"] = f"country: {hostile}"
    open_leads["unscored_reason"] = ["", "", hostile]
    open_leads["reasons"] = [[{"text": hostile, "group": "fit", "effect": 1.0}]] * 3
    page = build_page(told(card, open_leads, version=hostile))
    tags, text = read(page)
    assert "img" not in {tag for tag, _ in tags}
    assert scripts_of(page) == [ours.read_text(encoding="utf-8") for ours in OURS]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert f"Lead {HOSTILE}" in text
    assert text.count(HOSTILE) >= 8


def test_people_in_the_data_are_told_only_where_names_are_asked_for(card, open_leads):
    jane, number = "jane.doe@example.com", "+49 170 1234567"
    card["drivers"][0]["subject"] = f"account owner {jane}"
    card["drivers"][1]["bands"][0]["text"] = f"account owner: {number}"
    card["leaks"][0]["reason"] = f"{jane} wins always"
    open_leads["source"] = [jane, number, None]
    open_leads["reasons"] = [[{"text": f"owner is {jane}", "group": "fit", "effect": 1.0}]] * 3
    given = told(card, open_leads)
    page = build_page(given)
    for text in (jane, "jane.doe", number, "1234567"):
        assert text not in page
        assert text not in "".join(cards_of(page))
    for text in (jane, number):
        assert hidden(text) in page
        assert text in build_page(dataclasses.replace(given, names={}))


def test_a_category_of_200_letters_is_told_in_full_and_cut_on_the_axis(card):
    long = "x" * 200
    card["drivers"][1]["bands"][0]["text"] = f"country: {long}"
    page = build_page(told(card))
    assert f"<li>Country: {long}: " in page
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    assert any(label.startswith("xxx") and label.endswith("…") for label in labels)
    assert max(map(len, labels)) < 60


def test_nothing_is_fetched_and_nothing_can_be(card, open_leads):
    page = build_page(told(card, open_leads))
    tags, _ = read(page)
    links = [a[k] for _, a in tags for k in ("src", "href", "xlink:href", "data") if k in a]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"https?://|url\(|@import", page)
    policies = [a["content"] for tag, a in tags if a.get("http-equiv") and tag == "meta"]
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts_of(page)]
    hashes = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)
    assert len(digests) == len(OURS)
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src {hashes}"]


def test_links_lead_somewhere_and_ids_are_not_repeated(card, open_leads):
    tags, _ = read(build_page(told(card, open_leads)))
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for tag, a in tags if tag == "a"} <= set(ids)
    assert {a["aria-labelledby"] for tag, a in tags if tag == "section"} <= set(ids)


def test_every_picture_says_what_it_shows(card):
    tags, _ = read(build_page(told(card)))
    pictures = [a for tag, a in tags if tag == "svg"]
    assert len(pictures) == 3 + 2
    assert all(a["role"] == "img" and len(a["aria-label"]) > 20 for a in pictures)


def test_the_report_is_small_and_quick(tmp_path, card, open_leads):
    card["drivers"] = [card["drivers"][k % 2] for k in range(40)]
    many = pd.concat([open_leads] * 2000, ignore_index=True)
    started = time.monotonic()
    write_report(tmp_path / "r.html", told(card, many))
    assert time.monotonic() - started < 20
    assert (tmp_path / "r.html").stat().st_size < 1_500_000


def test_the_one_minute_sentences_repeat_the_figures_of_the_card(card):
    said = minute(card)
    assert "judged on 1,000 leads that it had not learned from, from 2 January 2026" in said
    assert " to 31 March 2026. " in said
    assert "150 of them, 15 %, became customers within 90 days." in said
    wins = card["evaluation"]["figures"]["model"]["wins_in_top_20"]
    found = re.search(r"top 20 % of leads first reaches (\d+) % \((\d+)–(\d+)\) of the wins", said)
    assert [int(g) for g in found.groups()] == [
        round(100 * wins[key]) for key in ("value", "lower", "upper")
    ]
    assert "at random it would be 20 %, newest first 17 % (15–19)." in said
    assert "on average it said 15 % and 15 % became customers; in 5 of 5 groups" in said
    assert "It leans most on: pricing-page views, country and newsletters." in said


def test_long_numbers_never_reach_the_reader(card, open_leads):
    text = text_of(card, open_leads)
    assert not re.search(r"\d\.\d{5,}", text.replace("f" * 64, ""))
    assert "46 %" in text
    assert "88 (86–90)" in text


def test_examples_of_fewer_leads_are_told_apart_from_leads(card):
    card["evaluation"]["leads"] = 400
    assert "judged on 1,000 examples that it had not learned from, of 400 leads" in minute(card)
    assert "150 of these examples (each a lead at one moment; some of the leads" in minute(card)
    assert "had taught it at earlier ones), 15 %, led to wins" in minute(card)


def test_one_of_anything_is_said_in_the_singular(card, open_leads):
    card["horizon_days"] = card["data"]["immature"] = card["data"]["closed"] = 1
    card["evaluation"] |= {"converted": 1, "leads": 1000}
    text = text_of(card, open_leads.iloc[:1])
    assert "within 1 day of the moment we look" in text
    assert "1 of them, 0.1 %, became a customer within 1 day." in text
    assert "1 example is too young: its 1 day had not passed by the end of the data. It was" in text
    assert "1 moment was left out" in text
    assert "1 lead is open. This one is the most likely" in text


def test_several_of_anything_are_said_in_the_plural(card, open_leads):
    text = text_of(card, open_leads)
    assert "321 examples are too young: their 90 days had not passed" in text
    assert "3 leads are open. These 2 are the most likely" in text


def test_another_outcome_gets_its_own_words(card):
    card["outcome"] = "sql"
    text = text_of(card)
    assert "the probability that a lead reaches SQL within 90 days" in text
    assert "150 of them, 15 %, reached SQL" in text
    assert "of the conversions" in text
    assert "customers" not in text


def test_a_rival_that_does_as_well_or_better_is_not_hidden(card):
    newest = card["evaluation"]["figures"]["newest first"]
    assert "told apart" not in minute(card)
    newest["wins_in_top_20"] = figure(0.45)
    assert "the model and newest first cannot be told apart" in minute(card)
    newest["wins_in_top_20"] = figure(0.60)
    assert "On these leads newest first did better" in minute(card)


def test_groups_that_agree_make_probabilities_believable_and_groups_that_do_not_unmake_it(card):
    evaluation = card["evaluation"]
    good = believe(evaluation)
    assert (good.level, good.holding, good.worst) == ("good", 5, None)
    evaluation["reliability"][0] = bin_of(0.15, 0.05)
    evaluation["reliability"][1] = bin_of(0.02, 0.12)
    rough = believe(evaluation)
    assert (rough.level, rough.holding, rough.side) == ("rough", 3, "")
    # Distances .05 .10 .05 .05 .05 over groups of 200.
    evaluation["reliability"][2:] = [bin_of(p, p + 0.05) for p in (0.08, 0.15, 0.45)]
    evaluation["reliability"][0] = bin_of(0.01, 0.06)
    poor = believe(evaluation)
    assert (poor.level, poor.holding, poor.side) == ("poor", 0, "too low")
    assert poor.miss == pytest.approx(0.06)
    assert poor.worst["observed"] == 0.12
    assert "Do not take its probabilities at face value, they are too low" in minute(card)
    assert "where it said 2.0 % and 12 % became customers (9–15; 200 leads)" in minute(card)


@pytest.mark.parametrize(("miss", "level"), [(0.005, "good"), (0.02, "rough"), (0.04, "poor")])
def test_small_misses_are_forgiven_where_many_leads_make_intervals_narrow(card, miss, level):
    rows = card["evaluation"]["reliability"]
    for row in rows:
        row |= {"predicted": row["observed"] + miss, "observed_upper": row["observed"] + 0.001}
    belief = believe(card["evaluation"])
    assert (belief.level, belief.holding, belief.side) == (level, 0, "too high")


def test_open_leads_carry_a_warning_where_probabilities_are_off(card, open_leads):
    warning = "Read the order, not the level"
    assert warning not in text_of(card, open_leads)
    card["evaluation"]["reliability"] = [bin_of(0.1, 0.3), bin_of(0.2, 0.5)]
    assert warning in text_of(card, open_leads)


def test_the_past_replayed_is_told_where_the_card_has_it(card):
    assert "How would it have done" not in text_of(card)
    card |= {"backtest": None}
    assert "How would it have done" not in text_of(card)
    card |= {"backtest": replayed()}
    card["config"]["policy"] = {"sql_share": 0.1}
    page = build_page(told(card))
    tags, text = read(page)
    assert "How would it have done, quarter by quarter?" in text
    assert "than naive Bayes in 2 of 3 (clearly worse in 2026 Q1)." in text
    assert len([tag for tag, _ in tags if tag == "svg"]) == 5 + 2
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for tag, a in tags if tag == "a"} <= set(ids)
    assert '<a href="#past">Quarter by quarter</a>' in page


def test_the_horizons_answered_are_said_where_there_is_more_than_one(card):
    said = "Each lead gets a probability for 30, 90 and 180 days"
    card["horizons_days"] = [30, 90, 180]
    text = text_of(card)
    assert said in text
    assert "The figures here are of 90 days." in text
    card["horizons_days"] = [90]
    assert "Each lead gets a probability for" not in text_of(card)


def test_without_a_signal_no_ranking_is_sold(card, open_leads):
    card["usable"] = False
    card["evaluation"]["figures"]["model"]["auc"] = figure(0.51)
    text = text_of(card, open_leads)
    assert "No usable signal. It does not sort leads better than chance would" in text
    assert "51 of 100 pairs put right (49–53), where 50 is chance." in text
    assert "Do not rank leads by this model." in text
    assert "They are not ranked here" in text
    assert HOSTILE not in text
    assert "first reaches" not in minute(card)
    assert "leans most" not in minute(card)


def test_without_a_signal_for_want_of_probabilities_the_reason_is_another(card):
    card["usable"] = False
    card["evaluation"]["figures"]["model"]["log_loss"] = figure(0.42)
    assert "log loss 0.420 against 0.420" in text_of(card)


def test_without_a_signal_in_the_replayed_past_the_test_is_not_blamed(card):
    card["usable"] = False
    text = text_of(card)
    assert "it did not beat giving every lead the average rate by more than noise." in text
    assert "no better than giving" not in text


def test_data_without_dates_are_called_optimistic_and_show_no_date(card):
    card["clock"] = "none"
    card["known_until"] = card["split"][2]["to"] = "1970-01-01T00:00:00+00:00"
    text = text_of(card)
    assert "OPTIMISTIC" in text
    assert "picked at random" in minute(card)
    assert "newest first" not in text.lower()
    assert "1970" not in text
    assert "within 90 days" not in text
    assert "Without dates nobody can tell which leads are still open" in text


def test_data_in_order_only_say_so(card):
    card["clock"] = "sequence"
    card["config"]["data"]["order_by"] = "Lead Number"
    text = text_of(card)
    assert "in the order of “Lead Number”" in text
    assert "OPTIMISTIC" not in text
    assert "newest first 17 %" in text


def test_no_open_leads_are_no_trouble(card):
    assert "No lead is open in these data." in text_of(card)


def test_unscored_leads_are_counted_with_their_reason_and_never_ranked(card, open_leads):
    text = text_of(card, open_leads)
    assert "Lead L3" not in text
    assert "No consent 1" in text
    none = open_leads.assign(probability=np.nan, unscored_reason="no data")
    assert "3 leads are open. None could be scored." in text_of(card, none)


def test_the_most_likely_leads_come_first_with_what_speaks_for_and_against(card, open_leads):
    text = text_of(card, open_leads)
    assert text.index(f"Lead {HOSTILE}") < text.index("Lead L1")
    start = text.index(f"Lead {HOSTILE}")
    lead = text[start : text.index("Lead L1")]
    assert "23 % (17–31)" in lead
    assert "SQL Fit A · Engagement 1 As of 1 July 2026" in lead
    assert "For 3 pricing-page views in the last 7 days × 2.0" in lead
    assert "Against Country: FR ÷ 1.5" in lead
    assert "Engagement nan" not in text


def test_ten_leads_are_shown_and_no_more(card, open_leads):
    many = pd.concat([open_leads.iloc[:1].assign(lead_id=f"N{k}") for k in range(14)])
    assert text_of(card, many).count("Lead N") == 10


def test_a_driver_is_told_in_sentences_with_real_rates(card):
    text = text_of(card)
    assert f"No {VIEWS}: 11 % became customers (9–13; 700 leads)" in text
    assert f"1 or more {VIEWS}: 24 % became customers (22–26; 300 leads)" in text
    assert "Hardly matters by itself, given the rest: newsletters." in text


def test_a_range_is_left_closed_where_bands_are_missing(card):
    card["drivers"][0]["bands"][1]["n"] = 299
    assert f"1 to 9 {VIEWS}: 24 %" in text_of(card)


def test_a_driver_read_against_its_rates_is_marked(card):
    note = "the model reads this the other way"
    assert text_of(card).count(note) == 1
    card["drivers"][1]["bands"][0]["effect"] = 0.4
    assert note not in text_of(card)


def test_columns_kept_out_stand_with_their_reason_and_allowed_ones_apart(card):
    text = text_of(card)
    assert "call_duration written later" in text
    assert "owner may be written later" in text
    assert "attributes.allow" not in text
    card["config"]["attributes"]["allow"] = ["call_duration"]
    text = text_of(card)
    assert "None is kept out: no column looks as if it knew the outcome." in text
    assert "because attributes.allow names them Column Why call_duration" in text


def test_a_card_without_drivers_leaks_or_findings_still_makes_a_page(card):
    card |= {"drivers": [], "leaks": [], "trials": []}
    card["data"]["findings"] = []
    assert "No subject has enough leads" in text_of(card)


def test_every_colour_can_be_read_on_light_and_on_dark(card):
    page = build_page(told(card))
    papers = re.findall(r"--paper: (#\w{6})", page)
    assert len(papers) == 2
    for colour in PALETTE:
        for value, paper in zip((colour.light, colour.dark), papers, strict=True):
            least = {"grid": 1.0, "chance": 3.0}.get(colour.name, 4.5)
            assert contrast(value, paper) >= least, colour


def test_every_colour_drawn_has_its_dark_counterpart(card):
    page = build_page(told(card))
    drawn = set(re.findall(r'(?:fill|stroke)="(#\w+)"', page))
    assert drawn
    assert drawn <= {colour.light for colour in PALETTE}


def contrast(one, other):
    """Contrast of two colours as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
