"""Would the source have told what the request told? Logged features, built again and compared.

The features of logged rows are built from the configured source at the logged moments by the same
engine. A difference is no fault of the model: the request told something else than the source does
now, and each difference is given its likely cause.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.build import build_matrix
from features.feature import Feature
from features.past import build_past
from leadml.arrays import Floats
from leadml.errors import DataError
from leadml.tables import Tables
from serving.news import with_colleagues
from serving.scorer import Scorer
from serving.watching.audit import ROW, Audit, same
from serving.watching.log_files import features_of, hash_lead

NOT_TOLD = "the request did not tell it"
NOT_KNOWN = "the source does not know it of that moment"
HISTORY = "the history of the attribute says something else of that moment"
NO_HISTORY = "the attribute has no history: the source shows today's value"
ACCOUNT = "a request brings only those of the account's leads that it names"
CREATED = "the source has another time of creation"
MORE = "the source has more: the request left events out, or they came late"
FEWER = "the source has less: the request told events that it lacks, or has at other times"
OTHER = "the events of the request are not those of the source"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of building features again.

    Attributes:
        compared: of how many logged rows.
        absent: how many rows are of leads that the source does not hold.
        later: how many rows looked from a moment after the end of the source.
        differing: a row a difference: `ROW`, lead_id, feature, logged, rebuilt, logged_words,
            rebuilt_words, cause.
        shifts: of every row with a difference, by how much the probability would differ.
    """

    compared: int
    absent: int
    later: int
    differing: pd.DataFrame
    shifts: Floats


def rebuild_sample(found: Audit, tables: Tables, key: bytes) -> Rebuilt:
    """Builds the sample of an audit again, version by version; see `check_features`."""
    parts = [
        check_features(
            found.sample.filter(pc.equal(found.sample["version"], version)), scorer, tables, key
        )
        for version, scorer in found.scorers.items()
    ]
    return Rebuilt(
        sum(part.compared for part in parts),
        sum(part.absent for part in parts),
        sum(part.later for part in parts),
        pd.concat([part.differing for part in parts], ignore_index=True),
        np.concatenate([part.shifts for part in parts]),
    )


def check_features(rows: pa.Table, scorer: Scorer, tables: Tables, key: bytes) -> Rebuilt:
    """Builds the features of one version again from the source, as of the logged moments.

    Args:
        rows: of the log, all of ``scorer``'s version.
        scorer: the version.
        tables: the source.
        key: of the log.

    Raises:
        DataError: the source has no dates.
    """
    if not tables.dated:
        msg = (
            "Features can be built again where the source has dates, but this one has none. "
            "Audit the answers alone: --sample 0."
        )
        raise DataError(msg)
    rows = rows.filter(pc.equal(pc.list_value_length(rows["features"]), len(scorer.catalog.names)))
    leads = {hash_lead(lead_id, key): lead_id for lead_id in tables.leads["lead_id"]}
    there = np.array([lead in leads for lead in rows["lead"].to_pylist()], dtype=np.bool_)
    early = (rows["as_of"].to_pandas() <= tables.end).to_numpy()
    kept = rows.filter(there & early)
    frame = kept.select(ROW).to_pandas()
    frame["lead_id"] = frame["lead"].map(leads).astype("str")
    examples = frame[["lead_id", "as_of"]]
    near = with_colleagues(tables, examples["lead_id"])
    logged = features_of(kept).reshape(len(kept), len(scorer.catalog.names))
    rebuilt = logged
    if len(kept):
        rebuilt = build_matrix(scorer.catalog, build_past(near, examples))
    off = ~same(logged, rebuilt)
    moved = off.any(axis=1)
    shifts = scorer.model.probability(rebuilt[moved]) - scorer.model.probability(logged[moved])
    told = set(tables.attributes.columns)
    parts = [
        _differing(frame[off[:, k]], feature, logged[off[:, k], k], rebuilt[off[:, k], k], told)
        for k, feature in enumerate(scorer.catalog.features)
        if off[:, k].any()
    ]
    empty = _differing(frame[:0], scorer.catalog.features[0], np.zeros(0), np.zeros(0), told)
    return Rebuilt(
        len(kept),
        int((~there).sum()),
        int((there & ~early).sum()),
        pd.concat(parts, ignore_index=True) if parts else empty,
        np.asarray(shifts),
    )


def _differing(
    frame: pd.DataFrame, feature: Feature, logged: Floats, rebuilt: Floats, told: set[str]
) -> pd.DataFrame:
    """The rows in which one feature differs.

    Args:
        frame: `ROW` and lead_id.
        feature: it.
        logged: its values in these rows of the log.
        rebuilt: the same of the source.
        told: the attributes with a history.
    """
    return frame.assign(
        feature=feature.name,
        logged=logged,
        rebuilt=rebuilt,
        logged_words=[feature.describe(value) for value in logged.tolist()],
        rebuilt_words=[feature.describe(value) for value in rebuilt.tolist()],
        cause=_causes(feature, logged, rebuilt, told),
    )


def _causes(feature: Feature, logged: Floats, rebuilt: Floats, told: set[str]) -> np.ndarray:
    """Why each value probably differs."""
    away = np.isnan(logged), np.isnan(rebuilt)
    if not feature.word.of_events:
        changed = HISTORY if told & set(feature.noun.keys) else NO_HISTORY
        return np.select(away, [NOT_TOLD, NOT_KNOWN], default=changed)
    if feature.word.needs == "lead":
        return np.full(len(logged), CREATED, dtype=object)
    if feature.noun.scope == "account":
        return np.full(len(logged), ACCOUNT, dtype=object)
    if not feature.word.sign:
        return np.select(away, [MORE, FEWER], default=OTHER)
    more = (rebuilt - logged) * feature.word.sign > 0
    return np.where(away[0] | (more & ~away[1]), MORE, FEWER)
