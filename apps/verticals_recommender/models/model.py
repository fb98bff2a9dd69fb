"""What every model can do, and what is done with any of them.

A user is a history: scoring folds it in, so a new user, a click or a hidden item needs no training. Models never change;
`extended` and `erased` return another one, so that a server swaps models instead of locking them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals_recommender.models.histories import Histories


@dataclass(frozen=True)
class Scored:
    """What a model makes of one user, in one pass.

    Attributes:
        scores: as `Model.scores` gives them, [items].
        contributions: takes items and returns what each stored weight of the history adds to their scores, [stored weights, items].
            They add up to the scores, less what does not depend on the history (popularity): exact, not an approximation.
    """

    scores: FloatArray
    contributions: Callable[[IntArray], FloatArray]


class Model(Protocol):
    """A fitted recommender over a numbered catalogue."""

    @property
    def kind(self) -> str:
        """Name of the model in tables and in saved files."""

    @property
    def size(self) -> int:
        """Number of items."""

    def scores(self, histories: Histories) -> FloatArray:
        """Return how much each user is expected to want each item, [users, items]; comparable within a user only."""

    def similar(self, item: int) -> FloatArray:
        """Return how near each item is to this one, [items]; higher is nearer."""

    def scored(self, history: Histories) -> Scored:
        """Return the scores for one user together with what explains them."""

    def extended(self, vectors: FloatArray) -> "Model":
        """Return the model with new items behind the others; only their text vectors, [new, width], are known."""

    def erased(self, items: IntArray) -> "Model":
        """Return the model without anything that it learned about items; their places stay, and score 0."""

    def save(self, folder: Path) -> None:
        """Write safetensors and JSON into a new folder."""


def best(scores: FloatArray, count: int, allowed: BoolArray | None = None) -> IntArray:
    """Return the positions of the highest scores, highest first, ties by position.

    Args:
        scores: of one user, [items].
        count: at most so many are returned.
        allowed: items that may be returned, [items]; nothing means all.
    """
    candidates = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
    return np.asarray(candidates[first(scores[candidates], count)], np.int64)


def first(values: FloatArray, count: int) -> IntArray:
    """Return the positions of the `count` highest values, highest first, ties by position; the others are not sorted."""
    if count >= len(values):
        return np.argsort(-values, kind="stable")
    least = np.partition(values, len(values) - count)[len(values) - count]
    reaching = np.flatnonzero(values >= least)
    return reaching[np.argsort(-values[reaching], kind="stable")[:count]]


def recommend(model: Model, history: Histories, count: int, allowed: BoolArray | None = None) -> IntArray:
    """Return the best items for one user, best first; items of the history are never among them."""
    unseen = np.ones(model.size, bool) if allowed is None else allowed.copy()
    unseen[history.items] = False
    return best(model.scores(history)[0], count, unseen)


def neighbours(model: Model, item: int, count: int) -> IntArray:
    """Return the items nearest to one item, nearest first, without itself."""
    return best(model.similar(item), count, others(model.size, np.array([item])))


def others(size: int, items: IntArray) -> BoolArray:
    """Say which of so many items are not among some, [size]."""
    mask = np.ones(size, bool)
    mask[items] = False
    return mask
