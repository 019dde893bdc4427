"""What does a request tell of its leads? Their past, as the arrays or tables of training."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from features.attributes import plain_leads
from features.log import EventLog
from features.past import Past
from leadml.arrays import Ints, Nanos
from leadml.lifecycle import Previous
from leadml.tables import Clock, Tables
from leadml.timeline import from_nanos
from serving.scorer import Scorer
from serving.subjects import Subjects
from serving.wire.acts import nanos_of
from serving.wire.requests import Asked, midnight
from serving.wire.schemas import LeadIn, PreviousIn

_MICROSECOND = timedelta(microseconds=1)
_CONSENT = {True: 1.0, False: 0.0, None: np.nan}


def subjects_told(asked: Asked, scorer: Scorer) -> Subjects:
    """The leads of a request as scoring sees them."""
    leads = asked.leads
    order, account = _accounts(leads)
    code = np.empty(len(leads), dtype=np.int64)
    code[order] = np.arange(len(leads))
    created = _created(asked, scorer.model.card["clock"])
    columns = {
        name: values[order]
        if isinstance(values, np.ndarray)
        else [values[k] for k in order.tolist()]
        for name, values in asked.attributes.items()
    }
    past = Past(
        _event_log(asked, code, scorer.event_types),
        plain_leads(created[order], account, columns),
        code,
        np.full(len(leads), nanos_of([asked.as_of])[0]),
    )
    return Subjects(
        np.array([lead.lead_id for lead in leads], dtype=object),
        past,
        np.array([lead.reached or "" for lead in leads], dtype="<U12"),
        np.array([_CONSENT[lead.consent] for lead in leads]),
        scorer.model.card["clock"] in {"times", "days"},
    )


def previous_told(leads: Sequence[LeadIn]) -> Previous | None:
    """What leads were when they were last scored; None where none says so."""
    told = [lead.previous for lead in leads]
    if not any(told):
        return None
    known = [one or PreviousIn() for one in told]
    return Previous(
        np.array([one.stage or "" for one in known], dtype=object),
        np.array([one.fit_grade or "" for one in known], dtype=object),
        np.array([one.engagement_grade or 0 for one in known], dtype=np.int64),
    )


def tables_told(asked: Asked, scorer: Scorer) -> Tables:
    """The leads of a request as tables, for what compares two moments of their past."""
    leads, clock = asked.leads, scorer.model.card["clock"]
    acts = asked.acts
    attributes = {
        name: values if isinstance(values, np.ndarray) else _text(values)
        for name, values in asked.attributes.items()
    }
    reached = [(lead.lead_id, lead.reached) for lead in leads if lead.reached is not None]
    nothing = _text([])
    return Tables(
        pd.DataFrame(
            {
                "lead_id": _text([lead.lead_id for lead in leads]),
                "created_at": from_nanos(_created(asked, clock)),
                "account_id": _text([lead.account_id for lead in leads]),
                "consent": [_CONSENT[lead.consent] for lead in leads],
                **attributes,
            }
        ),
        pd.DataFrame(
            {
                "lead_id": _text([leads[place].lead_id for place in acts.lead.tolist()]),
                "occurred_at": from_nanos(acts.occurred),
                "event_type": _text([event["event_type"].strip() for event in acts.events]),
                "value": acts.value,
                "known_at": from_nanos(acts.time),
            }
        ),
        pd.DataFrame(
            {
                "lead_id": _text([lead_id for lead_id, _ in reached]),
                "outcome": _text([outcome for _, outcome in reached]),
                "closed_at": _times([asked.as_of - _MICROSECOND] * len(reached)),
                "amount": np.full(len(reached), np.nan),
            }
        ),
        pd.DataFrame({"lead_id": nothing, "valid_from": _times([])}),
        pd.DataFrame({"source": nothing, "month": _times([]), "cost": np.zeros(0)}),
        _times([asked.as_of])[0],
        clock,
    )


def _created(asked: Asked, clock: Clock) -> Nanos:
    """When each lead came."""
    moments = [lead.created_at or asked.as_of for lead in asked.leads]
    return nanos_of([midnight(one) for one in moments] if clock == "days" else moments)


def _event_log(asked: Asked, code: Ints, types: tuple[str, ...]) -> EventLog:
    """The events of declared types, by their lead's code."""
    acts = asked.acts
    owner, time, kind, value = code[acts.lead], acts.time, acts.type, acts.value
    known = kind >= 0
    if not known.all():
        owner, time, kind, value = owner[known], time[known], kind[known], value[known]
    return EventLog(owner, time, kind, value, types, len(code))


def _accounts(leads: Sequence[LeadIn]) -> tuple[Ints, Ints]:
    """The leads account by account, and the account of each in that order; both shape (n,)."""
    if len(leads) == 1:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    codes: dict[object, int] = {}
    account = [
        codes.setdefault(k if lead.account_id is None else lead.account_id, len(codes))
        for k, lead in enumerate(leads)
    ]
    order = np.argsort(np.array(account), kind="stable")
    return order, np.array(account)[order]


def _times(moments: Sequence[datetime]) -> pd.DatetimeIndex:
    return from_nanos(nanos_of(moments))


def _text(values: Sequence[str | None]) -> "pd.Series[str]":
    return pd.Series(pd.array(values, dtype="str"))
