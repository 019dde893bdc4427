"""What goes over the wire of why a score changed? The shapes of that request and answer."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from features.nouns import Scope
from serving.changes import Cause
from serving.wire.schemas import REQUEST_EXAMPLE, LeadIn, Moment, ReasonOut

MOST_SUBJECTS = 20
"""How many reasons a part of a change may name."""

CHANGE_REQUEST_EXAMPLE: dict[str, Any] = {
    "since": "2026-05-05T00:00:00Z",
    "as_of": "2026-05-06T07:00:00Z",
    "lead": REQUEST_EXAMPLE["leads"][0],
}
CHANGE_EXAMPLE: dict[str, Any] = {
    "lead_id": "L-1042",
    "text": "From 12 % to 31 % within 90 days: new events +1.26 (last demo request less than a day "
    "ago), time passing -0.05.",
    "before": {
        "as_of": "2026-05-05T00:00:00Z",
        "model_version": "7",
        "horizon_days": 90,
        "probability": 0.12,
        "lower": 0.08,
        "upper": 0.17,
        "log_odds": -1.99,
        "unscored_reason": None,
    },
    "after": {
        "as_of": "2026-05-06T07:00:00Z",
        "model_version": "7",
        "horizon_days": 90,
        "probability": 0.31,
        "lower": 0.24,
        "upper": 0.39,
        "log_odds": -0.8,
        "unscored_reason": None,
    },
    "parts": [
        {"cause": "time passing", "effect": -0.07, "level": 0.0, "text": "", "reasons": []},
        {
            "cause": "new events",
            "effect": 1.26,
            "level": 0.0,
            "text": "new events +1.26 (last demo request less than a day ago)",
            "reasons": [
                {
                    "text": "last demo request less than a day ago",
                    "group": "intent",
                    "effect": 1.12,
                    "feature": "demo_request_days_since_last",
                }
            ],
        },
        {"cause": "changed attributes", "effect": 0.0, "level": 0.0, "text": "", "reasons": []},
        {"cause": "new model version", "effect": 0.0, "level": 0.0, "text": "", "reasons": []},
    ],
    "new_events": [
        {"event_type": "demo_request", "count": 1, "scope": "lead", "text": "1 demo request"}
    ],
    "changed_attributes": [],
    "warnings": [],
}


class ChangeRequest(BaseModel):
    """A lead with all that is known of it, and the two moments to compare."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"examples": [CHANGE_REQUEST_EXAMPLE]},
    )

    since: Moment = Field(description="The earlier moment; the lead must have come by then.")
    as_of: Moment | None = Field(default=None, description="The later moment; now, where left out.")
    explain: int = Field(
        default=2, ge=0, le=MOST_SUBJECTS, description="How many reasons each part names at most."
    )
    lead: LeadIn


class ScoringOut(BaseModel):
    """One of the two scorings."""

    as_of: datetime
    model_version: str
    horizon_days: int
    probability: float | None = Field(description="Of the outcome within horizon_days.")
    lower: float | None = Field(description="Lower end of its 90 % interval.")
    upper: float | None = Field(description="Upper end of its 90 % interval.")
    log_odds: float = Field(description="What the parts add to; there for an unscored lead too.")
    unscored_reason: str | None


class PartOut(BaseModel):
    """What one step from the earlier scoring to the later one did."""

    cause: Cause
    effect: float = Field(description="Added to the log-odds.")
    level: float = Field(description="How much of it moves every lead alike.")
    text: str = Field(description="The step in words.")
    reasons: list[ReasonOut] = Field(description="What it moved most, as it stands after the step.")


class NewEventsOut(BaseModel):
    """The events of one type that became known in between."""

    event_type: str
    count: int
    scope: Scope = Field(description="The lead's own, or those of the others at its account.")
    text: str


class ChangedAttributeOut(BaseModel):
    """An attribute that says something else than before."""

    attribute: str
    before: str | float | None
    after: str | float | None
    text: str


class ChangeOut(BaseModel):
    """Why the later score of a lead differs from the earlier one."""

    model_config = ConfigDict(json_schema_extra={"examples": [CHANGE_EXAMPLE]})

    lead_id: str
    text: str = Field(description="The change as a sentence, its strongest part first.")
    before: ScoringOut
    after: ScoringOut
    parts: list[PartOut] = Field(
        description="Four steps in the order they are walked; their effects sum to the difference "
        "of the log-odds."
    )
    new_events: list[NewEventsOut]
    changed_attributes: list[ChangedAttributeOut]
    warnings: list[str] = Field(description="What was not used, and what to doubt.")
