"""Item-to-item models: a score is a weighted sum over the history, so its explanation is exact.

ItemKNN and EASE differ only in how the weights are learned.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from verticals.arrays import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Scored, others
from verticals_recommender.models.stored import rows


@dataclass(frozen=True)
class ItemWeights:
    """What having an item says about wanting another: `weights` is [item had, item wanted], with an empty diagonal."""

    kind: str
    weights: sparse.csr_matrix

    @property
    def size(self) -> int:
        """Number of items."""
        return int(self.weights.shape[0])

    def scores(self, histories: Histories) -> FloatArray:
        """Return the weighted sums, [users, items]."""
        return np.asarray((histories.weights @ self.weights).toarray(), np.float32)

    def similar(self, item: int) -> FloatArray:
        """Return the weights of one item, [items]."""
        return np.asarray(self.weights[item].toarray()[0], np.float32)

    def scored(self, history: Histories) -> Scored:
        """Return one user's scores, and their terms for any items."""
        terms = rows(self.weights, history.items).scaled(history.weights.data)
        return Scored(terms.total(), terms.columns)

    def extended(self, vectors: FloatArray) -> "ItemWeights":
        """Return the model with new items, about which nothing was learned."""
        weights = self.weights.copy()
        weights.resize(self.size + len(vectors), self.size + len(vectors))
        return replace(self, weights=weights)

    def erased(self, items: IntArray) -> "ItemWeights":
        """Return the model without the rows and columns of items."""
        keep = sparse.diags_array(others(self.size, items).astype(np.float32))
        weights = sparse.csr_matrix(keep @ self.weights @ keep)
        weights.eliminate_zeros()
        return replace(self, weights=weights)

    def save(self, folder: Path) -> None:
        """Write the stored weights."""
        arrays = {"data": self.weights.data, "indices": self.weights.indices, "indptr": self.weights.indptr}
        save_file(arrays, folder / "model.safetensors")
        write_json(folder / "model.json", {"kind": self.kind, "size": self.size})


def load(folder: Path, saved: dict[str, Any]) -> ItemWeights:
    """Read what `save` wrote; damaged positions raise ValueError."""
    arrays = load_file(folder / "model.safetensors")
    shape = (int(saved["size"]), int(saved["size"]))
    weights = sparse.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    weights.check_format(full_check=True)
    return ItemWeights(str(saved["kind"]), weights)


def strongest(columns: FloatArray, count: int) -> FloatArray:
    """Return columns, [items, columns], in which all but the `count` largest magnitudes of each are 0."""
    if count >= len(columns):
        return columns
    size = np.abs(columns)
    least = np.partition(size, len(columns) - count, axis=0)[len(columns) - count]
    return np.where(size >= least, columns, np.float32(0))
