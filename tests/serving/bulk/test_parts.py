"""Are parts whole or absent, and do they come back as one table?"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadml.errors import DataError
from serving.bulk.parts import WINDOW, PartFolder


def rows(*numbers: int) -> pa.Table:
    texts = pa.array([f"t{n}" for n in numbers], pa.string())
    return pa.table({"row": pa.array(numbers, pa.int64()), "text": texts})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_however_rows_are_dealt_out_they_come_back_in_order(
    tmp_path: Path, part_of: list[int]
) -> None:
    dealt = [np.flatnonzero(np.array(part_of) == part) for part in range(5)]
    with PartFolder(tmp_path / "parts", dealt) as parts:
        for part, own in enumerate(dealt):
            parts.put(part, "key", rows(*own.tolist()))

        assert parts.merged().read_all().equals(rows(*range(len(part_of))))
        parts.remove()


def test_rows_of_more_than_one_window_come_back_in_order(tmp_path: Path) -> None:
    n = 2 * WINDOW + 3
    dealt = [np.arange(0, n, 2), np.arange(1, n, 2)]
    with PartFolder(tmp_path, dealt) as parts:
        for part, own in enumerate(dealt):
            parts.put(part, "key", pa.table({"row": own}))

        merged = list(parts.merged())

    assert [len(batch) for batch in merged] == [WINDOW, WINDOW, 3]
    assert np.concatenate([batch["row"].to_numpy() for batch in merged]).tolist() == [*range(n)]


def test_a_part_is_there_only_under_its_own_key_and_whole(tmp_path: Path) -> None:
    with PartFolder(tmp_path, [np.array([0])]) as parts:
        assert not parts.has(0, "this")
        parts.put(0, "this", rows(7))
        assert parts.has(0, "this")
        assert not parts.has(0, "that")
        assert parts.found() == 1

        path = tmp_path / "00000.arrow"
        path.write_bytes(path.read_bytes()[:-20])
        assert not parts.has(0, "this")


def test_a_folder_is_one_run_s_until_it_is_left(tmp_path: Path) -> None:
    with (
        PartFolder(tmp_path, []),
        pytest.raises(DataError, match="another run is making scores in it"),
        PartFolder(tmp_path, []),
    ):
        pass

    with PartFolder(tmp_path, []) as parts:
        parts.remove()
    assert not tmp_path.exists()
