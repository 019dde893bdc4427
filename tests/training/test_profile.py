"""Does a profile part each feature where its values part?"""

import dataclasses

import numpy as np
import pytest

from features.catalog import Catalog
from leadml.profile import LITTLE, MUCH, Profile, Spread, measure_psi
from tests.training.lessons import CATALOG
from training.profile import MOST, learn_profile
from training.train import NEWEST, TrainingResult

NUMBER, CITY = CATALOG.features[0], CATALOG.features[3]


def spread_of(values: np.ndarray, *, category: bool = False) -> Spread:
    catalog = Catalog((CITY if category else NUMBER,), {})
    matrix = values.astype(np.float64)[:, None]
    return learn_profile(catalog, matrix, np.zeros(len(values))).features[0]


def test_a_number_is_parted_at_its_deciles() -> None:
    """Of 1 to 20 every second number ends a bin, and two are in each."""
    spread = spread_of(np.arange(1, 21))
    assert spread.edges == (2, 4, 6, 8, 10, 12, 14, 16, 18)
    assert spread.counts == (2,) * 10 + (0,)
    assert spread.codes == ()


def test_a_value_that_most_share_has_its_own_bin() -> None:
    spread = spread_of(np.array([0] * 70 + [1] * 15 + [5] * 10 + [np.nan] * 5))
    assert spread.edges == (0.0, 1.0)
    assert spread.counts == (70, 15, 10, 5)


def test_a_number_that_is_always_the_same_is_noticed_when_it_is_not() -> None:
    spread = spread_of(np.full(50, 3.0))
    assert spread.edges == (np.nextafter(3, 0), 3.0)
    assert spread.counts == (0, 50, 0, 0)


def test_a_number_that_is_never_known_is_noticed_when_it_is() -> None:
    assert spread_of(np.full(9, np.nan)) == Spread(NUMBER.name, (), (), (0, 9))


def test_rare_levels_of_a_category_share_a_bin_with_unknown_ones() -> None:
    """Levels 0 to 11, level k met 20 - k times: the last two are too rare, three are missing."""
    values = np.concatenate([np.repeat(np.arange(12), 20 - np.arange(12)), [np.nan] * 3])
    spread = spread_of(values, category=True)
    assert spread.codes == tuple(range(MOST))
    assert spread.counts == (*(20 - k for k in range(10)), 10 + 9, 3)


def test_the_examples_it_was_learned_from_have_not_moved() -> None:
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.poisson(0.4, (500, 3)), rng.integers(0, 4, 500)]).astype(float)
    matrix[rng.random((500, 4)) < 0.1] = np.nan
    margin = rng.normal(size=500)
    profile = learn_profile(CATALOG, matrix, margin)
    assert profile.names == [*CATALOG.names, "margin"]
    assert np.array_equal(profile.count(matrix, margin), profile.counts)
    assert measure_psi(profile, profile.counts).tolist() == [0.0] * 5


@pytest.mark.parametrize("column", range(5))
def test_only_what_has_moved_is_said_to_have_moved(column: int) -> None:
    rng = np.random.default_rng(1)
    matrix = np.column_stack([rng.poisson(2, (2000, 3)), rng.integers(0, 4, 2000)]).astype(float)
    margin = rng.normal(size=2000)
    profile = learn_profile(CATALOG, matrix[:1000], margin[:1000])
    later = np.column_stack([matrix[1000:], margin[1000:]])
    later[:, column] = np.where(rng.random(1000) < 0.4, np.nan, later[:, column])
    psi = measure_psi(profile, profile.count(later[:, :4], later[:, 4]))
    assert np.flatnonzero(psi > MUCH).tolist() == [column]
    assert (np.delete(psi, column) < 0.05).all()


def test_a_profile_does_not_ask_how_often_a_lead_was_copied() -> None:
    values = np.random.default_rng(2).normal(size=300)
    once, thrice = spread_of(values), spread_of(np.tile(values, 3))
    assert thrice == dataclasses.replace(once, counts=tuple(3 * n for n in once.counts))


def test_a_trained_model_carries_the_profile_of_its_newest_examples(
    trained: TrainingResult,
) -> None:
    profile = Profile.from_json(trained.model.profile)
    assert profile.names == [*trained.catalog.names, "margin"]
    examples = np.add.reduceat(profile.counts, profile.bins.first[:-1])
    assert len(set(examples.tolist())) == 1
    assert 500 < examples[0] <= NEWEST
    psi = measure_psi(profile, profile.count(trained.sample, trained.model.margin(trained.sample)))
    assert np.median(psi) < LITTLE  # the sample is of all years
