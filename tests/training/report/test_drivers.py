"""What drives conversion, in words: rates beside all others, groups, pairs and what is idle."""

import copy
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import training.report
from leadml.pages.environment import pages
from leadml.pages.words import outcome_words
from tests.training.report.driven import VIEWS, band, curve, driver, drivers, pair, spread
from training.report.charts.drivers import driver_chart, pair_chart, weights_chart
from training.report.drivers import MOST_IN_GROUP, pick_drivers
from training.report.interactions import MOST_PAIRS, read_interactions

NBSP = "\u00a0"
HOSTILE = '"><script>alert(1)</script>'


def render(found, *, usable=True):
    """The section alone."""
    charts = SimpleNamespace(
        weights=weights_chart(found.shown) if found.shown else "",
        drivers=[driver_chart(d, average=15, past="won", top=30) for d in found.shown],
        pairs=[pair_chart(p, past="won") for p in found.together.pairs] if found.together else [],
    )
    return (
        pages(Path(training.report.__file__).parent)
        .get_template("drivers.html")
        .render(
            card={"usable": usable},
            drivers=found,
            charts=charts,
            words=outcome_words("closed_won"),
            examples="1,000 leads",
            unseen="1,000 leads that the model had not learned from",
            average="15 %",
        )
    )


def text_of(html):
    plain = re.sub(r"<[^>]+>", "", html).replace("\u00a0", " ").replace("&nbsp;", " ")
    return re.sub(r"\s+", " ", plain)


def section(rows=None, **given):
    return text_of(
        render(pick_drivers(drivers() if rows is None else rows, examples=1000, **given))
    )


def group(rows, name, **given):
    found = pick_drivers(rows, examples=1000, **given)
    return next(own for own in found.groups if own.name == name)


def test_a_rate_stands_beside_that_of_all_others():
    text = section()
    said = f"1 or more {VIEWS}: 24 % became customers (22–26; 300 leads); all others 11 % (9–13)"
    assert said in text
    assert "Country: DE: 20 % became customers (18–22; 500 leads); all others 10 % (8–12)" in text


def test_a_band_that_holds_everyone_has_no_others():
    rows = [driver("size", [band("size: 1", 1000, 150), band("size: 2", 1000, 150)], weight=1.0)]
    assert "(13–17; 1,000 leads)" in section(rows)
    assert "all others" not in section(rows)


def test_a_card_of_before_curves_and_others_is_read_as_it_was():
    rows = drivers()
    for row in rows:
        del row["curve"], row["keys"]
        for own in row["bands"]:
            for key in ("rest", "kind", "low", "high"):
                del own[key]
    found = pick_drivers(rows, examples=1000, columns=["fax"], events={"demo": "demos"})
    html = render(found)
    assert f"1 or more {VIEWS}: 24 % became customers (22–26; 300 leads)" in text_of(html)
    assert "all others" not in html
    assert "How to read" not in html
    assert "What counts only together" not in html
    assert "fax" not in html
    assert html.count("<svg") == 3


def test_drivers_stand_by_group_each_with_its_part_of_what_moves_scores():
    found = pick_drivers(drivers(), examples=1000)
    names = [own.name for own in found.groups]
    assert names == ["fit", "engagement", "intent", "negative"]
    assert [own.share for own in found.groups] == ["33\u00a0%", "67\u00a0%", "", "0\u00a0%"]
    assert [[d.name for d in own.shown] for own in found.groups[:2]] == [
        ["Country"],
        ["Pricing-page views"],
    ]
    assert [d.place for d in found.shown] == [0, 1]
    assert [d.name for d in found.shown] == ["Pricing-page views", "Country"]


def test_what_is_listed_and_the_rest_add_up_to_what_is_said():
    def fit(k, weight):
        bands = [band(f"f{k}: a", 500, 80), band(f"f{k}: b", 500, 70)]
        return driver(f"f{k}", bands, weight=weight, group="fit")

    rows = [fit(0, 1.0), fit(1, 0.333), fit(2, 0.155), fit(3, 0.122), *drivers()[:1]]
    found = pick_drivers(rows, examples=1000)
    own = found.groups[0]
    assert [d.share for d in own.shown] == [50, 16], "49.7, 16.5 and a rest of 13.8"
    assert (own.share, own.sum) == (
        f"80{NBSP}%",
        f"The 2 shown have 66 of its 80{NBSP}%; 2 other subjects 14{NBSP}%.",
    )
    listed = [d.share for d in found.shown]
    assert (
        found.unshown
        == f"2 other subjects not shown have the remaining {100 - sum(listed)}{NBSP}%."
    )
    assert own.sum.replace(NBSP, " ") in section(rows)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], ""),
        ([0.01], "The one shown has 99 of its 100 %; 1 other subject 1 %."),
        ([0.001], "The one shown has 100 of its 100 %; 1 other subject under 1 %."),
    ],
)
def test_the_rest_of_a_group_is_told_in_singular_and_next_to_nothing(others, said):
    fit = [band("f: a", 500, 80), band("f: b", 500, 70)]
    rows = [driver("f", fit, weight=1.0, group="fit")]
    rows += [driver("g", fit[:1], weight=weight, group="fit") for weight in others]
    assert group(rows, "fit").sum.replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fit", ""),
        ("engagement", ""),
        ("intent", "No event is an explicit request, such as a demo or a quote."),
        ("negative", "The model hardly uses what it has: bounces."),
    ],
)
def test_a_group_that_shows_nothing_says_why(name, said):
    assert group(drivers(), name).rest == said


def test_what_is_used_without_a_contrast_is_named():
    rows = [
        *drivers()[:2],
        driver("region", [band("region: EU", 1000, 150)], weight=0.1, group="fit"),
    ]
    said = group(rows, "fit").rest
    assert said == "Used too, less or without a contrast to show: region."


def test_a_group_shows_its_two_strongest_and_more_only_where_they_are_strong():
    def fit(k, weight):
        bands = [band(f"f{k}: a", 500, 80), band(f"f{k}: b", 500, 70)]
        return driver(f"f{k}", bands, weight=weight, group="fit")

    weak = [fit(k, weight) for k, weight in enumerate((1.0, 0.2, 0.15, 0.1))]
    assert [d.name for d in group(weak, "fit").shown] == ["F0", "F1"]
    assert group(weak, "fit").rest.endswith("to show: f2 and f3.")
    strong = [fit(k, 1.0 - k / 100) for k in range(9)]
    assert len(group(strong, "fit").shown) == MOST_IN_GROUP


def test_what_does_not_matter_is_said_by_why():
    found = pick_drivers(
        drivers(), examples=1000, columns=["country", "email", "fax_no"], events={"demo": "demos"}
    )
    assert found.idle == (
        "Hardly matters by itself, given the rest: newsletters.",
        "Not used at all: bounces and email.",
        "Of these, the real rates do differ, but the rest seems to say the same already: bounces.",
        "Given, but nothing could be learned from it (dates, or values too rare): fax no.",
        "Declared as events, but no lead has any: demos.",
    )


def test_where_all_matters_nothing_is_said_of_what_does_not():
    found = pick_drivers(drivers()[:2], examples=1000, columns=["country"])
    assert found.idle == ()
    assert "does not matter" not in render(found)


def test_without_a_driver_the_section_says_so():
    assert "No subject has enough leads on both sides to compare." in section([])


def test_a_model_without_signal_is_marked():
    assert "means nothing here" in render(pick_drivers(drivers(), examples=1000), usable=False)


def test_effects_are_told_as_factors_on_one_axis():
    rows = drivers()
    rows[1] |= {"curve": curve(missing=spread(100, -1.0)), "label": "age"}
    shown = {d.name: d.curve for d in pick_drivers(rows, examples=1000).shown}
    views, country = shown["Pricing-page views"], shown["Country"]
    assert [round(p.factor, 3) for p in views.points] == [0.819, 1.35, 1.822, 2.46]
    assert views.missing is None
    assert country.missing.factor == pytest.approx(0.368, abs=0.001)
    assert views.factors == country.factors == pytest.approx((0.333, 2.718), abs=0.001)


def test_values_beyond_the_axis_are_counted():
    rows = drivers()
    assert "beyond" not in section(rows)
    rows[0]["curve"]["beyond"] = 1
    assert "1 value lies beyond the ends of the axis." in section(rows)
    rows[0]["curve"]["beyond"] = 1200
    assert "1,200 values lie beyond the ends of the axis." in section(rows)


def test_a_range_reaches_its_end_only_where_no_band_is_left_out():
    rows = drivers()
    rows[0]["bands"][1]["n"] = 299
    assert f"1 to 3 {VIEWS}: 24 %" in section(rows)


def test_a_driver_read_against_its_rates_is_marked():
    note = "the model reads this the other way"
    rows = drivers()
    assert note not in section(rows)
    rows[1]["bands"][0]["effect"], rows[1]["bands"][1]["effect"] = -0.3, 0.3
    assert note in section(rows)


def test_a_pair_is_told_in_four_cells_with_what_was_expected():
    text = section(interactions={"tested": 21, "found": [pair()]})
    assert (
        "21 pairs of the strongest subjects were compared. 1 of them says more, or less, together"
        in text
    )
    assert f"First: 1 or more {VIEWS}. Second: Country: DE." in text
    assert "Both: 31 % became customers (29–33; 200 leads)" in text
    assert f"Only “1 or more {VIEWS}”: 12 % became customers (10–14; 100 leads)" in text
    assert "Only “Country: DE”: 9.0 % became customers (7.0–11.0; 400 leads)" in text
    assert "Neither: 4.0 % became customers (2.0–6.0; 300 leads)" in text
    assert "31 %, more than the 19 % one would expect if each counted for itself." in text
    assert "any pair would differ so much in about 4 in 1,000 reports." in text


@pytest.mark.parametrize(
    ("p", "said"),
    [(0.0004, "less than 1 in 1,000"), (0.0096, "about 1 in 100"), (0.024, "about 2 in 100")],
)
def test_chance_is_told_in_whole_numbers(p, said):
    (own,) = read_interactions({"tested": 3, "found": [pair(p=p)]}).pairs
    assert f"differ so much in {said} reports." in own.verdict


def test_less_than_expected_is_said_as_less():
    (own,) = read_interactions({"tested": 3, "found": [pair(expected=0.5)]}).pairs
    assert "31\u00a0%, less than the 50\u00a0% one would expect" in own.verdict


@pytest.mark.parametrize(
    ("tested", "said"),
    [
        (0, "No two of the strongest subjects could be compared"),
        (1, "1 pair of the strongest subjects was compared. It says nothing together"),
        (21, "21 pairs of the strongest subjects were compared. None of them says anything"),
    ],
)
def test_where_no_pair_counts_the_report_says_so(tested, said):
    assert said in section(interactions={"tested": tested, "found": []})


def test_of_many_pairs_the_surest_are_shown():
    found = read_interactions({"tested": 28, "found": [pair()] * 7})
    assert len(found.pairs) == MOST_PAIRS
    assert "7 of them say more, or less, together" in found.sentence
    assert "the 5 surest are shown" in found.sentence


def test_hostile_names_are_shown_and_never_run():
    rows = drivers()
    rows[0]["subject"] = rows[2]["subject"] = rows[1]["bands"][0]["text"] = HOSTILE
    rows[0]["label"] = f"{HOSTILE} in the last 7 days"
    own = pair()
    own["first"]["subject"] = own["second"]["text"] = HOSTILE
    html = render(
        pick_drivers(
            rows,
            examples=1000,
            interactions={"tested": 1, "found": [own]},
            columns=[HOSTILE],
            events={"e": HOSTILE},
        )
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8


def test_names_of_200_letters_are_told_in_full_and_cut_in_pictures():
    rows, long = drivers(), "x" * 200
    rows[0]["subject"] = rows[0]["label"] = long
    html = render(pick_drivers(rows, examples=1000))
    assert f"<h4>X{long[1:]}</h4>" in html
    assert max(map(len, re.findall(r"<text[^>]*>([^<]*)</text>", html))) < 60


def test_nothing_given_is_changed():
    rows, found = drivers(), {"tested": 1, "found": [pair()]}
    before = copy.deepcopy((rows, found))
    pick_drivers(rows, examples=1000, interactions=found, columns=["a"], events={"b": "c"})
    assert (rows, found) == before
    json.dumps(rows, allow_nan=False)
