"""In which market does the simulated company sell: where, to whom, found how?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """Where accounts are: how often, how far their clocks are ahead of UTC, how well they fit."""

    code: str
    weight: float
    hours_ahead: float
    fit: float


@dataclass(frozen=True, slots=True)
class Industry:
    """What accounts do, how well that fits, and the employees of the median one."""

    name: str
    weight: float
    fit: float
    median_employees: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where leads come from.

    Attributes:
        weight: share of leads.
        cost_eur: per lead.
        levels: the chance to arrive cold, aware, warm, hot.
        interest: how readily interest rises; 1 is usual.
        form: the event with which such a lead usually arrives.
    """

    name: str
    weight: float
    cost_eur: float
    levels: tuple[float, float, float, float]
    interest: float
    form: str


@dataclass(frozen=True, slots=True)
class Persona:
    """What kind of person a lead is.

    Attributes:
        share: of leads.
        activity: how much it does, at the same interest.
        pace, win: how readily it passes the stages, how readily it buys; 1 is usual.
        emails: the chance of a company, free, education, disposable address.
    """

    name: str
    share: float
    activity: float
    pace: float
    win: float
    emails: tuple[float, float, float, float]


COUNTRIES = (
    Country("DE", 0.33, 1, 0.35),
    Country("FR", 0.15, 1, 0.10),
    Country("GB", 0.13, 0, 0.10),
    Country("NL", 0.10, 1, 0.30),
    Country("US", 0.14, -5, -0.20),
    Country("IN", 0.08, 5.5, -0.60),
    Country("PL", 0.07, 1, -0.10),
)
INDUSTRIES = (
    Industry("logistics", 0.16, 0.55, 180),
    Industry("manufacturing", 0.20, 0.35, 320),
    Industry("retail", 0.15, 0.20, 140),
    Industry("software", 0.17, -0.15, 60),
    Industry("consulting", 0.10, -0.35, 30),
    Industry("healthcare", 0.09, -0.05, 260),
    Industry("public_sector", 0.07, -0.45, 450),
    Industry("other", 0.06, -0.30, 60),
)
SOURCES = (
    Source("organic_search", 0.22, 12, (0.40, 0.40, 0.16, 0.04), 1.1, "content_download"),
    Source("paid_search", 0.18, 85, (0.45, 0.35, 0.15, 0.05), 1.0, "pricing_page_view"),
    Source("webinar", 0.12, 60, (0.45, 0.40, 0.13, 0.02), 1.0, "webinar_attended"),
    Source("referral", 0.06, 40, (0.15, 0.35, 0.35, 0.15), 1.4, "demo_request"),
    Source("partner", 0.06, 95, (0.20, 0.40, 0.30, 0.10), 1.3, "demo_request"),
    Source("trade_show", 0.10, 130, (0.55, 0.35, 0.09, 0.01), 0.9, "content_download"),
    Source("content_syndication", 0.15, 45, (0.82, 0.16, 0.02, 0.00), 0.7, "content_download"),
    Source("outbound", 0.11, 30, (0.75, 0.20, 0.04, 0.01), 0.8, "email_click"),
)
PERSONAS = (
    Persona("buyer", 0.91, 1.0, 1.0, 1.0, (0.83, 0.15, 0.00, 0.02)),
    Persona("student", 0.06, 0.9, 0.15, 0.01, (0.02, 0.23, 0.70, 0.05)),
    Persona("competitor", 0.03, 2.2, 0.20, 0.01, (0.55, 0.35, 0.00, 0.10)),
)
