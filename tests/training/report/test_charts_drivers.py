"""Pictures of drivers: axes with real marks, what is missing apart, colours of the palette."""

import itertools
import re

import pytest

from leadml.pages.palette import PALETTE
from tests.training.report.driven import band, curve, driver, drivers, pair, spread
from training.report.charts.curves import MISSING_AT, axis_of
from training.report.charts.drivers import driver_chart, pair_chart
from training.report.drivers import pick_drivers
from training.report.interactions import read_interactions


def shown(row):
    (found,) = pick_drivers([row], examples=1000).shown
    return found


def chart(row, *, past="became customers"):
    return driver_chart(shown(row), average=15.0, past=past, top=30.0)


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def since(**given):
    """Days since a demo: some known, most have none."""
    label = "days since the last demo"
    values = ((2.0, 100, 0.9), (20.0, 100, 0.4), (80.0, 100, 0.1))
    own = {
        "points": [{"value": v, "low": v - 1, "high": v + 1, **spread(n, e)} for v, n, e in values],
        "missing": spread(700, -0.5),
        "scale": "linear",
        "bars": [
            {"low": 0.4, "high": 50.0, "n": 200},
            {"low": 50.0, "high": 100.0, "n": 100},
        ],
        "beyond": 0,
    }
    bands = [
        band(f"{label}: 1 to 81", 300, 90, kind="range", ends=(1.0, 81.0), effect=0.5),
        band("no demo yet", 700, 60, kind="missing", effect=-0.5),
    ]
    return driver("demos", bands, weight=1.0, group="intent", label=label, curve=own | given)


def log_curve(*, zeros):
    bars = [{"low": 0.0, "high": 0.0, "n": 50}] if zeros else []
    return curve() | {
        "scale": "log",
        "bars": [
            *bars,
            {"low": 1.0, "high": 100.0, "n": 400},
            {"low": 100.0, "high": 10_000.0, "n": 500},
        ],
    }


def test_a_number_has_rates_factors_and_counts_over_one_axis():
    said = texts(chart(drivers()[0]))
    assert {"became customers, %", "the model multiplies the odds by", "how many"} <= set(said)
    assert "Pricing-page views in the last 7 days" in said
    assert {"0", "1", "2", "3"} <= set(said)
    assert {"×1", "×2"} <= set(said)


def test_a_category_keeps_its_bands():
    said = texts(chart(drivers()[1]))
    assert {"DE", "FR", "became customers, %"} <= set(said)
    assert "how many" not in said


def test_what_is_missing_stands_apart_with_its_count():
    said = texts(chart(since()))
    assert {"0", "20", "40", "60", "80", "none yet"} <= set(said), "no mark is thinned out"
    assert "700" in said
    axis = axis_of(shown(since()).curve)
    assert axis.ticks[-1] == (MISSING_AT, "none yet")
    assert axis.ticks[0] == (0.0, "0"), "an axis that begins near 0 begins at it"
    assert all(place < 0.9 for place, _ in axis.ticks[:-1])
    assert "none yet" not in texts(chart(since(missing=None)))


def test_a_skewed_number_has_powers_of_ten_and_zeros_before_them():
    axis = axis_of(shown(drivers()[0] | {"curve": log_curve(zeros=True)}).curve)
    assert [text for _, text in axis.ticks] == ["0", "1", "10", "100", "1,000", "10k"]
    places = [place for place, _ in axis.ticks]
    assert places[:2] == pytest.approx([0.0, 0.08])
    steps = [b - a for a, b in itertools.pairwise(places[1:])]
    assert steps == pytest.approx([0.92 / 4] * 4)
    without = axis_of(shown(drivers()[0] | {"curve": log_curve(zeros=False)}).curve)
    assert without.ticks[0] == (0.0, "1")


def test_values_beyond_the_axis_stand_at_its_ends():
    place = axis_of(shown(since(missing=None)).curve).place
    assert (place(-5.0), place(0.0), place(50.0), place(1e9)) == (0.0, 0.0, 0.5, 1.0)


def test_a_bar_far_taller_than_the_rest_is_cut_and_its_count_written():
    row, axis_title = drivers()[0], "Pricing-page views in the last 7 days"
    row["curve"]["bars"][0]["n"] = 9_600
    said = texts(chart(row))
    assert "9,600" in said
    heights = [int(text) for text in said[said.index(axis_title) + 1 :] if text.isdigit()]
    assert max(heights) <= 300, "the axis ends at one and a half times the next bar, 200"


def test_what_hardly_matters_has_marks_of_its_own():
    row = drivers()[0]
    for point in row["curve"]["points"]:
        point |= {"effect": 0.01, "lower": 0.0, "upper": 0.02}
    assert "×1" in texts(chart(row))


@pytest.mark.parametrize("row", [*drivers()[:2], since()])
def test_a_picture_says_what_it_shows_without_ids_in_colours_of_the_palette(row):
    svg = chart(row)
    assert svg.startswith('<svg role="img" aria-label="')
    assert not re.search(r"\sid=|<script|<style|url\(|href", svg)
    drawn = set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg))
    assert drawn
    assert drawn <= {colour.light for colour in PALETTE}


def test_the_description_tells_rates_and_factors():
    label = re.search(r'aria-label="([^"]*)"', chart(since())).group(1)
    assert "1–81 days ago: 30\u00a0% (28–32)" in label or "up to 81: 30\u00a0%" in label
    assert "The model multiplies the odds at 2 by 2.5; at 20 by 1.5; at 80 by 1.1" in label
    assert "; none yet by 0.61." in label


def test_a_picture_fits_a_phone():
    for row in (*drivers()[:2], since()):
        assert float(re.search(r'width="(\d+)"', chart(row)).group(1)) <= 360


def test_a_pair_is_drawn_with_what_was_expected():
    (own,) = read_interactions({"tested": 1, "found": [pair()]}).pairs
    svg = pair_chart(own, past="became customers")
    assert {"both", "only views", "only country", "neither"} <= set(texts(svg))
    assert "Expected of both: 19 %." in svg
    drawn = set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg))
    assert drawn <= {colour.light for colour in PALETTE}
