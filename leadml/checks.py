"""Do the tables hold together? Reading them all, and what only shows between them.

`inspect_tables` gathers everything that is wrong; `read_tables` raises it. Nothing is dropped
silently: what is kept out is counted, with three ids.
"""

import dataclasses
import logging

import pandas as pd

from leadml.columns import check_timezone
from leadml.config import Config
from leadml.errors import listed, nearest
from leadml.extract import Extract
from leadml.findings import Findings
from leadml.people import names_people
from leadml.reading import TableReader
from leadml.survey import Survey
from leadml.tables import Clock, Tables, is_among
from leadml.timeline import as_moment, days

log = logging.getLogger(__name__)


def read_tables(
    config: Config, *, now: pd.Timestamp, events: bool = True, survey: Survey | None = None
) -> Tables:
    """Reads and checks the tables that ``config`` names.

    Args:
        config: where they are and how they are to be read.
        now: no time may lie after it.
        events: whether to read the events; a log larger than memory is read in parts instead.
        survey: what is known of a log that is not read.

    Raises:
        DataError: a table is absent or does not hold what it must; all that is wrong, one a line.
    """
    tables = inspect_tables(config, now=now, events=events, survey=survey)
    Findings(found=list(tables.findings)).check()
    return tables


def inspect_tables(
    config: Config,
    *,
    now: pd.Timestamp,
    events: bool = True,
    survey: Survey | None = None,
    extract: Extract | None = None,
) -> Tables:
    """Like `read_tables`, with errors left among the findings instead of raised.

    Args:
        config: where the tables are and how they are to be read.
        now: no time may lie after it.
        events: whether to read the events.
        survey: what is known of a log that is not read.
        extract: the rows of some leads, to be read as if they stood among all others.

    Raises:
        DataError: a table or a required column is absent.
    """
    if config.data.timezone:
        check_timezone(config.data.timezone)
    reader = TableReader(config, now, extract)
    if config.data.table:
        leads, outcomes, clock = reader.wide()
    else:
        leads, outcomes, clock = reader.leads(), reader.outcomes(), None
    log = reader.events() if events else reader.no_events()
    attributes = reader.attributes()
    spend = reader.spend() if extract is None else reader.no_spend()
    leads = _one_row_a_lead(leads, reader.findings)
    known = leads["lead_id"]
    log = _of_known_leads("events", log, known, reader.findings)
    outcomes = _of_known_leads("outcomes", outcomes, known, reader.findings)
    attributes = _of_known_leads("attributes", attributes, known, reader.findings)
    outcomes = _after_creation(outcomes, leads, reader)
    if survey is not None:
        reader.precisions["events.occurred_at"] = survey.days_only
    clock = clock or _clock(reader)
    draft = Tables(leads, log, outcomes, attributes, spend, now, clock)
    end = _end(draft, config, survey, last=None if extract is None else now)
    draft = dataclasses.replace(draft, end=end)
    cut = draft if extract is not None and end > now else draft.upto(end)
    if extract is None:
        _note_cut(draft, cut, reader.findings)
        _note_undeclared(cut, config, reader.findings)
        _note_unknown_columns(cut, config, reader.findings)
        _note_people(cut, config, reader.findings)
    return dataclasses.replace(cut, findings=tuple(reader.findings.found))


def _clock(reader: TableReader) -> Clock:
    """Days, where any column of times holds bare dates only."""
    named = [name for name, days_only in reader.precisions.items() if days_only]
    if not named:
        return "times"
    text = f"Dates without a time of day in {listed(named)}: leads are looked at midnight, UTC."
    reader.findings.add("note", "times", text)
    return "days"


def _one_row_a_lead(leads: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    text = "lead_id must be unique. Merge the records of one lead into one row."
    return findings.refuse("leads", leads, leads["lead_id"].duplicated(), text)


def _of_known_leads(
    table: str, frame: pd.DataFrame, known: "pd.Series[str]", findings: Findings
) -> pd.DataFrame:
    unknown = pd.Series(~is_among(frame["lead_id"], known), index=frame.index)
    return findings.keep_out(table, frame, unknown, "Rows of leads that the leads table lacks.")


def _after_creation(
    outcomes: pd.DataFrame, leads: pd.DataFrame, reader: TableReader
) -> pd.DataFrame:
    creation = leads.set_index("lead_id")["created_at"]
    created = creation.reindex(outcomes["lead_id"]).reset_index(drop=True)
    if any(reader.precisions.get(f"{table}.closed_at") for table in ("outcomes", "table")):
        created = created.dt.normalize()
    early = outcomes["closed_at"] < created
    text = "closed_at must not lie before the lead's created_at. Mend the dates."
    return reader.findings.refuse("outcomes", outcomes, early, text)


def _end(
    tables: Tables, config: Config, survey: Survey | None, *, last: pd.Timestamp | None
) -> pd.Timestamp:
    """The end of the data: as set, else just after ``last``, by default the last time in it."""
    columns = (tables.leads["created_at"], tables.events["known_at"], tables.outcomes["closed_at"])
    if last is None or not tables.dated:
        times = [column.max() for column in columns if len(column)]
        times += [] if survey is None else [survey.last]
        last = max(times, default=tables.end)
    if not tables.dated:
        return last + days(config.label.horizon_days + 1)
    if config.data.end is not None:
        return as_moment(config.data.end)
    return last.normalize() + days(1) if tables.clock == "days" else last + pd.Timedelta(1, "us")


def _note_cut(whole: Tables, cut: Tables, findings: Findings) -> None:
    for name in ("leads", "events", "outcomes"):
        later = len(getattr(whole, name)) - len(getattr(cut, name))
        if later:
            text = f"Kept out {later:,} rows known only at or after the end of the data, {cut.end}."
            findings.add("warning", name, text, later)


def _note_undeclared(tables: Tables, config: Config, findings: Findings) -> None:
    types = tables.events["event_type"]
    unknown = types[~types.isin(list(config.events))]
    if len(unknown):
        text = (
            f"{len(unknown):,} events of {unknown.nunique()} types that [events] does not declare "
            f"are not used: {listed(unknown.unique())}."
        )
        findings.add("warning", "events", text, len(unknown))
    absent = set(config.events) - set(types.unique())
    if absent:
        findings.add("note", "events", f"Declared event types that never occur: {listed(absent)}.")


def _note_unknown_columns(tables: Tables, config: Config, findings: Findings) -> None:
    """A misspelt name would let a column in, or out, without a word."""
    settings = config.attributes
    columns = tables.attribute_columns
    for name in ("exclude", "allow", "categories", "ordered", "bands"):
        unknown = [column for column in getattr(settings, name) if column not in columns]
        if unknown:
            text = (
                f"attributes.{name} names columns that no table has: {listed(unknown)}."
                f"{nearest(unknown[0], columns)}"
            )
            findings.add("warning", "attributes", text, len(unknown))


def _note_people(tables: Tables, config: Config, findings: Findings) -> None:
    """A model should learn what firms have in common, not who somebody is."""
    out = {*config.attributes.kept_out, config.attributes.email, "lead_id", "account_id"}
    for name, frame in (("leads", tables.leads), ("attributes", tables.attributes)):
        for column in frame.select_dtypes(["object", "str"]).columns.difference(sorted(out)):
            texts = frame[column].dropna().astype("str")
            people = {text for text in texts.unique() if names_people(text)}
            rows = int(texts.isin(people).sum())
            if rows:
                text = (
                    f"{rows:,} values of {column} look like an e-mail address or a telephone "
                    "number. Reports hide them; answers of the app do not. Name the column in "
                    "attributes.exclude, or let it say a team instead of a person."
                )
                findings.add("warning", name, text, rows)
