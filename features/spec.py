"""The vocabulary: which questions can be asked of a lead's past, and in which words?

A feature is a function from a lead's past to a number, with words. A word of the vocabulary fans
out over nouns and windows; name, label, value when empty, sentence and direction all derive from
word, noun and window, so that none can drift from another:

>>> from features.nouns import event_noun
>>> from leadml.events import EventType
>>> from leadml.timeline import Window
>>> view = event_noun("pricing_view", EventType("pricing-page view", "pricing-page views"))
>>> week = Feature(VOCABULARY["count"], view, Window(7))
>>> week.name, week.label
('pricing_view_count_7d', 'pricing-page views in the last 7 days')
>>> week.describe(3.0), week.describe(0.0)
('3 pricing-page views in the last 7 days', 'no pricing-page views in the last 7 days')
>>> Feature(VOCABULARY["days_since_last"], view.at_account()).describe(float("nan"))
'no pricing-page view at the account yet'

A new word is one function of a `History` and one row of the table below; ``[features]`` in
``leadml.toml`` then takes it by its name. Settings it depends on are named in its ``takes``.
"""

import math
from collections.abc import Mapping
from typing import Any

from features import sentences as say
from features.feature import Asks, Feature, Word
from features.record_words import RECORD_WORDS
from features.strands import Strand
from leadml.errors import ModelError, listed
from leadml.events import slug

NONE = math.nan


def _fades(feature: Feature) -> str:
    return f"fading by half every {say.number(feature.half_life_days)} days"


def _half_life(feature: Feature) -> str:
    return f"{slug(f'{feature.half_life_days:g}')}d"


_EVENT_WORDS = (
    Word(
        "count",
        lambda _: "count",
        lambda f: f"{f.noun.many} {f.window.words}",
        Asks(Strand.counts),
        say.counted,
        windowed=True,
        sign=1,
    ),
    Word(
        "total",
        lambda _: "total",
        lambda f: f"sum of the values of {f.noun.many} {f.window.words}",
        Asks(Strand.totals),
        say.total,
        windowed=True,
        needs="values",
    ),
    Word(
        "mean",
        lambda _: "mean",
        lambda f: f"mean value of {f.noun.many} {f.window.words}",
        lambda f, past: past.mean(f.noun, f.window),
        lambda f, v: say.valued("mean value", f, v),
        windowed=True,
        empty=NONE,
        needs="values",
    ),
    Word(
        "maximum",
        lambda _: "maximum",
        lambda f: f"greatest value of {f.noun.many} {f.window.words}",
        Asks(Strand.greatest),
        lambda f, v: say.valued("greatest value", f, v),
        windowed=True,
        empty=NONE,
        needs="values",
    ),
    Word(
        "active_days",
        lambda _: "active_days",
        lambda f: f"days with {f.noun.many} {f.window.words}",
        Asks(Strand.active_days),
        say.active,
        windowed=True,
        sign=1,
    ),
    Word(
        "sessions",
        lambda _: "sessions",
        lambda f: f"sessions with {f.noun.many} {f.window.words}",
        Asks(Strand.sessions, lambda f: (f.gap_minutes,)),
        say.sittings,
        windowed=True,
        sign=1,
        takes=("gap_minutes",),
    ),
    Word(
        "share",
        lambda _: "share",
        lambda f: f"share of {say.own(f)} among all {say.events(f)} {f.window.words}",
        lambda f, past: past.share(f.noun, f.among, f.window),
        lambda f, v: say.part(say.events(f), f"were {say.own(f)}", f, v),
        windowed=True,
        empty=NONE,
        needs="part",
        takes=("among",),
    ),
    Word(
        "trend",
        lambda _: "trend",
        lambda f: f"{f.noun.many} {f.window.words} less those of the {f.window.span} before",
        lambda f, past: past.trend(f.noun, f.window),
        say.change,
        windowed=True,
        needs="window",
    ),
    Word(
        "off_hours_share",
        lambda _: "off_hours_share",
        lambda f: f"share of {f.noun.many} {f.window.words} that came outside office hours",
        lambda f, past: past.off_hours_share(f.noun, f.window, zone=f.zone),
        lambda f, v: say.part(f.noun.many, "came outside office hours", f, v),
        windowed=True,
        empty=NONE,
        takes=("zone",),
    ),
    Word(
        "weekend_share",
        lambda _: "weekend_share",
        lambda f: f"share of {f.noun.many} {f.window.words} that came at the weekend",
        lambda f, past: past.weekend_share(f.noun, f.window, zone=f.zone),
        lambda f, v: say.part(f.noun.many, "came at the weekend", f, v),
        windowed=True,
        empty=NONE,
        takes=("zone",),
    ),
    Word(
        "days_since_last",
        lambda _: "days_since_last",
        lambda f: f"days since the last {f.noun.one}",
        Asks(Strand.days_since_last, windowed=False),
        lambda f, v: say.since("last", f, v),
        sign=-1,
        empty=NONE,
    ),
    Word(
        "days_since_first",
        lambda _: "days_since_first",
        lambda f: f"days since the first {f.noun.one}",
        Asks(Strand.days_since_first, windowed=False),
        lambda f, v: say.since("first", f, v),
        empty=NONE,
    ),
    Word(
        "decayed_count",
        lambda f: f"decayed_{_half_life(f)}",
        lambda f: f"{f.noun.many}, {_fades(f)}",
        Asks(Strand.decayed_counts, lambda f: (f.half_life_days,), windowed=False),
        say.faded,
        sign=1,
        takes=("half_life_days",),
    ),
    Word(
        "decayed_total",
        lambda f: f"decayed_total_{_half_life(f)}",
        lambda f: f"sum of the values of {f.noun.many}, {_fades(f)}",
        Asks(Strand.decayed_totals, lambda f: (f.half_life_days,), windowed=False),
        say.faded_total,
        needs="values",
        takes=("half_life_days",),
    ),
    Word(
        "last_event",
        lambda _: "last",
        lambda f: f"type of the last {f.noun.one}",
        lambda f, past: past.last_type(f.noun, back=0),
        say.last_event,
        empty=NONE,
        needs="several",
        is_category=True,
        takes=("levels",),
    ),
    Word(
        "event_before",
        lambda _: "before_last",
        lambda f: f"type of the {f.noun.one} before the last",
        lambda f, past: past.last_type(f.noun, back=1),
        say.event_before,
        empty=NONE,
        needs="several",
        is_category=True,
        takes=("levels",),
    ),
    Word(
        "order_of_first",
        lambda _: "order_of_first",
        lambda f: f"place of the first {f.noun.one} among all {say.events(f)}",
        lambda f, past: past.order_of_first(f.noun, f.among),
        say.place,
        empty=NONE,
        needs="part",
        takes=("among",),
    ),
    Word(
        "tenure",
        lambda _: "tenure_days",
        lambda f: f"days since the {f.noun.one} came",
        lambda f, past: past.tenure_days(f.noun.scope),
        lambda f, v: f"the {f.noun.one} came {say.ago(v)}",
        needs="lead",
    ),
)

VOCABULARY: Mapping[str, Word] = {word.name: word for word in (*_EVENT_WORDS, *RECORD_WORDS)}
"""Every word there is."""


def read_feature(data: Mapping[str, Any]) -> Feature:
    """The inverse of `Feature.to_json`.

    Raises:
        ModelError: a word this build does not know.
    """
    if data["word"] not in VOCABULARY:
        msg = (
            f"A feature's word must be one of {listed(VOCABULARY, most=len(VOCABULARY))}, "
            f"got '{data['word']}'. Use the leadml version that trained the model."
        )
        raise ModelError(msg)
    return Feature.from_json(data, VOCABULARY[data["word"]])
