"""Does an audit find each answer that is not what its model makes of its features, and no other?"""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from leadml.errors import RegistryError
from leadml.tables import Tables
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from serving.watching.audit import Audit, audit_log
from serving.watching.log_files import SCHEMA, features_of, read_log
from serving.watching.score_log import ScoreLog
from tests.serving.watching.logged import NOON, lines_of, together

DAY = pd.Timedelta(1, "D")


@pytest.fixture(scope="module")
def scores(scorer: Scorer, tables: Tables) -> Scores:
    """Two hundred leads after a week, the first three of which have no consent."""
    leads = tables.leads[:200]
    consent = np.where(leads.index < 3, 0.0, np.nan)
    told = dataclasses.replace(tables, leads=leads.assign(consent=consent))
    examples = leads[["lead_id"]].assign(as_of=leads["created_at"] + 7 * DAY)
    return score_examples(scorer, told, examples, most_reasons=0)


@pytest.fixture(scope="module")
def log(scores: Scores, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Their rows, in two requests of a hundred each, an hour apart."""
    folder = tmp_path_factory.mktemp("log")
    table = scores.table
    with ScoreLog(folder) as log:
        for k in (0, 100):
            own = slice(k, k + 100)
            log.add(
                lines_of(
                    table["lead_id"][own].tolist(),
                    at=NOON + timedelta(hours=k / 100),
                    request_id=f"r{k}",
                    as_of=scores.subjects.past.as_of[own],
                    matrix=scores.matrix[own],
                    **{name: table[name][own].to_numpy() for name in ("probability", "lower")},
                    upper=table["upper"][own].to_numpy(),
                    stages=table["stage"][own].tolist(),
                    unscored=table["unscored_reason"][own].tolist(),
                )
            )
    return together(read_log(folder))


def with_value(log: pa.Table, column: str, row: int, value: object) -> pa.Table:
    """The log with one value written over."""
    values = log[column].to_pylist()
    values[row] = value
    place = SCHEMA.get_field_index(column)
    return log.set_column(
        place, SCHEMA.field(column), [pa.array(values, SCHEMA.field(column).type)]
    )


def audited(log: pa.Table, scorer: Scorer, *, sample: int = 0) -> Audit:
    def opened(version: str) -> Scorer:
        if version != scorer.version:
            msg = "gone"
            raise RegistryError(msg)
        return scorer

    return audit_log(in_files(log), opened, sample=sample)


def in_files(log: pa.Table) -> Iterator[pa.Table]:
    yield log[:100]
    yield log[100:]


def test_what_was_answered_is_what_is_computed_to_the_bit(log: pa.Table, scorer: Scorer) -> None:
    found = audited(log, scorer)
    assert found.recomputed == {"1": 197}
    assert found.unscored == 3
    assert len(found.wrong) == 0
    assert not found.gone


@pytest.mark.parametrize("column", ["probability", "lower", "upper"])
def test_an_answer_that_is_off_by_one_bit_is_found(
    log: pa.Table, scorer: Scorer, column: str
) -> None:
    before = log[column][50].as_py()
    after = float(np.nextafter(before, 1))
    wrong = audited(with_value(log, column, 50, after), scorer).wrong
    (row,) = wrong.to_dict("records")
    assert (row["what"], row["logged"], row["recomputed"]) == (column, after, before)
    assert row["lead"] == log["lead"][50].as_py()
    assert (row["request_id"], row["scored_at"]) == ("r0", NOON)


def test_a_changed_feature_is_found(log: pa.Table, scorer: Scorer) -> None:
    views = scorer.catalog.names.index("pricing_page_view_count_ever")
    vector = log["features"][120].as_py()
    vector[views] += 3
    wrong = audited(with_value(log, "features", 120, vector), scorer).wrong
    assert set(wrong["lead"]) == {log["lead"][120].as_py()}
    assert set(wrong["what"]) == {"probability", "lower", "upper"}


def test_a_vector_of_another_length_is_found(log: pa.Table, scorer: Scorer) -> None:
    wrong = audited(with_value(log, "features", 7, [1.0, 2.0]), scorer).wrong
    (row,) = wrong.to_dict("records")
    assert (row["what"], row["logged"]) == ("features", 2)
    assert row["recomputed"] == len(scorer.catalog.features)


def test_another_model_than_the_one_that_answered_is_found(log: pa.Table, scorer: Scorer) -> None:
    moved = dataclasses.replace(scorer.model.calibration, offset=-3.0)
    other = Scorer.of(dataclasses.replace(scorer.model, calibration=moved), "1")
    assert audited(log, other).wrong["lead"].nunique() == 197


def test_rows_of_a_version_that_is_gone_are_counted_and_not_judged(
    log: pa.Table, scorer: Scorer
) -> None:
    mixed = with_value(with_value(log, "version", 20, "9"), "version", 30, "points")
    found = audited(mixed, scorer, sample=200)
    assert found.gone == {"9": 1, "points": 1}
    assert found.recomputed == {"1": 195}
    assert set(found.sample["version"].to_pylist()) == {"1"}
    assert list(found.scorers) == ["1"]


def test_a_sample_is_of_all_rows_alike(log: pa.Table, scorer: Scorer) -> None:
    ten = audited(log, scorer, sample=10).sample
    assert len(ten) == 10
    assert pc.count_distinct(ten["lead"]).as_py() == 10
    assert ten["lead"].equals(audited(log, scorer, sample=10).sample["lead"])
    assert len(audited(log, scorer, sample=500).sample) == 200
    drawn = [
        audit_log(in_files(log), lambda _: scorer, sample=20, seed=seed).sample
        for seed in range(60)
    ]
    late = np.mean([row == "r100" for own in drawn for row in own["request_id"].to_pylist()])
    assert late == pytest.approx(0.5, abs=0.06)  # 1,200 draws: four standard errors


def test_the_sample_is_whole_rows(log: pa.Table, scorer: Scorer) -> None:
    by_lead = dict(zip(log["lead"].to_pylist(), features_of(log).tolist(), strict=True))
    ten = audited(log, scorer, sample=10).sample
    for lead, vector in zip(ten["lead"].to_pylist(), features_of(ten).tolist(), strict=True):
        assert np.array_equal(vector, by_lead[lead], equal_nan=True)


def test_an_empty_log_has_nothing_to_say(scorer: Scorer) -> None:
    found = audit_log(iter(()), lambda _: scorer, sample=10)
    assert (found.recomputed.total(), found.unscored, len(found.wrong)) == (0, 0, 0)
    assert len(found.sample) == 0
