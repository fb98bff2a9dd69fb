"""A model of behaviour in which new items borrow: who wants an item that nobody had is told by those who want its relatives by text.

Without it such an item has no part in what behaviour says, and only its text speaks for it in a blend. Here it scores what its nearest
relatives score, weighted by how near they are (the kNN mapping of Gantner et al. 2010, https://doi.org/10.1109/ICDM.2010.129), `share`
times: new items have more readers to come than they have now.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model, Scored, others
from verticals_recommender.models.stored import rows
from verticals_recommender.models.vectors import Vectors, relatives, unit
from verticals_recommender.models.wrapper import Wrapper

KIND = "borrowing"
_SHARPNESS = 2.0  # power of the nearness; better than 1 where known books of Book-Crossing were held out as new
_FILE = "loans.safetensors"


@dataclass(frozen=True)
class Borrowing(Wrapper):
    """A model whose new items borrow.

    Attributes:
        vectors: directions of the item texts, [items, width].
        known: which items it learned of, [items].
        share: how many times the score of its relatives a new item has.
        loans: what an item takes of which, [lender, borrower]; columns of new items with relatives add up to `share`.
    """

    NAME = KIND

    vectors: FloatArray
    known: BoolArray
    share: float
    loans: sparse.csc_matrix

    def scores(self, histories: Histories) -> FloatArray:
        """Return the scores of the model within; those of new items are borrowed."""
        return with_loans(self.model.scores(histories), self.loans)

    def scored(self, history: Histories) -> Scored:
        """Return what the model within makes of one user; a new item is wanted for the reasons for which its relatives are."""
        inner = self.model.scored(history)

        def contributions(items: IntArray) -> FloatArray:
            taken = rows(self._by_borrower, items)
            if not len(taken.column):
                return inner.contributions(items)
            lenders = np.unique(taken.column)
            parts = inner.contributions(np.concatenate([items, lenders]))
            own, lent = parts[:, : len(items)], parts[:, len(items) :]
            return np.asarray(own + lent @ taken.columns(lenders).T, np.float32)

        return Scored(inner.scores + self._by_borrower @ inner.scores, contributions)

    @cached_property
    def _by_borrower(self) -> sparse.csr_matrix:
        return sparse.csr_matrix(self.loans.T)

    def extended(self, vectors: FloatArray) -> "Borrowing":
        """Return the model with new items, which borrow at once."""
        together = np.concatenate([self.vectors, unit(vectors)])
        known = np.concatenate([self.known, np.zeros(len(vectors), bool)])
        loans = self.loans.copy()
        loans.resize(len(together), self.size)
        lent = _lent(relatives(together, self.size, len(together)), known, self.share)
        loans = sparse.csc_matrix(sparse.hstack([loans, lent]))
        return Borrowing(self.model.extended(vectors), together, known, self.share, loans)

    def erased(self, items: IntArray) -> "Borrowing":
        """Return the model without items: they neither lend nor borrow any more."""
        kept = others(self.size, items)
        known, vectors = self.known & kept, self.vectors * kept[:, None]
        loans = _lent(self.loans @ sparse.diags_array(kept.astype(np.float32)), known, self.share, sharpness=1)
        return Borrowing(self.model.erased(items), vectors, known, self.share, loans)

    def save(self, folder: Path) -> None:
        """Write the model within into a folder of its own, and beside it what is borrowed."""
        self.save_within(folder)
        loans = {"data": self.loans.data, "indices": self.loans.indices, "indptr": self.loans.indptr}
        save_file({"vectors": self.vectors, "known": self.known, **loans}, folder / _FILE)
        write_json(folder / "model.json", {"kind": KIND, "share": self.share})


def fit(model: Model, text: Vectors, histories: Histories, share: float) -> Borrowing:
    """Let the items without a row in the histories borrow, in a model that was fitted on these before."""
    known = known_items(histories)
    return Borrowing(model, text.vectors, known, share, loans(text, known, share))


def load(folder: Path, model: Model, share: float) -> Borrowing:
    """Put together what `save` wrote; damaged positions raise ValueError."""
    arrays = load_file(folder / _FILE)
    shape = (len(arrays["known"]), len(arrays["known"]))
    loans = sparse.csc_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    loans.check_format(full_check=True)
    return Borrowing(model, arrays["vectors"], arrays["known"], share, loans)


def loans(text: Vectors, known: BoolArray, share: float) -> sparse.csc_matrix:
    """Return what an item takes of which, [lender, borrower]: columns of known items and of strangers are empty."""
    return _lent(text.near.weights @ sparse.diags_array((~known).astype(np.float32)), known, share)


def _lent(
    near: sparse.sparray | sparse.spmatrix, known: BoolArray, share: float, sharpness: float = _SHARPNESS
) -> sparse.csc_matrix:
    """Return columns of nearness, [items, columns], as weights of the known items that add up to `share`, or to nothing."""
    columns = sparse.csc_matrix(sparse.diags_array(known.astype(np.float32)) @ near)
    columns.eliminate_zeros()
    columns.data **= sharpness
    total = np.asarray(columns.sum(axis=0)).ravel()
    scale = np.divide(share, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csc_matrix(columns @ sparse.diags_array(scale))


def known_items(histories: Histories) -> BoolArray:
    """Say which items somebody had, [items]."""
    return np.bincount(histories.weights.indices, minlength=histories.weights.shape[1]) > 0


def with_loans(scores: FloatArray, loans: sparse.csc_matrix) -> FloatArray:
    """Return scores, [users, items], to which what is borrowed is added."""
    borrowers = np.flatnonzero(np.diff(loans.indptr))
    added = scores.copy()
    added[:, borrowers] += (loans[:, borrowers].T @ scores.T).T
    return added
