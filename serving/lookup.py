"""What does the company know of these leads? Asked of the configured source, a few leads at a time.

A `Lookup` gives the same checked tables as reading the whole source and keeping these leads, so
that their scores are those of `leadml score`, bit for bit. It lives as long as the app: what only
whole tables tell is learnt when it opens, and again when files have changed or the source failed.
"""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Self

import pandas as pd
import pyarrow as pa

from leadml.checks import inspect_tables
from leadml.columns import as_text
from leadml.config import Config
from leadml.errors import DataError, SourceError
from leadml.extract import Extract, Whole, read_whole
from leadml.findings import Finding, Findings
from leadml.rows.rows import Asking, Key, Rows, open_rows
from leadml.sources import Source, as_frame, open_source
from leadml.tables import Tables
from leadml.timeline import as_moment

log = logging.getLogger(__name__)

MOST_COLLEAGUES = 1_000
"""The leads of a larger account are scored without their colleagues, and the answer says so."""

MOST_ROWS = 500_000
"""More rows than these of one table are not looked up."""

TOO_MANY = "its account has too many leads to look up: scored as if it had no colleagues"

PATIENCE_SECONDS = 5.0
"""For so long a lookup waits while another one opens the source."""

REST_SECONDS = 3.0
"""For so long a source that failed is left alone, so that nobody waits for it in vain."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the leads that were asked for.

    Attributes:
        tables: theirs, and their colleagues' where those were asked for; checked.
        warnings: what was left out.
    """

    tables: Tables
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Opened:
    """The source, and what was learnt of it.

    Attributes:
        names: what each of our tables is called there: leads or table, events, ….
        keys: by our table, the column of lead ids.
        account: the column of account ids; None where there is none.
    """

    rows: Rows
    names: Mapping[str, str]
    keys: Mapping[str, Key]
    account: Key | None
    whole: Whole


class Lookup:
    """The configured source, asked for single leads; may be used by many threads at once."""

    def __init__(self, config: Config) -> None:
        """Opens nothing yet."""
        self._config = config
        self._opened: _Opened | None = None
        self._opening = Lock()
        self._failure: tuple[float, SourceError] | None = None

    def __enter__(self) -> Self:
        """Opens the source in the background."""
        Thread(target=self._open_safely, name="lookup", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of the source."""
        self.close()

    @property
    def end(self) -> pd.Timestamp | None:
        """The end of the data where leadml.toml sets it: nothing at or after it is known."""
        end = self._config.data.end
        return None if end is None else as_moment(end)

    def open(self) -> None:
        """Opens the source and learns what only whole tables tell, unless that has been done.

        Raises:
            SourceError: the source cannot be asked now.
            DataError: it does not hold what leads are looked up by.
        """
        self._ready()

    def find(self, lead_ids: Sequence[str], *, now: pd.Timestamp, colleagues: bool) -> Found | None:
        """What is known of some leads.

        Args:
            lead_ids: whom to look up; some hundreds at most.
            now: no time may lie after it.
            colleagues: whether the others at their accounts are needed too.

        Returns:
            None where the source has none of them.

        Raises:
            SourceError: the source cannot be asked now.
            DataError: what it holds of these leads cannot be used.
        """
        opened = self._ready()
        try:
            with opened.rows.asking() as asking:
                taken = _take(opened, asking, lead_ids, self._config, colleagues=colleagues)
        except SourceError as error:
            self._forget(opened)
            self._failed(error)
            raise
        if taken is None:
            return None
        extract = Extract(taken.tables, opened.whole)
        tables = inspect_tables(self._config, now=now, extract=extract)
        Findings(found=list(tables.findings)).check()
        aside = [_left_out(own) for own in tables.findings if own.level == "warning"]
        return Found(tables, (*taken.warnings, *aside))

    def close(self) -> None:
        """Lets go of the source."""
        if self._opened is not None:
            self._forget(self._opened)

    def _ready(self) -> _Opened:
        """The source, opened; by one thread, while the others wait a little."""
        opened = self._opened
        if opened is not None and not opened.rows.stale():
            return opened
        self._check_rest()
        if not self._opening.acquire(timeout=PATIENCE_SECONDS):
            msg = "The source is still being opened. Ask again in a few seconds."
            raise SourceError(msg)
        try:
            return self._open_again()
        finally:
            self._opening.release()

    def _open_again(self) -> _Opened:
        """The source, opened anew unless another thread has just done so, or failed to."""
        opened = self._opened
        if opened is not None and not opened.rows.stale():
            return opened
        self._check_rest()
        if opened is not None:
            self._forget(opened)
        try:
            self._opened = opened = _open(self._config)
        except SourceError as error:
            self._failed(error)
            raise
        return opened

    def _check_rest(self) -> None:
        """Raises `SourceError` anew where the source has just failed."""
        failed_at, failure = self._failure or (-math.inf, None)
        if failure is not None and time.monotonic() - failed_at < REST_SECONDS:
            raise SourceError(str(failure))

    def _open_safely(self) -> None:
        """Opens the source ahead of the first lookup, which says what is wrong if this fails."""
        with suppress(SourceError):
            self.open()

    def _failed(self, error: SourceError) -> None:
        """Says so in the log, and remembers it for a while."""
        self._failure = time.monotonic(), error
        log.warning("the source of leads cannot be asked: %s", error)

    def _forget(self, opened: _Opened) -> None:
        """Has the source opened anew by the next lookup."""
        if self._opened is opened:
            self._opened = None
        opened.rows.close()


def _open(config: Config) -> _Opened:
    """The source and what must be learnt of it.

    Raises:
        SourceError: it cannot be asked, or lacks what leads are looked up by.
    """
    try:
        source = open_source(config.data.source, config.folder)
        rows = open_rows(source, config.data.missing)
        names = _names(config, source)
        keys = {
            table: _key(rows, table, name, _theirs(config, table, "lead_id"))
            for table, name in names.items()
        }
        people, account = _people(config), _theirs(config, _people(config), "account_id")
        has_accounts = account in rows.schema(names[people]).names
        return _Opened(
            rows,
            names,
            keys,
            rows.key(names[people], account) if has_accounts else None,
            read_whole(config, rows, names),
        )
    except SourceError:
        raise
    except DataError as error:
        raise SourceError(str(error)) from error


def _left_out(finding: Finding) -> str:
    """What was left out, without whose it is."""
    rows = "1 row" if finding.rows == 1 else f"{finding.rows:,} rows"
    verb = "was" if finding.rows == 1 else "were"
    return f"{rows} of {finding.table} {verb} left out: `leadml check` says why"


def _people(config: Config) -> str:
    """The table that holds the leads."""
    return "table" if config.data.table else "leads"


def _names(config: Config, source: Source) -> dict[str, str]:
    """What each of our tables is called in the source; one that is not there is left out."""
    needed = ("table",) if config.data.table else ("leads", "outcomes")
    names = {}
    for table in (*needed, "events", "attributes"):
        named = getattr(config.data, table)
        if named or table in needed or source.has(table):
            names[table] = named or table
    return names


def _theirs(config: Config, table: str, column: str) -> str:
    """What a column of ours is called in the source."""
    return str(getattr(config.columns, table).get(column, column))


def _key(rows: Rows, table: str, name: str, column: str) -> Key:
    if column not in rows.schema(name).names:
        msg = (
            f"{table} must have a column '{column}', or leads cannot be looked up. "
            f"Say which it is: [columns.{table}] lead_id = '…'."
        )
        raise SourceError(msg)
    return rows.key(name, column)


@dataclass(frozen=True, slots=True)
class _Taken:
    """Rows of the source, by the name of their table there."""

    tables: Mapping[str, pa.Table]
    warnings: tuple[str, ...]


def _take(
    opened: _Opened, asking: Asking, lead_ids: Sequence[str], config: Config, *, colleagues: bool
) -> _Taken | None:
    """The rows of some leads, and of everyone at their accounts; None where there are none."""
    people = _people(config)
    warnings: tuple[str, ...] = ()
    leads = _where(asking, people, opened.keys[people], lead_ids)
    if not len(leads):
        return None
    if colleagues and opened.account is not None:
        most = MOST_COLLEAGUES * len(lead_ids)
        together = _with_colleagues(asking, opened.account, leads, config, most)
        if together is None:
            warnings = (TOO_MANY,)
        else:
            leads = together
    ids = _texts(leads, opened.keys[people]).dropna().unique().tolist()
    tables = {opened.names[people]: leads}
    for table, key in opened.keys.items():
        if table != people:
            tables[opened.names[table]] = _where(asking, table, key, ids)
    return _Taken(tables, warnings)


def _where(asking: Asking, table: str, key: Key, texts: Sequence[str]) -> pa.Table:
    found = asking.where(key, texts, most=MOST_ROWS + 1)
    if len(found) > MOST_ROWS:
        msg = f"A lookup must find at most {MOST_ROWS:,} rows of {table}. Use `leadml score`."
        raise DataError(msg)
    return found


def _with_colleagues(
    asking: Asking, account: Key, leads: pa.Table, config: Config, most: int
) -> pa.Table | None:
    """The leads and everyone at their accounts; None where these are too many."""
    accounts = _texts(leads, account)
    accounts = accounts.mask(accounts.isin(config.data.missing))
    if not accounts.notna().any():
        return leads
    shared = asking.where(account, accounts.dropna().unique().tolist(), most=most + 1)
    if len(shared) > most:
        return None
    alone = leads.filter(pa.array(accounts.isna().to_numpy()))
    return pa.concat_tables([alone, shared.cast(alone.schema)])


def _texts(rows: pa.Table, key: Key) -> "pd.Series[str]":
    """A column of ids as texts."""
    return as_text(as_frame(rows.select([key.field.name]))[key.field.name])
