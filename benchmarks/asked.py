"""What are the servers asked? The same kind of lead: raw for leadml, ready-made features for peers.

A lead is one of a simulated company: its attributes as they were recorded, and `EVENTS` events
drawn from all that its leads did, at moments between its creation and the moment of scoring.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.build import build_matrix, to_frame
from features.catalog import Catalog
from features.past import build_past
from leadml.checks import read_tables
from leadml.config import Config
from leadml.folder import read_model
from leadml.tables import Tables

EVENTS = 50
YOUNGEST_DAYS, OLDEST_DAYS = 30, 200


@dataclass(frozen=True, slots=True)
class Company:
    """A company whose leads are asked about, and its model."""

    tables: Tables
    catalog: Catalog
    as_of: pd.Timestamp


def open_company(config: Config, model: Path) -> Company:
    """The tables of a company and the catalogue of its model; leads are looked at when they end."""
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    catalog = Catalog.from_json(read_model(model).catalog)
    return Company(tables, catalog, tables.end.floor("D"))


def lead_bodies(company: Company, *, bodies: int, leads: int, explain: int) -> list[bytes]:
    """Requests of so many leads each, for ``POST /v1/score``."""
    rng = np.random.default_rng(0)
    age = company.as_of - company.tables.leads["created_at"]
    young = age.between(pd.Timedelta(YOUNGEST_DAYS, "D"), pd.Timedelta(OLDEST_DAYS, "D"))
    chosen = company.tables.leads[young].sample(bodies * leads, replace=True, random_state=0)
    drawn = company.tables.events.sample(len(chosen) * EVENTS, replace=True, random_state=0)
    events = np.array_split(drawn[["event_type", "value"]].to_numpy(object), len(chosen))
    rows = [
        _lead(company, row, f"{row['lead_id']}-{k}", events[k], rng.random(EVENTS))
        for k, row in enumerate(chosen.to_dict("records"))
    ]
    head = {"as_of": company.as_of.isoformat(), "explain": explain}
    return [
        json.dumps({**head, "leads": rows[k * leads : (k + 1) * leads]}).encode()
        for k in range(bodies)
    ]


def feature_table(company: Company, *, rows: int) -> pd.DataFrame:
    """The features of so many leads at the same moment."""
    age = company.as_of - company.tables.leads["created_at"]
    young = age.between(pd.Timedelta(YOUNGEST_DAYS, "D"), pd.Timedelta(OLDEST_DAYS, "D"))
    examples = company.tables.leads.loc[young, ["lead_id"]].head(rows).assign(as_of=company.as_of)
    matrix = build_matrix(company.catalog, build_past(company.tables, examples))
    return to_frame(company.catalog, matrix)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The same features as bare trees read them: columns feature_0, feature_1, …

    Texts are codes, and nothing is missing: without a signature MLflow refuses null.
    """
    codes = {c: table[c].astype("category").cat.codes for c in table.select_dtypes("str")}
    coded = table.assign(**codes).astype("float64").fillna(0.0)
    return coded.set_axis([f"feature_{k}" for k in range(coded.shape[1])], axis="columns")


def split_bodies(table: pd.DataFrame) -> list[bytes]:
    """A row each, as ``mlflow models serve`` takes it."""
    plain = table.astype(object).where(table.notna(), None)
    return [
        json.dumps({"dataframe_split": plain.iloc[[k]].to_dict("split")}).encode()
        for k in range(len(plain))
    ]


def named_bodies(table: pd.DataFrame) -> list[bytes]:
    """A row each, as ``peers/bare_app.py`` takes it: `numbers`."""
    return [json.dumps(row).encode() for row in table.to_dict("records")]


def _lead(
    company: Company,
    row: dict[Any, Any],
    lead_id: str,
    events: NDArray[np.object_],
    when: NDArray[np.float64],
) -> dict[str, Any]:
    """A lead as a CRM sends it; ``when`` places its events between its creation and as_of."""
    columns = [name for name in company.catalog.attribute_columns if name in row]
    created = row["created_at"]
    days = (company.as_of - created) / pd.Timedelta(1, "D")
    return {
        "lead_id": lead_id,
        **({} if pd.isna(row["account_id"]) else {"account_id": row["account_id"]}),
        "created_at": created.isoformat(),
        "attributes": {name: _plain(row[name]) for name in columns if not pd.isna(row[name])},
        "events": [
            {"event_type": name, "occurred_at": (created + timedelta(days=days * part)).isoformat()}
            | ({} if np.isnan(value) else {"value": float(value)})
            for (name, value), part in zip(events, when, strict=True)
        ],
    }


def _plain(value: Any) -> str | float | bool:
    return value if isinstance(value, str | bool) else float(value)
