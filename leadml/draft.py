"""What would a first ``leadml.toml`` for these files say?

`draft_config` looks at each file, decides what it is and which of its columns are ours, guesses
the rest from the values, and writes it down section by section, with comments for the person who
mends it. Every guess is by name (`leadml.hints`) *and* by value: a column called ``created`` that
holds no times is not taken. What could not be guessed is said, never made up.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from leadml import hints
from leadml.columns import as_consent, as_text, as_times, settled
from leadml.errors import DataError, listed
from leadml.events import slug
from leadml.hints import Role, spoken
from leadml.sources import read_file
from leadml.tables import STAGES

SAMPLE = 200_000
"""Rows looked at per file; event types are counted over all."""

TIME_SAMPLE = 2_000
MOST_EVENT_TYPES = 60
HORIZONS = (7, 14, 30, 60, 90, 180)
TIMES = ("created_at", "closed_at", "occurred_at", "recorded_at", "valid_from")


@dataclass(frozen=True, slots=True)
class Draft:
    """A first configuration.

    Attributes:
        toml: the text of ``leadml.toml``.
        said: what to tell the person who asked for it, a line each.
    """

    toml: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """One file, its first rows as a frame without the texts that mean "not known"."""

    path: Path
    table: pa.Table
    frame: pd.DataFrame
    missing: tuple[str, ...]
    maybe_missing: tuple[str, ...]

    def text(self, column: str) -> pd.Series:
        return as_text(self.frame[column])


@dataclass(frozen=True, slots=True)
class _Table:
    """The files of one role, and what our columns are called in them."""

    role: Role
    files: tuple[_File, ...]
    columns: Mapping[str, str]

    @property
    def rows(self) -> int:
        return sum(file.table.num_rows for file in self.files)

    def text(self, ours: str) -> pd.Series:
        parts = [file.text(self.columns[ours]) for file in self.files]
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, slots=True)
class _Clock:
    """How times are written: what to declare, and what to say about it."""

    timezone: str = ""
    time_format: str = ""
    notes: tuple[str, ...] = ()


def draft_config(files: Sequence[Path], folder: Path) -> Draft:
    """A ``leadml.toml`` for ``files``, to be written into ``folder``.

    Raises:
        DataError: a file is absent, empty or unreadable, or none says which leads there are.
    """
    opened = [_open(path) for path in dict.fromkeys(files)]
    tables, left_out = _assign(opened)
    clock = _clock(tables.values())
    leads = tables["table"] if "table" in tables else tables["leads"]
    attributes, suspects = _attributes(leads, _order_by(leads))
    label, about_label = _label(tables, clock)
    events, about_events = _events(tables["events"]) if "events" in tables else ([], [])
    lines = [
        "# A first draft by `leadml init`, guessed from names and values. Read it, mend it.",
        *_data(tables, folder, clock),
        *_not_used(opened, tables),
        *_columns(tables),
        *attributes,
        *label,
        *_examples(tables),
        *events,
    ]
    said = [_matched(table) for table in tables.values()]
    said += [*_strangers(tables), *left_out, *clock.notes, *about_label, *suspects, *about_events]
    return Draft("\n".join(lines) + "\n", tuple(said))


# What each file is, and which of its columns are ours.


def _open(path: Path) -> _File:
    table = read_file(path)
    if not table.num_rows or not table.num_columns:
        msg = f"'{path}' must hold rows below its line of names, got none. Export it again."
        raise DataError(msg)
    if len(set(table.column_names)) < table.num_columns:
        doubled = {name for name in table.column_names if table.column_names.count(name) > 1}
        msg = f"'{path}' must name each column once, got {listed(doubled)} twice. Rename one."
        raise DataError(msg)
    frame = table.slice(0, SAMPLE).to_pandas()
    there: set[str] = set()
    cleaned: dict[str, pd.Series] = {}
    for name in map(str, frame):
        if isinstance(frame[name].dtype, pd.StringDtype) or frame[name].dtype == object:
            found = frame[name].isin((*hints.MISSING, *hints.MAYBE_MISSING))
            there |= set(frame.loc[found, name])
            cleaned[name] = frame[name].where(~frame[name].isin(hints.MISSING))
    frame = frame.assign(**cleaned)
    missing, maybe = (
        tuple(token for token in known if token in there)
        for known in (hints.MISSING, hints.MAYBE_MISSING)
    )
    return _File(path, table, frame, missing, maybe)


def _assign(files: Sequence[_File]) -> tuple[dict[Role, _Table], list[str]]:
    """The table of each role, and what to say of the files that are none."""
    found = {file.path: _role(file) for file in files}
    main = _main(files, found)
    others = [file for file in files if file is not main]
    leads = _keyed(main, others)
    tables: dict[Role, _Table] = {leads.role: leads}
    beside: tuple[Role, ...] = ("events", "outcomes", "attributes", "spend")
    for role in beside:
        tables |= _table_of(role, [file for file in others if found[file.path] == role], leads)
    if "outcomes" in tables and leads.role == "table":
        if columns := _match(main, "leads"):
            del tables["table"]
            columns["lead_id"] = leads.columns["lead_id"]
            tables = {"leads": _Table("leads", (main,), columns), **tables}
        else:
            del tables["outcomes"]
    used = {file.path for table in tables.values() for file in table.files}
    unused = [file for file in files if file.path not in used]
    return tables, [_left_out(file, found[file.path]) for file in unused]


def _main(files: Sequence[_File], found: Mapping[Path, Role | None]) -> _File:
    """The file that says which leads there are: with an id, called so, with most rows."""
    able = [file for file in files if found[file.path] in {"leads", "table"}] or [
        file for file in files if found[file.path] == "outcomes" and _match(file, "table")
    ]
    if not able:
        raise DataError(_no_leads(files))

    def rank(file: _File) -> tuple[bool, bool, bool, int]:
        name = file.path.name.lower()
        columns = _match(file, "table") or _match(file, "leads") or {}
        called = bool(hints.FILE_NAMES["leads"].search(name))
        return "lead_id" in columns, called, "lead" in name, file.table.num_rows

    return max(able, key=rank)


def _role(file: _File) -> Role | None:
    """What a file is: roles its name speaks of are tried first."""
    name = file.path.name.lower()
    named = [role for role, words in hints.FILE_NAMES.items() if words.search(name)]
    for role in (*named, *(role for role in hints.NEEDED if role not in named)):
        columns = _match(file, role)
        if columns is None:
            continue
        many_rows = role in {"events", "attributes"} and role not in named
        if many_rows and len(file.frame) >= 20 and _distinct(file, columns["lead_id"]) > 0.98:
            continue
        return role
    return None


def _match(file: _File, role: Role, *, ids: Collection[str] | None = None) -> dict[str, str] | None:
    """Our columns of a role by their name in the file; None where one it needs is not there."""
    taken: dict[str, str] = {}
    for ours in (*hints.NEEDED[role], *hints.OPTIONAL[role]):
        fitting = [name for name in _candidates(file, ours, role) if name not in taken.values()]
        if ours == "lead_id" and ids is not None and fitting:
            shares = {name: float(file.text(name).isin(ids).mean()) for name in fitting}
            fitting = [name for name in fitting if shares[name] > 0 or spoken(name) != "id"]
            fitting.sort(key=lambda name: -shares[name])
        if fitting:
            taken[ours] = fitting[0]
        elif ours in hints.NEEDED[role]:
            return None
    return taken


def _candidates(file: _File, ours: str, role: Role) -> list[str]:
    """The columns that may be ``ours`` by name and values, likeliest first."""
    if ours in file.frame:
        return [ours] if _fits(file, ours, ours, role) else []
    order = {name: place for place, name in enumerate(hints.COLUMNS[ours])}
    named = [str(name) for name in file.frame if spoken(str(name)) in order]
    named.sort(key=lambda name: order[spoken(name)])
    return [name for name in named if _fits(file, name, ours, role)]


def _fits(file: _File, name: str, ours: str, role: Role) -> bool:
    """Whether the values of a column can be what its name promises."""
    text = file.text(name)
    filled, levels = float(text.notna().mean()), text.nunique()
    whole = role in {"leads", "table"}
    least = 0.5
    if ours == "lead_id":
        least = 0.9 if whole else 0.5
        fits = not whole or _distinct(file, name) >= 0.9
    elif ours in TIMES or ours == "month":
        least = 0.0 if ours in {"closed_at", "recorded_at"} else 0.5
        fits = bool(_formats(text))
    elif ours == "outcome":
        telling = role == "outcomes" or spoken(name) in hints.TELLING_OUTCOMES
        won, lost, _ = _won_and_lost(text.dropna().unique())
        least, fits = 0.0, levels <= 30 and (telling or bool(won and (lost or levels > 1)))
    elif ours == "event_type":
        fits = levels <= max(20, len(text) / 5)
    elif ours in {"value", "amount", "cost"}:
        number = pd.api.types.is_float_dtype(settled(file.frame[name]).dtype)
        least, fits = -1.0, name == ours or number
    else:
        known = as_consent(text) if ours == "consent" else text
        least, fits = (
            0.0,
            bool(known[text.notna()].notna().all()) and not (ours == "source" and levels > 200),
        )
    return filled > least and fits


def _distinct(file: _File, name: str) -> float:
    text = file.text(name).dropna()
    return text.nunique() / max(len(text), 1)


def _keyed(main: _File, others: Sequence[_File]) -> _Table:
    """The leads; their id is the column whose values the other files speak of."""
    as_table = _match(main, "table")
    role: Role = "leads" if as_table is None else "table"
    columns = as_table or _match(main, "leads") or {}
    candidates = _candidates(main, "lead_id", role)

    def spoken_of(name: str) -> float:
        ids = set(main.text(name))
        shares = [
            float(other.text(column).isin(ids).mean())
            for other in others
            for column in _candidates(other, "lead_id", "events")
        ]
        return max(shares, default=0.0)

    if len(candidates) > 1:
        columns["lead_id"] = max(candidates, key=spoken_of)
    return _Table(role, (main,), columns)


def _table_of(role: Role, files: Sequence[_File], leads: _Table) -> dict[Role, _Table]:
    """The table of a role beside the leads; several files of events are read as one."""
    ids = set(leads.text("lead_id").dropna()) if "lead_id" in leads.columns else set()
    alike: dict[tuple[tuple[str, str], ...], list[_File]] = {}
    for file in files:
        columns = _match(file, role, ids=ids)
        if columns is not None:
            alike.setdefault(tuple(columns.items()), []).append(file)
    if not alike:
        return {}
    key = max(alike, key=lambda columns: sum(file.table.num_rows for file in alike[columns]))
    chosen = alike[key]
    if len(chosen) > 1 and (role != "events" or not _glob([file.path for file in chosen])):
        chosen = [max(chosen, key=lambda file: file.table.num_rows)]
    return {role: _Table(role, tuple(chosen), dict(key))}


def _strangers(tables: Mapping[Role, _Table]) -> list[str]:
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


def _glob(paths: Sequence[Path]) -> str:
    """One pattern that names exactly these files of one folder; empty where there is none."""
    names = [path.name for path in paths]
    start, end = _edges(names)
    pattern = f"{start}*{end}"
    folders = {path.resolve().parent for path in paths}
    if len(folders) > 1:
        return ""
    there = {path.name for path in folders.pop().glob(pattern)}
    return pattern if there == set(names) else ""


def _edges(names: Sequence[str]) -> tuple[str, str]:
    """The text that all names begin with, and the text that all of them end with."""
    first, shortest = names[0], min(len(name) for name in names)
    start = next((k for k in range(shortest) if len({n[k] for n in names}) > 1), shortest)
    rest = [name[start:][::-1] for name in names]
    least = min(len(name) for name in rest)
    end = next((k for k in range(least) if len({n[k] for n in rest}) > 1), least)
    return first[:start], first[len(first) - end :]


def _no_leads(files: Sequence[_File]) -> str:
    got = "; ".join(
        f"'{file.path.name}' with {listed(file.frame.columns, most=8)}" for file in files
    )
    return (
        "One file must name the leads: a lead id beside when they came, or their outcome. "
        f"Got {got}. Add the table of leads, or call its columns lead_id and created_at."
    )


def _left_out(file: _File, role: Role | None) -> str:
    if role is not None:
        return f"left out    {file.path.name}: another file is taken for {role}."
    names = listed(file.frame.columns, most=6)
    return f"left out    {file.path.name}: cannot tell what it is from its columns {names}."


def _matched(table: _Table) -> str:
    pairs = [name if name == ours else f"{ours} ← {name}" for ours, name in table.columns.items()]
    paths = [file.path for file in table.files]
    name = paths[0].name if len(paths) == 1 else f"{_glob(paths)} ({len(paths)} files)"
    return f"{table.role:<11} {name} ({table.rows:,} rows): {', '.join(pairs)}."


# How times are written.


def _formats(text: pd.Series) -> list[str]:
    """The formats that read a column as times; ``[""]`` for ISO 8601, none for no times."""
    sample = text.dropna().head(TIME_SAMPLE)
    few = sample.head(20)
    if not len(few) or not (few.str.contains(r"\d") & (few.str.len() >= 6)).mean() >= 0.5:
        return []
    if as_times(sample, timezone="UTC").values.notna().mean() >= 0.9:
        return [""]
    return [form for form in hints.TIME_FORMATS if _reads(form, few) and _reads(form, sample)]


def _reads(form: str, text: pd.Series) -> bool:
    return bool(pd.to_datetime(text, format=form, errors="coerce").notna().mean() >= 0.9)


def _clock(tables: Iterable[_Table]) -> _Clock:
    """What to declare so that every column of times can be read."""
    columns = {
        f"{table.role}.{ours}": table.text(ours).dropna().head(TIME_SAMPLE)
        for table in tables
        for ours in TIMES
        if ours in table.columns
    }
    formats = {name: _formats(text) for name, text in columns.items()}
    foreign = {name: found for name, found in formats.items() if found and found != [""]}
    notes: list[str] = []
    chosen = ""
    if foreign:
        shared = [f for f in hints.TIME_FORMATS if all(f in found for found in foreign.values())]
        chosen = (shared or next(iter(foreign.values())))[0]
        notes += _format_notes(chosen, shared, foreign, formats)
    read = {
        name: as_times(text, time_format=chosen if name in foreign else "")
        for name, text in columns.items()
    }
    zoneless = [name for name, times in read.items() if times.zoneless.any()]
    if zoneless:
        notes.append(
            f"times       {listed(zoneless)} bear no zone: taken for UTC, say which it is."
        )
    days = [name for name, times in read.items() if times.days_only]
    if days:
        notes.append(f"times       {listed(days)} know days only: leads are looked at midnight.")
    return _Clock("UTC" if zoneless else "", chosen, tuple(notes))


def _format_notes(
    chosen: str,
    shared: Sequence[str],
    foreign: Mapping[str, Sequence[str]],
    formats: Mapping[str, Sequence[str]],
) -> list[str]:
    notes = [f"times       {listed(foreign)} are read as {chosen}."]
    swapped = re.sub("%[dm]", lambda part: "%m" if part[0] == "%d" else "%d", chosen)
    if swapped in shared:
        notes.append(f"times       They could as well be {swapped}: no day is above 12. Check it.")
    iso = [name for name, found in formats.items() if list(found) == [""]]
    if iso or not shared:
        notes.append(
            "times       Not all times are written alike, and only one time_format can be "
            f"declared: write them all as ISO 8601 ({listed(iso or formats)})."
        )
    return notes


# The sections, in the order of the file.


def _data(tables: Mapping[Role, _Table], folder: Path, clock: _Clock) -> list[str]:
    files = [file for table in tables.values() for file in table.files]
    common = Path(os.path.commonpath([file.path.resolve().parent for file in files]))
    source = Path(os.path.relpath(common, folder.resolve())).as_posix()
    lines = ["", "[data]", f"source = {_quoted(source)}"]
    for role, table in tables.items():
        paths = [file.path for file in table.files]
        place = paths[0].resolve().parent.relative_to(common)
        name = paths[0].name if len(paths) == 1 else _glob(paths)
        lines.append(f"{role} = {_quoted((place / name).as_posix())}")
    if not {"table", "outcomes"} & set(tables):
        lines.append('# outcomes = "…"  needed: lead_id, outcome (won or lost) and closed_at')
    if clock.timezone:
        lines.append(f"timezone = {_quoted(clock.timezone)}  # a guess: these times bear no zone")
    if clock.time_format:
        lines.append(f"time_format = {_quoted(clock.time_format)}")
    lines += [f"# {note.removeprefix('times').strip()}" for note in clock.notes]
    leads = tables["table"] if "table" in tables else tables["leads"]
    if "created_at" not in leads.columns:
        order_by = _order_by(leads)
        lines += ["# No dates: what was filled in before the outcome cannot be seen."]
        lines.append(
            f"order_by = {_quoted(order_by)}  # a guess: it counts leads as they came"
            if order_by
            else '# order_by = "…"  a column that counts leads as they came, if there is one'
        )
    return [*lines, *_missing(files)]


def _not_used(files: Sequence[_File], tables: Mapping[Role, _Table]) -> list[str]:
    used = {file.path for table in tables.values() for file in table.files}
    names = [file.path.name for file in files if file.path not in used]
    return ["# Left out, for no table of ours was seen in them:", *_comments(names)] * bool(names)


def _comments(names: Iterable[str]) -> list[str]:
    return [f"# {line}" for line in _wrapped(names, "")]


def _missing(files: Sequence[_File]) -> list[str]:
    there = {token for file in files for token in file.missing}
    tokens = ["", *(token for token in hints.MISSING if token in there and token)]
    lines = [f"missing = [{', '.join(map(_quoted, tokens))}]"]
    maybe = sorted({token for file in files for token in file.maybe_missing})
    if maybe:
        lines.append(f"# Also missing? {', '.join(map(_quoted, maybe))}")
    return lines


def _order_by(leads: _Table) -> str:
    """A column of an undated table that counts leads as they came; empty where there is none."""
    if "created_at" in leads.columns:
        return ""
    file = leads.files[0]
    for name in map(str, file.frame):
        numbers = settled(file.frame[name])
        if (
            hints.SEQUENCE.search(spoken(name))
            and len(numbers) > 1
            and pd.api.types.is_float_dtype(numbers.dtype)
            and numbers.is_unique
            and bool((numbers % 1 == 0).all())
        ):
            ours = [key for key, theirs in leads.columns.items() if theirs == name]
            return ours[0] if ours else name
    return ""


def _columns(tables: Mapping[Role, _Table]) -> list[str]:
    lines: list[str] = []
    for role, table in tables.items():
        renamed = {ours: name for ours, name in table.columns.items() if ours != name}
        if not renamed:
            continue
        lines += ["", f"[columns.{role}]  # ours = yours"]
        lines += [f"{ours} = {_quoted(name)}" for ours, name in renamed.items()]
        if role == "table" and "lead_id" not in table.columns:
            lines.append('# lead_id = "…"  none found: leads are called by their row')
    return lines


def _attributes(leads: _Table, order_by: str) -> tuple[list[str], list[str]]:
    """The section, and what to say of columns that look as if they knew the outcome."""
    file = leads.files[0]
    used = {*leads.columns.values(), order_by, *hints.OPTIONAL["table"]}
    names = [str(name) for name in file.frame if str(name) not in used]
    why: dict[str, list[str]] = {}
    seen = {slug(ours) for ours in leads.columns}
    for name in names:
        reason = "the same short name as another column" if slug(name) in seen else ""
        seen.add(slug(name))
        why.setdefault(reason or _why_excluded(file, name), []).append(name)
    kept = why.pop("", [])
    categories = why.pop("a category", [])
    lines = ["", "[attributes]", "# Every other column of the leads is seen by the model."]
    lines.append("exclude = [" if why else "exclude = []")
    for reason, columns in why.items():
        lines += [f"    # {reason}", *_wrapped(columns, "    ")]
    lines += ["]"] * bool(why)
    if categories:
        lines += ["categories = [  # numbers that are codes", *_wrapped(categories, "    "), "]"]
    suspect = [name for name in kept if hints.sounds_later(name)]
    if not suspect:
        return lines, []
    lines.append("# Suspect: they sound as if written after the outcome, or as of the export.")
    lines.append("# `leadml check` says what their values tell. Exclude those that are.")
    lines += _comments(suspect)
    names_said = ", ".join(f"{name} ('{hints.sounds_later(name)}')" for name in suspect[:12])
    more = f" and {len(suspect) - 12} more" if len(suspect) > 12 else ""
    return lines, [f"suspect     may be written after the outcome: {names_said}{more}."]


def _why_excluded(file: _File, name: str) -> str:
    """Why a column is kept out of the model; "a category" for codes, empty where it stays."""
    said, text = spoken(name), file.text(name)
    rows, levels = len(text), text.nunique()
    many = levels == 0 or levels > min(10, rows // 2)
    number = pd.api.types.is_float_dtype(settled(file.frame[name]).dtype)
    why = ""
    if hints.PERSONAL.search(said) and many:
        why = "personal"
    elif hints.TECHNICAL.search(said) or name.startswith("_"):
        why = "added by the export"
    elif number and hints.CATEGORIES.search(said) and levels <= 50:
        why = "a category"
    elif levels and hints.CODES.search(said) and not hints.COUNTS.search(said) and many:
        why = "codes and ids"
    elif not number and levels > 2 and _formats(text) not in ([], [""]):
        why = "dates, which no feature reads"
    elif not number and levels >= 20 and not _formats(text) and _distinct(file, name) > 0.8:
        why = "nearly every value is another: ids or free text"
    return why


def _label(tables: Mapping[Role, _Table], clock: _Clock) -> tuple[list[str], list[str]]:
    lines = ["", "[label]", 'outcome = "closed_won"']
    said: list[str] = []
    table = tables.get("table") or tables.get("outcomes")
    if table is None:
        said.append(
            "outcomes    no file says who was won and lost: add data.outcomes before training."
        )
    else:
        text = table.text("outcome")
        won, lost, unclear = _won_and_lost(text.dropna().value_counts().index)
        column = table.columns["outcome"]
        if not won:
            said.append(
                f"outcomes    '{column}' says {listed(unclear or lost)}: which of them is won? "
                "Set label.won and label.lost."
            )
        else:
            no = listed(lost) or "not said"
            said.append(f"outcomes    '{column}': won is {listed(won)}; lost is {no}.")
            if "closed_at" in table.columns and table.role == "table":
                closed = table.text("closed_at").notna()
                if lost and closed[text.isin(lost)].mean() < 0.99:
                    lines.append(f"# Without a close date, so open and not lost: {listed(lost)}.")
                    lost = []
            lines.append(f"won = [{', '.join(map(_quoted, won))}]")
            lines.append(f"lost = [{', '.join(map(_quoted, lost))}]")
        if unclear and won:
            lines += ["# Neither won nor lost, so far:", *_comments(unclear)]
            said.append(f"outcomes    neither won nor lost, so far: {listed(unclear)}.")
    return [*lines, *_horizon(tables, clock)], said


def _won_and_lost(levels: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Outcome values that speak of won, of lost, and of neither; stages are left alone."""
    won: list[str] = []
    lost: list[str] = []
    unclear: list[str] = []
    for level in levels:
        said = re.sub(r"[\W_]+", " ", str(level)).strip().lower()
        if str(level).lower() in STAGES:
            continue
        side = lost if hints.LOST.search(said) else won if hints.WON.search(said) else unclear
        side.append(str(level))
    if len(unclear) == 1 and len(won) + len(lost) == 1:
        (lost if won else won).append(unclear.pop())
    return won, lost, unclear


def _horizon(tables: Mapping[Role, _Table], clock: _Clock) -> list[str]:
    """How far ahead to look: as long as most wins take, while labels still get mature."""
    leads = tables["table"] if "table" in tables else tables["leads"]
    closing = tables.get("table") or tables.get("outcomes")
    if "created_at" not in leads.columns:
        return ["# No dates, so no horizon: every lead's outcome counts."]
    plain = "horizon_days = 90  # how far ahead to look for the outcome"
    if closing is None or not {"lead_id", "closed_at"} <= set(closing.columns):
        return [plain]
    if "lead_id" not in leads.columns:
        return [plain]
    created = _times(leads, "created_at", clock)
    closed = _times(closing, "closed_at", clock)
    won = closing.text("outcome").isin(_won_and_lost(closing.text("outcome").dropna().unique())[0])
    first = pd.Series(created.to_numpy(), index=leads.text("lead_id").to_numpy())
    first = first[~first.index.duplicated()]
    taken = closed.to_numpy() - closing.text("lead_id").map(first).to_numpy()
    days = pd.Series(taken)[won].dropna().dt.total_seconds() / 86_400
    span = (max(created.max(), closed.max()) - created.min()) / pd.Timedelta(1, "D")
    if not len(days) or pd.isna(span):
        return [plain]
    most = [horizon for horizon in HORIZONS if horizon <= span / 3] or [HORIZONS[0]]
    likely = float(days.quantile(0.9))
    horizon = min([h for h in most if h >= max(likely, 30)] or [most[-1]])
    return [
        f"# Nine in ten wins came within {likely:.0f} days of creation; the data span {span:.0f}.",
        f"horizon_days = {horizon}",
    ]


def _times(table: _Table, ours: str, clock: _Clock) -> pd.Series:
    """The times of a column, without a zone: only their differences matter."""
    text = table.text(ours)
    form = "" if _formats(text) == [""] else clock.time_format
    times = as_times(text, timezone="UTC", time_format=form).values
    plain: pd.Series = times.dt.tz_localize(None)
    return plain


def _examples(tables: Mapping[Role, _Table]) -> list[str]:
    leads = tables["table"] if "table" in tables else tables["leads"]
    if "created_at" not in leads.columns:
        return []
    lines = ["", "[examples]", "after_days = [0]  # a lead is looked at when it arrives"]
    if "events" in tables:
        lines.append('every = "month"   # and at the start of each month while it is open')
    return lines


def _events(table: _Table) -> tuple[list[str], list[str]]:
    """A section an event type, commonest first; what sounds like the outcome is commented out."""
    counts = _event_counts(table)
    contexts = _contexts(table)
    lines = ["", "# What leads do: the words a salesperson reads, and which evidence it is:"]
    lines.append('# "engagement", "intent", "product", "service" or "negative".')
    left_out, declared = [], set[str]()
    for key in counts.index[:MOST_EVENT_TYPES]:
        section, name = _event_section(key, contexts.get(key, "")), slug(key)
        if hints.sounds_like_outcome(key):
            left_out.append(key)
            lines += ["", "# Left out: this looks like the outcome itself."]
            lines += [f"# {line}" for line in section]
        elif name in declared:
            lines += ["", f"# Left out: its short name, {name}, is taken by an event above."]
            lines += [f"# {line}" for line in section]
        else:
            declared.add(name)
            lines += ["", *section]
    said = [f"events      {len(declared)} types declared; read their words and kinds."]
    if left_out:
        said.append(
            f"events      left out, they look like the outcome: {listed(left_out, most=20)}."
        )
    rest = list(counts.index[MOST_EVENT_TYPES:])
    if rest:
        lines += ["", "# Rarer types, not declared:", *_comments(rest)]
        said.append(f"events      {len(rest)} rarer types are not declared.")
    return lines, said


def _event_section(key: str, context: str) -> list[str]:
    one, many = hints.one_and_many(key, context=context)
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
    kind = hints.kind_of(f"{key} {context}")
    return [
        f"[events.{key if bare else _quoted(key)}]",
        f"one = {_quoted(one)}",
        f"many = {_quoted(many)}",
        f'kind = "{kind}"',
    ]


def _event_counts(table: _Table) -> "pd.Series[int]":
    """How often each event type occurs, over all rows; commonest first, ties by name."""
    missing = {token for file in table.files for token in file.missing}
    parts = []
    for file in table.files:
        counted = pa.compute.value_counts(file.table[table.columns["event_type"]].combine_chunks())
        keys = as_text(counted.field("values").to_pandas())
        parts.append(pd.Series(counted.field("counts").to_numpy(), index=keys))
    whole = pd.concat(parts)
    whole = whole[whole.index.notna() & ~whole.index.isin(["", *missing])]
    summed = whole.groupby(level=0).sum()
    ranked: pd.Series[int] = summed.sort_index().sort_values(ascending=False, kind="stable")
    return ranked


def _contexts(table: _Table) -> dict[str, str]:
    """What the name of its own file says of an event type that is a bare number."""
    if len(table.files) < 2:
        return {}
    names = [file.path.name for file in table.files]
    start, end = _edges(names)
    found: dict[str, str] = {}
    for file in table.files:
        types = file.text(table.columns["event_type"]).dropna().unique()
        if len(types) == 1 and str(types[0]).isdigit():
            found[str(types[0])] = file.path.name[len(start) : -len(end) or None]
    return found


def _quoted(text: str) -> str:
    """A TOML string; on one line whatever ``text`` holds."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wrapped(names: Iterable[str], indent: str) -> list[str]:
    """Quoted names, comma after each, in lines of a readable length."""
    quoted = [f"{_quoted(name)}," for name in names]
    lines, line = [], ""
    for item in quoted:
        if line and len(line) + len(item) > 90:
            lines.append(indent + line)
            line = ""
        line = f"{line} {item}".strip()
    return [*lines, indent + line] if line else lines
