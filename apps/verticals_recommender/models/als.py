"""Implicit matrix factorisation by alternating least squares (Hu, Koren, Volinsky 2008, doi 10.1109/ICDM.2008.22).

A stored weight w is a preference 1 with confidence 1 + αw, everything else a preference 0 with confidence 1. A user vector is the
solution for the user's history, so folding in a new user and explaining a score are the same few lines of algebra.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Scored
from verticals_recommender.models.vectors import cosines

KIND = "als"
_ROWS = 1024


@dataclass(frozen=True)
class Als:
    """Item factors, [items, width], and what the fit assumed."""

    vectors: FloatArray
    regularisation: float
    confidence: float
    kind: str = KIND

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.vectors)

    @cached_property
    def _factors(self) -> Float64Array:
        """The vectors as the systems need them."""
        return self.vectors.astype(np.float64)

    @cached_property
    def _prior(self) -> Float64Array:
        """The part of every user's system that is the same for all: the items' products and λ."""
        return _prior(self._factors, self.regularisation)

    def fold_in(self, histories: Histories) -> FloatArray:
        """Return the user vectors that fit the histories best, [users, width]; an empty history gives zeros."""
        return _solve(histories.weights, self._factors, self._prior, self.confidence).astype(np.float32)

    def scores(self, histories: Histories) -> FloatArray:
        """Return predicted preferences, [users, items]."""
        return np.asarray(self.fold_in(histories) @ self.vectors.T, np.float32)

    def similar(self, item: int) -> FloatArray:
        """Return cosines of the factors, [items]."""
        return cosines(self.vectors, item)

    def scored(self, history: Histories) -> Scored:
        """Return one user's scores, and their terms for any items.

        The terms are c_ui · y_j' (Y'C_uY + λI)^-1 y_i (section 5 of the paper); one inverse serves them and the user's vector.
        """
        had, extra = self._factors[history.items], self.confidence * history.weights.data.astype(np.float64)
        inverse = np.linalg.inv(self._prior + (had * extra[:, None]).T @ had)
        terms = (1 + extra)[:, None] * (had @ inverse)

        def contributions(items: IntArray) -> FloatArray:
            return np.asarray(terms @ self._factors[items].T, np.float32)

        return Scored(self.vectors @ terms.sum(axis=0).astype(np.float32), contributions)

    def extended(self, vectors: FloatArray) -> "Als":
        """Return the model with new items at the origin: nothing was learned about them."""
        blank = np.zeros((len(vectors), self.vectors.shape[1]), np.float32)
        return replace(self, vectors=np.concatenate([self.vectors, blank]))

    def erased(self, items: IntArray) -> "Als":
        """Return the model with items at the origin."""
        vectors = self.vectors.copy()
        vectors[items] = 0
        return replace(self, vectors=vectors)

    def save(self, folder: Path) -> None:
        """Write the factors and the settings."""
        save_file({"vectors": self.vectors}, folder / "model.safetensors")
        settings = {"kind": self.kind, "regularisation": self.regularisation, "confidence": self.confidence}
        write_json(folder / "model.json", settings)


def fit(histories: Histories, width: int, regularisation: float, confidence: float, rounds: int, seed: int) -> Als:
    """Solve for users and items in turns.

    Args:
        histories: the training rows.
        width: number of factors.
        regularisation: λ.
        confidence: α.
        rounds: how often both sides are solved; ten are usual.
        seed: of the factors that it starts from.
    """
    by_user = sparse.csr_matrix(histories.weights)
    by_item = sparse.csr_matrix(histories.weights.T)
    items = np.random.default_rng(seed).normal(0, 0.01, (by_item.shape[0], width))
    for _ in range(rounds):
        users = _solve(by_user, items, _prior(items, regularisation), confidence)
        items = _solve(by_item, users, _prior(users, regularisation), confidence)
    return Als(items.astype(np.float32), regularisation, confidence)


def load(folder: Path, saved: dict[str, Any]) -> Als:
    """Read what `save` wrote."""
    vectors = load_file(folder / "model.safetensors")["vectors"]
    return Als(vectors, float(saved["regularisation"]), float(saved["confidence"]))


def _prior(factors: Float64Array, regularisation: float) -> Float64Array:
    return np.asarray(factors.T @ factors + regularisation * np.eye(factors.shape[1]), np.float64)


def _solve(weights: sparse.csr_matrix, factors: Float64Array, prior: Float64Array, confidence: float) -> Float64Array:
    """Return (F'C_rF + λI)^-1 F'C_r p_r for each row r, [rows, width]; `prior` is F'F + λI."""
    solved = np.empty((weights.shape[0], factors.shape[1]))
    for start in range(0, len(solved), _ROWS):
        stop = min(start + _ROWS, len(solved))
        systems = np.repeat(prior[None], stop - start, axis=0)
        right = np.zeros((stop - start, factors.shape[1]))
        for row in range(start, stop):
            stored = slice(weights.indptr[row], weights.indptr[row + 1])
            had = factors[weights.indices[stored]]
            extra = confidence * weights.data[stored]
            systems[row - start] += (had * extra[:, None]).T @ had
            right[row - start] = (1 + extra) @ had
        solved[start:stop] = np.linalg.solve(systems, right[..., None])[..., 0]
    return solved
