"""What is each file: the leads, their events, their outcomes, or nothing of ours?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from leadml import hints
from leadml.draft.files import File, Table, distinct_share, one_glob
from leadml.draft.match import columns_for, match_columns
from leadml.errors import DataError, listed
from leadml.hints import Role


def assign_files(files: Sequence[File]) -> tuple[dict[Role, Table], list[str]]:
    """The table of each role, and what to say of the files that are none."""
    found = {file.path: _role(file) for file in files}
    main = _main(files, found)
    others = [file for file in files if file is not main]
    leads = _keyed(main, others)
    tables: dict[Role, Table] = {leads.role: leads}
    beside: tuple[Role, ...] = ("events", "outcomes", "attributes", "spend")
    for role in beside:
        tables |= _table_of(role, [file for file in others if found[file.path] == role], leads)
    if "outcomes" in tables and leads.role == "table":
        if columns := match_columns(main, "leads"):
            del tables["table"]
            columns["lead_id"] = leads.columns["lead_id"]
            tables = {"leads": Table("leads", (main,), columns), **tables}
        else:
            del tables["outcomes"]
    used = {file.path for table in tables.values() for file in table.files}
    unused = [file for file in files if file.path not in used]
    return tables, [_left_out(file, found[file.path]) for file in unused]


def strangers(tables: Mapping[Role, Table]) -> list[str]:
    """What to say of tables whose leads are none of the leads."""
    leads = tables["table"] if "table" in tables else tables["leads"]
    if "lead_id" not in leads.columns:
        return []
    ids = set(leads.text("lead_id"))
    return [
        f"{role:<11} none of its ids ({table.columns['lead_id']}) is among those of the leads "
        f"({leads.columns['lead_id']}): check which columns name a lead."
        for role, table in tables.items()
        if role != leads.role
        and "lead_id" in table.columns
        and not table.text("lead_id").isin(ids).any()
    ]


def matched(table: Table) -> str:
    """What to say of a table: its files, and what our columns are called in them."""
    pairs = [name if name == ours else f"{ours} ← {name}" for ours, name in table.columns.items()]
    paths = [file.path for file in table.files]
    name = paths[0].name if len(paths) == 1 else f"{one_glob(paths)} ({len(paths)} files)"
    return f"{table.role:<11} {name} ({table.rows:,} rows): {', '.join(pairs)}."


def _main(files: Sequence[File], found: Mapping[Path, Role | None]) -> File:
    """The file that says which leads there are: with an id, called so, with most rows."""
    able = [file for file in files if found[file.path] in {"leads", "table"}] or [
        file for file in files if found[file.path] == "outcomes" and match_columns(file, "table")
    ]
    if not able:
        raise DataError(_no_leads(files))

    def rank(file: File) -> tuple[bool, bool, bool, int]:
        name = file.path.name.lower()
        columns = match_columns(file, "table") or match_columns(file, "leads") or {}
        called = bool(hints.FILE_NAMES["leads"].search(name))
        return "lead_id" in columns, called, "lead" in name, file.table.num_rows

    return max(able, key=rank)


def _role(file: File) -> Role | None:
    """What a file is: roles its name speaks of are tried first."""
    name = file.path.name.lower()
    named = [role for role, words in hints.FILE_NAMES.items() if words.search(name)]
    for role in (*named, *(role for role in hints.NEEDED if role not in named)):
        columns = match_columns(file, role)
        if columns is None:
            continue
        many_rows = role in {"events", "attributes"} and role not in named
        if many_rows and len(file.frame) >= 20 and distinct_share(file, columns["lead_id"]) > 0.98:
            continue
        return role
    return None


def _keyed(main: File, others: Sequence[File]) -> Table:
    """The leads; their id is the column whose values the other files speak of."""
    as_table = match_columns(main, "table")
    role: Role = "leads" if as_table is None else "table"
    columns = as_table or match_columns(main, "leads") or {}
    candidates = columns_for(main, "lead_id", role)

    def spoken_of(name: str) -> float:
        ids = set(main.text(name))
        shares = [
            float(other.text(column).isin(ids).mean())
            for other in others
            for column in columns_for(other, "lead_id", "events")
        ]
        return max(shares, default=0.0)

    if len(candidates) > 1:
        columns["lead_id"] = max(candidates, key=spoken_of)
    return Table(role, (main,), columns)


def _table_of(role: Role, files: Sequence[File], leads: Table) -> dict[Role, Table]:
    """The table of a role beside the leads; several files of events are read as one."""
    ids = set(leads.text("lead_id").dropna()) if "lead_id" in leads.columns else set()
    alike: dict[tuple[tuple[str, str], ...], list[File]] = {}
    for file in files:
        columns = match_columns(file, role, ids=ids)
        if columns is not None:
            alike.setdefault(tuple(columns.items()), []).append(file)
    if not alike:
        return {}
    key = max(alike, key=lambda columns: sum(file.table.num_rows for file in alike[columns]))
    chosen = alike[key]
    if len(chosen) > 1 and (role != "events" or not one_glob([file.path for file in chosen])):
        chosen = [max(chosen, key=lambda file: file.table.num_rows)]
    return {role: Table(role, tuple(chosen), dict(key))}


def _no_leads(files: Sequence[File]) -> str:
    got = "; ".join(
        f"'{file.path.name}' with {listed(file.frame.columns, most=8)}" for file in files
    )
    return (
        "One file must name the leads: a lead id beside when they came, or their outcome. "
        f"Got {got}. Add the table of leads, or call its columns lead_id and created_at."
    )


def _left_out(file: File, role: Role | None) -> str:
    if role is not None:
        return f"left out    {file.path.name}: another file is taken for {role}."
    names = listed(file.frame.columns, most=6)
    return f"left out    {file.path.name}: cannot tell what it is from its columns {names}."
