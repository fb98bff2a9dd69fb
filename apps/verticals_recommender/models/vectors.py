"""Items as vectors given from outside, such as their text: an item is wanted by whom it is near to something they had.

New items need a vector and nothing else; so this is the part that works on the first day of an item. A score adds up, over the
history, a nearness that falls off quickly with the cosine: one close relative says more than many distant ones, which a sum of cosines
cannot tell apart. An item says nothing of itself, and only its nearest relatives have a say, as in the item-to-item models: so a request
costs a few rows of a sparse matrix, not a product with the whole catalogue.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from verticals.arrays import FloatArray, IntArray
from verticals_recommender.models import item_weights
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.item_weights import ItemWeights, strongest
from verticals_recommender.models.model import Scored

KIND = "text"
TEMPERATURE = 0.14  # of cosines; more new books are found than by 0.1 and 0.2 where known books of Book-Crossing were held out as new
RELATIVES = 50  # items that have a say in an item's score; there 25 to 100 find about as many, and 200 fewer
_COLUMNS = 1024
_FILE = "vectors.safetensors"


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of the items, [items, width], zeros where an item has none; and how near the nearest are to each other."""

    near: ItemWeights
    vectors: FloatArray
    kind: str = KIND

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.vectors)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the summed nearness to the items that users had, [users, items]."""
        return self.near.scores(histories)

    def similar(self, item: int) -> FloatArray:
        """Return cosines, [items]."""
        return cosines(self.vectors, item)

    def scored(self, history: Histories) -> Scored:
        """Return one user's scores, and their terms for any items."""
        return self.near.scored(history)

    def extended(self, vectors: FloatArray) -> "Vectors":
        """Return the model with new items; each of them and its nearest relatives have a say in each other's scores."""
        together = np.concatenate([self.vectors, unit(vectors)])
        old = sparse.csc_matrix((len(together), self.size), dtype=np.float32)
        columns = sparse.hstack([old, relatives(together, self.size, len(together))], format="csr")
        among_old = columns[: self.size]
        among_old.resize(columns.shape)
        weights = self.near.extended(vectors).weights + (columns + among_old.T)
        return Vectors(replace(self.near, weights=sparse.csr_matrix(weights)), together)

    def erased(self, items: IntArray) -> "Vectors":
        """Return the model without the vectors of items."""
        vectors = self.vectors.copy()
        vectors[items] = 0
        return Vectors(self.near.erased(items), vectors)

    def save(self, folder: Path) -> None:
        """Write the vectors and the stored nearness."""
        self.near.save(folder)
        save_file({"vectors": self.vectors}, folder / _FILE)


def fit(vectors: FloatArray) -> Vectors:
    """Take vectors of any length, [items, width], as directions; NaN and infinity become zeros."""
    directions = unit(vectors)
    starts = range(0, len(directions), _COLUMNS)
    blocks = [relatives(directions, start, min(start + _COLUMNS, len(directions))) for start in starts]
    return Vectors(ItemWeights(KIND, sparse.csr_matrix(sparse.hstack(blocks))), directions)


def load(folder: Path, saved: dict[str, Any]) -> Vectors:
    """Read what `save` wrote; damaged positions raise ValueError."""
    return Vectors(item_weights.load(folder, saved), load_file(folder / _FILE)["vectors"])


def relatives(directions: FloatArray, start: int, end: int) -> sparse.csc_matrix:
    """Return how near every item is to those from `start` to `end`, [items, end - start]; only the nearest of each are stored."""
    near = np.maximum(nearness(directions @ directions[start:end].T), np.float32(0))
    wanted = np.arange(end - start)
    near[start + wanted, wanted] = 0
    return sparse.csc_matrix(strongest(near, RELATIVES))


def nearness(cosine: FloatArray) -> FloatArray:
    """Return how near cosines are: 1 for the same direction, 0 for nothing in common, and e times less per `TEMPERATURE` between."""
    return np.asarray(np.expm1(cosine / TEMPERATURE) / math.expm1(1 / TEMPERATURE), np.float32)


def unit(vectors: FloatArray) -> FloatArray:
    """Scale rows to length 1; a row of zeros, or one that is not finite, becomes zeros."""
    finite = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0)
    length = np.linalg.norm(finite, axis=1, keepdims=True)
    return np.asarray(finite / np.where(length > 0, length, 1), np.float32)


def cosines(vectors: FloatArray, item: int) -> FloatArray:
    """Return the cosine of each row with one of them, [rows]; zeros are like nothing."""
    directions = unit(vectors)
    return np.asarray(directions @ directions[item], np.float32)
