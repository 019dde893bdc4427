"""Which types of events are there, how often, and which evidence is each?"""

import re

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from leadml import hints
from leadml.columns import as_text
from leadml.draft.files import Table, shared_edges
from leadml.draft.words import comments, quote
from leadml.errors import listed
from leadml.events import slug

MOST_EVENT_TYPES = 60


def events_section(table: Table) -> tuple[list[str], list[str]]:
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
        lines += ["", "# Rarer types, not declared:", *comments(rest)]
        said.append(f"events      {len(rest)} rarer types are not declared.")
    return lines, said


def _event_section(key: str, context: str) -> list[str]:
    one, many = hints.one_and_many(key, context=context)
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
    kind = hints.kind_of(f"{key} {context}")
    return [
        f"[events.{key if bare else quote(key)}]",
        f"one = {quote(one)}",
        f"many = {quote(many)}",
        f'kind = "{kind}"',
    ]


def _event_counts(table: Table) -> "pd.Series[int]":
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


def _contexts(table: Table) -> dict[str, str]:
    """What the name of its own file says of an event type that is a bare number."""
    if len(table.files) < 2:
        return {}
    names = [file.path.name for file in table.files]
    start, end = shared_edges(names)
    found: dict[str, str] = {}
    for file in table.files:
        types = file.text(table.columns["event_type"]).dropna().unique()
        if len(types) == 1 and str(types[0]).isdigit():
            found[str(types[0])] = file.path.name[len(start) : -len(end) or None]
    return found
