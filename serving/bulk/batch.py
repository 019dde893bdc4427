"""How is the whole base scored? Part by part, so that memory has a bound and a killed run goes on.

A part is a run of whole accounts, cut where the data say and nowhere else. Each is scored as one
request would be, and kept in a file of its own under a key of all that it was made of (see
`serving.bulk.parts`). Once all are there they are put in the order of the examples and given to the
sink at once. However often a run was killed, what comes out is what an undisturbed one writes.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.buckets import BucketedBlocks, BucketedPast
from features.past import BLOCK, Block, Blocks, Past
from leadml.arrays import Matrix
from leadml.lifecycle import Previous
from leadml.model import LeadModel
from leadml.parallel import in_order
from leadml.progress import track
from leadml.sources import as_table
from leadml.tables import Tables
from serving.asking import ask
from serving.bulk.parts import PartFolder
from serving.bulk.sinks import Sink
from serving.evidence import previous_of
from serving.scorer import Scorer
from serving.scoring import score_subjects
from serving.subjects import Subjects, consent_of, reached_by

_TIME = pa.timestamp("us", tz="UTC")
_TYPES = {
    "as_of": _TIME,
    "look_again": _TIME,
    "engagement_grade": pa.int64(),
    "explored": pa.bool_(),
    "lower": pa.float64(),
    "upper": pa.float64(),
    "points": pa.float64(),
    "follow_up_minutes": pa.float64(),
    "propensity": pa.float64(),
}
"""Columns of scores that are neither text nor a probability."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every lead.

    Attributes:
        most_reasons: how many reasons it gets.
        most_questions: how many questions worth asking it gets.
        before: earlier scores, so that no lead flips from day to day: lead_id, stage, fit_grade,
            engagement_grade.
    """

    most_reasons: int = 3
    most_questions: int = 0
    before: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done.

    Attributes:
        scores: how many rows were written.
        unscored: how many of them have no score but a reason.
        kept: how many parts of a run that was broken off it went on with.
        stale: how many it found made of something else, and made anew.
    """

    scores: int
    unscored: int
    kept: int
    stale: int


@dataclass(frozen=True)
class Base:
    """Whom to score.

    Attributes:
        tables: the leads and what is known of them; events not looked at, they are in the past.
        examples: lead_id, as_of (UTC-aware).
        past: of the examples, whole or in buckets.
        size: about how many events and examples make a part of a whole past; a bucket is one.
    """

    tables: Tables
    examples: pd.DataFrame
    past: Past | BucketedPast
    size: int = BLOCK

    def blocks(self) -> Blocks | BucketedBlocks:
        """The past, part by part."""
        if isinstance(self.past, Past):
            return self.past.blocks(self.size)
        return self.past.blocks()

    @cached_property
    def lead_ids(self) -> np.ndarray:
        """Of every example, as texts."""
        return self.examples["lead_id"].to_numpy(dtype=object)

    @cached_property
    def reached(self) -> np.ndarray:
        """Of every example, the furthest outcome before its moment."""
        return reached_by(self.tables, self.examples)

    @cached_property
    def consent(self) -> np.ndarray:
        """Of every example, as far as it is known."""
        return consent_of(self.tables, self.examples["lead_id"])

    def subjects(self, block: Block) -> Subjects:
        """The examples of a block."""
        rows, past = block.rows, Past(block.log, block.leads, block.lead, block.as_of)
        reached, consent = self.reached[rows], self.consent[rows]
        return Subjects(self.lead_ids[rows], past, reached, consent, self.tables.dated)

    def fingerprint(self) -> str:
        """sha256 over the examples and all tables but the events; hexadecimal."""
        tables = dataclasses.replace(self.tables, events=self.tables.events.iloc[:0])
        return _digest(tables.fingerprint().encode(), _values(self.examples))


def score_base(
    scorer: Scorer, base: Base, sink: Sink, wanted: Wanted | None = None, *, threads: int = 0
) -> Done:
    """Scores a base into a sink.

    Args:
        scorer: the model.
        base: whom to score.
        sink: where the scores go, in the order of the examples.
        wanted: what is asked of each.
        threads: how many parts are made at a time; 0 takes all cores.

    Raises:
        DataError: there is no room, the sink cannot take them, or another run is at it. What was
            made is kept.
    """
    wanted = wanted or Wanted()
    run, before = _run_key(scorer, base, wanted), None
    if wanted.before is not None:
        before = previous_of(wanted.before, base.lead_ids)
    blocks = base.blocks()
    with PartFolder(sink.parts, blocks.examples) as parts:
        left = parts.found()

        def settle(k: int) -> bool:
            """Makes a part unless it is there; whether it was."""
            block = blocks[k]
            key = _part_key(run, block)
            if parts.has(k, key):
                return True
            previous = None if before is None else before.of(block.rows)
            parts.put(k, key, _scored(scorer, base.subjects(block), wanted, previous))
            return False

        settled = in_order(settle, range(len(blocks)), threads=threads)
        kept = sum(track(settled, "scores", rows=len(base.examples), steps=len(blocks)))
        counted = _Counted(parts.merged())
        sink.write(counted.reader)
        parts.remove()
    return Done(len(base.examples), counted.unscored, kept, left - kept)


def as_scores(frame: pd.DataFrame) -> pa.Table:
    """Scores `for_file`, each column of the type it has in every part and sink.

    Times are kept to the microsecond.
    """
    table = as_table(frame)
    types = [_type_of(name) for name in table.column_names]
    return table.cast(pa.schema(zip(table.column_names, types, strict=True)), safe=False)


class _Counted:
    """Scores on their way, those without a score counted as they pass."""

    def __init__(self, scores: pa.RecordBatchReader) -> None:
        self.unscored = 0
        passing = self._passing(scores)
        self.reader = pa.RecordBatchReader.from_batches(scores.schema, passing)

    def _passing(self, scores: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in scores:
            self.unscored += pc.sum(pc.not_equal(batch["unscored_reason"], "")).as_py()
            yield batch


def _scored(
    scorer: Scorer, subjects: Subjects, wanted: Wanted, previous: Previous | None
) -> pa.Table:
    scores = score_subjects(scorer, subjects, most_reasons=wanted.most_reasons, previous=previous)
    frame = scores.for_file()
    if wanted.most_questions:
        asked = ask(scorer, scores, most=wanted.most_questions)
        texts = [" ".join(question.text for question in own) for own in asked]
        frame = frame.assign(questions=pd.array(texts, dtype="str"))
    return as_scores(frame)


def _type_of(column: str) -> pa.DataType:
    if column.startswith("probability"):
        return pa.float64()
    return _TYPES.get(column, pa.string())


def _run_key(scorer: Scorer, base: Base, wanted: Wanted) -> str:
    """Of all that every part is made of: the code, the model, what is wanted, the tables."""
    asked = f"{version('leadml')} {scorer.version} {wanted.most_reasons} {wanted.most_questions}"
    before = b"" if wanted.before is None else _values(wanted.before)
    return _digest(asked.encode(), _told(scorer.model), base.fingerprint().encode(), before)


def _told(model: LeadModel) -> bytes:
    """All that a model scores by, as text."""
    maps = [dataclasses.asdict(own) for own in (model.calibration, *model.horizons.values())]
    linear = None if model.linear is None else dataclasses.asdict(model.linear)
    told = [model.card, model.catalog, model.policy, model.answers, [*model.horizons], maps, linear]
    trees = "" if model.trees is None else model.trees.model_to_string()
    return (json.dumps(told, sort_keys=True, default=_plain) + trees).encode()


def _plain(array: Matrix) -> object:
    return array.tolist()


def _part_key(run: str, block: Block) -> str:
    """Of all that one part is made of: what the run is, its rows and their events."""
    log = block.log
    arrays = (block.rows, block.as_of, log.owner, log.time, log.type, log.value)
    types = " ".join(log.types).encode()
    return _digest(run.encode(), types, *(np.ascontiguousarray(own).data for own in arrays))


def _values(frame: pd.DataFrame) -> bytes:
    """A hash of each row, in their order."""
    return pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()


def _digest(*parts: bytes | memoryview) -> str:
    """sha256 over some bytes, each kept apart from the next; hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{memoryview(part).nbytes} ".encode())
        digest.update(part)
    return digest.hexdigest()
