"""A model that reads an expanded history: beside each item stand those that are most surely chosen by the same people.

Query expansion (Rocchio 1971) with ItemKNN in the place of relevance feedback. A model of texts then hears of what people read next to
a book, not of the book alone; so a new item is found by its likeness to either.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from verticals.arrays import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models import item_knn
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.item_weights import ItemWeights
from verticals_recommender.models.model import Model, Scored
from verticals_recommender.models.stored import rows
from verticals_recommender.models.wrapper import Wrapper

KIND = "expanded"
# On Book-Crossing 3 to 10 neighbours find about as many of the books that were held out as new.
_NEIGHBOURS, _SHRINKAGE = 5, 20.0


@dataclass(frozen=True)
class Expanded(Wrapper):
    """A model whose scores are sums over the history, with what stands `beside` each item; `share` is what that counts."""

    NAME = KIND

    beside: ItemWeights
    share: float

    def scores(self, histories: Histories) -> FloatArray:
        """Return the scores for expanded histories."""
        return self.model.scores(self._expanded(histories))

    def scored(self, history: Histories) -> Scored:
        """Return what the model within makes of the expanded history; an item that stands beside others is explained by these."""
        expanded = self._expanded(history)
        inner = self.model.scored(expanded)
        owed = self._owed(history, expanded)

        def contributions(items: IntArray) -> FloatArray:
            return np.asarray(owed @ inner.contributions(items), np.float32)

        return Scored(inner.scores, contributions)

    def _expanded(self, histories: Histories) -> Histories:
        weights = sparse.csr_matrix(histories.weights + self.share * (histories.weights @ self.beside.weights))
        weights.sort_indices()
        return Histories(weights, np.zeros(weights.nnz, np.float32))

    def _owed(self, history: Histories, expanded: Histories) -> FloatArray:
        """Return which share of each expanded weight comes from which item of the history, [stored weights, expanded weights]."""
        parts = self.share * rows(self.beside.weights, history.items).columns(expanded.items)
        itself = np.searchsorted(expanded.items, history.items)
        parts[np.arange(len(parts)), itself] += 1
        return np.asarray(parts * history.weights.data[:, None] / expanded.weights.data, np.float32)

    def extended(self, vectors: FloatArray) -> "Expanded":
        """Return the model with new items, which stand beside none."""
        return replace(self, model=self.model.extended(vectors), beside=self.beside.extended(vectors))

    def erased(self, items: IntArray) -> "Expanded":
        """Return the model without items, which stand beside none any more."""
        return replace(self, model=self.model.erased(items), beside=self.beside.erased(items))

    def save(self, folder: Path) -> None:
        """Write the model within and what stands beside its items into folders of their own."""
        self.save_within(folder)
        (folder / "beside").mkdir()
        self.beside.save(folder / "beside")
        write_json(folder / "model.json", {"kind": KIND, "share": self.share})


def fit(model: Model, histories: Histories, share: float) -> Expanded:
    """Learn from histories what stands beside each item, for a model that was fitted before."""
    return Expanded(model, item_knn.fit(histories, _NEIGHBOURS, _SHRINKAGE), share)
