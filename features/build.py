"""The feature table: what was knowable about each example, as numbers.

`build_matrix` is the one engine for training, the nightly batch and a single request: the past is
cut into blocks of whole accounts, and threads build them side by side. The matrix is what models
see; `to_frame` is the same for people and files (categories as text), and `from_frame` its
inverse, which lets anyone score a table of features.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pandas as pd

from features.attributes import encode_texts
from features.buckets import BucketedPast
from features.catalog import Catalog
from features.feature import OTHER
from features.past import Block, Past
from leadml.arrays import Ints, Matrix
from leadml.columns import as_numbers, as_text
from leadml.errors import DataError, listed
from leadml.parallel import cores, in_order
from leadml.progress import track

Made = TypeVar("Made")


def build_matrix(catalog: Catalog, past: Past | BucketedPast, *, threads: int = 0) -> Matrix:
    """Every feature of every example; float64, shape (n_examples, n_features).

    Categories are codes of the catalogue's levels (see `Feature.compute`).

    Args:
        catalog: the features.
        past: the leads' past, and the moments from which it is looked at.
        threads: how many blocks are built at a time; 0 takes all cores.
    """
    matrix = np.empty((len(past), len(catalog.features)), dtype=np.float64)
    blocks = past.blocks()

    def fill(k: int) -> None:
        matrix[_slice(blocks.examples[k])] = _columns(blocks[k], catalog).T

    if len(blocks) == 1:
        fill(0)
        return matrix
    for _ in _side_by_side(fill, len(blocks), "features", len(past), threads):
        pass
    return matrix


def iter_matrices(
    catalog: Catalog, past: Past | BucketedPast, *, threads: int = 0
) -> Iterator[tuple[Ints, Matrix]]:
    """`build_matrix` block by block, for tables larger than memory.

    Yields:
        the examples' places, shape (n,), and their features, shape (n, n_features).
    """
    blocks = past.blocks()

    def build(k: int) -> Matrix:
        return _columns(blocks[k], catalog).T

    built = _side_by_side(build, len(blocks), "features", len(past), threads)
    yield from zip(blocks.examples, built, strict=True)


def _side_by_side(
    step: Callable[[int], Made], steps: int, label: str, rows: int, threads: int
) -> Iterator[Made]:
    """The results of numbered steps, in order, made by some threads; shows progress."""
    workers = min(threads or cores(), max(steps, 1))
    return track(in_order(step, range(steps), threads=workers), label, rows=rows, steps=steps)


def _columns(block: Block, catalog: Catalog) -> Matrix:
    """The features of one block; shape (n_features, n_examples)."""
    columns = np.empty((len(catalog.features), len(block.rows)))
    if len(block.rows):
        past = block.history(catalog.plan)
        bundles, others = catalog.bundles
        for one in bundles:
            answer = past.planned(one.scope, one.strand).ask(one.question, *one.given)
            columns[one.columns] = answer[one.places]
        for column in others:
            feature = catalog.features[column]
            columns[column] = feature.word.compute(feature, past)
    return columns


def _slice(rows: Ints) -> Ints | slice:
    """Neighbouring rows as a slice, which is written faster."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(rows[0], rows[-1] + 1)
    return rows


def to_frame(catalog: Catalog, matrix: Matrix) -> pd.DataFrame:
    """The matrix as a table: float64 columns, categories as text, a level not known as OTHER.

    Numbers are not copied: the table shares the matrix's memory.
    """
    frame = pd.DataFrame(matrix, columns=catalog.names, copy=False)
    texts = {}
    for column, feature in enumerate(catalog.features):
        if feature.is_category:
            names = pd.Series([*feature.levels, OTHER], dtype="str")
            codes = pd.Series(matrix[:, column]).fillna(-1).astype(np.int64)
            texts[feature.name] = names.reindex(codes).array
    return frame.assign(**texts) if texts else frame


def from_frame(catalog: Catalog, frame: pd.DataFrame) -> Matrix:
    """The inverse of `to_frame`; columns in any order, categories of any dtype, others ignored.

    Raises:
        DataError: a column of the catalogue is missing, or a number is none.
    """
    missing = [name for name in catalog.names if name not in frame]
    if missing:
        msg = (
            f"The table must have the model's {len(catalog.names)} features, "
            f"got none called {listed(missing)}. `leadml features` writes them."
        )
        raise DataError(msg)
    columns = [
        encode_texts(as_text(frame[feature.name]), feature.levels)
        if feature.is_category
        else as_numbers(frame[feature.name], largest=np.finfo(np.float64).max).to_numpy()
        for feature in catalog.features
    ]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))
