"""Several models as one: their scores, each in units of its own spread over the items, weighted and added.

The spread of one user's scores is a constant for that user, so the blend ranks as the sum of z-scores does and its
explanation stays an exact sum over the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from verticals.arrays import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model, Scored


@dataclass(frozen=True)
class Blend:
    """Models with their shares."""

    parts: tuple[Model, ...]
    shares: tuple[float, ...]
    kind: str = "hybrid"

    @property
    def size(self) -> int:
        """Number of items."""
        return self.parts[0].size

    def scores(self, histories: Histories) -> FloatArray:
        """Return the weighted sum of the parts' scaled scores, [users, items]."""
        return _total([self._scaled(n, part.scores(histories)) for n, part in enumerate(self.parts)])

    def similar(self, item: int) -> FloatArray:
        """Return the weighted sum of the parts' scaled likenesses, [items]."""
        return _total([self._scaled(n, part.similar(item)) for n, part in enumerate(self.parts)])

    def scored(self, history: Histories) -> Scored:
        """Return the blend of what the parts make of one user; each of them reads the history once."""
        parts = [part.scored(history) for part in self.parts]
        units = [np.float32(share) / spread(part.scores) for part, share in zip(parts, self.shares, strict=True)]

        def contributions(items: IntArray) -> FloatArray:
            return _total([unit * part.contributions(items) for part, unit in zip(parts, units, strict=True)])

        return Scored(_total([unit * part.scores for part, unit in zip(parts, units, strict=True)]), contributions)

    def extended(self, vectors: FloatArray) -> "Blend":
        """Return the blend with new items."""
        return replace(self, parts=tuple(part.extended(vectors) for part in self.parts))

    def erased(self, items: IntArray) -> "Blend":
        """Return the blend without items."""
        return replace(self, parts=tuple(part.erased(items) for part in self.parts))

    def save(self, folder: Path) -> None:
        """Write each part into a folder of its own."""
        names = [f"{number}-{part.kind}" for number, part in enumerate(self.parts)]
        for name, part in zip(names, self.parts, strict=True):
            (folder / name).mkdir()
            part.save(folder / name)
        write_json(folder / "model.json", {"kind": self.kind, "parts": names, "shares": list(self.shares)})

    def _scaled(self, part: int, scores: FloatArray) -> FloatArray:
        return np.float32(self.shares[part]) / spread(scores) * scores


def _total(terms: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(np.sum(terms, axis=0), np.float32)


def spread(scores: FloatArray) -> FloatArray:
    """Return the standard deviation over the items, [..., 1]; 1 where all scores are the same."""
    deviation = scores.std(axis=-1, keepdims=True)
    return np.asarray(np.where(deviation > 1e-12, deviation, 1), np.float32)
