"""One state of an index, which nobody changes: the built structure, the rows added since, and marks on rows that no longer count."""

from dataclasses import dataclass, replace

import faiss
import numpy as np

from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals.errors import DataError
from verticals_recommender.retrieval.structures import IndexSpec, build, fitting, parameters

NO_ID = -1
NO_IDS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Snapshot:
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
        """Ids of the rows that count, the built ones first."""
        return np.concatenate([self.ids[self.alive], self.fresh_ids])

    @property
    def living_vectors(self) -> FloatArray:
        """Vectors of the rows that count, in the order of their ids."""
        return np.concatenate([self.vectors[self.alive], self.fresh])


def built(spec: IndexSpec, ids: IntArray, vectors: FloatArray) -> Snapshot:
    """Build a structure over rows; a kind that needs more rows than these gives way to the exact search."""
    rows = np.ascontiguousarray(vectors, np.float32)
    fitted = fitting(spec, len(rows))
    alive = np.ones(len(rows), bool)
    index = build(fitted, rows)
    return Snapshot(
        fitted, index, np.asarray(ids, np.int64), rows, alive, parameters(fitted, None), NO_IDS, rows[:0].copy()
    )


def folded(now: Snapshot) -> Snapshot:
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
        selection=selection_of(now.spec, alive),
        fresh_ids=NO_IDS,
        fresh=now.fresh[:0].copy(),
    )


def selection_of(spec: IndexSpec, alive: BoolArray) -> faiss.SearchParameters:
    """Return the parameters of a search among the rows that count."""
    return parameters(spec, None if alive.all() else alive)


def with_rows(now: Snapshot, ids: IntArray, vectors: FloatArray) -> Snapshot:
    """Return the state with fresh rows."""
    return replace(
        now,
        fresh_ids=np.concatenate([now.fresh_ids, np.asarray(ids, np.int64)]),
        fresh=np.concatenate([now.fresh, np.asarray(vectors, np.float32)]),
    )


def without_rows(now: Snapshot, ids: IntArray) -> Snapshot:
    """Return the state without some rows.

    Raises:
        DataError: an id is not there.
    """
    missing = ids[~np.isin(ids, now.living_ids)]
    if len(missing):
        raise DataError(f"id {missing[0]} is not in the index; add it first")
    alive = now.alive & ~np.isin(now.ids, ids)
    kept = ~np.isin(now.fresh_ids, ids)
    return replace(
        now,
        alive=alive,
        selection=selection_of(now.spec, alive),
        fresh_ids=now.fresh_ids[kept],
        fresh=now.fresh[kept],
    )


def nearest(now: Snapshot, query: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Find candidates in the structure, and order them and the fresh rows by their exact inner products; ties go to the lower id."""
    positions = NO_IDS
    if len(now.ids):
        wanted = min(k * now.spec.rescored, len(now.ids))
        positions = now.built.search(query[None], wanted, params=now.selection)[1][0]
        positions = positions[positions >= 0]
    ids = np.concatenate([now.ids[positions], now.fresh_ids])
    scores = np.concatenate([now.vectors[positions] @ query, now.fresh @ query])
    best = np.lexsort((ids, -scores))[:k]
    missing = k - len(best)
    return (
        np.pad(ids[best], (0, missing), constant_values=NO_ID),
        np.pad(scores[best], (0, missing), constant_values=-np.inf),
    )
