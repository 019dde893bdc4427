"""What do the names in other people's exports usually mean? Word lists, kept as data.

`leadml init` guesses by them. Every name is compared as `spoken`: ``TotalVisits``,
``property_total_visits`` and ``Total_Visits__c`` are all "total visits".
"""

import re
from typing import Literal

from leadml.events import Kind

Role = Literal["table", "leads", "events", "outcomes", "attributes", "spend"]
"""What a file can be."""

_EDGES = re.compile(r"^(propert(y|ies) )?(hs )?(?=\w)|( c)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def spoken(name: str) -> str:
    """A name as a person says it: lower-case words, without the marks of a CRM.

    >>> spoken("TotalVisits"), spoken("property_createdate"), spoken("Demo_Done__c")
    ('total visits', 'createdate', 'demo done')
    """
    words = " ".join(re.findall(r"[^\W_]+", _CAMEL.sub(" ", name))).lower()
    return _EDGES.sub("", words)


COLUMNS: dict[str, tuple[str, ...]] = {
    "lead_id": (
        *("lead id", "lead", "prospect id", "contact id", "record id", "who id", "mql id"),
        *("person id", "object id", "id", "customer id", "client id", "user id", "lead number"),
        *("contact", "vid", "recipient", "email", "email address"),
    ),
    "created_at": (
        *("created at", "created", "createdate", "create date", "created date", "date created"),
        *("creation date", "created on", "created time", "first contact date", "first contact"),
        *("signup date", "sign up date", "signed up at", "registration date", "registered at"),
        *("inquiry date", "entry date", "date added", "first seen", "timestamp", "date"),
    ),
    "outcome": (
        *("outcome", "converted", "is converted", "closed won", "is closed won", "won", "is won"),
        *("conversion", "deal outcome", "lead outcome", "conversion status", "deal stage"),
        *("stage name", "stage", "lead status", "status", "lifecycle stage", "result", "label"),
        *("target", "y", "deposit", "subscribed", "purchased", "is customer", "customer"),
    ),
    "closed_at": (
        *("closed at", "close date", "closedate", "closed date", "date closed", "closed on"),
        *("won date", "won at", "converted date", "conversion date", "converted at"),
        *("decision date", "outcome date", "closed"),
    ),
    "occurred_at": (
        *("occurred at", "event time", "event timestamp", "event date", "timestamp"),
        *("activity date", "activity date time", "activity datetime", "happened at", "sent at"),
        *("start date time", "created at", "created", "created date", "date", "datetime", "time"),
    ),
    "event_type": (
        *("event type", "event", "event name", "activity type", "activity", "activity name"),
        *("interaction type", "interaction", "type", "action", "event subtype", "task subtype"),
        *("activity type id",),
    ),
    "valid_from": ("valid from", "effective from", "changed at", "change date", "as from"),
    "recorded_at": ("recorded at", "logged at", "ingested at", "received at"),
    "value": ("value", "event value"),
    "amount": ("amount", "deal amount", "closed amount", "won amount", "deal value"),
    "source": ("source", "lead source", "original source", "lead origin", "channel", "utm source"),
    "account_id": ("account id", "company id", "organisation id", "organization id"),
    "consent": ("consent", "marketing consent", "gdpr consent", "opt in", "email opt in"),
    "month": ("month", "period", "date"),
    "cost": ("cost", "spend", "costs", "cost eur", "cost usd", "amount spent"),
}
"""What our columns are called elsewhere, likeliest first."""

NEEDED: dict[Role, tuple[str, ...]] = {
    "spend": ("source", "month", "cost"),
    "attributes": ("lead_id", "valid_from"),
    "events": ("lead_id", "occurred_at", "event_type"),
    "outcomes": ("lead_id", "outcome", "closed_at"),
    "table": ("outcome",),
    "leads": ("lead_id", "created_at"),
}
"""The columns that make a file what it is; the first role that fits is taken."""

OPTIONAL: dict[Role, tuple[str, ...]] = {
    "spend": (),
    "attributes": (),
    "events": ("value", "recorded_at"),
    "outcomes": ("amount",),
    "table": ("lead_id", "created_at", "closed_at", "amount", "source", "account_id", "consent"),
    "leads": ("source", "account_id", "consent"),
}
"""Columns a role knows beside those it needs."""

FILE_NAMES: dict[Role, "re.Pattern[str]"] = {
    "spend": re.compile(r"spend|cost|budget"),
    "attributes": re.compile(r"attribute|history"),
    "events": re.compile(r"event|activit|interaction|touch"),
    "outcomes": re.compile(r"outcome|deal|opportunit|closed"),
    "leads": re.compile(
        r"^(?!.*(history|audit|merge|submission|member|list)).*(lead|contact|prospect|person)"
    ),
}
"""What a file of that role is often called."""

TELLING_OUTCOMES = frozenset(COLUMNS["outcome"][:9])
"""Outcome columns whose name is enough; of the others the values must speak of won or lost."""

LOST = re.compile(
    r"lost|\bno\b|\bnot\b|^0( 0)?$|false|disqualif|unqualif|declin|reject|cancel|failed?\b|failure"
    r"|dead|junk|churn|refus|withdrawn"
)
WON = re.compile(
    r"won|^1( 0)?$|\byes\b|true|convert|customer|success|signed|purchas|paid|sold|accept"
)
"""What outcome values say; `LOST` is asked first ("not converted")."""

MISSING = (
    *("", "NA", "N/A", "n/a", "na", "NaN", "nan", "null", "NULL", "Null", "(null)", "None", "none"),
    *("nil", "-", "--", "?", "#N/A", r"\N", "Select", "select", "(blank)", "(not set)"),
    *("Not Specified", "Not specified", "not specified", "undefined"),
)
"""Texts that hardly ever mean anything but "not known"."""

MAYBE_MISSING = ("unknown", "Unknown", "UNKNOWN", "unspecified", "Not Provided")
"""Texts that may mean "not known", or may be an answer."""

_DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d")
_MORE_DATES = ("%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%Y-%m-%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M")
TIME_FORMATS = tuple(date + clock for date in (*_DATES, *_MORE_DATES) for clock in _CLOCKS)
"""How times are written that are not ISO 8601."""

PERSONAL = re.compile(
    r"\be ?mail\b|\bphone\b|\bmobile\b|\bfax\b|\b(first|last|full|middle|maiden|contact) ?name\b"
    r"|^name$|\bsurname\b|\bfirstname|\blastname|\bstreet\b|\baddress\b|\bbirth|\bdob\b|\bssn\b"
    r"|\bpassport\b|\biban\b|\blinkedin\b|\bphoto\b|\bip\b|\blatitude\b|\blongitude\b|\btwitter\b"
)
"""Names of columns that point at a person."""

ROLES = {
    "email": re.compile(r"^(e ?mail|e ?mail address|work e ?mail|business e ?mail)$"),
    "job_title": re.compile(r"^((job|contact) ?title|title|position|occupation)$"),
    "country": re.compile(r"^((billing|mailing|company|hq) )?country( code| region)?$"),
}
"""Names of attribute columns that are read for more than their text."""

CODES = re.compile(r"\b(id|ids|zip|zip ?code|postal ?code|postcode|uuid|guid|key|number|no|nr)$")
"""Names of columns whose numbers are codes, one for nearly every row."""

COUNTS = re.compile(r"^(number|no|nr) of\b")
"""Names that end like a code and are amounts."""

CATEGORIES = re.compile(r"\bcode$|\bclass$|\bcategory$|\bsegment$|\btype$|\bgroup$")
"""Names of columns whose numbers, if few, are kinds."""

TECHNICAL = re.compile(r"\bfivetran\b|\bmodstamp\b|^is deleted$|\bairbyte\b|\bsynced\b")
"""Names of columns that the export itself adds."""

SEQUENCE = re.compile(r"\b(number|no|nr|seq|sequence|index|row|order|id)$")
"""Names of columns that may count leads as they came."""

WRITTEN_LATER = re.compile(
    r"\b(tags?|quality|lead profile|score|index|last|stage|status|grade|rating|reason|result"
    r"|outcome|closed?|converted|won|lost|duration|disposition|next step|owner)\b"
)
"""Names of columns that people or systems write later, often after the outcome."""

RUNNING_TOTAL = re.compile(
    r"\b(totals?|(?<!employee )count|number of(?! employees)|visits?|views?|sessions?"
    r"|per visit|time spent)\b"
)
"""Names of totals as of the export, not of the moment of scoring."""

_OUTCOME_EVENT = re.compile(
    r"\b(won|lost|approved|declined|rejected|cancell?ed|registered|activated|closed|converted"
    r"|churned|purchased|contract signed|became customer)\b"
)
_HARMLESS = re.compile(
    r"\b(webinar|event|trial|meeting|newsletter|e ?mail|demo|call|ticket|case)\b"
)

_ASKED = r"\bdemo\b|\bquotes?\b|\bcontact (us|sales)\b|\bcallback\b"
_WANTED = "(price|pricing|trial|offer|call|meeting|proposal)"
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("negative", r"unsubscrib|bounce|\bspam\b|complain|\bopt(ed)? out|blocked"),
    ("intent", rf"{_ASKED}|\b{_WANTED} request|\brequest(ed)? (a )?{_WANTED}"),
    ("product", r"\btrial|\blog ?ins?\b|\bsign ?ins?\b|\bsessions?\b|\busage\b|\bused\b"),
    ("service", r"\btickets?\b|\bsupport\b"),
)

_VERBS = frozenset(
    ("open", "click", "view", "visit", "download", "forward", "bounce", "reply", "print", "request")
)
_DONE = {"send": "sent", "merge": "merged", "delete": "deleted", "change": "changed"}
_PARTICIPLE = re.compile(r"^(?!(feed|speed|need|seed)$)\w+ed$|^(sent|won|lost|read|seen|met|made)$")
_UNCOUNTED = frozenset({"sms", "news", "series", "webinar series"})


def kind_of(key: str) -> Kind:
    """Which evidence an event type is, by its words; engagement where none tells.

    >>> kind_of("demo_request"), kind_of("TRIAL_LOGIN"), kind_of("EMAIL_OPEN")
    ('intent', 'product', 'engagement')
    """
    said = spoken(key)
    return next((kind for kind, words in _KINDS if re.search(words, said)), "engagement")


def sounds_like_outcome(key: str) -> bool:
    """Whether an event type seems to be the outcome itself.

    >>> sounds_like_outcome("A_DECLINED|COMPLETE"), sounds_like_outcome("webinar_registered")
    (True, False)
    """
    said = spoken(key)
    return bool(_OUTCOME_EVENT.search(said)) and not _HARMLESS.search(said)


def sounds_later(column: str) -> str:
    """The words that make a column suspect of being written after the outcome; empty if none.

    >>> sounds_later("Last Activity"), sounds_later("TotalVisits"), sounds_later("country")
    ('last', 'total', '')
    """
    found = WRITTEN_LATER.search(spoken(column)) or RUNNING_TOTAL.search(spoken(column))
    return found[0] if found else ""


def one_and_many(key: str, *, context: str = "") -> tuple[str, str]:
    """What one event of a type and what several are called; ``context`` names a bare number.

    >>> one_and_many("pricing_page_views"), one_and_many("email_opened")
    (('pricing page view', 'pricing page views'), ('email opened', 'emails opened'))
    >>> one_and_many("A_SENT|COMPLETE")
    ('a sent, complete event', 'a sent, complete events')
    """
    parts = [spoken(part) for part in re.split(r"[|:/>]+", key) if spoken(part)]
    if not parts:
        return f"“{key}” event", f"“{key}” events"
    if parts[-1].isdigit() and len(parts) == 1:
        parts = [spoken(context) or f"type {parts[0]} event"]
    if len(parts) > 1:
        return f"{', '.join(parts)} event", f"{', '.join(parts)} events"
    words = parts[0].split()
    if len(words) > 1 and words[0] in _VERBS and words[-1] not in _VERBS:
        words = [*words[1:], words[0]]
    elif len(words) > 1 and words[0] in _DONE:
        words = [*words[1:], _DONE[words[0]]]
    if _PARTICIPLE.match(words[-1]) or len(words[-1]) < 2:
        if len(words) == 1 or len(words[-2]) < 3:
            return " ".join([*words, "event"]), " ".join([*words, "events"])
        noun = singular(words[-2])
        return (
            " ".join([*words[:-2], noun, words[-1]]),
            " ".join([*words[:-2], plural(noun), words[-1]]),
        )
    noun = singular(words[-1])
    return " ".join([*words[:-1], noun]), " ".join([*words[:-1], plural(noun)])


def plural(noun: str) -> str:
    """An English plural, decent for most words.

    >>> [plural(noun) for noun in ("view", "reply", "survey", "process", "search")]
    ['views', 'replies', 'surveys', 'processes', 'searches']
    """
    if noun in _UNCOUNTED:
        return noun
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(s|x|z|ch|sh)$", noun) else f"{noun}s"


def singular(noun: str) -> str:
    """The inverse of `plural`; a word that is no plural stays.

    >>> [singular(noun) for noun in ("views", "replies", "processes", "process", "status")]
    ['view', 'reply', 'process', 'process', 'status']
    """
    if noun in _UNCOUNTED or re.search(r"(ss|us|is)$", noun):
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    if re.search(r"(ss|x|zz|ch|sh)es$", noun):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and len(noun) > 2 else noun
