"""What do the user's files say, in our columns? Each raw table, renamed and settled.

`TableReader` reads one table at a time: finds it in the source, renames its columns to ours,
settles every column (`leadml.columns`) and gathers what cannot be right (`leadml.findings`). What
only shows between tables is the business of `leadml.checks`.
"""

import logging

import numpy as np
import pandas as pd
import pyarrow as pa

from leadml.columns import as_consent, as_numbers, as_text, as_times, settled
from leadml.config import STAGE_OUTCOMES, Config
from leadml.errors import DataError, listed, nearest
from leadml.extract import Extract
from leadml.findings import Findings
from leadml.sources import Readable, as_frame, open_source
from leadml.tables import LEAD_COLUMNS, REQUIRED, Clock
from leadml.timeline import EARLIEST

log = logging.getLogger(__name__)


class TableReader:
    """One reading of one configuration.

    Attributes:
        findings: what reading turned up so far.
        precisions: by column of times, whether it holds days only.
    """

    def __init__(self, config: Config, now: pd.Timestamp, extract: Extract | None = None) -> None:
        """Opens the source, or takes some rows of it; no time may lie after ``now``."""
        self.config, self.now = config, now
        self.source: Readable = extract or open_source(config.data.source, config.folder)
        self.whole = extract.whole if extract else None
        self.findings = Findings(set_aside=config.data.bad_rows == "set_aside")
        days = self.whole.days if self.whole else {}
        self.precisions = {k: own for k, own in days.items() if not k.endswith(".recorded_at")}

    def _load(self, table: str) -> pd.DataFrame:
        """The raw frame of one table, its columns renamed to ours; empty where it is optional."""
        named = getattr(self.config.data, table)
        name = named or table
        optional = not named and table in {"events", "attributes", "spend"}
        if table == "outcomes" and not named and not self.source.has(name):
            msg = (
                "The outcomes table is missing: it must say who was won and lost. "
                "Set data.outcomes, or data.table for one wide table."
            )
            raise DataError(msg)
        if optional and not self.source.has(name):
            return pd.DataFrame({column: pd.Series(dtype="str") for column in REQUIRED[table]})
        arrow = self.source.read(name, self.config.data.missing)
        frame = self._renamed(table, arrow)
        if self.whole is None:
            log.info("read %s: %s rows", table, f"{len(frame):,}")
        return frame

    def _renamed(self, table: str, arrow: pa.Table) -> pd.DataFrame:
        frame = as_frame(arrow)
        for ours, theirs in getattr(self.config.columns, table).items():
            if theirs not in frame:
                msg = (
                    f"columns.{table}.{ours} must name a column, but '{theirs}' is not among "
                    f"{listed(frame.columns)}.{nearest(theirs, map(str, frame.columns))}"
                )
                raise DataError(msg)
        names = {theirs: ours for ours, theirs in getattr(self.config.columns, table).items()}
        frame = frame.rename(columns=names)
        doubled = frame.columns[frame.columns.duplicated()]
        if len(doubled):
            msg = (
                f"{table} must name each column once, got {listed(doubled)} twice. "
                f"Rename one, or map it under [columns.{table}]."
            )
            raise DataError(msg)
        for column in REQUIRED.get(table, ()):
            if column not in frame:
                hint = (
                    nearest(column, map(str, frame.columns))
                    or f" Say which column it is: [columns.{table}] {column} = '…'."
                )
                msg = (
                    f"{table} must have a column '{column}', got "
                    f"{listed(frame.columns, most=12)}.{hint}"
                )
                raise DataError(msg)
        if not len(frame) and not self.whole and table in {"leads", "outcomes", "table"}:
            msg = f"{table} must hold rows, got none. Export it again."
            raise DataError(msg)
        missing = list(self.config.data.missing)
        text = [str(name) for name in frame if isinstance(frame[name].dtype, pd.StringDtype)]
        unknown = {name: frame[name].isin(missing) for name in text}
        return frame.assign(
            **{name: frame[name].mask(own) for name, own in unknown.items() if own.any()}
        )

    def leads(self) -> pd.DataFrame:
        """lead_id, created_at, account_id?, consent? and the attribute columns."""
        return self._lead_frame(self._load("leads"))

    def _lead_frame(self, raw: pd.DataFrame) -> pd.DataFrame:
        frame = self._timed("leads", raw, "created_at")
        frame = frame.assign(lead_id=as_text(frame["lead_id"]))
        frame = self.findings.refuse(
            "leads",
            frame,
            frame["lead_id"].isna(),
            "Every lead must have a lead_id. Mend the export.",
        )
        if "account_id" in frame:
            frame = frame.assign(account_id=as_text(frame["account_id"]))
        if "consent" in frame:
            frame = frame.assign(consent=as_consent(frame["consent"]))
        return frame.assign(**self._settled("leads", frame, skip=LEAD_COLUMNS))

    def _settled(
        self, table: str, frame: pd.DataFrame, *, skip: tuple[str, ...]
    ) -> dict[str, pd.Series]:
        """The attribute columns as float64 or text."""
        columns: dict[str, pd.Series] = {}
        for name in frame:
            if name in skip:
                continue
            text = name in self.config.attributes.categories
            numbers = self.whole.numbers.get(f"{table}.{name}") if self.whole else None
            columns[str(name)] = settled(frame[name], numbers=False if text else numbers)
        return columns

    def events(self) -> pd.DataFrame:
        """lead_id, occurred_at, event_type, value, known_at."""
        return self._events(self._load("events"))

    def no_events(self) -> pd.DataFrame:
        """The table of events without a row."""
        return self._events(pd.DataFrame(dict.fromkeys(REQUIRED["events"], pd.Series(dtype="str"))))

    def _events(self, raw: pd.DataFrame) -> pd.DataFrame:
        frame = self._timed("events", raw, "occurred_at")
        frame = frame.assign(
            lead_id=as_text(frame["lead_id"]), event_type=as_text(frame["event_type"])
        )
        frame = self.findings.refuse(
            "events",
            frame,
            frame["event_type"].isna(),
            "Every event must have an event_type. Mend the export.",
        )
        known = frame["occurred_at"]
        if "recorded_at" in frame:
            frame = self._timed("events", frame, "recorded_at", required=False)
            early = frame["recorded_at"] < frame["occurred_at"]
            if early.any():
                self.findings.add(
                    "note",
                    "events",
                    f"{int(early.sum()):,} events were recorded before they occurred; they count "
                    "from when they occurred.",
                    int(early.sum()),
                )
            known = frame["recorded_at"].where(
                frame["recorded_at"] > frame["occurred_at"], frame["occurred_at"]
            )
        value = self._numbers("events", frame, "value")
        kept = frame.assign(known_at=known, value=value)[
            ["lead_id", "occurred_at", "event_type", "value", "known_at"]
        ]
        doubled = int(kept.duplicated().sum())
        if doubled:
            self.findings.add(
                "note",
                "events",
                f"{doubled:,} events stand twice, alike in every column; each counts.",
                doubled,
            )
        return kept.reset_index(drop=True)

    def outcomes(self) -> pd.DataFrame:
        """lead_id, outcome, closed_at, amount."""
        frame = self._timed("outcomes", self._load("outcomes"), "closed_at")
        frame = frame.assign(
            lead_id=as_text(frame["lead_id"]), amount=self._numbers("outcomes", frame, "amount")
        )
        return self._named_outcomes("outcomes", frame)[
            ["lead_id", "outcome", "closed_at", "amount"]
        ]

    def _named_outcomes(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The outcome column in our words: closed_won, closed_lost or an earlier stage."""
        label = self.config.label
        said = as_text(frame["outcome"]).str.lower()
        names = {stage: stage for stage in STAGE_OUTCOMES}
        names |= {text.lower(): "closed_lost" for text in label.lost} | {
            text.lower(): "closed_won" for text in label.won
        }
        outcome = said.map(names).astype("str")
        unknown = outcome.isna() & said.notna()
        if unknown.any() and table == "outcomes":
            text = (
                f"outcome must be one of label.won, label.lost or {listed(STAGE_OUTCOMES)}; "
                f"'{listed(said[unknown].unique(), most=3)}' is not. "
                "Add it to label.won or label.lost."
            )
            frame = self.findings.refuse(table, frame.assign(outcome=outcome), unknown, text)
            outcome = frame["outcome"]
        named = frame.assign(outcome=outcome)
        if table == "outcomes":
            text = "Rows without an outcome say nothing of a lead."
            return self.findings.keep_out(table, named, outcome.isna(), text)
        if unknown.any():
            texts = listed(said[unknown].unique(), most=3)
            self.findings.add(
                "warning",
                table,
                f"{int(unknown.sum()):,} rows say '{texts}', neither in label.won nor label.lost: "
                "they count as still open.",
                int(unknown.sum()),
            )
        return named

    def attributes(self) -> pd.DataFrame:
        """lead_id, valid_from and the columns whose history it tells."""
        frame = self._timed("attributes", self._load("attributes"), "valid_from")
        frame = frame.assign(lead_id=as_text(frame["lead_id"]))
        return frame.assign(**self._settled("attributes", frame, skip=("lead_id", "valid_from")))

    def spend(self) -> pd.DataFrame:
        """source, month, cost."""
        frame = self._timed("spend", self._load("spend"), "month", precision=False)
        return frame.assign(
            source=as_text(frame["source"]), cost=self._numbers("spend", frame, "cost")
        )

    def no_spend(self) -> pd.DataFrame:
        """The table of spend without a row."""
        text, month = pd.Series(dtype="str"), pd.Series(dtype="datetime64[us, UTC]")
        return pd.DataFrame({"source": text, "month": month, "cost": pd.Series(dtype="float64")})

    def wide(self) -> tuple[pd.DataFrame, pd.DataFrame, Clock | None]:
        """Leads and outcomes from one wide table, dated or not."""
        frame = self._renamed(
            "table", self.source.read(self.config.data.table, self.config.data.missing)
        )
        if self.whole is None:
            log.info("read %s: %s rows", self.config.data.table, f"{len(frame):,}")
        if "outcome" not in frame:
            msg = (
                f"The table must have an outcome column, got {listed(frame.columns, most=12)}. "
                "Say which it is: [columns.table] outcome = '…'."
            )
            raise DataError(msg)
        if "lead_id" not in frame:
            frame = frame.assign(lead_id=[f"row {k + 1}" for k in range(len(frame))])
            self.findings.add(
                "note", "table", "No lead_id is mapped; leads are called by their row."
            )
        clock: Clock | None = None
        if "created_at" not in frame:
            clock = "sequence" if self.config.data.order_by else "none"
            frame = self._sequenced(frame, clock)
        elif "closed_at" not in frame:
            self.findings.add(
                "warning",
                "table",
                "No closed_at is mapped: outcomes count as known within the horizon, which may "
                "flatter the figures.",
            )
        named = self._named_outcomes("table", frame)
        closing = ["outcome", "closed_at", "amount"]
        leads = self._lead_frame(named.drop(columns=[name for name in closing if name in named]))
        return leads, self._shut(named, leads, dated=clock is None), clock

    def _shut(self, named: pd.DataFrame, leads: pd.DataFrame, *, dated: bool) -> pd.DataFrame:
        """The outcomes of a wide table, known from closed_at or else from the lead's creation."""
        shut = named[named["outcome"].notna()].reset_index(drop=True)
        shut = shut.assign(
            lead_id=as_text(shut["lead_id"]), amount=self._numbers("table", shut, "amount")
        )
        if "closed_at" in named and dated:
            shut = self._timed("table", shut, "closed_at")
        else:
            creation = leads.drop_duplicates("lead_id").set_index("lead_id")["created_at"]
            shut = shut[shut["lead_id"].isin(creation.index)]
            shut = shut.assign(closed_at=shut["lead_id"].map(creation))
        return shut[["lead_id", "outcome", "closed_at", "amount"]].reset_index(drop=True)

    def _sequenced(self, frame: pd.DataFrame, clock: Clock) -> pd.DataFrame:
        """The frame with a sequence clock: by ``data.order_by``, else shuffled by a fixed seed."""
        if clock == "sequence":
            name = self.config.data.order_by
            if name not in frame:
                msg = (
                    "data.order_by must name a column, got "
                    f"'{name}'.{nearest(name, map(str, frame.columns))}"
                )
                raise DataError(msg)
            rank: np.ndarray = settled(frame[name]).rank(method="first").to_numpy()
            frame = frame.drop(columns=name) if name != "lead_id" else frame
            self.findings.add(
                "warning",
                "table",
                f"No dates: leads are taken in the order of '{name}'. "
                "Whether columns were filled before the outcome cannot be seen.",
            )
        else:
            rank = np.random.default_rng(self.config.training.seed).permutation(len(frame)) + 1
            self.findings.add(
                "warning",
                "table",
                "No dates and no data.order_by: leads are split at random, so every figure is "
                "OPTIMISTIC. Add a date or a sequence column if there is one.",
            )
        return frame.assign(created_at=pd.to_datetime(rank, unit="s", utc=True))

    def _timed(
        self,
        table: str,
        frame: pd.DataFrame,
        column: str,
        *,
        required: bool = True,
        precision: bool = True,
    ) -> pd.DataFrame:
        """``frame`` with ``column`` as UTC times; rows whose time cannot be read are refused."""
        data = self.config.data
        known = self.whole.days.get(f"{table}.{column}") if self.whole else None
        times = as_times(
            frame[column], timezone=data.timezone, time_format=data.time_format, days=known
        )
        if precision and len(frame) and known is None:
            self.precisions[f"{table}.{column}"] = times.days_only and required
        wrong = frame.loc[times.unreadable, column]
        sample = listed(as_text(wrong).unique(), most=3) if len(wrong) else ""
        bad = times.unreadable | times.zoneless | (required & times.values.isna().to_numpy())
        if times.zoneless.any():
            reason = (
                f"{column} must carry a zone (2026-07-01T09:30+02:00). "
                "Declare it for all: data.timezone = 'Europe/Amsterdam'."
            )
        else:
            but = f", unlike {sample!r}" if sample else ", and filled"
            reason = (
                f"{column} must be an ISO date or time{but}. "
                "Set data.time_format, or mend the rows."
            )
        kept = self.findings.refuse(table, frame.assign(**{column: times.values}), bad, reason)
        text = f"{column} must not lie before {EARLIEST:%Y}. Leave such dates empty, or mend them."
        kept = self.findings.refuse(table, kept, kept[column] < EARLIEST, text)
        text = (
            f"{column} must not lie in the future (now {self.now:%Y-%m-%d %H:%M} UTC). "
            "Leave out expected dates."
        )
        return self.findings.refuse(table, kept, kept[column] > self.now, text)

    def _numbers(self, table: str, frame: pd.DataFrame, column: str) -> pd.Series:
        if column not in frame:
            return pd.Series(np.nan, index=frame.index, dtype="float64")
        try:
            return as_numbers(frame[column])
        except DataError as error:
            self.findings.add("error", table, str(error))
            return pd.Series(np.nan, index=frame.index, dtype="float64")
