"""What became known of a lead between two moments? New events, and attributes with another value.

Both moments are given as what a scoring could see then (`known_by`): what is new is what the later
tables hold beyond the earlier ones.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from features import sentences as say
from features.attributes import Known
from features.catalog import Catalog
from features.nouns import Scope
from features.past import build_past
from leadml.columns import column_words
from leadml.events import EventType
from leadml.tables import Tables

INSTANT = pd.Timedelta(1, "ns")
"""The least step of time: what comes at a moment comes before the moment one such step later."""

Value = str | float | None
"""What an attribute says; None where nothing is known."""

Counts = Mapping[str, Counter[str]]
"""How many events of each type, by owner: a lead, or an account."""


@dataclass(frozen=True, slots=True)
class NewEvents:
    """The events of one type that became known in between.

    Attributes:
        scope: whose they are: the ``lead``'s own, or those of the others at its ``account``.
        text: so many of them, in words.
    """

    event_type: str
    count: int
    scope: Scope
    text: str


@dataclass(frozen=True, slots=True)
class ChangedAttribute:
    """An attribute that says something else than before."""

    attribute: str
    before: Value
    after: Value

    @property
    def text(self) -> str:
        """Both values in words.

        >>> ChangedAttribute("company_size", None, 1200.0).text
        'company size: not known → 1,200'
        """
        return f"{column_words(self.attribute)}: {_said(self.before)} → {_said(self.after)}"


def with_colleagues(tables: Tables, lead_ids: "pd.Series[str]") -> Tables:
    """The tables of some leads, and of everyone at their accounts."""
    leads = tables.leads
    kept = leads["lead_id"].isin(lead_ids)
    if "account_id" in leads:
        kept |= leads["account_id"].isin(leads.loc[kept, "account_id"].dropna())
    people = leads[kept].reset_index(drop=True)

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["lead_id"].isin(people["lead_id"])].reset_index(drop=True)

    return dataclasses.replace(
        tables,
        leads=people,
        events=own(tables.events),
        outcomes=own(tables.outcomes),
        attributes=own(tables.attributes),
    )


def known_by(tables: Tables, as_of: pd.Timestamp) -> Tables:
    """What a scoring at ``as_of`` sees: events before it, and records up to that very moment."""
    seen = tables.upto(as_of + INSTANT)
    before = (seen.events["known_at"] < as_of).to_numpy()
    return dataclasses.replace(seen, events=seen.events[before].reset_index(drop=True))


def with_events(then: Tables, now: Tables) -> Tables:
    """What was known then, with the colleagues who have come and the events of everyone since."""
    came = ~now.leads["lead_id"].isin(then.leads["lead_id"])
    people = pd.concat([then.leads, now.leads[came]], ignore_index=True)
    return dataclasses.replace(then, leads=people, events=now.events)


def find_new_events(
    then: Tables, now: Tables, lead_ids: "pd.Series[str]", catalogs: Collection[Catalog]
) -> list[tuple[NewEvents, ...]]:
    """The events of each lead, and of the others at its account, that are known now only.

    What a colleague did before it was known itself is new with the colleague.

    Args:
        then: what was known at the earlier moment.
        now: what is known at the later one.
        lead_ids: whose.
        catalogs: of the models: events that none declares are left out, and so are those of
            others at the account where none looks at accounts.

    Returns:
        For every lead its own, then those of the others, each the commonest first.
    """
    declared = {key: event for catalog in catalogs for key, event in catalog.events.items()}
    looked = any(f.noun.scope == "account" for catalog in catalogs for f in catalog.features)
    account = _accounts(now) if looked else {}
    own = _new(then, now, {lead: lead for lead in now.leads["lead_id"]})
    shared = _new(then, now, account)
    found = []
    for lead_id in lead_ids:
        mine = own.get(lead_id, Counter())
        others = shared.get(account.get(lead_id, ""), Counter()) - mine
        found.append((*_told(mine, "lead", declared), *_told(others, "account", declared)))
    return found


def find_changed_attributes(
    then: Tables, now: Tables, examples: pd.DataFrame, columns: Sequence[str]
) -> list[tuple[ChangedAttribute, ...]]:
    """The attributes of each lead that say something else now, in the order of ``columns``.

    Args:
        then: what was known at the earlier moment.
        now: what is known at the later one.
        examples: lead_id, as_of: the later moment.
        columns: the attributes to compare.
    """
    pasts = [build_past(tables, examples) for tables in (then, now)]
    found: list[list[ChangedAttribute]] = [[] for _ in range(len(examples))]
    for column in columns:
        before, after = (_values(past.attribute(column)) for past in pasts)
        for own, old, new in zip(found, before, after, strict=True):
            if old != new:
                own.append(ChangedAttribute(column, old, new))
    return [tuple(own) for own in found]


def _accounts(tables: Tables) -> dict[str, str]:
    """The account of every lead that has one."""
    if "account_id" not in tables.leads:
        return {}
    accounts = tables.leads.set_index("lead_id")["account_id"].dropna()
    return {str(lead): str(account) for lead, account in accounts.items()}


def _new(then: Tables, now: Tables, owner: Mapping[str, str]) -> Counts:
    """The events known now only, by the owner of the lead that did them."""
    before, after = (_counts(tables.events, owner) for tables in (then, now))
    return {name: counts - before.get(name, Counter()) for name, counts in after.items()}


def _counts(events: pd.DataFrame, owner: Mapping[str, str]) -> Counts:
    counts: dict[str, Counter[str]] = {}
    sizes = events.groupby([events["lead_id"].map(owner), "event_type"]).size().reset_index()
    for name, event_type, count in sizes.itertuples(index=False, name=None):
        counts.setdefault(name, Counter())[event_type] = count
    return counts


def _told(counts: Counter[str], scope: Scope, declared: Mapping[str, EventType]) -> list[NewEvents]:
    """The events that are declared, commonest first, ties by name."""
    known = sorted((-n, key) for key, n in counts.items() if key in declared)
    who = " by others at the account" if scope == "account" else ""
    return [
        NewEvents(key, -n, scope, say.count(-n, declared[key].one, declared[key].many) + who)
        for n, key in known
    ]


def _values(known: Known) -> list[Value]:
    return [None if pd.isna(value) else value for value in known.as_series().tolist()]


def _said(value: Value) -> str:
    if value is None:
        return "not known"
    return value if isinstance(value, str) else say.number(value)
