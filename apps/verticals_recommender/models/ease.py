"""EASE: the best linear item-to-item model in closed form (Steck 2019, https://arxiv.org/abs/1905.03375).

B = I - P / diag(P) with P = (X'X + λI)^-1. Where there are fewer users than items the same P comes from the smaller
system over users (Woodbury): P = (I - X' (XX' + λI)^-1 X) / λ.
"""

from collections.abc import Iterator

import numpy as np
from scipy import linalg, sparse

from verticals.arrays import Float64Array, FloatArray
from verticals.errors import DataError
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.item_weights import ItemWeights, strongest

KIND = "ease"
LARGEST = 20_000
_COLUMNS = 1024


def refusal(shape: tuple[int, int]) -> str:
    """Say why so many users and items are too many for a closed form, and what helps; nothing where they are not."""
    if min(shape) <= LARGEST:
        return ""
    return (
        f"EASE solves a system over users or over items, at most {LARGEST:,}; found {shape[0]:,} users and {shape[1]:,} items; "
        "to have it, raise app.core, by which rare ones are left out"
    )


def fit(histories: Histories, regularisation: float, neighbours: int) -> ItemWeights:
    """Solve for the weights, keeping for each item its strongest ones.

    Args:
        histories: the training rows.
        regularisation: λ, the larger the smoother.
        neighbours: how many other items have a say in an item's score (SANSA's pruning, Spišák et al. 2023).

    Raises:
        DataError: users and items are both too many for a closed form.
    """
    x = sparse.csr_matrix(histories.weights, dtype=np.float64)
    if refused := refusal(x.shape):
        raise DataError(refused)
    columns = _over_items if x.shape[1] <= x.shape[0] else _over_users
    blocks = [
        sparse.csc_matrix(strongest(_weights(start, inverse), neighbours))
        for start, inverse in columns(x, regularisation)
    ]
    return ItemWeights(KIND, sparse.csr_matrix(sparse.hstack(blocks)))


def _weights(start: int, inverse: Float64Array) -> FloatArray:
    """Return -P / diag(P) without its diagonal, for the columns of P from `start` on."""
    columns = np.arange(inverse.shape[1])
    weights = -inverse / inverse[start + columns, columns]
    weights[start + columns, columns] = 0
    return weights.astype(np.float32)


def _over_items(x: sparse.csr_matrix, regularisation: float) -> Iterator[tuple[int, Float64Array]]:
    inverse = _inverse((x.T @ x).toarray(), regularisation)
    for start in range(0, len(inverse), _COLUMNS):
        yield start, inverse[:, start : start + _COLUMNS]


def _over_users(x: sparse.csr_matrix, regularisation: float) -> Iterator[tuple[int, Float64Array]]:
    inverse = _inverse((x @ x.T).toarray(), regularisation)
    of_item = sparse.csc_matrix(x)
    for start in range(0, x.shape[1], _COLUMNS):
        block = -(x.T @ (inverse @ of_item[:, start : start + _COLUMNS].toarray()))
        columns = np.arange(block.shape[1])
        block[start + columns, columns] += 1
        yield start, block / regularisation


def _inverse(gram: Float64Array, regularisation: float) -> Float64Array:
    gram[np.diag_indices_from(gram)] += regularisation
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True)
    return np.asarray(linalg.cho_solve(factor, np.eye(len(gram)), overwrite_b=True), np.float64)
