"""How fast and how faithful retrieval is at scale, on synthetic vectors as wide as those of items."""

import time
from dataclasses import dataclass

import numpy as np

from verticals.arrays import FloatArray
from verticals.evaluation.metrics import Estimate, bootstrap
from verticals.provenance import peak_memory_mb
from verticals_recommender import words
from verticals_recommender.retrieval.choice import Choice, Clock, Sample, Target, ask, choose

_TOPICS, _RANK = 64, 32
_BLOCK = 65_536


@dataclass(frozen=True)
class MillionItems:
    """The settings of the benchmark."""

    rows: int = 1_000_000
    width: int = 384 + words.WIDTH
    sample: int = 200
    queries: int = 1000
    seed: int = 0
    target: Target = Target()


@dataclass(frozen=True)
class Outcome:
    """What was measured with queries that the choice never saw."""

    choice: Choice
    recall: Estimate
    p50_ms: float
    p95_ms: float
    build_seconds: float
    peak_memory_mb: float


def million_items(config: MillionItems, clock: Clock = time.perf_counter) -> Outcome:
    """Choose a structure on one sample of queries and measure it on another.

    Args:
        config: how many rows and queries, and what has to be kept.
        clock: seconds; `time.process_time` leaves out what other processes took.
    """
    vectors = clustered_vectors(config.rows, config.width, config.seed + 1)
    asked = clustered_vectors(config.sample + config.queries, config.width, config.seed + 2)
    choice, index = choose(vectors, asked[: config.sample], config.target, clock=clock)
    held_out = Sample.of(vectors, asked[config.sample :], config.target.at)
    seconds, shares = ask(index, held_out, clock)
    p50, p95 = np.percentile(seconds * 1000, [50, 95])
    return Outcome(
        choice,
        bootstrap(lambda rows: float(rows.mean()), shares),
        float(p50),
        float(p95),
        choice.chosen.build_seconds,
        peak_memory_mb(),
    )


def clustered_vectors(rows: int, width: int, seed: int) -> FloatArray:
    """Return unit vectors that lie as sentence vectors do: topics, narrower subjects within them, and items around each subject.

    They vary in 32 directions with a little noise in all others. The directions and the topics are the same for every seed, so that
    two draws are a catalogue and its queries.

    Returns:
        [rows, width].
    """
    fixed = np.random.default_rng(0)
    topics = fixed.standard_normal((_TOPICS, _RANK))
    subjects = topics[fixed.integers(0, _TOPICS, 2000)] + 0.7 * fixed.standard_normal((2000, _RANK))
    directions = (fixed.standard_normal((_RANK, width)) / np.sqrt(_RANK)).astype(np.float32)
    generator = np.random.default_rng(seed)
    vectors = np.empty((rows, width), np.float32)
    for start in range(0, rows, _BLOCK):
        block = vectors[start : start + _BLOCK]
        subject = subjects[generator.integers(0, len(subjects), len(block))].astype(np.float32)
        latent = subject + 0.5 * generator.standard_normal((len(block), _RANK), np.float32)
        block[:] = latent @ directions + 0.25 * generator.standard_normal(block.shape, np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return vectors
