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
    by_item = sparse.csc_matrix(histories.weights)
    length = np.sqrt(np.asarray(by_item.multiply(by_item).sum(axis=0), np.float32)).ravel()
    blocks = []
    for start in range(0, by_item.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        shared = (by_item.T @ by_item[:, columns]).toarray()
        cosines = shared / np.maximum(np.outer(length, length[columns]) + np.float32(shrinkage), np.float32(1e-12))
        wanted = np.arange(cosines.shape[1])
        cosines[start + wanted, wanted] = 0
        blocks.append(sparse.csc_matrix(strongest(cosines.astype(np.float32), neighbours)))
    return ItemWeights(KIND, sparse.csr_matrix(sparse.hstack(blocks)))
