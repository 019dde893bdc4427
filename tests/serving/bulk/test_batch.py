"""Is the whole base scored as if at once, however it is cut, and however often it is broken off?"""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from features.buckets import BucketedPast
from features.past import build_past
from leadml.errors import DataError
from leadml.folder import write_model
from leadml.sources import Parts, as_table
from leadml.tables import Tables
from serving.asking import ask
from serving.bulk.batch import Base, Done, Wanted, as_scores, score_base
from serving.bulk.sinks import open_sink
from serving.evidence import read_previous
from serving.scorer import Scorer
from serving.scoring import score_examples
from tests.postgres import postgres
from tests.serving.bulk.broken_off import base_of, run, scorer_of

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("broken_off.py")
SETTINGS = """
[data]
end = 2026-01-01T00:00:00Z
[events.pricing_page_view]
one = "pricing-page view"
many = "pricing-page views"
[events.demo_request]
one = "demo request"
many = "demo requests"
[events.unsubscribed]
one = "unsubscription"
many = "unsubscriptions"
"""


@pytest.fixture(scope="module")
def world(tables: Tables, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small company in files, three leads an account, each looked at twice, in no order."""
    folder = tmp_path_factory.mktemp("world")
    accounts = pd.Series([f"A{k % 200}" for k in range(len(tables.leads))], dtype="str")
    tables.leads.assign(account_id=accounts).to_parquet(folder / "leads.parquet", index=False)
    tables.events.rename(columns={"known_at": "recorded_at"}).to_parquet(
        folder / "events.parquet", index=False
    )
    tables.outcomes.to_parquet(folder / "outcomes.parquet", index=False)
    (folder / "leadml.toml").write_text(SETTINGS, encoding="utf-8")
    moments = [tables.leads["created_at"] + pd.Timedelta(days, "D") for days in (3, 20)]
    examples = pd.concat([tables.leads[["lead_id"]].assign(as_of=own) for own in moments])
    examples.sample(frac=1, random_state=0).to_csv(folder / "examples.csv", index=False)
    write_model(scorer.model, folder / "model")
    return folder


@pytest.fixture
def place(world: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(world, tmp_path / "world"))


@pytest.fixture(scope="module")
def at_once(world: Path) -> pa.Table:
    """What scoring all of it at once gives."""
    base = base_of(world)
    return as_scores(score_examples(scorer_of(world), base.tables, base.examples).for_file())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


def parts_of(place: Path, name: str) -> list[Path]:
    return sorted((place / f".{name}.parts").glob("*.arrow"))


def started(place: Path, out: str, *more: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(PROGRAM), str(place), out, *map(str, more)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said


def wait_for(process: "subprocess.Popen[str]", what: object, *, parts: int, of: Path) -> None:
    """Until a run has made so many parts."""
    deadline = time.monotonic() + 60
    while len(parts_of(of, str(what))) < parts:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)


def rows_of(server: str) -> pa.Table:
    with postgresql.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM scores")
        return cursor.fetch_arrow_table()


# What comes out.


def test_scores_of_all_parts_are_those_of_all_at_once_in_their_order(
    world: Path, at_once: pa.Table, tmp_path: Path
) -> None:
    base = base_of(world)
    assert len(base.blocks()) > 20
    assert not all(np.diff(np.concatenate(base.blocks().examples)) > 0)

    done = run(world, str(tmp_path / "s.parquet"))

    assert pa.parquet.read_table(tmp_path / "s.parquet").equals(at_once)
    blank = at_once["unscored_reason"].to_pandas() != ""
    assert done == Done(1_200, int(blank.sum()), 0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["s.parquet"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [1, 500, 100_000])
def test_neither_the_cut_nor_the_threads_change_a_byte(
    world: Path, tmp_path: Path, size: int, threads: int
) -> None:
    run(world, str(tmp_path / "s.csv"))
    other = open_sink(str(tmp_path / "t.csv"), folder=tmp_path)

    base = dataclasses.replace(base_of(world), size=size)
    score_base(scorer_of(world), base, other, threads=threads)

    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()


def test_a_log_read_in_parts_gives_the_same_scores(
    world: Path, at_once: pa.Table, tmp_path: Path
) -> None:
    base = base_of(world)
    log = as_table(pd.read_parquet(world / "events.parquet"))
    parts = [lambda k=k: log.slice(k, 300) for k in range(0, len(log), 300)]
    bare = dataclasses.replace(base.tables, events=base.tables.events.iloc[:0])

    with BucketedPast(bare.leads, bare.attributes, base.examples, memory=10_000) as past:
        past.read(Parts(len(log), parts))
        sink = open_sink(str(tmp_path / "s.parquet"), folder=tmp_path)
        score_base(scorer_of(world), Base(bare, base.examples, past), sink)

    assert pa.parquet.read_table(tmp_path / "s.parquet").equals(at_once)


def test_earlier_scores_hold_leads_back_in_parts_as_at_once(world: Path, tmp_path: Path) -> None:
    base, scorer = base_of(world), scorer_of(world)
    run(world, str(tmp_path / "s.csv"))
    before = read_previous(tmp_path / "s.csv").assign(stage="sql", fit_grade="A")

    run(world, str(tmp_path / "s.parquet"), Wanted(before=before))

    held = score_examples(scorer, base.tables, base.examples, before=before).for_file()
    assert pa.parquet.read_table(tmp_path / "s.parquet").equals(as_scores(held))


def test_questions_are_asked_in_parts_as_at_once(world: Path, tmp_path: Path) -> None:
    base, scorer = base_of(world), scorer_of(world)

    run(world, str(tmp_path / "s.parquet"), Wanted(most_questions=2, most_reasons=1))

    scores = score_examples(scorer, base.tables, base.examples, most_reasons=1)
    texts = [" ".join(one.text for one in own) for own in ask(scorer, scores, most=2)]
    written = pa.parquet.read_table(tmp_path / "s.parquet")
    assert written["questions"].to_pylist() == texts
    assert any(texts)
    assert written.drop_columns("questions").equals(as_scores(scores.for_file()))


def test_no_examples_are_an_empty_table_with_its_columns(
    world: Path, at_once: pa.Table, tmp_path: Path
) -> None:
    base = base_of(world)
    none = base.examples.iloc[:0]
    past = build_past(base.tables, none)

    sink = open_sink(str(tmp_path / "s.parquet"), folder=tmp_path)
    done = score_base(scorer_of(world), Base(base.tables, none, past), sink)

    assert done == Done(0, 0, 0, 0)
    assert pa.parquet.read_table(tmp_path / "s.parquet").equals(at_once.slice(0, 0))


# Broken off.


@pytest.mark.parametrize("parts", [0, 1, 20])
def test_a_killed_run_goes_on_without_losing_or_doubling_a_row(
    place: Path, at_once: pa.Table, parts: int
) -> None:
    process = started(place, str(place / "s.parquet"))
    wait_for(process, "s.parquet", parts=parts, of=place)
    kill(process)
    made = len(parts_of(place, "s.parquet"))
    assert not (place / "s.parquet").exists()
    assert made >= parts

    done = run(place, str(place / "s.parquet"))

    assert (done.kept, done.stale) == (made, 0)
    assert pa.parquet.read_table(place / "s.parquet").equals(at_once)


def test_killed_again_and_again_it_writes_the_same_bytes(place: Path) -> None:
    run(place, str(place / "undisturbed.csv"))
    for parts in (3, 6, 9):
        process = started(place, str(place / "s.csv"))
        wait_for(process, "s.csv", parts=parts, of=place)
        kill(process)

    assert run(place, str(place / "s.csv")).kept >= 9

    assert (place / "s.csv").read_bytes() == (place / "undisturbed.csv").read_bytes()


def test_killed_while_it_writes_the_file_the_old_one_stays(place: Path, at_once: pa.Table) -> None:
    """The draft is a pipe that nobody reads, at which the run waits to be killed."""
    (place / "s.csv").write_text("the old scores", encoding="utf-8")
    os.mkfifo(place / ".s.csv.draft")
    process = started(place, str(place / "s.csv"))
    parts = len(base_of(place).blocks())
    wait_for(process, "s.csv", parts=parts, of=place)
    time.sleep(0.3)
    kill(process)
    assert (place / "s.csv").read_text(encoding="utf-8") == "the old scores"
    (place / ".s.csv.draft").unlink()

    assert run(place, str(place / "s.csv")).kept == parts

    assert len(pd.read_csv(place / "s.csv")) == len(at_once)


def test_killed_while_it_fills_a_table_the_old_rows_stay(
    place: Path, server: str, at_once: pa.Table
) -> None:
    run(place, server)
    with postgresql.connect(server) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE scores IN SHARE MODE")  # for which the run must wait
        process = started(place, server)
        parts = len(base_of(place).blocks())
        wait_for(process, "scores", parts=parts, of=place)
        time.sleep(0.3)
        kill(process)

    assert rows_of(server).num_rows == len(at_once)
    assert run(place, server).kept == parts

    by = [("lead_id", "ascending"), ("as_of", "ascending")]
    assert rows_of(server).cast(at_once.schema).sort_by(by).equals(at_once.sort_by(by))


def test_a_disk_that_fills_up_is_said_and_what_is_made_is_kept(
    place: Path, at_once: pa.Table
) -> None:
    # Parts fit into 60 kB, all of them in one file do not.
    process = started(place, str(place / "s.csv"), 60_000)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "s.csv' must be written whole, got: " in said
    assert "File too large" in said
    assert "what is scored is kept" in said
    assert not list(place.glob("*.draft")) + list(place.glob("s.csv"))

    done = run(place, str(place / "s.csv"))

    assert done.kept == len(base_of(place).blocks())
    assert len(pd.read_csv(place / "s.csv")) == len(at_once)


def test_a_disk_without_room_for_a_part_is_said(place: Path) -> None:
    process = started(place, str(place / "s.csv"), 1_000)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "Scores must be kept in " in said
    assert "it goes on with what is there" in said
    assert not list((place / ".s.csv.parts").glob("*.draft"))


# What is made anew.


def broken_off(place: Path) -> int:
    """Breaks a run off after some parts; how many there are."""
    process = started(place, str(place / "s.parquet"))
    wait_for(process, "s.parquet", parts=10, of=place)
    kill(process)
    return len(parts_of(place, "s.parquet"))


def test_another_model_makes_all_parts_anew(place: Path, scorer: Scorer) -> None:
    made = broken_off(place)
    bent = scorer.model.calibration
    other = dataclasses.replace(bent, offset=bent.offset + 1)
    shutil.rmtree(place / "model")
    write_model(dataclasses.replace(scorer.model, calibration=other), place / "model")

    done = run(place, str(place / "s.parquet"))

    assert (done.kept, done.stale) == (0, made)
    base = base_of(place)
    expected = score_examples(scorer_of(place), base.tables, base.examples).for_file()
    assert pa.parquet.read_table(place / "s.parquet").equals(as_scores(expected))


def test_other_questions_make_all_parts_anew(place: Path) -> None:
    made = broken_off(place)

    done = run(place, str(place / "s.parquet"), Wanted(most_reasons=2))

    assert (done.kept, done.stale) == (0, made)


@pytest.mark.parametrize("table", ["leads", "outcomes"])
def test_other_records_make_all_parts_anew(place: Path, table: str) -> None:
    made = broken_off(place)
    frame = pd.read_parquet(place / f"{table}.parquet")
    frame.iloc[:-1].to_parquet(place / f"{table}.parquet", index=False)
    if table == "leads":
        examples = pd.read_csv(place / "examples.csv")
        known = examples["lead_id"] != frame["lead_id"].iloc[-1]
        examples[known].to_csv(place / "examples.csv", index=False)

    done = run(place, str(place / "s.parquet"))

    assert (done.kept, done.stale) == (0, made)


def test_one_more_event_makes_the_part_of_its_lead_anew(place: Path) -> None:
    made = broken_off(place)
    first = base_of(place).blocks()[0]
    lead_id = base_of(place).lead_ids[first.rows[0]]
    events = pd.read_parquet(place / "events.parquet")
    new = events[events["event_type"] == "demo_request"].iloc[:1].assign(lead_id=lead_id)
    pd.concat([events, new]).to_parquet(place / "events.parquet", index=False)
    base = base_of(place)

    done = run(place, str(place / "s.parquet"))

    assert done.stale >= 1
    expected = score_examples(scorer_of(place), base.tables, base.examples).for_file()
    assert pa.parquet.read_table(place / "s.parquet").equals(as_scores(expected))
    assert made


def test_a_damaged_part_is_made_anew(place: Path, at_once: pa.Table) -> None:
    made = broken_off(place)
    one = parts_of(place, "s.parquet")[3]
    one.write_bytes(one.read_bytes()[:100])

    done = run(place, str(place / "s.parquet"))

    assert (done.kept, done.stale) == (made - 1, 1)
    assert pa.parquet.read_table(place / "s.parquet").equals(at_once)


def test_two_runs_do_not_share_a_place(place: Path) -> None:
    os.mkfifo(place / ".s.csv.draft")
    process = started(place, str(place / "s.csv"))
    wait_for(process, "s.csv", parts=1, of=place)

    with pytest.raises(DataError, match="another run is making scores in it"):
        run(place, str(place / "s.csv"))
    kill(process)
