"""What drives conversion: the rates are those that pandas counts."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from leadml.timeline import Window
from training.evidence.bands import MOST_BANDS
from training.evidence.drivers import LEAST_LEADS, measure_drivers
from training.evidence.rates import count_rate

VIEWS = Noun("view", ("view",), "view", "views", "engagement")
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
SIZE = Noun("size", ("size",), "size", "size", "fit")
FEATURES = (
    Feature(VOCABULARY["count"], VIEWS, Window(7)),
    Feature(VOCABULARY["days_since_last"], VIEWS),
    Feature(VOCABULARY["category"], INDUSTRY, levels=("a", "b", "c")),
    Feature(VOCABULARY["number"], SIZE),
)
N = 1_200


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    views = rng.poisson(0.7, N).astype(float)
    since = np.where(views > 0, rng.uniform(0, 7, N), np.nan)
    industry = rng.choice([0.0, 1.0, 2.0, 3.0, np.nan], N, p=[0.5, 0.3, 0.1, 0.09, 0.01])
    size = np.round(np.exp(rng.normal(4, 1, N)))
    matrix = np.column_stack([views, since, industry, size])
    contributions = rng.normal(size=(N, 4)) * [2.0, 0.1, 0.5, 1.0]
    return {
        "matrix": matrix,
        "contributions": contributions,
        "converted": rng.random(N) < 0.1 + 0.15 * np.minimum(views, 3),
        "lead_ids": pd.Series([f"L{k // 3}" for k in range(N)], dtype="str"),
    }


@pytest.fixture(scope="module")
def drivers(world: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = measure_drivers(Catalog(FEATURES, {}), **world)
    return {row["subject"]: row for row in rows}


def recounted(world: dict[str, Any], inside: np.ndarray) -> tuple[int, int, int]:
    frame = pd.DataFrame({"won": world["converted"], "lead": world["lead_ids"]})[inside]
    return len(frame), frame["lead"].nunique(), int(frame["won"].sum())


def test_subjects_come_strongest_first_with_their_mean_absolute_say(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    # Features of one noun speak together: views and days since the last one.
    both = np.abs(world["contributions"][:, [0, 1]].sum(axis=1)).mean()
    assert list(drivers) == ["views", "size", "industry"]
    assert drivers["views"]["weight"] == pytest.approx(both)
    assert drivers["views"]["feature"] == "view_count_7d"
    assert drivers["views"]["group"] == "engagement"


def test_the_rates_of_a_category_are_those_that_pandas_counts(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    codes = world["matrix"][:, 2]
    texts = ["industry: a", "industry: b", "industry: c", "industry: a rare or new value"]
    bands = {band["text"]: band for band in drivers["industry"]["bands"]}
    assert list(bands) == texts, "commonest first; 12 leads without one are too few to say"
    for code, text in enumerate(texts):
        band = bands[text]
        assert (band["n"], band["leads"], band["won"]) == recounted(world, codes == code)


def test_the_rates_of_a_number_are_those_that_pandas_counts(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    size = world["matrix"][:, 3]
    bands = drivers["size"]["bands"]
    cut = pd.cut(size, [-np.inf, *np.quantile(size, [0.25, 0.5, 0.75]), np.inf], right=False)
    assert len(bands) == MOST_BANDS
    for band, own in zip(bands, cut.categories, strict=True):
        inside = np.asarray(cut == own)
        assert (band["n"], band["leads"], band["won"]) == recounted(world, inside)
        low, high = size[inside].min(), size[inside].max()
        assert band["text"] == f"size: {low:,.0f} to {high:,.0f}"
    assert sum(band["n"] for band in bands) == N, "bands tile"


def test_a_count_that_is_often_zero_sets_the_zeros_apart(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    views = world["matrix"][:, 0]
    none, *some = drivers["views"]["bands"]
    assert none["text"] == "no views in the last 7 days"
    assert (none["n"], none["leads"], none["won"]) == recounted(world, views == 0)
    assert sum(band["n"] for band in some) == (views > 0).sum()


def test_every_rate_stands_beside_that_of_all_others(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    for row in drivers.values():
        assert row["bands"]
        for band in row["bands"]:
            assert band["leads"] >= LEAST_LEADS
            assert band["lower"] <= band["rate"] == band["won"] / band["n"] <= band["upper"]
            assert band["n"] + band["rest"]["n"] == N, "those without a value are among the others"
            assert band["won"] + band["rest"]["won"] == world["converted"].sum()
    others = drivers["industry"]["bands"][1]["rest"]
    outside = ~(world["matrix"][:, 2] == 1)
    assert (others["n"], others["leads"], others["won"]) == recounted(world, outside)


def test_intervals_are_those_of_as_many_leads_and_effects_are_means(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    own = world["matrix"][:, 2] == 1
    band = drivers["industry"]["bands"][1]
    lead = pd.factorize(world["lead_ids"])[0].astype(np.int64)
    bounds = count_rate(own, world["converted"], lead)
    assert (band["lower"], band["upper"]) == (bounds["lower"], bounds["upper"])
    assert band["effect"] == pytest.approx(world["contributions"][own, 2].mean())


def test_numbers_have_curves_of_all_that_their_subject_adds_and_levels_have_none(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    assert drivers["industry"]["curve"] is None
    curve = drivers["views"]["curve"]
    views, together = world["matrix"][:, 0], world["contributions"][:, [0, 1]].sum(axis=1)
    none = curve["points"][0]
    assert (none["value"], none["n"]) == (0.0, (views == 0).sum())
    assert none["effect"] == pytest.approx(together[views == 0].mean())
    assert sum(point["n"] for point in drivers["size"]["curve"]["points"]) == N


def test_bands_say_what_they_are_and_where_they_end(
    world: dict[str, Any], drivers: dict[str, dict[str, Any]]
) -> None:
    assert {band["kind"] for band in drivers["industry"]["bands"]} == {"level"}
    ends = [(band["kind"], band["low"], band["high"]) for band in drivers["views"]["bands"]]
    assert ends == [("range", 0.0, 0.0), ("range", 1.0, world["matrix"][:, 0].max())]
    assert drivers["views"]["keys"] == ["view"]


def test_a_band_of_few_leads_is_not_shown_however_many_examples_it_has() -> None:
    lead_ids = pd.Series(["one"] * 100 + [f"L{k}" for k in range(100)], dtype="str")
    matrix = np.repeat([0.0, 1.0], 100)[:, None]
    rows = measure_drivers(
        Catalog(FEATURES[2:3], {}), matrix, np.ones((200, 1)), np.arange(200) % 2 == 0, lead_ids
    )
    assert [band["text"] for band in rows[0]["bands"]] == ["industry: b"]


def test_a_number_that_is_never_known_has_one_band() -> None:
    lead_ids = pd.Series([f"L{k}" for k in range(100)], dtype="str")
    matrix, nothing = np.full((100, 1), np.nan), np.zeros((100, 1))
    rows = measure_drivers(
        Catalog(FEATURES[3:], {}), matrix, nothing, np.arange(100) % 2 == 0, lead_ids
    )
    (band,) = rows[0]["bands"]
    assert (band["text"], band["n"], band["rest"]) == ("size not known", 100, None)
    assert rows[0]["curve"] is None
