"""Does the log keep every answer, to the bit, whatever becomes of the process?"""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadml.errors import ConfigError, DataError
from serving.watching.log_files import (
    KEY_FILE,
    SCHEMA,
    features_of,
    hash_lead,
    mend,
    read_key,
    read_log,
)
from serving.watching.score_log import WRITE_SECONDS, ScoreLog
from tests.serving.watching.logged import NOON, lines_of, together

ROOT = Path(__file__).parents[3]
HOUR = timedelta(hours=1)


def written(folder: Path, *lines: object) -> pa.Table:
    with ScoreLog(folder) as log:
        for own in lines:
            log.add(own)  # type: ignore[arg-type]
    return together(read_log(folder))


def leads_in(folder: Path, rows: pa.Table, ids: list[str]) -> list[str]:
    names = {hash_lead(one, read_key(folder)): one for one in ids}
    return [names[lead] for lead in rows["lead"].to_pylist()]


def wait_for(folder: Path, rows: int) -> None:
    """Until so many rows are in the journal."""
    until = time.monotonic() + 20
    while sum(map(len, read_log(folder))) < rows:
        assert time.monotonic() < until
        time.sleep(0.02)


# --- there and back -------------------------------------------------------------------------------


def test_what_is_read_is_what_was_answered_to_the_bit(tmp_path: Path) -> None:
    sharp = np.array([[0.1 + 0.2, np.nan, -0.0], [np.nextafter(1, 2), 5e-324, 1e300]])
    one = lines_of(
        ["anna@example.com", "b"],
        matrix=sharp,
        request_id="q-7",
        version="12",
        role="asked",
        as_of=np.array([1_772_366_400_000_000_001, 5]),
        probability=np.array([1 / 3, np.nan]),
        lower=np.array([0.1 + 0.2, np.nan]),
        upper=np.array([0.7, np.nan]),
        stages=["sql", "disqualified"],
        unscored=["", "no consent"],
    )
    rows = written(tmp_path, one)

    assert rows.schema.equals(SCHEMA)
    assert features_of(rows).tobytes() == sharp.tobytes()
    assert rows["probability"].to_pylist() == [1 / 3, None]
    assert rows["lower"].to_pylist() == [0.1 + 0.2, None]
    assert rows["points"].to_pylist() == [None, None]
    assert rows["as_of"].cast(pa.int64()).to_pylist() == [1_772_366_400_000_000_001, 5]
    assert rows["scored_at"].to_pylist() == [NOON, NOON]
    told = rows.select(["request_id", "version", "role", "stage", "unscored"]).to_pylist()
    assert [list(row.values()) for row in told] == [
        ["q-7", "12", "asked", "sql", ""],
        ["q-7", "12", "asked", "disqualified", "no consent"],
    ]
    assert leads_in(tmp_path, rows, ["anna@example.com", "b"]) == ["anna@example.com", "b"]


def test_models_of_different_features_share_a_log(tmp_path: Path) -> None:
    wide = lines_of(["a"], version="2", matrix=np.array([[1.0, 2, 3]]))
    none = lines_of(["c"], version="points", matrix=np.zeros((1, 0)), points=np.array([40.0]))
    rows = written(tmp_path, lines_of(["a", "b"]), wide, none)
    assert rows["features"].to_pylist() == [[0, 1], [2, 3], [1, 2, 3], []]
    assert rows["points"].to_pylist() == [None, None, None, 40]


def test_the_log_names_no_lead_and_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    written(tmp_path, lines_of(["anna@example.com"]))
    for path in tmp_path.iterdir():
        assert b"anna" not in path.read_bytes()
    mode = (tmp_path / KEY_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_another_log_has_other_names_for_the_same_leads(tmp_path: Path) -> None:
    one = written(tmp_path / "one", lines_of(["a"]))
    again = written(tmp_path / "one", lines_of(["a"]))
    other = written(tmp_path / "other", lines_of(["a"]))
    assert set(again["lead"].to_pylist()) == set(one["lead"].to_pylist())
    assert other["lead"].to_pylist() != one["lead"].to_pylist()


def test_each_hour_is_one_sealed_file(tmp_path: Path) -> None:
    rows = written(
        tmp_path,
        lines_of(["a"]),
        lines_of(["b"], at=NOON + HOUR),
        lines_of(["c"], at=NOON + timedelta(minutes=59, seconds=59)),
    )
    files = sorted(path.name for path in tmp_path.iterdir() if path.name != KEY_FILE)
    assert [name[:13] for name in files] == ["2026-03-01T12", "2026-03-01T13"]
    assert all(name.endswith(".parquet") for name in files)
    assert leads_in(tmp_path, rows, ["a", "b", "c"]) == ["a", "c", "b"]


def test_only_what_was_scored_since_is_read(tmp_path: Path) -> None:
    moments = [NOON, NOON + HOUR, NOON + HOUR + timedelta(minutes=30), NOON + 2 * HOUR]
    rows = written(tmp_path, *(lines_of([f"L{k}"], at=at) for k, at in enumerate(moments)))
    for k, moment in enumerate(moments):
        found = together(read_log(tmp_path, since=moment))
        assert found["scored_at"].to_pylist() == rows["scored_at"].to_pylist()[k:]
    assert list(read_log(tmp_path, since=NOON + 3 * HOUR)) == []


def test_nothing_is_written_without_answers(tmp_path: Path) -> None:
    with ScoreLog(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert list(read_log(tmp_path)) == []


# --- while it is written --------------------------------------------------------------------------


def test_a_log_is_read_while_it_is_written(tmp_path: Path) -> None:
    with ScoreLog(tmp_path) as log:
        log.add(lines_of(["a", "b"]))
        wait_for(tmp_path, 2)
        log.add(lines_of(["c"]))
        wait_for(tmp_path, 3)
        assert len(list(tmp_path.glob("*.parquet"))) == 0
        mend(tmp_path)  # another process that starts must leave it alone
        log.add(lines_of(["d"]))
    assert sum(map(len, read_log(tmp_path))) == 4


def test_where_too_many_wait_the_rest_is_lost_and_counted(tmp_path: Path) -> None:
    lost: list[int] = []
    with ScoreLog(tmp_path, on_lost=lost.append, most_waiting=5) as log:
        started = time.perf_counter()
        for k in range(4):
            log.add(lines_of([f"L{k}", f"M{k}"]))
        took = time.perf_counter() - started
    kept = sum(map(len, read_log(tmp_path)))
    assert took < WRITE_SECONDS / 2  # adding waits for nothing
    assert (kept, lost) == (4, [2, 2])


def test_where_the_disk_fails_rows_are_lost_and_counted_and_later_ones_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lost: list[int] = []
    folder = tmp_path / "log"
    with ScoreLog(folder, on_lost=lost.append) as log:
        key = (folder / KEY_FILE).read_bytes()
        shutil.rmtree(folder)
        log.add(lines_of(["a", "b"]))
        until = time.monotonic() + 20
        while not lost:
            assert time.monotonic() < until
            time.sleep(0.02)
        folder.mkdir()
        (folder / KEY_FILE).write_bytes(key)
        log.add(lines_of(["c"]))
    assert lost == [2]
    assert "cannot be written" in caplog.text
    assert leads_in(folder, together(read_log(folder)), ["a", "b", "c"]) == ["c"]


def test_several_processes_write_one_log(tmp_path: Path) -> None:
    with ScoreLog(tmp_path) as one, ScoreLog(tmp_path) as two:
        one.add(lines_of(["a"]))
        two.add(lines_of(["b"]))
    rows = together(read_log(tmp_path))
    assert sorted(leads_in(tmp_path, rows, ["a", "b"])) == ["a", "b"]


# --- deaths ---------------------------------------------------------------------------------------


def test_what_a_killed_process_wrote_is_there_and_nothing_twice(tmp_path: Path) -> None:
    """It adds a lead every two milliseconds, over several hours, and is killed in the middle."""
    command = [sys.executable, "-m", "tests.serving.watching.logged", str(tmp_path)]
    added = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while added < 3000:  # more than an hour of its clock, some seconds of ours
            added = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        added = max([added, *map(int, process.stdout.read().split())])

    before = together(read_log(tmp_path))
    assert len(list(tmp_path.glob("*.arrows"))) == 1
    rows = written(tmp_path, lines_of(["new"]))

    ids = [f"L{k}" for k in range(added + 40)]
    found = leads_in(tmp_path, before, ids)
    assert found == ids[: len(found)]  # all of them, once, and in order
    assert len(found) > added - 3 * WRITE_SECONDS / 0.002
    assert sorted(leads_in(tmp_path, rows, [*ids, "new"])) == sorted([*found, "new"])
    left = [path for path in tmp_path.iterdir() if path.name != KEY_FILE]
    assert {path.suffix for path in left} == {".parquet"}
    assert sum(pq.read_metadata(path).num_rows for path in left) == len(found) + 1


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of one journal without an owner, of three batches with two rows each."""
    folder = tmp_path_factory.mktemp("left")
    with ScoreLog(folder) as log:
        for k in (0, 2, 4):
            log.add(lines_of([f"L{k}", f"L{k + 1}"]))
            wait_for(folder, k + 2)
        whole = next(folder.glob("*.arrows")).read_bytes()
    (sealed,) = folder.glob("*.parquet")
    sealed.unlink()
    sealed.with_suffix(".arrows").write_bytes(whole)
    return folder


@pytest.fixture
def journal(left: Path, tmp_path: Path) -> Path:
    """The journal of a copy."""
    return next(Path(shutil.copytree(left, tmp_path / "log")).glob("*.arrows"))


def test_a_journal_cut_anywhere_gives_its_whole_batches(journal: Path) -> None:
    whole, folder = journal.read_bytes(), journal.parent
    counts = []
    for end in [*range(0, len(whole), 5), len(whole)]:
        journal.write_bytes(whole[:end])
        counts.append(sum(map(len, read_log(folder))))
    assert counts == sorted(counts)
    assert set(counts) == {0, 2, 4, 6}


@pytest.mark.parametrize("size", [0, 100])
def test_a_journal_without_a_row_is_cleared_away(journal: Path, size: int) -> None:
    journal.write_bytes(journal.read_bytes()[:size])
    mend(journal.parent)
    assert [path.name for path in journal.parent.iterdir()] == [KEY_FILE]


def test_a_death_between_sealing_and_clearing_away_doubles_nothing(journal: Path) -> None:
    kept = journal.read_bytes()
    mend(journal.parent)
    journal.write_bytes(kept)
    journal.with_suffix(".tmp").write_bytes(b"half a seal")
    assert sum(map(len, read_log(journal.parent))) == 6
    mend(journal.parent)
    assert sum(map(len, read_log(journal.parent))) == 6
    assert sorted(path.suffix for path in journal.parent.iterdir()) == [".key", ".parquet"]


def test_a_journal_that_has_an_owner_is_left_to_it(journal: Path) -> None:
    with journal.open("rb") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        mend(journal.parent)
        assert journal.is_file()
    mend(journal.parent)
    assert not journal.is_file()


# --- refusals -------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"serving\.score_log must be a folder that can be"):
        ScoreLog(tmp_path / "file" / "log")


def test_reading_a_log_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There must be a score log in"):
        list(read_log(tmp_path))


def test_a_damaged_seal_is_refused(tmp_path: Path) -> None:
    written(tmp_path, lines_of(["a"]))
    (sealed,) = tmp_path.glob("*.parquet")
    os.truncate(sealed, 40)
    with pytest.raises(DataError, match="must be as the log wrote it"):
        list(read_log(tmp_path))
