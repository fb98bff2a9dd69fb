"""What users did, as the models read it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse

from verticals.arrays import FloatArray, IntArray
from verticals_recommender.interactions import Interactions


@dataclass(frozen=True)
class Histories:
    """The items of some users; this is all that a model knows about a user, so a new user needs no training.

    Attributes:
        weights: how much each item says about the user, [users, items], sorted by item within a user.
        ages: for each stored weight, how many of the user's items are newer; 0 for all where times are unknown.
    """

    weights: sparse.csr_matrix
    ages: FloatArray

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    @property
    def items(self) -> IntArray:
        """Items of all users, user after user, in the order of the stored weights."""
        return np.asarray(self.weights.indices, np.int64)

    def select(self, users: IntArray) -> "Histories":
        """Return these users, in the order given."""
        stored = sparse.csr_matrix(
            (np.arange(len(self.ages)), self.weights.indices, self.weights.indptr), shape=self.weights.shape
        )
        return Histories(self.weights[users], self.ages[stored[users].data])

    def row(self, user: int) -> "Histories":
        """Return one user."""
        return self.select(np.array([user]))

    def decayed(self, half_life: float) -> "Histories":
        """Return histories in which an item with `half_life` newer ones counts half."""
        weights = self.weights.copy()
        decayed = (weights.data * 0.5 ** (self.ages / half_life)).astype(np.float32)
        weights.data = np.maximum(decayed, np.finfo(np.float32).tiny)  # sparse sums drop the place of a stored 0
        return Histories(weights, self.ages)

    def widened(self, items: int) -> "Histories":
        """Return the same histories over a larger catalogue."""
        weights = self.weights.copy()
        weights.resize(len(self), items)
        return Histories(weights, self.ages)


@dataclass(frozen=True)
class Past:
    """What one user did before the training, oldest first.

    Attributes:
        weights: the items, with how much each says.
        times: when each was, in seconds since 1970; NaN where that is unknown.
    """

    weights: Mapping[int, float] = field(default_factory=dict)
    times: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def end(self) -> float:
        """When the newest was; NaN where there is none, or where the time of any is unknown."""
        return float(np.max(list(self.times.values()))) if self.times else float("nan")

    def without(self, items: Collection[int]) -> "Past":
        """Return the past without some items."""
        weights, times = (
            {item: value for item, value in each.items() if item not in items} for each in (self.weights, self.times)
        )
        return Past(weights, times)


def histories(interactions: Interactions) -> Histories:
    """Return the history of every user, in the order of `interactions.users`; rows without a time have age 0."""
    order = np.lexsort((-interactions.time, interactions.user))
    user = interactions.user[order]
    starts = np.searchsorted(user, user)
    ages = np.empty(len(interactions), np.float32)
    ages[order] = np.arange(len(order)) - starts
    ages[np.isnan(interactions.time)] = 0
    return _sorted(interactions.user, interactions.item, interactions.weight, ages, interactions.shape)


def pasts(interactions: Interactions) -> dict[int, Past]:
    """Return what every user with rows did, by the user's position; rows without a time are the newest."""
    order = np.lexsort((interactions.time, interactions.user))
    users, starts, counts = np.unique(interactions.user[order], return_index=True, return_counts=True)
    items, weights, times = (
        rows[order].tolist() for rows in (interactions.item, interactions.weight, interactions.time)
    )
    return {
        user: Past(
            dict(zip(items[start:end], weights[start:end], strict=True)),
            dict(zip(items[start:end], times[start:end], strict=True)),
        )
        for user, start, end in zip(users.tolist(), starts, starts + counts, strict=True)
    }


def history(items: Sequence[int], catalogue_size: int, weights: Sequence[float] | None = None) -> Histories:
    """Return the history of one user.

    Args:
        items: the user's items, oldest first, each once.
        catalogue_size: number of items that the models know.
        weights: one per item; nothing means 1 for each.
    """
    order = np.argsort(items)
    item = np.array(items, np.int64)[order]
    weight = np.ones(len(item), np.float32) if weights is None else np.array(weights, np.float32)[order]
    stored = sparse.csr_matrix((weight, item, [0, len(item)]), shape=(1, catalogue_size))
    return Histories(stored, (len(item) - 1 - order).astype(np.float32))


def _sorted(user: IntArray, item: IntArray, weight: FloatArray, ages: FloatArray, shape: tuple[int, int]) -> Histories:
    order = np.lexsort((item, user))
    counts = np.bincount(user, minlength=shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    weights = sparse.csr_matrix((weight[order], item[order], starts), shape=shape, dtype=np.float32)
    return Histories(weights, ages[order])
