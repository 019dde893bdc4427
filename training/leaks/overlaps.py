"""Who stands in the data twice? Persons under several ids, and whoever both teaches and judges.

Two leads are one person to us where they share an e-mail address, or are alike in created_at and
in every attribute. A lead, person or account on both sides of a split is no mistake where the split
is one of time: it comes back on the day as well. But what was learned of it then helps to judge it
now, so the figures say less of those never seen before. That is said, with numbers.

No sentence shows an address; leads are named by their ids.
"""

import pandas as pd

from leadml.config import Attributes
from leadml.errors import listed
from leadml.events import slug
from leadml.tables import Tables

LEAST_KNOWN = 3
"""Leads with fewer attributes filled than this are alike by chance."""
MOST_OF_ONE = 10
"""An address at more leads than this is a placeholder, or shared: no person."""


def report_duplicates(tables: Tables, settings: Attributes) -> list[str]:
    """Leads that look like the same person, and outcomes told twice: a sentence each.

    Args:
        tables: the leads and their outcomes.
        settings: which column holds e-mail addresses.
    """
    ids = tables.leads["lead_id"]
    shared = _repeated(_addresses(tables, settings))
    alike = _repeated(_records(tables))
    said = []
    if len(shared):
        largest = int(shared.value_counts().iloc[0])
        often = f" One of them stands at {largest:,} leads." if largest > MOST_OF_ONE else ""
        said.append(
            f"{len(shared):,} leads share {_count(shared.nunique(), 'e-mail address', 'es')} "
            f"({listed(ids[shared.index], most=3)}): they look like the same person. Merge the "
            f"leads of a person into one.{often}"
        )
    if len(alike):
        records = _count(alike.nunique(), "record")
        said.append(
            f"{len(alike):,} leads are alike in created_at and in every attribute "
            f"({listed(ids[alike.index], most=3)}): they look like {records} entered more than "
            "once. Keep one of each."
        )
    return said + _doubled_outcomes(tables)


def report_overlaps(
    tables: Tables,
    taught: "pd.Series[str]",
    judged: "pd.Series[str]",
    settings: Attributes,
) -> list[str]:
    """Who both taught and judges, a sentence for leads, persons and accounts.

    Every test example is counted once: as its lead, else as its person, else as its account.

    Args:
        tables: say which leads are of one person or account.
        taught: the lead of each example that taught.
        judged: the lead of each test example.
        settings: which column holds e-mail addresses.
    """
    leads = tables.leads.set_index("lead_id")
    number = pd.Series(range(len(leads)), index=leads.index)
    person = _persons(tables, settings)
    test = number.reindex(judged).to_numpy()
    train = number.reindex(taught.unique()).to_numpy()
    same = {
        "leads that also taught": pd.Series(number.to_numpy()),
        "persons who also taught, as another lead": person,
    }
    if "account_id" in leads:
        same["accounts of which another lead taught"] = leads["account_id"].reset_index(drop=True)
    hint = "" if tables.dated else " The table has no dates, so this flatters the figures."
    fresh, said = pd.Series(data=True, index=range(len(test))), []
    for what, key in same.items():
        both = fresh & key[test].isin(key[train].dropna()).to_numpy()
        fresh = fresh & ~both
        if both.any():
            share = (
                f"{int(both.sum()):,} of {len(test):,} test examples ({100 * both.mean():.0f} %)"
            )
            said.append(f"{share} are of {what}.{hint}")
    return said


def _persons(tables: Tables, settings: Attributes) -> pd.Series:
    """Whose each lead is, missing where it stands alone; rows as in ``tables.leads``."""
    address = _addresses(tables, settings)
    counts = address.map(address.value_counts())
    record = _records(tables)
    alone = address.isna() | (counts > MOST_OF_ONE)
    return ("address " + address).mask(alone, "record " + record.astype("str"))


def _addresses(tables: Tables, settings: Attributes) -> "pd.Series[str]":
    """Each lead's e-mail address in lower case; missing where it has none."""
    wanted = slug(settings.email) if settings.email else None
    column = next((name for name in tables.leads if slug(str(name)) == wanted), None)
    if column is None:
        return pd.Series(None, index=tables.leads.index, dtype="str")
    address = tables.leads[column].astype("str").str.strip().str.lower()
    return address.where(address.str.fullmatch(r"[^@\s]+@[^@\s]+", na=False))


def _records(tables: Tables) -> "pd.Series[int]":
    """A number for each lead's created_at and attributes, equal where they are.

    A lead with hardly an attribute is left out, and so is one that came at a moment of its own.
    """
    leads = tables.leads
    columns = [name for name in tables.attribute_columns if name in leads]
    together = leads["created_at"].duplicated(keep=False)
    told = leads.loc[together, columns].notna().sum(axis=1) >= LEAST_KNOWN
    kept = leads.loc[told.index[told], ["created_at", *columns]]
    return pd.util.hash_pandas_object(kept, index=False)


def _repeated(keys: pd.Series) -> pd.Series:
    """The keys that more than one lead has."""
    known = keys.dropna()
    return known[known.duplicated(keep=False)]


def _doubled_outcomes(tables: Tables) -> list[str]:
    """Outcomes that stand twice, and leads both won and lost."""
    outcomes, said = tables.outcomes, []
    twice = outcomes.loc[outcomes.duplicated(["lead_id", "outcome", "closed_at"]), "lead_id"]
    if len(twice):
        ids, count = listed(twice.unique(), most=3), _count(len(twice), "outcome")
        said.append(f"{count} too many, the same lead and moment again ({ids}): each counts once.")
    won, lost = (
        set(outcomes.loc[outcomes["outcome"] == name, "lead_id"])
        for name in ("closed_won", "closed_lost")
    )
    if both := won & lost:
        ids = listed(both, most=3)
        said.append(
            f"{_count(len(both), 'lead')} both won and lost ({ids}), which counts as closed from "
            "the first of the two. Mend the outcomes, unless it was reopened."
        )
    return said


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"
