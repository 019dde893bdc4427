"""What does one file hold, and what do several of one kind hold together?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from leadml import hints
from leadml.columns import as_text
from leadml.errors import DataError, listed
from leadml.hints import Role
from leadml.sources import read_file

SAMPLE = 200_000
"""Rows looked at per file; event types are counted over all."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, its first rows as a frame without the texts that mean "not known"."""

    path: Path
    table: pa.Table
    frame: pd.DataFrame
    missing: tuple[str, ...]
    maybe_missing: tuple[str, ...]

    def text(self, column: str) -> pd.Series:
        """A column as text; NA where it is not known."""
        return as_text(self.frame[column])


@dataclass(frozen=True, slots=True)
class Table:
    """The files of one role, and what our columns are called in them."""

    role: Role
    files: tuple[File, ...]
    columns: Mapping[str, str]

    @property
    def rows(self) -> int:
        """How many there are in all files, not only those looked at."""
        return sum(file.table.num_rows for file in self.files)

    def text(self, ours: str) -> pd.Series:
        """One of our columns as text, the files below each other."""
        parts = [file.text(self.columns[ours]) for file in self.files]
        return pd.concat(parts, ignore_index=True)


def open_file(path: Path) -> File:
    """Reads a file and takes "not known" out of its first rows.

    Raises:
        DataError: it is absent, unreadable or empty, or names a column twice.
    """
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
    return File(path, table, frame, missing, maybe)


def distinct_share(file: File, name: str) -> float:
    """How many different values a column has, per known one."""
    text = file.text(name).dropna()
    return text.nunique() / max(len(text), 1)


def one_glob(paths: Sequence[Path]) -> str:
    """One pattern that names exactly these files of one folder; empty where there is none."""
    names = [path.name for path in paths]
    start, end = shared_edges(names)
    pattern = f"{start}*{end}"
    folders = {path.resolve().parent for path in paths}
    if len(folders) > 1:
        return ""
    there = {path.name for path in folders.pop().glob(pattern)}
    return pattern if there == set(names) else ""


def shared_edges(names: Sequence[str]) -> tuple[str, str]:
    """The text that all names begin with, and the text that all of them end with."""
    first, shortest = names[0], min(len(name) for name in names)
    start = next((k for k in range(shortest) if len({n[k] for n in names}) > 1), shortest)
    rest = [name[start:][::-1] for name in names]
    least = min(len(name) for name in rest)
    end = next((k for k in range(least) if len({n[k] for n in rest}) > 1), least)
    return first[:start], first[len(first) - end :]
