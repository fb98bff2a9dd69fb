"""Which structure serves: chosen by measuring recall against the exact search and the time of single queries, with the curve kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from pydantic import Field

from verticals.arrays import Float64Array, FloatArray
from verticals.config import Section
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.structures import KINDS, IndexSpec, Kind, fitting, proposal

Clock = Callable[[], float]
_TIES = 1e-6
_LARGEST_GRAPH_EFFORT = 1024


class Target(Section):
    """What the index has to keep, one query at a time on one thread."""

    recall: float = Field(0.98, gt=0, le=1, description="share of the exact search's results that are found")
    at: int = Field(50, ge=1, description="results per query")
    p95_ms: float = Field(10.0, gt=0)


class Point(Section):
    """One measured setting; `recall_low` is the lower end of the 95 % interval over the queries."""

    spec: IndexSpec
    recall: float
    recall_low: float
    p50_ms: float
    p95_ms: float
    build_seconds: float


class Choice(Section):
    """The structure that serves, and the curve that it was chosen from."""

    target: Target
    rows: int
    width: int
    queries: int
    chosen: Point
    met: bool
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Sample:
    """Queries, [queries, width], with the score of each one's last exact result, [queries]."""

    queries: FloatArray
    last_score: FloatArray
    at: int

    @classmethod
    def of(cls, vectors: FloatArray, queries: FloatArray, at: int) -> "Sample":
        """Search exactly."""
        k = min(at, len(vectors))
        scores, _ = faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
        return cls(queries, scores[:, -1], k)


def recall(found: FloatArray, last_score: FloatArray) -> Float64Array:
    """Return, for each query, the share of results that score as high as the exact search's last one.

    Scores rather than ids are compared, so that equal vectors count alike (Aumüller, Bernhardsson and Faithfull 2018).

    Args:
        found: exact scores of the results, [queries, k].
        last_score: of the exact search, [queries].
    """
    return np.asarray((found >= last_score[:, None] - _TIES).mean(axis=1), np.float64)


def ask(index: VectorIndex, sample: Sample, clock: Clock = time.perf_counter) -> tuple[Float64Array, Float64Array]:
    """Ask the queries one at a time on one thread and return the seconds and the recall of each, both [queries].

    The first ten warm up before anything counts.
    """
    for query in sample.queries[:10]:
        index.search(query[None], sample.at)
    seconds, scores = [], []
    for query in sample.queries:
        started = clock()
        found = index.search(query[None], sample.at)
        seconds.append(clock() - started)
        scores.append(found.scores[0])
    return np.array(seconds), recall(np.array(scores), sample.last_score)


def measure(index: VectorIndex, sample: Sample, build_seconds: float, clock: Clock = time.perf_counter) -> Point:
    """Return what the queries of a sample find and take."""
    seconds, shares = ask(index, sample, clock)
    margin = 1.96 * shares.std() / np.sqrt(len(shares))
    p50, p95 = np.percentile(seconds * 1000, [50, 95])
    return Point(
        spec=index.spec,
        recall=float(shares.mean()),
        recall_low=float(shares.mean() - margin),
        p50_ms=float(p50),
        p95_ms=float(p95),
        build_seconds=build_seconds,
    )


def sweep(
    kind: Kind, vectors: FloatArray, sample: Sample, target: Target, clock: Clock = time.perf_counter
) -> tuple[list[Point], VectorIndex]:
    """Build one kind and double its effort until the recall is reached or the time is spent; the index stays at the last effort."""
    spec = proposal(kind, len(vectors))
    most = {"flat": 0, "hnsw": _LARGEST_GRAPH_EFFORT}.get(kind, spec.lists)
    started = clock()
    index = VectorIndex(spec, np.arange(len(vectors)), vectors)
    seconds = clock() - started
    points = [measure(index, sample, seconds, clock)]
    while points[-1].recall_low < target.recall and points[-1].p95_ms <= target.p95_ms and spec.effort < most:
        spec = spec.model_copy(update={"effort": min(2 * spec.effort, most)})
        index.set_effort(spec.effort)
        points.append(measure(index, sample, seconds, clock))
    return points, index


def meets(point: Point, target: Target) -> bool:
    """Say whether a setting keeps the target; the recall's whole interval has to."""
    return point.recall_low >= target.recall and point.p95_ms <= target.p95_ms


def suited(kinds: Sequence[Kind], rows: int) -> list[Kind]:
    """Return the kinds that a catalogue of this size is large enough for; the exact search where none of them is."""
    enough = [kind for kind in kinds if fitting(proposal(kind, rows), rows).kind == kind]
    return enough or ["flat"]


def choose(
    vectors: FloatArray,
    queries: FloatArray,
    target: Target,
    kinds: Sequence[Kind] = KINDS,
    clock: Clock = time.perf_counter,
) -> tuple[Choice, VectorIndex]:
    """Try the kinds in turn, the cheapest to build and change first, until one keeps the target; return it, built.

    Where none does, the recall is kept and the time is not: the fastest of the settings with enough recall serves, and `met` says so.

    Args:
        vectors: the catalogue, [rows, width].
        queries: a sample of what is asked, [queries, width]; not rows of the catalogue, which would find themselves.
        target: recall and time.
        kinds: in the order in which they are tried.
        clock: seconds; a test brings its own.
    """
    sample = Sample.of(vectors, queries, target.at)
    points: list[Point] = []
    for kind in suited(kinds, len(vectors)):
        found, index = sweep(kind, vectors, sample, target, clock)
        points += found
        if meets(points[-1], target):
            break
    choice = _choice(points, vectors, queries, target)
    if choice.chosen is not points[-1]:
        index = VectorIndex(choice.chosen.spec, np.arange(len(vectors)), vectors)
    return choice, index


def _choice(points: Sequence[Point], vectors: FloatArray, queries: FloatArray, target: Target) -> Choice:
    kept = [point for point in points if meets(point, target)]
    faithful = [point for point in points if point.recall_low >= target.recall]
    if kept:
        chosen = kept[0]
    elif faithful:
        chosen = min(faithful, key=lambda point: point.p95_ms)
    else:
        chosen = max(points, key=lambda point: point.recall)
    return Choice(
        target=target,
        rows=len(vectors),
        width=vectors.shape[1],
        queries=len(queries),
        chosen=chosen,
        met=bool(kept),
        points=tuple(points),
    )
