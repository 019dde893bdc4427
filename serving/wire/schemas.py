"""What goes over the wire? The shapes of requests and responses, and the only pydantic models.

What comes in is read strictly: no text for a number, no unknown key, no NaN, no time of day without
its zone. A number is at most `LARGEST` away from zero, so that no sum of them overflows, and a
moment lies between 1900 and 2200, which int64 nanoseconds can hold.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainValidator,
    WithJsonSchema,
    with_config,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypedDict

from leadml.columns import LARGEST
from leadml.events import Group
from leadml.policy import Action, Stage, Track

OURS = "leadml"
"""The type of a validation error whose message is ours, and safe to show."""

_MOMENT = r"^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$"
FIRST, END = datetime(1901, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""A moment lies at or after the first, before the second."""

MOMENT_WORDS = (
    "must be a date or a time with its zone, after 1900 and before 2200, "
    "like 2026-07-01 or 2026-07-01T09:30:00+02:00"
)


def read_moment(text: str) -> datetime:
    """RFC 3339 text as an aware moment; a date is its midnight, UTC.

    Raises:
        ValueError: there is no such moment, or it lies out of bounds.
    """
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not FIRST <= moment < END:
        raise ValueError
    return moment


def _moment_text(_: object, __: object) -> CoreSchema:
    """Text that looks like a moment."""
    return _told(core_schema.str_schema(pattern=_MOMENT, strict=True))


def _moment(source: object, handler: object) -> CoreSchema:
    """Text that is a moment, as that moment."""
    text = _moment_text(source, handler)
    return _told(core_schema.no_info_after_validator_function(read_moment, text))


def _told(schema: CoreSchema) -> CoreSchema:
    return core_schema.custom_error_schema(
        schema, custom_error_type=OURS, custom_error_message=MOMENT_WORDS
    )


def _read_scalar(value: object) -> str | float | bool | None:
    """An attribute's value: text, a number within `LARGEST`, true, false or null."""
    if value is None or isinstance(value, str | bool):
        return value
    if not isinstance(value, int | float):
        raise PydanticCustomError(OURS, "must be text, a number, true, false or null")
    if not abs(value) <= LARGEST:
        raise PydanticCustomError(OURS, f"must be a finite number of at most {LARGEST:.0e}")
    return value


_AS_MOMENT = WithJsonSchema({"type": "string", "format": "date-time"})
Moment = Annotated[datetime, GetPydanticSchema(_moment), _AS_MOMENT]
MomentText = Annotated[str, GetPydanticSchema(_moment_text), _AS_MOMENT]
Scalar = Annotated[
    str | float | bool | None,
    PlainValidator(_read_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

REQUEST_EXAMPLE: dict[str, Any] = {
    "explain": 2,
    "leads": [
        {
            "lead_id": "L-1042",
            "created_at": "2026-05-04T08:15:00+02:00",
            "consent": True,
            "attributes": {"industry": "Software", "employees": 120},
            "events": [
                {"event_type": "pricing_page_view", "occurred_at": "2026-05-04T08:20:00+02:00"},
                {"event_type": "demo_request", "occurred_at": "2026-05-05T13:02:11Z"},
            ],
        }
    ],
}
RESPONSE_EXAMPLE: dict[str, Any] = {
    "model": {
        "name": "lead-scorer",
        "version": "7",
        "horizon_days": 90,
        "outcome": "closed_won",
    },
    "as_of": "2026-05-06T07:00:00Z",
    "horizon_days": 90,
    "scores": [
        {
            "lead_id": "L-1042",
            "as_of": "2026-05-06T07:00:00Z",
            "probability": 0.31,
            "lower": 0.24,
            "upper": 0.39,
            "within": [
                {"days": 30, "probability": 0.12},
                {"days": 60, "probability": 0.24},
                {"days": 90, "probability": 0.31},
                {"days": 180, "probability": 0.38},
            ],
            "points": None,
            "fit_grade": "A",
            "engagement_grade": 1,
            "stage": "sql",
            "action": "call",
            "track": "sales material",
            "follow_up_minutes": 5.0,
            "look_again": "2026-05-13T07:00:00Z",
            "blocked_by": None,
            "needs_met": [
                "fit of grade C or better",
                "a probability of at least 8.1 %",
                "an explicit request within 30 days",
            ],
            "needs_missing": [],
            "moves_up": None,
            "explored": False,
            "propensity": 1.0,
            "reasons": [
                {
                    "text": "last demo request less than a day ago",
                    "group": "intent",
                    "effect": 1.12,
                    "feature": "demo_request_days_since_last",
                },
                {
                    "text": "industry: Software",
                    "group": "fit",
                    "effect": 0.4,
                    "feature": "industry",
                },
            ],
            "questions": [],
            "evidence": {
                "base": -3.1,
                "fit": 0.7,
                "engagement": 0.3,
                "intent": 1.3,
                "negative": 0.0,
            },
            "unscored_reason": None,
            "missing": [],
            "warnings": [],
        }
    ],
    "problems": [],
}
PROBLEM_EXAMPLE: dict[str, Any] = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "The request has 1 error.",
    "errors": [
        {"field": "leads[3].attributes.employees", "message": "must be a number"},
    ],
}


@with_config(_STRICT)
class EventIn(TypedDict):
    """Something a lead did."""

    # A request may hold half a million: plain dictionaries, their moments read all at once.

    event_type: Annotated[Name, Field(description="As declared in leadml.toml.")]
    occurred_at: Annotated[MomentText, Field(description="When; with its zone, or a date.")]
    recorded_at: NotRequired[
        Annotated[
            MomentText | None,
            Field(description="When it came to be known, where that was later."),
        ]
    ]
    value: NotRequired[
        Annotated[Number | None, Field(description="An amount, where the event has one.")]
    ]


class PreviousIn(BaseModel):
    """What the lead was when it was last scored; a lead keeps what it still nearly has."""

    model_config = ConfigDict(**_STRICT, frozen=True)

    stage: Stage | None = None
    fit_grade: Literal["A", "B", "C", "D"] | None = None
    engagement_grade: Annotated[int | None, Field(ge=1, le=4)] = None


class LeadIn(BaseModel):
    """A lead, as it is known now."""

    model_config = ConfigDict(**_STRICT, frozen=True)

    lead_id: Name = Field(description="Unique within the request; comes back with the score.")
    created_at: Moment | None = Field(
        default=None,
        description="When the lead came; with its zone, or a date. "
        "Only models trained without dates do without it.",
    )
    account_id: Name | None = Field(default=None, description="The company it belongs to.")
    consent: bool | None = Field(default=None, description="false leaves the lead unscored.")
    attributes: dict[str, Scalar] = Field(
        default_factory=dict, description="Who the lead is, by the columns of training."
    )
    events: list[EventIn] = Field(
        default_factory=list,
        description="What it did, in any order; only what lies before as_of counts.",
    )
    reached: Literal["opportunity", "closed_won", "closed_lost"] | None = Field(
        default=None, description="The furthest outcome so far: who is with sales, or closed."
    )
    previous: PreviousIn | None = Field(
        default=None,
        description="Its last answer, so that it does not flip from day to day.",
    )


class ScoreRequest(BaseModel):
    """Leads to score, each with all that is known of it."""

    model_config = ConfigDict(
        **_STRICT, frozen=True, json_schema_extra={"examples": [REQUEST_EXAMPLE]}
    )

    as_of: Moment | None = Field(
        default=None,
        description="The moment to look from; now, where left out. A model that knows days only "
        "looks from the midnight before.",
    )
    horizon: int | None = Field(
        default=None,
        description="Within how many days; one of the model's horizons, its main one where left "
        "out. Reasons, evidence and stage are always the main one's.",
    )
    explain: int = Field(default=3, ge=0, le=20, description="How many reasons each score gets.")
    ask: int = Field(
        default=0, ge=0, le=5, description="How many missing attributes to name as worth asking."
    )
    leads: list[LeadIn] = Field(min_length=1)


class ModelOut(BaseModel):
    """Which model answers, and what its probability is of."""

    name: str
    version: str
    horizon_days: int = Field(
        description="The main horizon: of the probability, its interval, the reasons and the stage."
    )
    outcome: str


class WithinOut(TypedDict):
    """The probability of the outcome within a horizon."""

    days: int
    probability: float


class ReasonOut(TypedDict):
    """One thing that speaks for or against a lead."""

    text: str
    group: Group
    effect: Annotated[
        float, Field(description="Added to the calibrated log-odds; negative speaks against.")
    ]
    feature: Annotated[str, Field(description="The feature whose value the text tells.")]


class QuestionOut(TypedDict):
    """A missing attribute, and what knowing it may change."""

    attribute: str
    chance: Annotated[
        float, Field(description="How likely the stage is to change once it is known.")
    ]
    expected_change: Annotated[
        float, Field(description="Of the probability, up or down: the mean size.")
    ]
    text: str


class EvidenceOut(TypedDict):
    """Base plus the four groups is the log-odds of ``probability``, or the points."""

    base: Annotated[float, Field(description="Of the average lead the model learned from.")]
    fit: float
    engagement: float
    intent: float
    negative: float


class ScoreOut(TypedDict):
    """The score of one lead; where it is unscored it has a reason, and no probability."""

    lead_id: str
    as_of: datetime
    probability: Annotated[
        float | None, Field(description="Of the outcome within the horizon that was asked for.")
    ]
    lower: Annotated[
        float | None, Field(description="Lower end of the 90 % interval of probability.")
    ]
    upper: Annotated[
        float | None, Field(description="Upper end of the 90 % interval of probability.")
    ]
    within: Annotated[
        list[WithinOut],
        Field(
            description="The probability within each horizon the model answers, shortest first, "
            "the main one included; it never falls as the days grow. Empty where the lead is "
            "unscored."
        ),
    ]
    points: Annotated[
        float | None,
        Field(description="Of the table of points, before there is a model; then no probability."),
    ]
    fit_grade: Annotated[
        Literal["A", "B", "C", "D"] | None, Field(description="A is the best fit.")
    ]
    engagement_grade: Annotated[int | None, Field(description="1 is the strongest, 4 the weakest.")]
    stage: Annotated[
        Stage, Field(description="By the policy; the probability is the main horizon's.")
    ]
    action: Annotated[Action, Field(description="What to do.")]
    track: Annotated[Track | None, Field(description="What to send.")]
    follow_up_minutes: Annotated[float | None, Field(description="How soon to follow up.")]
    look_again: Annotated[
        datetime | None, Field(description="When to score the lead anew at the latest.")
    ]
    blocked_by: Annotated[str | None, Field(description="What holds the lead back.")]
    needs_met: Annotated[list[str], Field(description="What its stage needs, and it has.")]
    needs_missing: Annotated[
        list[str], Field(description="What it lacks for the nearest further stage.")
    ]
    moves_up: Annotated[str | None, Field(description="What would make it which stage.")]
    explored: Annotated[
        bool, Field(description="Below the line and passed at random, to learn from.")
    ]
    propensity: Annotated[
        float, Field(description="How likely the lead was to be passed to sales.")
    ]
    reasons: Annotated[
        list[ReasonOut],
        Field(
            description="Why the probability within the main horizon is what it is, strongest "
            "first; other horizons have none of their own."
        ),
    ]
    questions: Annotated[list[QuestionOut], Field(description="Worth asking next, the best first.")]
    evidence: Annotated[
        EvidenceOut | None,
        Field(description="The probability within the main horizon by group of evidence, exactly."),
    ]
    unscored_reason: str | None
    missing: Annotated[
        list[str], Field(description="Attributes the model reads that were not given.")
    ]
    warnings: Annotated[
        list[str], Field(description="What of the request was not used, and what to doubt.")
    ]


class FieldError(BaseModel):
    """What is wrong with one field; never the value itself."""

    field: str
    message: str


class LeadProblem(BaseModel):
    """A lead that could not be scored as it was sent; at most twenty errors are listed."""

    index: int = Field(description="Its place in the request, from 0.")
    errors: list[FieldError]


class ScoreResponse(BaseModel):
    """Scores in the order of the request, without the leads that have a problem."""

    model_config = ConfigDict(json_schema_extra={"examples": [RESPONSE_EXAMPLE]})

    model: ModelOut
    as_of: datetime
    horizon_days: int = Field(description="The horizon that was asked for: of probability.")
    scores: list[ScoreOut]
    problems: list[LeadProblem] = Field(description="What is wrong with the other leads.")


class HorizonOut(BaseModel):
    """A horizon the model answers."""

    days: int
    leads: int = Field(description="How many leads its probabilities were learned from.")


class FigureOut(BaseModel):
    """A figure with its 90 % interval; null where it says nothing."""

    value: float | None
    lower: float | None
    upper: float | None


class JudgedOut(BaseModel):
    """What the figures were measured on: the newest mature examples."""

    examples: int
    converted: int
    leads: int


class DataOut(BaseModel):
    """How much the model was made from."""

    leads: int
    events: int
    examples: int
    converted: int
    immature: int


class FeatureOut(BaseModel):
    """One thing the model looks at."""

    name: str
    label: str
    group: Group


class RuleOut(BaseModel):
    """What a stage needs, and what is done then."""

    stage: Stage
    needs: list[str]
    action: Action
    track: Track
    follow_up_hours: float
    look_again_days: float


class PolicyOut(BaseModel):
    """How scores become stages: the lines, where grades part, and what each stage needs."""

    unit: Literal["probability", "points"] = Field(description="Of the lines.")
    sql_line: float
    mql_line: float
    fit_cuts: list[float] | None = Field(
        description="What fit adds to the log-odds where D, C, B and A part."
    )
    engagement_cuts: list[float] | None = Field(description="Likewise for 4, 3, 2 and 1.")
    rules: list[RuleOut] = Field(description="Furthest stage first; the first that is met holds.")
    blocks: list[str] = Field(description="What holds a lead back whatever else it has.")


class LeakOut(BaseModel):
    """A column kept out of the model, and why."""

    column: str
    reason: str


class ModelResponse(BaseModel):
    """What the model predicts, from which data, and how well."""

    name: str
    version: str
    aliases: list[str] = Field(description="That name it now: champion, challenger.")
    at_hand: list[str] = Field(description="The versions that ?version= can ask for.")
    outcome: str
    horizon_days: int = Field(
        description="The main horizon: what the model was judged by, and its reasons speak of."
    )
    horizons: list[HorizonOut] = Field(
        description="Every horizon that is answered, shortest first, the main one included."
    )
    known_until: str = Field(description="The model knows nothing at or after this moment.")
    recipe: str
    usable: bool = Field(description="Whether it sorts better than chance and beats the base rate.")
    warnings: list[str] = Field(description="What to doubt; every score repeats it.")
    test: JudgedOut
    figures: dict[str, dict[str, FigureOut]] = Field(
        description="By scorer (the model and its plain rivals), then metric; on the test examples."
    )
    data: DataOut
    features: list[FeatureOut]
    policy: PolicyOut
    leaks: list[LeakOut] = Field(description="Columns kept out because they know the outcome.")


class StatusOut(BaseModel):
    """How the app is."""

    status: Literal["ok", "ready"]


class ReadyOut(BaseModel):
    """How ready the app is; what it scores with is told to insiders only."""

    status: Literal["ready"]
    degraded: bool = Field(description="Whether something is wrong, although leads are scored.")
    version: str | None = Field(description="Of the champion.")
    reason: str | None = Field(description="What is wrong.")


class Problem(BaseModel):
    """What went wrong (RFC 9457); at most twenty errors are listed, ``detail`` counts them all."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM_EXAMPLE]})

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
