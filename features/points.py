"""Points: what does a table of points ask of each lead's past?

The same engine and words as the model's features: attributes as they were known, and for each rule
of behaviour the count of its events in its window; where points fade, also the decayed count.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.buckets import BucketedPast
from features.feature import Feature
from features.nouns import Noun
from features.past import Past
from features.spec import VOCABULARY
from features.strands import plan_for
from leadml.config import Points
from leadml.events import EventType
from leadml.scorecard import asked_columns, window_of


def points_frame(
    table: Points, past: Past | BucketedPast, events: Mapping[str, EventType]
) -> pd.DataFrame:
    """What the rules ask, as of each example; one row an example, in their order.

    Args:
        table: the rules.
        past: of the examples.
        events: the declared event types.

    Returns:
        attribute columns as raw values, NaN where not known; and the columns of behaviour named by
        `leadml.scorecard.asked_columns`. A rule that speaks of no declared event type has none.
    """
    attributes = dict.fromkeys(rule.attribute for rule in table.fit)
    columns: dict[str, object] = {
        name: past.attribute(name).as_series().to_numpy() for name in attributes
    }
    asked = points_features(table, events)
    plan = plan_for(
        [feature.noun for feature in asked.values()],
        [feature.window.days for feature in asked.values() if feature.window.days],
    )
    counted = np.empty((len(asked), len(past)))
    blocks = past.blocks()
    for k, rows in enumerate(blocks.examples):
        history = blocks[k].history(plan)
        for column, feature in enumerate(asked.values()):
            counted[column, rows] = feature.compute(history)
    columns |= dict(zip(asked, counted, strict=True))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(past)))


def points_features(table: Points, events: Mapping[str, EventType]) -> dict[str, Feature]:
    """The features of the vocabulary that the rules of behaviour ask for, by column."""
    found: dict[str, Feature] = {}
    for rule in table.behaviour:
        types = rule.types_among(events)
        if not types:
            continue
        noun = Noun(rule.name, types, rule.words, rule.words, "engagement")
        features = [Feature(VOCABULARY["count"], noun, window_of(rule))]
        if half_life := table.halving_days:
            features.append(Feature(VOCABULARY["decayed_count"], noun, half_life_days=half_life))
        found |= dict(zip(asked_columns(rule, table), features, strict=True))
    return found
