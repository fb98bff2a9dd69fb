"""Items as vectors given from outside, such as their text: an item is wanted by whom it is near to something they had.

New items need a vector and nothing else; so this is the part that works on the first day of an item. A score is the mean, over the
history, of a nearness that falls off quickly with the cosine: one close relative says more than many distant ones, which a mean of cosines
cannot tell apart. An item says nothing of itself, as in the item-to-item models: that would be most of the spread of the scores.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from verticals.inference.batches import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Scored

KIND = "text"
TEMPERATURE = 0.1  # of cosines; on validation rows of Book-Crossing 0.07 to 0.14 find about as many new books
_ROWS = 1024


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of the items, [items, width]; an item without one has zeros."""

    vectors: FloatArray
    kind: str = KIND

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.vectors)

    def scores(self, histories: Histories) -> FloatArray:
        """Return mean nearness to the items that users had, [users, items]; an item that many had is compared once."""
        shares = _shares(histories.weights)
        had = np.unique(histories.items)
        scores = np.zeros((len(histories), self.size), np.float32)
        for start in range(0, len(had), _ROWS):
            rows = had[start : start + _ROWS]
            near = nearness(self.vectors[rows] @ self.vectors.T)
            near[np.arange(len(rows)), rows] = 0
            scores += shares[:, rows] @ near
        return scores

    def similar(self, item: int) -> FloatArray:
        """Return cosines, [items]."""
        return cosines(self.vectors, item)

    def scored(self, history: Histories) -> Scored:
        """Return one user's scores, and their terms for any items."""
        return Scored(self.scores(history)[0], partial(self._contributions, history))

    def _contributions(self, history: Histories, items: IntArray) -> FloatArray:
        """Return each past item's share of the mean nearness, [stored weights, items]."""
        near = nearness(self.vectors[history.items] @ self.vectors[items].T)
        near[history.items[:, None] == items] = 0
        return np.asarray(_shares(history.weights).data[:, None] * near, np.float32)

    def extended(self, vectors: FloatArray) -> "Vectors":
        """Return the model with new items."""
        return replace(self, vectors=np.concatenate([self.vectors, unit(vectors)]))

    def erased(self, item: int) -> "Vectors":
        """Return the model without an item's vector."""
        vectors = self.vectors.copy()
        vectors[item] = 0
        return replace(self, vectors=vectors)

    def save(self, folder: Path) -> None:
        """Write the vectors."""
        save_file({"vectors": self.vectors}, folder / "model.safetensors")
        write_json(folder / "model.json", {"kind": self.kind})


def fit(vectors: FloatArray) -> Vectors:
    """Take vectors of any length, [items, width], as directions; NaN and infinity become zeros."""
    return Vectors(unit(vectors))


def load(folder: Path) -> Vectors:
    """Read what `save` wrote."""
    return Vectors(load_file(folder / "model.safetensors")["vectors"])


def nearness(cosine: FloatArray) -> FloatArray:
    """Return how near cosines are: 1 for the same direction, 0 for nothing in common, and e times less per `TEMPERATURE` between."""
    return np.asarray(np.expm1(cosine / TEMPERATURE) / math.expm1(1 / TEMPERATURE), np.float32)


def _shares(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Scale the weights of each user to a sum of 1; their order stays."""
    total = np.maximum(np.asarray(weights.sum(axis=1), np.float32).ravel(), np.float32(1e-12))
    shares = weights.copy()
    shares.data = weights.data / np.repeat(total, np.diff(weights.indptr))
    return shares


def unit(vectors: FloatArray) -> FloatArray:
    """Scale rows to length 1; a row of zeros, or one that is not finite, becomes zeros."""
    finite = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0)
    length = np.linalg.norm(finite, axis=1, keepdims=True)
    return np.asarray(finite / np.where(length > 0, length, 1), np.float32)


def cosines(vectors: FloatArray, item: int) -> FloatArray:
    """Return the cosine of each row with one of them, [rows]; zeros are like nothing."""
    directions = unit(vectors)
    return np.asarray(directions @ directions[item], np.float32)
