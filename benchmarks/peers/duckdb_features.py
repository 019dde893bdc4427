"""What does DuckDB answer, and how fast? `--form` chooses the formulation, the fastest by default.

- `grouped`: leads coded as integers and events sorted by them; one join of examples with the events
  before them, one GROUP BY example and type; then each type's part is joined to the examples.
- `asof`: running counts and sums within lead and type; ASOF joins look them up at both ends of each
  window, type by type.
- `filter`: one pass over the join, each of the 93 columns an aggregate with FILTER.

Decay is taken from a fixed moment, so that `pow` is paid per event and per example, not per pair.
Active days are bits: at most 91 days touch a window, so that no distinct count is needed. Times are
whole microseconds, because arithmetic on TIMESTAMP WITH TIME ZONE goes through a calendar.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from question import DAY, HALF_LIFE, TYPES, WINDOWS, answer, arguments, feature_names

FIXED = 1_700_000_000_000_000
NONE = "'NaN'::DOUBLE"


def connect(events: Path, examples: Path) -> duckdb.DuckDBPyConnection:
    """A database of two threads, with views `log` and `asked` of the files."""
    con = duckdb.connect()
    con.execute("SET threads = 2; SET TimeZone = 'UTC'")
    con.execute(f"CREATE TYPE kind AS ENUM ({', '.join(repr(name) for name in TYPES)})")
    con.execute(f"CREATE MACRO grown(t) AS pow(2.0, (t - {FIXED}) / {DAY * HALF_LIFE})")
    con.execute(f"""CREATE TEMP VIEW log AS
        SELECT lead_id, epoch_us(occurred_at) AS t, enum_code(event_type::kind)::UTINYINT AS k
        FROM read_parquet('{events}')""")
    con.execute(f"""CREATE TEMP VIEW asked AS
        SELECT file_row_number AS id, lead_id, epoch_us(as_of) AS a
        FROM read_parquet('{examples}', file_row_number = true)""")
    return con


def encode(con: duckdb.DuckDBPyConnection) -> None:
    """Tables `x` (id, lead, a) of examples and `e` (lead, k, t, w) of events, sorted by lead."""
    con.execute("""CREATE TEMP TABLE leads AS
        SELECT lead_id, row_number() OVER ()::INTEGER AS lead
        FROM (SELECT DISTINCT lead_id FROM asked)""")
    con.execute("CREATE TEMP TABLE x AS SELECT id, lead, a FROM asked JOIN leads USING (lead_id)")
    con.execute("""CREATE TEMP TABLE e AS
        SELECT lead, k, t, grown(t) AS w FROM log JOIN leads USING (lead_id) ORDER BY lead""")


def six(name: str) -> str:
    """A type's columns from n, n7, n30, n90, last (time) and d (grown sum), null when unseen."""
    counts = ("count_ever", "n"), *((f"count_{w}d", f"n{w}") for w in WINDOWS)
    columns = [f"coalesce({n}, 0)::DOUBLE AS {name}_{what}" for what, n in counts]
    columns.append(f"coalesce((a - last) / {DAY}, {NONE}) AS {name}_days_since_last")
    columns.append(f"coalesce(d / grown(a), 0) AS {name}_decayed_14d")
    return ", ".join(columns)


def active_days(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The three columns of all types: the bits of the days that saw an event."""
    columns = [
        f"coalesce(bit_count(bit_or(bit) FILTER (t >= a - {w * DAY})), 0)::DOUBLE"
        f" AS any_active_days_{w}d"
        for w in WINDOWS
    ]
    return con.sql(f"""SELECT {", ".join(columns)} FROM (
            SELECT id, a, t, 1::HUGEINT << (a // {DAY} - t // {DAY})::INTEGER AS bit
            FROM x LEFT JOIN e ON x.lead = e.lead AND t < a AND t >= a - {90 * DAY})
        GROUP BY id ORDER BY id""").to_arrow_table()


def side_by_side(parts: list[pa.Table]) -> pa.Table:
    """One table of the columns of several."""
    columns = [column for part in parts for column in part.columns]
    return pa.table(columns, names=[name for part in parts for name in part.column_names])


def grouped(events: Path, examples: Path) -> pa.Table:
    """One GROUP BY example and type."""
    con = connect(events, examples)
    encode(con)
    counts = [f"count(*) FILTER (t >= a - {w * DAY}) AS n{w}" for w in WINDOWS]
    con.execute(f"""CREATE TEMP TABLE g AS
        SELECT id, k, count(*) AS n, {", ".join(counts)}, max(t) AS last, sum(w) AS d
        FROM x JOIN e ON x.lead = e.lead AND t < a GROUP BY id, k""")
    parts = [
        con.sql(f"""SELECT {six(name)} FROM x LEFT JOIN (FROM g WHERE k = {k}) USING (id)
            ORDER BY id""").to_arrow_table()
        for k, name in enumerate(TYPES)
    ]
    return side_by_side([*parts, active_days(con)])


def asof(events: Path, examples: Path) -> pa.Table:
    """Running totals, looked up with ASOF joins; a frame of RANGE gives tied events the same."""
    con = connect(events, examples)
    encode(con)
    con.execute("""CREATE TEMP TABLE r AS
        SELECT lead, k, t, count(*) OVER own AS n, sum(w) OVER own AS d FROM e
        WINDOW own AS (PARTITION BY lead, k ORDER BY t) ORDER BY k""")
    counts = [f"e.n - coalesce(e{w}.n, 0) AS n{w}" for w in WINDOWS]
    joins = [
        f"ASOF LEFT JOIN rk e{w} ON x.lead = e{w}.lead AND x.a - {w * DAY} > e{w}.t"
        for w in WINDOWS
    ]
    parts = []
    for k, name in enumerate(TYPES):
        con.execute(f"CREATE OR REPLACE TEMP TABLE rk AS FROM r WHERE k = {k}")
        looked_up = f"""SELECT id, a, e.n, e.t AS last, e.d, {", ".join(counts)} FROM x
            ASOF LEFT JOIN rk e ON x.lead = e.lead AND x.a > e.t {" ".join(joins)}"""
        parts.append(con.sql(f"SELECT {six(name)} FROM ({looked_up}) ORDER BY id").to_arrow_table())
    return side_by_side([*parts, active_days(con)])


def conditional(k: int, name: str) -> str:
    """A type's columns as aggregates with FILTER; the age of an event is 0, 1, 2 or 3."""
    own = f"FILTER (k = {k})"
    columns = [f"(count(*) {own})::DOUBLE AS {name}_count_ever"]
    columns += [
        f"(count(*) FILTER (k = {k} AND age <= {i}))::DOUBLE AS {name}_count_{w}d"
        for i, w in enumerate(WINDOWS)
    ]
    columns.append(f"coalesce((a - max(t) {own}) / {DAY}, {NONE}) AS {name}_days_since_last")
    columns.append(f"coalesce(sum(w) {own}, 0) / grown(a) AS {name}_decayed_14d")
    return ", ".join(columns)


def filtered(events: Path, examples: Path) -> pa.Table:
    """One pass over the join of examples and events."""
    con = connect(events, examples)
    columns = [conditional(k, name) for k, name in enumerate(TYPES)]
    columns += [
        f"coalesce(bit_count(bit_or(bit) FILTER (age <= {i})), 0)::DOUBLE AS any_active_days_{w}d"
        for i, w in enumerate(WINDOWS)
    ]
    ages = " ".join(f"WHEN t >= a - {w * DAY} THEN {i}" for i, w in enumerate(WINDOWS))
    return con.sql(f"""SELECT {", ".join(columns)} FROM (
            SELECT id, a, t, k, w, (CASE {ages} ELSE 3 END)::UTINYINT AS age,
                1::HUGEINT << least(a // {DAY} - t // {DAY}, 100)::INTEGER AS bit
            FROM asked LEFT JOIN (SELECT *, grown(t) AS w FROM log) l
                ON asked.lead_id = l.lead_id AND t < a)
        GROUP BY id, a ORDER BY id""").to_arrow_table()


FORMS = {"grouped": grouped, "asof": asof, "filter": filtered}


def columns(table: pa.Table) -> Iterator[NDArray[np.float64]]:
    """The columns in the order asked."""
    return (table[name].to_numpy() for name in feature_names())


if __name__ == "__main__":
    args = arguments("What does DuckDB answer, and how fast?", FORMS)
    answer(FORMS[args.form], columns, args, version=duckdb.__version__)
