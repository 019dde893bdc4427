"""Parts of a whole sum to it."""

from hypothesis import given
from hypothesis import strategies as st

from training.report.parts_of import part_out


@given(st.lists(st.floats(0.001, 9.0), min_size=1, max_size=20), st.integers(0, 100))
def test_parts_sum_to_the_whole_and_are_off_by_less_than_one(weights: list[float], whole: int):
    parts = part_out(weights, whole)
    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - whole * weight / sum(weights)) < 1
