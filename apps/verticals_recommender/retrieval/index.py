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
import numpy.typing as npt

from verticals.errors import DataError
from verticals.inference.batches import FloatArray, IntArray
from verticals_recommender.retrieval.structures import IndexSpec, build, fitting, parameters

BoolArray = npt.NDArray[np.bool_]
_NO_ID = -1
_NO_IDS = np.empty(0, np.int64)
_FRESH_ROWS = 4096  # scanned exactly in less than half a millisecond; more are moved into the structure
_MOST_DEAD = 0.2


@dataclass(frozen=True)
class Neighbours:
    """Results of a search, best first: ids and inner products, both [queries, k]; where there are fewer, id -1 and score -inf."""

    ids: IntArray
    scores: FloatArray


@dataclass(frozen=True)
class _Snapshot:
    """What a reader sees; its arrays are never written to."""

    spec: IndexSpec
    built: faiss.Index
    ids: IntArray
    vectors: FloatArray
    alive: BoolArray
    selection: faiss.SearchParameters
    fresh_ids: IntArray
    fresh: FloatArray

    @property
    def living_ids(self) -> IntArray:
        return np.concatenate([self.ids[self.alive], self.fresh_ids])

    @property
    def living_vectors(self) -> FloatArray:
        return np.concatenate([self.vectors[self.alive], self.fresh])


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
        self._now = _built(spec, ids, vectors)

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
            found = [_nearest(now, query, k) for query in np.ascontiguousarray(queries, np.float32)]
        return Neighbours(np.array([ids for ids, _ in found], np.int64), np.array([s for _, s in found], np.float32))

    def set_effort(self, effort: int) -> None:
        """Search with another effort from now on: more of it finds more, and takes longer."""
        with self._writing:
            self.spec = self.spec.model_copy(update={"effort": effort})
            spec = self._now.spec.model_copy(update={"effort": effort})
            self._now = replace(self._now, spec=spec, selection=_selection(spec, self._now.alive))

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
            self._now = self._settled(_with(self._now, ids, vectors))

    def update(self, ids: IntArray, vectors: FloatArray) -> None:
        """Give rows new vectors; a reader sees each row either before or after, never twice and never not at all.

        Raises:
            DataError: an id is not there, or the arrays do not fit.
        """
        with self._writing:
            _check(ids, vectors, self.width)
            self._now = self._settled(_with(_without(self._now, ids), ids, vectors))

    def remove(self, ids: IntArray) -> None:
        """Remove rows; they are found no longer. `purge` also frees their vectors.

        Raises:
            DataError: an id is not there.
        """
        with self._writing:
            self._now = self._settled(_without(self._now, ids))

    def purge(self) -> None:
        """Build anew from the rows that count, so that nothing of a removed row is left in memory."""
        with self._writing:
            self._now = _built(self.spec, self._now.living_ids, self._now.living_vectors)

    def _settled(self, after: _Snapshot) -> _Snapshot:
        if len(after.alive) - after.alive.sum() > _MOST_DEAD * len(after.alive) + _FRESH_ROWS:
            return _built(self.spec, after.living_ids, after.living_vectors)
        return _folded(after) if len(after.fresh_ids) > _FRESH_ROWS else after


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep FAISS to one thread, this caller's: a single query is too small to share among several."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _built(spec: IndexSpec, ids: IntArray, vectors: FloatArray) -> _Snapshot:
    rows = np.ascontiguousarray(vectors, np.float32)
    fitted = fitting(spec, len(rows))
    alive = np.ones(len(rows), bool)
    index = build(fitted, rows)
    return _Snapshot(
        fitted, index, np.asarray(ids, np.int64), rows, alive, parameters(fitted, None), _NO_IDS, rows[:0].copy()
    )


def _folded(now: _Snapshot) -> _Snapshot:
    """Move the fresh rows into a copy of the structure; what it has learned about the vectors stays."""
    index = faiss.clone_index(now.built)
    index.add(now.fresh)
    alive = np.concatenate([now.alive, np.ones(len(now.fresh), bool)])
    return replace(
        now,
        built=index,
        ids=np.concatenate([now.ids, now.fresh_ids]),
        vectors=np.concatenate([now.vectors, now.fresh]),
        alive=alive,
        selection=_selection(now.spec, alive),
        fresh_ids=_NO_IDS,
        fresh=now.fresh[:0].copy(),
    )


def _selection(spec: IndexSpec, alive: BoolArray) -> faiss.SearchParameters:
    return parameters(spec, None if alive.all() else alive)


def _with(now: _Snapshot, ids: IntArray, vectors: FloatArray) -> _Snapshot:
    return replace(
        now,
        fresh_ids=np.concatenate([now.fresh_ids, np.asarray(ids, np.int64)]),
        fresh=np.concatenate([now.fresh, np.asarray(vectors, np.float32)]),
    )


def _without(now: _Snapshot, ids: IntArray) -> _Snapshot:
    missing = ids[~np.isin(ids, now.living_ids)]
    if len(missing):
        raise DataError(f"id {missing[0]} is not in the index; add it first")
    alive = now.alive & ~np.isin(now.ids, ids)
    kept = ~np.isin(now.fresh_ids, ids)
    return replace(
        now,
        alive=alive,
        selection=_selection(now.spec, alive),
        fresh_ids=now.fresh_ids[kept],
        fresh=now.fresh[kept],
    )


def _nearest(now: _Snapshot, query: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Find candidates in the structure, and order them and the fresh rows by their exact inner products; ties go to the lower id."""
    positions = _NO_IDS
    if len(now.ids):
        wanted = min(k * now.spec.rescored, len(now.ids))
        positions = now.built.search(query[None], wanted, params=now.selection)[1][0]
        positions = positions[positions >= 0]
    ids = np.concatenate([now.ids[positions], now.fresh_ids])
    scores = np.concatenate([now.vectors[positions] @ query, now.fresh @ query])
    best = np.lexsort((ids, -scores))[:k]
    missing = k - len(best)
    return (
        np.pad(ids[best], (0, missing), constant_values=_NO_ID),
        np.pad(scores[best], (0, missing), constant_values=-np.inf),
    )


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
