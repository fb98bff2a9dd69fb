"""Near vectors of a catalogue that changes while it is searched: one writer, readers that never wait.

A reader takes the present snapshot, which nobody changes, and keeps it for its whole search. A writer prepares the next snapshot and puts
it in place with one assignment. Between two builds the changes are small arrays beside the built structure: new rows, scanned exactly,
and marks on the rows that no longer count. So no change waits for a build, and every kind of structure can forget.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

import faiss
import numpy as np

from verticals.arrays import FloatArray, IntArray
from verticals.errors import DataError
from verticals_recommender.retrieval.snapshot import (
    Snapshot,
    built,
    folded,
    nearest,
    selection_of,
    with_rows,
    without_rows,
)
from verticals_recommender.retrieval.structures import IndexSpec

_FRESH_ROWS = 4096  # scanned exactly in less than half a millisecond; more are moved into the structure
_MOST_DEAD = 0.2


@dataclass(frozen=True)
class Neighbours:
    """Results of a search, best first: ids and inner products, both [queries, k]; where there are fewer, id -1 and score -inf."""

    ids: IntArray
    scores: FloatArray


class VectorIndex:
    """Vectors under integer ids, found by inner product."""

    def __init__(self, spec: IndexSpec, ids: IntArray, vectors: FloatArray) -> None:
        """Build the structure.

        Args:
            spec: which structure.
            ids: one per row, distinct, not negative.
            vectors: [rows, width], finite; scale them to unit length where the cosine is meant.

        Raises:
            DataError: the arrays do not fit each other, hold NaN or infinity, or repeat an id.
        """
        _check(ids, vectors, vectors.shape[-1])
        self.spec = spec
        self._writing = Lock()
        self._now = built(spec, ids, vectors)

    def __len__(self) -> int:
        now = self._now
        return int(now.alive.sum()) + len(now.fresh_ids)

    @property
    def width(self) -> int:
        """Dimensions of a vector."""
        return int(self._now.vectors.shape[1])

    def rows(self) -> tuple[IntArray, FloatArray]:
        """Return the ids, [rows], and the vectors, [rows, width], that count now."""
        now = self._now
        return now.living_ids, now.living_vectors

    def search(self, queries: FloatArray, k: int) -> Neighbours:
        """Return the `k` best rows of each query, [queries, width]; every score is the exact inner product.

        Raises:
            DataError: the queries have another width, or hold NaN or infinity.
        """
        now = self._now
        _check_values(queries, now.vectors.shape[1])
        with one_thread():
            found = [nearest(now, query, k) for query in np.ascontiguousarray(queries, np.float32)]
        return Neighbours(np.array([ids for ids, _ in found], np.int64), np.array([s for _, s in found], np.float32))

    def set_effort(self, effort: int) -> None:
        """Search with another effort from now on: more of it finds more, and takes longer."""
        with self._writing:
            self.spec = self.spec.model_copy(update={"effort": effort})
            spec = self._now.spec.model_copy(update={"effort": effort})
            self._now = replace(self._now, spec=spec, selection=selection_of(spec, self._now.alive))

    def add(self, ids: IntArray, vectors: FloatArray) -> None:
        """Add rows; they are found from now on.

        Raises:
            DataError: an id is there already, or the arrays do not fit.
        """
        with self._writing:
            _check(ids, vectors, self.width)
            known = np.intersect1d(ids, self._now.living_ids)
            if len(known):
                raise DataError(f"id {known[0]} is in the index already; change it with update")
            self._now = self._settled(with_rows(self._now, ids, vectors))

    def update(self, ids: IntArray, vectors: FloatArray) -> None:
        """Give rows new vectors; a reader sees each row either before or after, never twice and never not at all.

        Raises:
            DataError: an id is not there, or the arrays do not fit.
        """
        with self._writing:
            _check(ids, vectors, self.width)
            self._now = self._settled(with_rows(without_rows(self._now, ids), ids, vectors))

    def remove(self, ids: IntArray) -> None:
        """Remove rows; they are found no longer. `purge` also frees their vectors.

        Raises:
            DataError: an id is not there.
        """
        with self._writing:
            self._now = self._settled(without_rows(self._now, ids))

    def purge(self) -> None:
        """Build anew from the rows that count, so that nothing of a removed row is left in memory."""
        with self._writing:
            self._now = built(self.spec, self._now.living_ids, self._now.living_vectors)

    def _settled(self, after: Snapshot) -> Snapshot:
        if len(after.alive) - after.alive.sum() > _MOST_DEAD * len(after.alive) + _FRESH_ROWS:
            return built(self.spec, after.living_ids, after.living_vectors)
        return folded(after) if len(after.fresh_ids) > _FRESH_ROWS else after


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep FAISS to one thread, this caller's: a single query is too small to share among several."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _check(ids: IntArray, vectors: FloatArray, width: int) -> None:
    _check_values(vectors, width)
    if ids.shape != (len(vectors),) or not np.issubdtype(ids.dtype, np.integer):
        raise DataError(f"expected one integer id per vector ({len(vectors)}), found {ids.dtype} of shape {ids.shape}")
    if len(ids) and ids.min() < 0:
        raise DataError(f"id {ids.min()}: expected ids from 0")
    if len(np.unique(ids)) < len(ids):
        values, counts = np.unique(ids, return_counts=True)
        raise DataError(f"id {values[counts > 1][0]} is given more than once; give each row its own")


def _check_values(vectors: FloatArray, width: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise DataError(f"expected vectors of width {width}, found an array of shape {vectors.shape}")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise DataError(f"vector {bad[0]} holds NaN or infinity; {len(bad)} of {len(vectors)} do")
