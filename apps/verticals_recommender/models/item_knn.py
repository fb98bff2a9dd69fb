"""ItemKNN: cosine of items over the users they share, shrunk where few are shared (Sarwar et al. 2001; Bell and Koren 2007)."""

import numpy as np
from scipy import sparse

from verticals_recommender.models.histories import Histories
from verticals_recommender.models.item_weights import ItemWeights, strongest

KIND = "item-knn"
_COLUMNS = 1024


def fit(histories: Histories, neighbours: int, shrinkage: float) -> ItemWeights:
    """Learn cosines, keeping for each item its nearest ones.

    Args:
        histories: the training rows.
        neighbours: how many other items have a say in an item's score.
        shrinkage: added to the denominator: items shared by few users look less alike.
    """
    shared = sparse.csc_matrix(histories.weights.T @ histories.weights)
    length = np.sqrt(shared.diagonal())
    shared.setdiag(0)
    blocks = []
    for start in range(0, shared.shape[1], _COLUMNS):
        block = shared[:, start : start + _COLUMNS].toarray()
        scale = np.maximum(length[:, None] * length[None, start : start + _COLUMNS] + shrinkage, 1e-12)
        blocks.append(sparse.csc_matrix(strongest((block / scale).astype(np.float32), neighbours)))
    return ItemWeights(KIND, sparse.csr_matrix(sparse.hstack(blocks)))
