"""Is a lead that is looked up the same lead as in the whole source, wherever that is kept?"""

import dataclasses
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from leadml.checks import read_tables
from leadml.config import Config, parse_config
from leadml.errors import DataError, SourceError
from leadml.tables import Tables
from serving import lookup as module
from serving.lookup import TOO_MANY, Lookup
from serving.news import with_colleagues
from serving.scorer import Scorer
from serving.scoring import score_examples
from tests.postgres import postgres
from training.train import train

NOW = pd.Timestamp("2026-06-01", tz="UTC")
KINDS = ("csv", "parquet", "duckdb", "postgres")
HOSTILE = (
    "O'Brien'; DROP TABLE crm_leads; --",
    'say "hello"',
    "a/b/../c",
    "Zoë 日本 😀",
    "100%",
    "{}[],",
    "x" * 5_000,
    "back\\slash",
)


def raw_tables(tables: Tables) -> dict[str, pd.DataFrame]:
    """The tiny company as a CRM would export it: its own names, local times, colleagues, a history.

    Three traps for whoever reads few rows: times of day that are midnights, codes that are
    texts but for some, and numbers that are written as texts.
    """
    rng = np.random.default_rng(3)
    leads = tables.leads
    n = len(leads)
    code = np.where(rng.random(n) < 0.7, rng.integers(10, 30, n).astype(str), "AB 10")
    ids = leads["lead_id"].copy()
    ids.iloc[: len(HOSTILE)] = HOSTILE
    renamed = dict(zip(leads["lead_id"], ids, strict=True))
    created = _local(leads["created_at"])
    created.iloc[10:60] = created.iloc[10:60].dt.normalize()
    account = pd.Series([f"acct '{k}'" for k in rng.integers(0, n // 3, n)], dtype="str")
    events, outcomes = tables.events, tables.outcomes
    changed = rng.choice(n, 200, replace=False)
    return {
        "crm_leads": pd.DataFrame(
            {
                "contact": ids,
                "made": created,
                "firm": account.mask(rng.random(n) < 0.3),
                "consent": np.where(rng.random(n) < 0.05, "no", "yes"),
                "employees": leads["employees"],
                "staff": leads["employees"].map("{:.0f}".format).replace("nan", "NA"),
                "industry": leads["industry"],
                "area": pd.Series(code, dtype="str"),
            }
        ),
        "crm_events": pd.DataFrame(
            {
                "contact": events["lead_id"].map(renamed),
                "happened": _local(events["occurred_at"]),
                "event_type": events["event_type"],
                "value": events["value"],
            }
        ),
        "outcomes": pd.DataFrame(
            {
                "lead_id": outcomes["lead_id"].map(renamed),
                "outcome": outcomes["outcome"],
                "closed_at": _local(outcomes["closed_at"]),
            }
        ),
        "attributes": pd.DataFrame(
            {
                "lead_id": ids.iloc[changed].reset_index(drop=True),
                "valid_from": _local(leads["created_at"].iloc[changed] + pd.Timedelta(3, "D")),
                "industry": rng.choice(["Software", "Retail", "Health"], len(changed)),
                "staff": rng.integers(1, 900, len(changed)).astype(str),
            }
        ),
    }


def _local(times: pd.Series) -> pd.Series:
    local = times.dt.tz_convert("Europe/Amsterdam").dt.tz_localize(None).dt.as_unit("us")
    return local.reset_index(drop=True)


SETTINGS: dict[str, Any] = {
    "data": {
        "leads": "crm_leads",
        "events": "crm_events",
        "timezone": "Europe/Amsterdam",
        "bad_rows": "set_aside",
    },
    "columns": {
        "leads": {"lead_id": "contact", "created_at": "made", "account_id": "firm"},
        "events": {"lead_id": "contact", "occurred_at": "happened"},
    },
    "features": {"per_event": ["count", "days_since_last", "account_count"]},
    "examples": {"after_days": [0, 7]},
}


@pytest.fixture(scope="session")
def raw(tables: Tables) -> dict[str, pd.DataFrame]:
    return raw_tables(tables)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server."""
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


Keep = Callable[[str, dict[str, pd.DataFrame]], Config]


@pytest.fixture(scope="session")
def keep(config: Config, server: str, tmp_path_factory: pytest.TempPathFactory) -> Keep:
    """Writes tables where they are kept, and gives the configuration that names the place."""

    def kept(kind: str, frames: dict[str, pd.DataFrame], **more: Any) -> Config:
        folder = tmp_path_factory.mktemp(kind)
        source = "."
        if kind == "postgres":
            source = fill_postgres(server, folder.name, frames)
        elif kind == "duckdb":
            source = "crm.duckdb"
            fill_duckdb(folder / source, frames)
        for name, frame in frames.items() if source == "." else ():
            path = folder / f"{name}.{kind}"
            if kind == "csv":
                frame.to_csv(path, index=False)
            else:
                pyarrow.parquet.write_table(arrow_of(frame), path, row_group_size=100)
        settings = {**SETTINGS, "data": {**SETTINGS["data"], "source": source, **more}}
        parsed = parse_config(settings)
        return dataclasses.replace(
            parsed,
            events=config.events,
            label=config.label,
            attributes=config.attributes,
            training=config.training,
            folder=folder,
        )

    return kept


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """By way of Parquet: `Table.from_pandas` warns on times with a zone in pandas 3.1."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return pyarrow.parquet.read_table(buffer).replace_schema_metadata()


def fill_duckdb(path: Path, frames: dict[str, pd.DataFrame]) -> None:
    with duckdb.connect(path) as connection:
        for name, frame in frames.items():
            connection.register("arrow", arrow_of(frame))
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arrow")
            connection.unregister("arrow")


def fill_postgres(server: str, schema: str, frames: dict[str, pd.DataFrame]) -> str:
    """Writes the tables into a schema of their own, and gives the address that looks there."""
    import adbc_driver_postgresql.dbapi as postgresql

    address = f"{server}&options=-csearch_path%3D%22{schema}%22"
    with postgresql.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{schema}"')
        for name, frame in frames.items():
            cursor.adbc_ingest(name, arrow_of(frame), db_schema_name=schema)
    return address


@pytest.fixture(scope="session", params=KINDS)
def kept(request: pytest.FixtureRequest, keep: Keep, raw: dict[str, pd.DataFrame]) -> Config:
    return keep(request.param, raw)


@pytest.fixture(scope="session")
def opened(kept: Config) -> Iterator[Lookup]:
    with Lookup(kept) as lookup:
        yield lookup


@pytest.fixture(scope="session")
def whole(keep: Keep, raw: dict[str, pd.DataFrame]) -> Tables:
    return read_tables(keep("parquet", raw), now=NOW)


@pytest.fixture(scope="session")
def at_accounts(keep: Keep, raw: dict[str, pd.DataFrame], whole: Tables) -> Scorer:
    """A model that looks at accounts."""
    return Scorer.of(train(keep("parquet", raw), whole).model, "1")


def find(config: Config, lead_id: str, *, colleagues: bool = True) -> Tables:
    with Lookup(config) as lookup:
        found = lookup.find([lead_id], now=NOW, colleagues=colleagues)
    assert found is not None
    return found.tables


def assert_same(got: Tables, expected: Tables) -> None:
    """The same rows, in any order, of the same types."""
    assert got.clock == expected.clock
    for name in ("leads", "events", "outcomes", "attributes"):
        ours, theirs = (
            frame.sort_values(list(frame.columns), ignore_index=True)
            for frame in (getattr(got, name), getattr(expected, name))
        )
        pd.testing.assert_frame_equal(ours, theirs, obj=name)


# What is looked up is what is there.


def test_a_lead_and_its_colleagues_read_as_in_the_whole_source(
    kept: Config, opened: Lookup, raw: dict[str, pd.DataFrame]
) -> None:
    everything = read_tables(kept, now=NOW)
    for lead_id in raw["crm_leads"]["contact"].iloc[:40]:
        found = opened.find([lead_id], now=NOW, colleagues=True)
        assert found is not None
        assert found.warnings == ()
        own = with_colleagues(everything, pd.Series([lead_id], dtype="str"))
        assert_same(found.tables, own)


def test_a_score_of_a_looked_up_lead_is_that_of_the_whole_base_to_the_bit(
    opened: Lookup, whole: Tables, at_accounts: Scorer
) -> None:
    examples = pd.DataFrame({"lead_id": whole.leads["lead_id"], "as_of": whole.end})
    expected = score_examples(at_accounts, whole, examples)
    rows = expected.for_file()
    for k in [*range(20), *range(100, 600, 20)]:
        found = opened.find([rows["lead_id"][k]], now=NOW, colleagues=True)
        assert found is not None
        scores = score_examples(at_accounts, found.tables, examples.iloc[[k]])
        assert scores.matrix.tobytes() == expected.matrix[k].tobytes()
        pd.testing.assert_frame_equal(
            scores.for_file(), rows.iloc[[k]].reset_index(drop=True), check_exact=True
        )


def test_several_leads_are_found_at_once(opened: Lookup, whole: Tables) -> None:
    lead_ids = whole.leads["lead_id"].iloc[[3, 20, 21, 500]].tolist()
    found = opened.find(lead_ids, now=NOW, colleagues=False)
    assert found is not None
    assert set(found.tables.leads["lead_id"]) == set(lead_ids)
    assert set(found.tables.events["lead_id"]) <= set(lead_ids)


def test_without_colleagues_only_the_lead_is_found(kept: Config, whole: Tables) -> None:
    shared = whole.leads[whole.leads["account_id"].duplicated(keep=False)].dropna().iloc[0]

    assert len(find(kept, shared["lead_id"], colleagues=False).leads) == 1
    assert len(find(kept, shared["lead_id"]).leads) > 1


@pytest.mark.parametrize(
    "nobody", ["nobody", "", " ", "%", "L1%", "' OR '1'='1", "\0", "\ud800", "9" * 40, "x" * 10_000]
)
def test_an_unknown_id_finds_nothing(opened: Lookup, nobody: str) -> None:
    assert opened.find([nobody], now=NOW, colleagues=True) is None


# Ids of other types.


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "postgres"])
@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
def test_ids_that_are_numbers_are_found_as_they_are_written(
    keep: Keep, raw: dict[str, pd.DataFrame], kind: str, dtype: str
) -> None:
    config = keep(kind, numbered(raw, dtype))
    everything = read_tables(config, now=NOW)

    assert_same(find(config, "107"), with_colleagues(everything, pd.Series(["107"], dtype="str")))
    with Lookup(config) as lookup:
        for other in ("0107", "107.0", "1e2", "x", "+107", "10_7", "99999999999999999999"):
            assert lookup.find([other], now=NOW, colleagues=True) is None


def numbered(raw: dict[str, pd.DataFrame], dtype: str) -> dict[str, pd.DataFrame]:
    """The tables with whole numbers as ids of leads and accounts."""
    number = {lead_id: k for k, lead_id in enumerate(raw["crm_leads"]["contact"])}
    accounts = {own: k for k, own in enumerate(raw["crm_leads"]["firm"].dropna().unique())}
    frames = {}
    for name, frame in raw.items():
        column = "contact" if name.startswith("crm") else "lead_id"
        frames[name] = frame.assign(**{column: frame[column].map(number).astype(dtype)})
    leads = frames["crm_leads"]
    frames["crm_leads"] = leads.assign(firm=leads["firm"].map(accounts).astype("float64"))
    return frames


def test_uuids_and_padded_texts_of_postgres_are_found(
    keep: Keep, raw: dict[str, pd.DataFrame]
) -> None:
    import adbc_driver_postgresql.dbapi as postgresql

    config = keep("postgres", numbered(raw, "int64"))
    as_uuid = "CAST(lpad(to_hex({0}), 32, '0') AS uuid)"
    with (
        postgresql.connect(config.data.source, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for table, column in (("crm_leads", "contact"), ("outcomes", "lead_id")):
            cursor.execute(
                f"ALTER TABLE {table} ALTER {column} TYPE uuid USING {as_uuid.format(column)}"
            )
        for table, column in (("crm_events", "contact"), ("attributes", "lead_id")):
            cursor.execute(
                f"ALTER TABLE {table} ALTER {column} TYPE char(50) "
                f"USING CAST({as_uuid.format(column)} AS text)"
            )
    lead_id = f"00000000-0000-0000-0000-{107:012x}"
    expected = with_colleagues(read_tables(config, now=NOW), pd.Series([lead_id], dtype="str"))

    assert len(expected.events)
    assert_same(find(config, lead_id), expected)
    with Lookup(config) as lookup:
        assert lookup.find([lead_id.upper(), "x"], now=NOW, colleagues=True) is None


@pytest.mark.parametrize("kind", KINDS)
def test_ids_with_blanks_around_them_are_found_without(
    keep: Keep, raw: dict[str, pd.DataFrame], kind: str
) -> None:
    events = raw["crm_events"]
    padded = events.assign(contact=[f" {own}\t" for own in events["contact"]])
    config = keep(kind, {**raw, "crm_events": padded})
    lead_id = events["contact"].iloc[100]

    assert (
        len(find(config, lead_id, colleagues=False).events) == (events["contact"] == lead_id).sum()
    )


# Other shapes of sources.


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_select_is_looked_into(keep: Keep, raw: dict[str, pd.DataFrame], kind: str) -> None:
    select = (
        "WITH known AS (SELECT * FROM crm_leads) SELECT k.*, e.n AS events_so_far FROM known k "
        "LEFT JOIN (SELECT contact, count(*) AS n FROM crm_events GROUP BY contact) e "
        "ON e.contact = k.contact"
    )
    config = keep(kind, raw, leads=select)
    lead_id = raw["crm_leads"]["contact"].iloc[2]
    expected = with_colleagues(read_tables(config, now=NOW), pd.Series([lead_id], dtype="str"))

    assert "events_so_far" in expected.leads
    assert_same(find(config, lead_id), expected)


def test_one_wide_table_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text(
        "id,created_at,outcome,closed_at,size\n"
        "1,2026-01-01T08:00Z,won,2026-02-01T08:00Z,12\n"
        "2,2026-01-02T08:00Z,,,7\n"
        "3,2026-01-03T08:00Z,lost,2026-02-02T08:00Z,x\n",
        encoding="utf-8",
    )
    settings = {"data": {"table": "all"}, "columns": {"table": {"lead_id": "id"}}}
    config = dataclasses.replace(parse_config(settings), folder=tmp_path)

    first = find(config, "1")
    assert first.leads["size"].tolist() == ["12"]
    assert first.outcomes["outcome"].tolist() == ["closed_won"]
    assert not len(find(config, "2").outcomes)


def test_an_undated_table_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("lead_id,outcome,size\na,won,1\nb,,2\n", encoding="utf-8")
    config = parse_config({"data": {"table": "all"}})

    tables = find(dataclasses.replace(config, folder=tmp_path), "b")
    assert not tables.dated
    assert tables.leads["size"].tolist() == [2.0]


@pytest.mark.parametrize("kind", KINDS)
def test_bare_dates_are_midnights_of_utc_among_all_rows_and_alone(
    keep: Keep, raw: dict[str, pd.DataFrame], kind: str
) -> None:
    leads = raw["crm_leads"]
    config = keep(kind, {**raw, "crm_leads": leads.assign(made=leads["made"].dt.normalize())})
    lead_id = leads["contact"].iloc[100]
    expected = with_colleagues(read_tables(config, now=NOW), pd.Series([lead_id], dtype="str"))

    assert expected.clock == "days"
    assert_same(find(config, lead_id), expected)


# What cannot be used.


def test_rows_that_are_set_aside_are_told(keep: Keep, raw: dict[str, pd.DataFrame]) -> None:
    events = raw["crm_events"]
    late = events.assign(happened=events["happened"].mask(events.index == 0, pd.Timestamp("2030")))
    config = keep("parquet", {**raw, "crm_events": late})
    with Lookup(config) as lookup:
        found = lookup.find([events["contact"].iloc[0]], now=NOW, colleagues=False)

    assert found is not None
    assert found.warnings == ("1 row of events was left out: `leadml check` says why",)


def test_a_lead_that_stands_twice_is_refused(keep: Keep, raw: dict[str, pd.DataFrame]) -> None:
    leads = raw["crm_leads"]
    config = keep(
        "parquet",
        {**raw, "crm_leads": pd.concat([leads, leads.iloc[[7]]], ignore_index=True)},
        bad_rows="refuse",
    )
    with Lookup(config) as lookup, pytest.raises(DataError, match="lead_id must be unique"):
        lookup.find([leads["contact"].iloc[7]], now=NOW, colleagues=False)


def test_a_huge_account_is_left_out_with_a_warning(
    kept: Config, whole: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = whole.leads["account_id"].value_counts()
    lead_id = whole.leads.loc[whole.leads["account_id"] == sizes.index[0], "lead_id"].iloc[0]
    monkeypatch.setattr(module, "MOST_COLLEAGUES", int(sizes.iloc[0]) - 1)
    with Lookup(kept) as lookup:
        found = lookup.find([lead_id], now=NOW, colleagues=True)
    assert found is not None
    assert found.warnings == (TOO_MANY,)
    assert found.tables.leads["lead_id"].tolist() == [lead_id]

    monkeypatch.setattr(module, "MOST_COLLEAGUES", int(sizes.iloc[0]))
    assert len(find(kept, lead_id).leads) == sizes.iloc[0]


def test_more_rows_than_a_lookup_takes_are_refused(
    kept: Config, whole: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 1)
    busy = whole.events["lead_id"].value_counts().index[0]
    with Lookup(kept) as lookup, pytest.raises(DataError, match="at most 1 rows of events"):
        lookup.find([busy], now=NOW, colleagues=False)


# A source that is away, that changes, that is asked by many.


@pytest.mark.parametrize(
    "source", ["postgresql://someone:secret@127.0.0.1:1/crm", "nowhere", "nowhere.duckdb"]
)
def test_a_source_that_is_away_says_so_without_its_password(source: str, tmp_path: Path) -> None:
    config = dataclasses.replace(parse_config({"data": {"source": source}}), folder=tmp_path)
    with Lookup(config) as lookup, pytest.raises(SourceError) as raised:
        lookup.find(["x"], now=NOW, colleagues=True)
    assert "secret" not in str(raised.value)


def test_a_source_that_failed_is_left_alone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(parse_config({}), folder=tmp_path)
    lookup = Lookup(config)
    with pytest.raises(SourceError):
        lookup.find(["1"], now=NOW, colleagues=True)
    for name, text in (
        ("leads", "lead_id,created_at\n1,2026-01-01\n"),
        ("outcomes", "lead_id,outcome,closed_at\n1,won,2026-02-01\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        lookup.find(["1"], now=NOW, colleagues=True)

    monkeypatch.setattr(module, "REST_SECONDS", 0.0)
    found = lookup.find(["1"], now=NOW, colleagues=True)
    assert found is not None
    assert found.tables.leads["lead_id"].tolist() == ["1"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "duckdb"])
def test_files_that_have_changed_are_read_again(
    keep: Keep, raw: dict[str, pd.DataFrame], kind: str
) -> None:
    config = keep(kind, raw)
    lead_id = raw["crm_leads"]["contact"].iloc[100]
    more = raw["crm_events"].iloc[[0]].assign(contact=lead_id)
    events = pd.concat([raw["crm_events"], more], ignore_index=True)
    with Lookup(config) as lookup:
        before = lookup.find([lead_id], now=NOW, colleagues=False)
        if kind == "duckdb":  # a lookup leaves the file to whoever writes it
            fill_duckdb(config.folder / "crm.duckdb", {"crm_events": events})
        elif kind == "csv":
            events.to_csv(config.folder / "crm_events.csv", index=False)
        else:
            pyarrow.parquet.write_table(arrow_of(events), config.folder / "crm_events.parquet")
        after = lookup.find([lead_id], now=NOW, colleagues=False)
    assert before is not None
    assert after is not None
    assert len(after.tables.events) == len(before.tables.events) + 1


def test_a_duckdb_file_that_is_being_written_is_away(
    keep: Keep, raw: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the file; our own would share its connection."""
    import subprocess
    import sys

    monkeypatch.setattr(module, "REST_SECONDS", 0.0)
    config = keep("duckdb", raw)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('x', flush=True); input()"
    with Lookup(config) as lookup:
        lookup.open()
        with subprocess.Popen(
            [sys.executable, "-c", code, str(config.folder / "crm.duckdb")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            with pytest.raises(SourceError, match="must answer"):
                lookup.find([HOSTILE[0]], now=NOW, colleagues=False)
            writer.communicate(b"\n")
        assert lookup.find([HOSTILE[0]], now=NOW, colleagues=False) is not None


def test_connections_that_the_server_has_ended_are_replaced(
    keep: Keep, raw: dict[str, pd.DataFrame]
) -> None:
    import adbc_driver_postgresql.dbapi as postgresql

    config = keep("postgres", raw)
    with Lookup(config) as lookup:
        assert lookup.find([HOSTILE[0]], now=NOW, colleagues=False) is not None
        with (
            postgresql.connect(config.data.source, autocommit=True) as own,
            own.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            cursor.fetchall()
        assert lookup.find([HOSTILE[0]], now=NOW, colleagues=False) is not None


def test_many_threads_look_up_at_once(opened: Lookup, whole: Tables) -> None:
    lead_ids = whole.leads["lead_id"].iloc[:24].tolist()
    found: dict[str, list[str]] = {}

    def ask(own: list[str]) -> None:
        for lead_id in own:
            one = opened.find([lead_id], now=NOW, colleagues=False)
            found[lead_id] = [] if one is None else one.tables.leads["lead_id"].tolist()

    threads = [threading.Thread(target=ask, args=(lead_ids[k::6],)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {lead_id: [lead_id] for lead_id in lead_ids}


def test_postgres_answers_a_lookup_from_its_index(keep: Keep, raw: dict[str, pd.DataFrame]) -> None:
    """The plan of the very query, with sequential scans made dear."""
    import adbc_driver_postgresql.dbapi as postgresql

    from leadml.sources import asked_of

    config = keep("postgres", numbered(raw, "int64"))
    query = f'EXPLAIN {asked_of("crm_events")} WHERE "contact" = ANY(CAST($1 AS int8[])) LIMIT 9'
    with (
        postgresql.connect(config.data.source, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE INDEX ON crm_events (contact)")
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(query, [["107"]])
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "Index" in plan
