"""Was every lead answered as the log says? Its answers, computed again from the logged features.

Nothing may differ, not by a bit: a difference says that the log, the model or a library is not what
it was. `serving.watching.rebuild` asks the other question, whether the features were right.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from leadml.arrays import Bools, Floats, Matrix
from leadml.errors import RegistryError
from serving.scorer import Scorer
from serving.watching.log_files import SCHEMA, features_of

ROW = ("scored_at", "request_id", "lead", "as_of", "version", "role")
"""What a row of the log is told by."""

WRONG = (*ROW, "what", "logged", "recomputed")


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of computing the answers of a log again.

    Attributes:
        recomputed: how many answers were, by version.
        unscored: how many rows have no probability, and so nothing to compute.
        gone: how many rows are of versions that cannot be opened any more, by version.
        wrong: a row a difference; columns `WRONG`.
        sample: some rows of the versions that can be opened.
        scorers: these versions.
    """

    recomputed: Counter[str]
    unscored: int
    gone: Counter[str]
    wrong: pd.DataFrame
    sample: pa.Table
    scorers: dict[str, Scorer]


def audit_log(
    log: Iterable[pa.Table], open_scorer: Callable[[str], Scorer], *, sample: int, seed: int = 0
) -> Audit:
    """Computes every answer of a log again; holds one of its tables at a time.

    Args:
        log: of `serving.watching.log_files.read_log`.
        open_scorer: gives a version; raises `RegistryError` where it is gone.
        sample: how many rows to draw, each as likely as any other.
        seed: of the draw.
    """
    recomputed, gone, unscored = Counter[str](), Counter[str](), 0
    scorers: dict[str, Scorer | None] = {}
    wrong, drawn, draws = [], SCHEMA.empty_table(), np.zeros(0)
    rng = np.random.default_rng(seed)
    for table in log:
        for version in pc.unique(table["version"]).to_pylist():
            rows = table.filter(pc.equal(table["version"], version))
            if version not in scorers:
                scorers[version] = _opened(open_scorer, version)
            scorer = scorers[version]
            if scorer is None:
                gone[version] += len(rows)
                continue
            scored = rows.filter(pc.is_valid(rows["probability"]))
            unscored += len(rows) - len(scored)
            recomputed[version] += len(scored)
            wrong.append(check_answers(scored, scorer))
            draws = np.concatenate([draws, rng.random(len(rows))])
            kept = np.sort(np.argsort(draws)[:sample])
            drawn, draws = pa.concat_tables([drawn, rows]).take(kept), draws[kept]
    found = pd.concat(wrong, ignore_index=True) if wrong else pd.DataFrame(columns=list(WRONG))
    there = {version: scorer for version, scorer in scorers.items() if scorer is not None}
    return Audit(recomputed, unscored, gone, found, drawn, there)


def check_answers(scored: pa.Table, scorer: Scorer) -> pd.DataFrame:
    """The answers that are not what the model makes of the logged features; columns `WRONG`.

    Args:
        scored: rows of the log with a probability, all of ``scorer``'s version.
        scorer: the version.
    """
    expected = len(scorer.catalog.features)
    widths = pc.list_value_length(scored["features"]).to_numpy()
    fits = widths == expected
    strange = widths[~fits].astype(np.float64)
    found = [
        _wrong(scored.filter(~fits), "features", strange, np.full(len(strange), float(expected)))
    ]
    rows = scored.filter(fits)
    if len(rows):
        margin = scorer.model.margin(features_of(rows))
        lower, upper = scorer.model.calibration.interval(margin)
        probability = scorer.model.within(margin)[scorer.horizon]
        for name, again in {"probability": probability, "lower": lower, "upper": upper}.items():
            logged = rows[name].to_numpy()
            off = ~same(logged, again)
            found.append(_wrong(rows.filter(off), name, logged[off], again[off]))
    together: pd.DataFrame = pd.concat(found, ignore_index=True)
    return together


def same(left: Floats | Matrix, right: Floats | Matrix) -> Bools:
    """Whether numbers are equal to the bit, or both missing."""
    return np.asarray((left == right) | (np.isnan(left) & np.isnan(right)))


def _opened(open_scorer: Callable[[str], Scorer], version: str) -> Scorer | None:
    """A version of the model; None where it is gone, or a table of points, which has no number."""
    if not version.isdecimal():
        return None
    try:
        return open_scorer(version)
    except RegistryError:
        return None


def _wrong(rows: pa.Table, what: str, logged: Floats, recomputed: Floats) -> pd.DataFrame:
    frame: pd.DataFrame = rows.select(ROW).to_pandas()
    return frame.assign(what=what, logged=logged, recomputed=recomputed)
