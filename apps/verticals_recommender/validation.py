"""What candidates are compared on: validation rows, of which the models know nothing."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray
from verticals_recommender.candidates import Candidate, Material
from verticals_recommender.models.blend import spread
from verticals_recommender.models.borrowing import known_items, loans, with_loans
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.vectors import Vectors
from verticals_recommender.splits import Split

SHELF = 10


class Validation:
    """The users who decide, with what they saw and what they wanted next; those of all folds, one fold after the other.

    An item that had not come yet is not ranked: models that find new items by their text would be blamed for it, though nobody could have
    chosen it. One that stood there unchosen is: else whoever brings new items forward would only find such as somebody did choose.
    """

    def __init__(
        self, folds: Sequence[Split], text: Vectors | None, most: int, seed: int, added: Float64Array | None = None
    ) -> None:
        """Take the judges out of each fold; `added` is when each item came, in seconds, [items], NaN where unknown."""
        self._folds = [_judges(fold, text, most, seed) for fold in folds]
        lenders = [known_items(material.histories) for material, _, _ in self._folds]
        self._loans = [] if text is None else [loans(text, known, 1.0) for known in lenders]
        self._seen = sparse.vstack([judges.weights for _, judges, _ in self._folds], format="csr")
        self._wanted = sparse.vstack([wanted for _, _, wanted in self._folds], format="csr")
        self._to_come = _to_come(folds[0], added)  # the same rows are known in every fold

    def scores(self, candidate: Candidate) -> FloatArray:
        """Fit a candidate in every fold and return the users' scores in units of their spread, [users, items]."""
        blocks = [candidate.fit(material).scores(judges) for material, judges, _ in self._folds]
        return np.concatenate([block / spread(block) for block in blocks])

    def lent(self, scores: FloatArray, share: float) -> FloatArray:
        """Return scores of `scores` as they are where items that are new to a fold borrow from their relatives by text, if there is text."""
        if not share:
            return scores
        ends = np.cumsum([len(judges) for _, judges, _ in self._folds])
        blocks = zip(np.split(scores, ends[:-1]), self._loans, strict=True)
        return np.concatenate([with_loans(block, share * loan) for block, loan in blocks])

    def ndcg(self, scores: FloatArray) -> float:
        """Return the mean nDCG at 10 over all unseen items that had come."""
        unseen = scores.copy()
        unseen[self._seen.nonzero()] = -np.inf
        unseen[:, self._to_come] = -np.inf
        count = min(SHELF, scores.shape[1])
        shelf = np.argpartition(-unseen, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(unseen, shelf, axis=1), axis=1, kind="stable")
        shelf = np.take_along_axis(shelf, order, axis=1)
        return float(np.mean(self._gains(shelf)))

    def _gains(self, shelf: IntArray) -> Float64Array:
        users = np.arange(len(shelf))[:, None]
        hits = np.asarray(self._wanted[np.broadcast_to(users, shelf.shape), shelf].todense()) > 0
        discounts = 1 / np.log2(np.arange(2, shelf.shape[1] + 2))
        ideal = np.cumsum(discounts)[np.minimum(np.diff(self._wanted.indptr), shelf.shape[1]) - 1]
        return np.asarray((hits * discounts).sum(axis=1) / ideal, np.float64)


def _to_come(split: Split, added: Float64Array | None) -> BoolArray:
    """Say which items came after the validation rows, [items]: as they say, and else those whose first row is a test row."""
    known, items = split.known(), split.train.shape[1]
    later = np.bincount(split.test.item, minlength=items) > 0
    if added is not None and known.timed:
        later = np.where(np.isnan(added), later, added > known.time.max(initial=-np.inf))
    return np.asarray(later & (np.bincount(known.item, minlength=items) == 0), bool)


def _judges(fold: Split, text: Vectors | None, most: int, seed: int) -> tuple[Material, Histories, sparse.csr_matrix]:
    """Return what to fit on, the histories of the users who decide, and what they wanted next."""
    users = np.unique(fold.validation.user)
    if len(users) > most:
        users = np.sort(np.random.default_rng(seed).choice(users, most, replace=False))
    known = histories(fold.train)
    return Material(known, text, seed), known.select(users), sparse.csr_matrix(fold.validation.matrix()[users])
