"""What did reading the tables turn up? Findings, gathered first and judged at the end.

A reader wants all that is wrong with an export in one go, so checks add to `Findings` and nothing
raises until the tables are read. Rows that cannot be right are an ``error`` (or, with
``data.bad_rows = "set_aside"``, a ``warning`` and out of the tables); nothing is dropped silently.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from leadml.errors import DataError, listed

Level = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about one table: how bad it is, how many rows, and what to do."""

    level: Level
    table: str
    text: str
    rows: int = 0


@dataclass(slots=True)
class Findings:
    """Gathers what checks find; ``set_aside`` decides what becomes of rows that cannot be right."""

    set_aside: bool = False
    found: list[Finding] = field(default_factory=list)

    def add(self, level: Level, table: str, text: str, rows: int = 0) -> None:
        """Records one finding."""
        self.found.append(Finding(level, table, text, rows))

    def refuse(
        self, table: str, frame: pd.DataFrame, bad: "np.ndarray | pd.Series[bool]", text: str
    ) -> pd.DataFrame:
        """Records the rows where ``bad`` holds, and returns ``frame`` without them.

        Args:
            table: which table the rows are of.
            frame: has lead_id where the table has one.
            bad: bool, shape (n,).
            text: what must hold, and what to do; the count and three ids are added.
        """
        mask = np.asarray(bad, dtype=bool)
        if not mask.any():
            return frame
        count = int(mask.sum())
        ids = f" (lead_id {_first_ids(frame, mask)})" if "lead_id" in frame else ""
        fate = " They are set aside." if self.set_aside else ""
        said = f"{text} Got {count:,} of {len(frame):,} rows{ids}.{fate}"
        self.add("warning" if self.set_aside else "error", table, said, count)
        return frame.loc[~mask].reset_index(drop=True)

    def keep_out(
        self, table: str, frame: pd.DataFrame, out: "np.ndarray | pd.Series[bool]", text: str
    ) -> pd.DataFrame:
        """Like `refuse`, for rows that may be there but are of no use: always a warning."""
        mask = np.asarray(out, dtype=bool)
        if not mask.any():
            return frame
        count = int(mask.sum())
        said = f"{text} Kept out {count:,} of {len(frame):,} rows ({_first_ids(frame, mask)})."
        self.add("warning", table, said, count)
        return frame.loc[~mask].reset_index(drop=True)

    def check(self) -> None:
        """Raises `DataError` with every error found, one a line."""
        errors = [finding for finding in self.found if finding.level == "error"]
        if errors:
            msg = "\n".join(f"{finding.table}: {finding.text}" for finding in errors)
            raise DataError(msg)


def _first_ids(frame: pd.DataFrame, mask: np.ndarray) -> str:
    return listed(dict.fromkeys(frame.loc[mask, "lead_id"].head(20)), most=3)
