"""Are the data still what the model learned from? Drift, missing values, columns that died.

What is compared is compared like with like: each lead as it was known a week after it came, those
of the newest quarter beside those of the year before. Where the data keep no history of a column,
a week is all the time there was, and older leads had longer to be filled in; that is for the page
to say.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.build import build_matrix
from features.catalog import Catalog
from features.past import Past, build_past
from leadml.config import Config
from leadml.model import LeadModel
from leadml.tables import Tables
from leadml.timeline import days
from training.health.paces import Pace, measure_paces
from training.health.shifts import Drift, measure_drift, newest_looks, newest_quarter

Verdict = Literal["as before", "more often missing", "less often missing", "died", "never filled"]

KNOWN_AFTER = 7.0
"""A lead is looked at so many days after it came."""

YEAR = 365.0
LEAST_LEADS = 100
"""Of fewer leads on either side nothing is said."""

LEAST_CHANGE = 0.05
"""A share that changes by less than this is no news, however sure."""

SURE = 3.0
"""Standard errors by which a change must exceed noise: many columns are looked at."""

FILLED, DEAD = 0.1, 0.1
"""A column died that was filled for this share of leads, and now is for this part of that share."""


@dataclass(frozen=True, slots=True)
class Filling:
    """How often a column is filled, of the leads before and of the newest.

    Attributes:
        used: whether the model reads it.
        known_then, known_now: leads with a value.
        leads_then, leads_now: of so many.
    """

    column: str
    used: bool
    known_then: int
    leads_then: int
    known_now: int
    leads_now: int

    @property
    def then(self) -> float:
        """The share filled before; 0 where there were no leads."""
        return self.known_then / self.leads_then if self.leads_then else 0.0

    @property
    def now(self) -> float:
        """The share filled of the newest leads; 0 where there are none."""
        return self.known_now / self.leads_now if self.leads_now else 0.0

    @property
    def verdict(self) -> Verdict:
        """What became of it, beyond noise."""
        if not self.known_then and not self.known_now:
            return "never filled"
        if min(self.leads_then, self.leads_now) < LEAST_LEADS or not self._changed:
            return "as before"
        if self.now > self.then:
            return "less often missing"
        return (
            "died" if self.then >= FILLED and self.now <= DEAD * self.then else "more often missing"
        )

    @property
    def _changed(self) -> bool:
        share = (self.known_then + self.known_now) / (self.leads_then + self.leads_now)
        error = np.sqrt(share * (1 - share) * (1 / self.leads_then + 1 / self.leads_now))
        gap = abs(self.now - self.then)
        return bool(gap >= LEAST_CHANGE and gap > SURE * error)


@dataclass(frozen=True, slots=True)
class Health:
    """What was measured of the data beside what the model learned from.

    Attributes:
        since: when the newest quarter began; None where the data have no dates.
        drift: what has moved; None where that cannot be told.
        fillings: every column, those that changed most first; empty without dates.
        paces: every declared event type.
        trained_until: the end of the data that the model was made from.
        keeps_history: the columns whose changes the data keep.
    """

    since: pd.Timestamp | None
    drift: Drift | None
    fillings: tuple[Filling, ...]
    paces: tuple[Pace, ...]
    trained_until: pd.Timestamp
    keeps_history: frozenset[str]


def measure_health(tables: Tables, model: LeadModel, config: Config) -> Health:
    """How the data are today, beside what the model learned from.

    Columns that are excluded, or kept out as leaks, are not looked at: they are filled in later.

    Args:
        tables: all that is known today.
        model: the one that scores.
        config: when leads are looked at, which events are declared, which columns are excluded.
    """
    trained = pd.Timestamp(model.card["known_until"])
    if not tables.dated:
        return Health(None, None, (), (), trained, frozenset())
    since, catalog = newest_quarter(tables), Catalog.from_json(model.catalog)
    looks = newest_looks(tables, config, since=since)
    matrix = build_matrix(catalog, build_past(tables, looks))
    used = set(catalog.attribute_columns)
    leaks = {row["column"] for row in model.card["leaks"] if row["verdict"] == "leak"}
    out = {*config.attributes.kept_out, *(leaks - used)}
    columns = [name for name in tables.attribute_columns if name not in out]
    return Health(
        since,
        measure_drift(model, catalog, matrix, looks["lead_id"]),
        tuple(measure_fillings(tables, columns, used, since=since)),
        tuple(measure_paces(tables, config.events)),
        trained,
        frozenset(map(str, tables.attributes.columns)) - {"lead_id", "valid_from"},
    )


def measure_fillings(
    tables: Tables, columns: list[str], used: set[str], *, since: pd.Timestamp
) -> list[Filling]:
    """How often each column is filled a week after a lead came; most changed first.

    Args:
        tables: all that is known.
        columns: of attributes.
        used: those of them that the model reads.
        since: leads that came from here on are the newest, those of the year before are the others.
    """
    created = tables.leads["created_at"]
    ripe = (created < tables.end - days(KNOWN_AFTER)) & (created >= since - days(YEAR))
    seen = tables.leads.loc[ripe, ["lead_id"]].reset_index(drop=True)
    came = created[ripe].reset_index(drop=True)
    past = build_past(tables, seen.assign(as_of=came + days(KNOWN_AFTER)))
    new = (came >= since).to_numpy(dtype=bool)
    found = [_filling(past, column, new, used=column in used) for column in columns]
    return sorted(found, key=lambda filling: -abs(filling.now - filling.then))


def _filling(past: Past, column: str, new: np.ndarray, *, used: bool) -> Filling:
    known = ~past.attribute(column).missing
    return Filling(
        column,
        used,
        int(known[~new].sum()),
        int((~new).sum()),
        int(known[new].sum()),
        int(new.sum()),
    )
