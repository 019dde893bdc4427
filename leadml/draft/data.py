"""Where are the tables, what are our columns called in them, and when are leads looked at?"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadml import hints
from leadml.draft.attributes import find_order_by
from leadml.draft.files import File, Table, one_glob
from leadml.draft.times import Clock
from leadml.draft.words import comments, quote
from leadml.hints import Role


def data_section(tables: Mapping[Role, Table], folder: Path, clock: Clock) -> list[str]:
    """The section that names the tables, how their times are written and what is missing."""
    files = [file for table in tables.values() for file in table.files]
    common = Path(os.path.commonpath([file.path.resolve().parent for file in files]))
    source = Path(os.path.relpath(common, folder.resolve())).as_posix()
    lines = ["", "[data]", f"source = {quote(source)}"]
    for role, table in tables.items():
        paths = [file.path for file in table.files]
        place = paths[0].resolve().parent.relative_to(common)
        name = paths[0].name if len(paths) == 1 else one_glob(paths)
        lines.append(f"{role} = {quote((place / name).as_posix())}")
    if not {"table", "outcomes"} & set(tables):
        lines.append('# outcomes = "…"  needed: lead_id, outcome (won or lost) and closed_at')
    if clock.timezone:
        lines.append(f"timezone = {quote(clock.timezone)}  # a guess: these times bear no zone")
    if clock.time_format:
        lines.append(f"time_format = {quote(clock.time_format)}")
    lines += [f"# {note.removeprefix('times').strip()}" for note in clock.notes]
    leads = tables["table"] if "table" in tables else tables["leads"]
    if "created_at" not in leads.columns:
        order_by = find_order_by(leads)
        lines += ["# No dates: what was filled in before the outcome cannot be seen."]
        lines.append(
            f"order_by = {quote(order_by)}  # a guess: it counts leads as they came"
            if order_by
            else '# order_by = "…"  a column that counts leads as they came, if there is one'
        )
    return [*lines, *_missing(files)]


def not_used(files: Sequence[File], tables: Mapping[Role, Table]) -> list[str]:
    """The files that no table is read from, as comments."""
    used = {file.path for table in tables.values() for file in table.files}
    names = [file.path.name for file in files if file.path not in used]
    return ["# Left out, for no table of ours was seen in them:", *comments(names)] * bool(names)


def columns_sections(tables: Mapping[Role, Table]) -> list[str]:
    """A section for each table whose columns are not called as ours are."""
    lines: list[str] = []
    for role, table in tables.items():
        renamed = {ours: name for ours, name in table.columns.items() if ours != name}
        if not renamed:
            continue
        lines += ["", f"[columns.{role}]  # ours = yours"]
        lines += [f"{ours} = {quote(name)}" for ours, name in renamed.items()]
        if role == "table" and "lead_id" not in table.columns:
            lines.append('# lead_id = "…"  none found: leads are called by their row')
    return lines


def examples_section(tables: Mapping[Role, Table]) -> list[str]:
    """The section that says when a lead is looked at; none without dates."""
    leads = tables["table"] if "table" in tables else tables["leads"]
    if "created_at" not in leads.columns:
        return []
    lines = ["", "[examples]", "after_days = [0]  # a lead is looked at when it arrives"]
    if "events" in tables:
        lines.append('every = "month"   # and at the start of each month while it is open')
    return lines


def _missing(files: Sequence[File]) -> list[str]:
    there = {token for file in files for token in file.missing}
    tokens = ["", *(token for token in hints.MISSING if token in there and token)]
    lines = [f"missing = [{', '.join(map(quote, tokens))}]"]
    maybe = sorted({token for file in files for token in file.maybe_missing})
    if maybe:
        lines.append(f"# Also missing? {', '.join(map(quote, maybe))}")
    return lines
