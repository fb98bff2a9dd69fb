"""The same list for everybody: the baseline that anything personal has to beat."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from verticals.arrays import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Scored


@dataclass(frozen=True)
class Popularity:
    """Items by how many people chose them; `counts` is [items]."""

    counts: FloatArray
    kind: str = "popularity"

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.counts)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the counts for every user."""
        return np.tile(self.counts, (len(histories), 1))

    def similar(self, item: int) -> FloatArray:
        """Return 0 for every item: popularity knows no likeness."""
        return np.zeros(self.size, np.float32)

    def scored(self, history: Histories) -> Scored:
        """Return the counts, to which no item of the history adds anything: nothing here is personal."""
        return Scored(self.counts, lambda items: np.zeros((len(history.items), len(items)), np.float32))

    def extended(self, vectors: FloatArray) -> "Popularity":
        """Return the model with new items, which nobody has chosen yet."""
        return replace(self, counts=np.concatenate([self.counts, np.zeros(len(vectors), np.float32)]))

    def erased(self, items: IntArray) -> "Popularity":
        """Return the model without items."""
        counts = self.counts.copy()
        counts[items] = 0
        return replace(self, counts=counts)

    def save(self, folder: Path) -> None:
        """Write the counts."""
        save_file({"counts": self.counts}, folder / "model.safetensors")
        write_json(folder / "model.json", {"kind": self.kind})


def fit(histories: Histories) -> Popularity:
    """Count the users of each item."""
    counts = np.bincount(histories.items, minlength=histories.weights.shape[1])
    return Popularity(counts.astype(np.float32))


def load(folder: Path) -> Popularity:
    """Read what `save` wrote."""
    return Popularity(load_file(folder / "model.safetensors")["counts"])
