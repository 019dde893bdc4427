r"""How do our pages say numbers, dates and our own terms? In the words of a marketer.

>>> percent(0.4612), span(0.443, 0.478, like=0.4612), counted(1204, "lead", "leads")
('46\xa0%', '44–48', '1,204 leads')
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

GROUPS = {
    "fit": "Fit: who they are",
    "engagement": "Engagement: what they do",
    "intent": "Intent: what they ask for",
    "negative": "Negative: what speaks against them",
}
"""The four groups of evidence, with what each is about."""

STAGES = {
    "customer": ("Customer", "has bought"),
    "opportunity": ("Opportunity", "sales is working on it"),
    "sql": ("SQL", "fits, has asked for something, and is likely enough for sales"),
    "pql": ("PQL", "fits and uses the product"),
    "mql": ("MQL", "fits, is active, and is likely enough for marketing to work on"),
    "service_qualified": ("Service", "has asked for service"),
    "iql": ("IQL", "has done something, not yet enough for more"),
    "lead": ("Lead", "has done nothing yet"),
    "disqualified": ("Disqualified", "a negative sign or a loss holds it back"),
}
"""Each stage, furthest first: its name and what it means."""

SCORERS = {
    "model": "this model",
    "newest first": "newest first",
    "base rate": "everyone alike",
}
"""How those who are compared are called; others by their own name."""


@dataclass(frozen=True, slots=True)
class OutcomeWords:
    """How a sentence speaks of the outcome.

    Attributes:
        third: "becomes a customer".
        past_one, past_many: "became a customer", "became customers".
        one, many: "win", "wins".
    """

    third: str
    past_one: str
    past_many: str
    one: str
    many: str

    def past(self, count: int) -> str:
        """The past tense for so many leads."""
        return self.past_one if count == 1 else self.past_many


def outcome_words(outcome: str) -> OutcomeWords:
    """The words for an outcome.

    >>> outcome_words("sql").past_many
    'reached SQL'
    """
    if outcome == "closed_won":
        return OutcomeWords(
            "becomes a customer", "became a customer", "became customers", "win", "wins"
        )
    name = STAGES[outcome][0] if outcome in STAGES else outcome.replace("_", " ")
    reached = f"reached {name}"
    return OutcomeWords(f"reaches {name}", reached, reached, "conversion", "conversions")


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def percent(share: float) -> str:
    r"""A share in percent: whole numbers, finer only towards 0 and 100.

    >>> percent(0.0461), percent(0.0), percent(0.9973)
    ('4.6\xa0%', '0\xa0%', '99.7\xa0%')
    """
    return f"{_points(share, _decimals(share))}\u00a0%"


def span(lower: float, upper: float, *, like: float) -> str:
    """An interval in percent, as fine as the share ``like`` it stands beside."""
    decimals = _decimals(like or upper)
    return f"{_points(lower, decimals)}–{_points(upper, decimals)}"


def share_range(lower: float, upper: float) -> str:
    r"""A range of shares in percent; it holds its lower end, and its upper one only at 100.

    >>> share_range(0.01, 0.02), share_range(0.0, 0.0552), share_range(0.5, 1.0)
    ('1 to under 2\xa0%', 'under 5.5\xa0%', '50\xa0% or more')
    >>> share_range(0.0552, 0.0554), share_range(0.0, 1.0)
    ('5.52 to under 5.54\xa0%', '0 to 100\xa0%')
    """
    if lower == upper:
        return percent(lower)
    digits = next((d for d in (1, 2, 3) if round(100 * lower, d) < round(100 * upper, d)), 4)
    low, high = (f"{round(100 * end, digits):g}" for end in (lower, upper))
    if lower <= 0 and upper < 1:
        return f"under {high}\u00a0%"
    if upper >= 1:
        return f"{low}\u00a0% or more" if lower > 0 else "0 to 100\u00a0%"
    return f"{low} to under {high}\u00a0%"


def decimal(value: float, digits: int = 3) -> str:
    """A figure that is no share."""
    return f"{value:,.{digits}f}"


def date_words(moment: str) -> str:
    """An ISO moment as a date.

    >>> date_words("2011-10-18T16:47:18+00:00")
    '18 October 2011'
    """
    when = pd.Timestamp(moment)
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def capitalised(text: str) -> str:
    """The text with its first letter large, the rest as it was."""
    return text[:1].upper() + text[1:]


def joined(parts: Sequence[str]) -> str:
    """Parts as a person lists them.

    >>> joined(["age", "job", "source"])
    'age, job and source'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def subject_words(feature: str, subject: str) -> str:
    """What a driver is called, by the name of its strongest feature and its subject."""
    return "time since the lead came" if feature == "tenure_days" else subject


def band_sentence(text: str, label: str, *, ends: str = "") -> str:
    """A band of a driver as the opening of a sentence.

    Args:
        text: the band as measured: ``label: low to high``, ``label: low to under high``, or a
            sentence of its own.
        label: of the feature.
        ends: "low" or "high" where the band reaches to the end of all values.

    >>> band_sentence("pricing-page views in the last 7 days: 3 to 14",
    ...               "pricing-page views in the last 7 days", ends="high")
    '3 or more pricing-page views in the last 7 days'
    >>> band_sentence("days since the last demo: 5 to 9", "days since the last demo")
    'Last demo 5 to 9 days ago'
    >>> band_sentence("calls so far: 0 to 1", "calls so far", ends="low")
    '0 or 1 calls so far'
    >>> [band_sentence("size: 5 to under 9.5", "size", ends=end) for end in ("", "low")]
    ['Size: 5 to under 9.5', 'Size: under 9.5']
    """
    values = _range(text, label, ends)
    if values is None:
        return capitalised(text)
    if label == "days since the lead came":
        return f"Came {values} days ago"
    if label.startswith("days since the last "):
        return f"Last {label.removeprefix('days since the last ')} {values} days ago"
    if _WINDOWED.search(label) and not label.startswith("sum of "):
        return capitalised(f"{values} {label}")
    return capitalised(f"{label}: {values}")


def band_label(text: str, label: str, *, ends: str = "") -> str:
    """A band of a driver as the label of an axis, as short as its heading allows.

    >>> band_label("no demo request yet", "days since the last demo request")
    'none yet'
    >>> band_label("job: student", "job"), band_label("job not known", "job")
    ('student', 'not known')
    >>> [band_label(f"size: {values}", "size") for values in ("5 to 9", "5 to under 9.5")]
    ['5–9', '5 to <9.5']
    """
    values = _range(text, label, ends)
    if values is not None:
        short = values.replace(" or more", "+")
        if ends != "low":
            short = re.sub(" to (?!under )", "–", short).replace("under ", "<")
        return f"{short} days ago" if label.startswith("days since ") else short
    for pattern, short in _SHORT:
        if pattern.search(text):
            return pattern.sub(short, text)
    return text.removeprefix(f"{label}: ").removeprefix(f"{label} ") or text


_WINDOWED = re.compile(r" (so far|in the last day|in the last \d+ days)$")
_RANGE = re.compile(r"(?P<low>-?[\d,.]+) to (?P<under>under )?(?P<high>-?[\d,.]+)")
_SHORT = (
    (re.compile(r"^no .* yet$"), "none yet"),
    (re.compile(r"^no (day with |recent )?.*?( so far| in the last .*|$)"), "none"),
    (re.compile(r"^(\d[\d,.]*) .* (so far|in the last .*)$"), r"\1"),
    (re.compile(r"^values of .* add up to (-?\d[\d,.]*) .*$"), r"\1"),
    (re.compile(r"^last .* (\d[\d,]* days? ago|less than a day ago)$"), r"\1"),
)


def is_range(text: str, label: str) -> bool:
    """Whether a band is a range of numbers."""
    return _range(text, label, "") is not None


def _range(text: str, label: str, ends: str) -> str | None:
    """The values of a band that is a range of numbers."""
    found = _RANGE.fullmatch(text.removeprefix(f"{label}: "))
    if found is None or not text.startswith(f"{label}: "):
        return None
    if ends == "low":
        if found[0] == "0 to 1":
            return "0 or 1"
        return f"{found['under'] or 'up to '}{found['high']}"
    if ends == "high":
        return f"{found['low']} or more"
    return found[0]


def _decimals(share: float) -> int:
    """Digits after the point: more where a share comes near 0 or 1."""
    edge = min(abs(share), abs(1 - share))
    if edge < 1e-9 or edge >= 0.095:
        return 0
    return 1 if edge >= 0.00095 else 2


def _points(share: float, decimals: int) -> str:
    text = f"{100 * share:.{decimals}f}"
    return f"{float(text):.0f}" if float(text) in {0.0, 100.0} else text
