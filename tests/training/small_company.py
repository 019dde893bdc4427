"""A company small enough to count by hand: leads, what became of them, and what was spent."""

from collections.abc import Sequence

import pandas as pd

from leadml.tables import Clock, Tables


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC").as_unit("us")


def company(
    leads: Sequence[tuple[str, str, str | None]],
    outcomes: Sequence[tuple[str, str, str]] = (),
    *,
    spend: Sequence[tuple[str | None, str, float]] = (),
    end: str = "2026-07-01",
    clock: Clock = "times",
    sourced: bool = True,
) -> Tables:
    """Tables of leads (id, created_at, source) and outcomes (id, outcome, closed_at)."""
    people = pd.DataFrame(leads, columns=["lead_id", "created_at", "source"])
    people = people.assign(created_at=times(people["created_at"]), source=texts(people["source"]))
    closed = pd.DataFrame(outcomes, columns=["lead_id", "outcome", "closed_at"])
    paid = pd.DataFrame(spend, columns=["source", "month", "cost"])
    nothing = {"lead_id": texts([]), "known_at": times([])}
    return Tables(
        leads=people if sourced else people.drop(columns="source"),
        events=pd.DataFrame(nothing | {"event_type": texts([]), "occurred_at": times([])}),
        outcomes=closed.assign(
            lead_id=texts(closed["lead_id"]),
            outcome=texts(closed["outcome"]),
            closed_at=times(closed["closed_at"]),
            amount=float("nan"),
        ),
        attributes=pd.DataFrame({"lead_id": texts([]), "valid_from": times([])}),
        spend=paid.assign(
            source=texts(paid["source"]),
            month=times(paid["month"]),
            cost=paid["cost"].astype("float64"),
        ),
        end=moment(end),
        clock=clock,
    )


def times(values: Sequence[str] | pd.Series) -> pd.Series:
    return pd.Series(
        pd.to_datetime(pd.Series(values, dtype="str"), format="ISO8601", utc=True)
    ).dt.as_unit("us")


def texts(values: Sequence[str] | pd.Series) -> pd.Series:
    return pd.Series(values, dtype="str")
