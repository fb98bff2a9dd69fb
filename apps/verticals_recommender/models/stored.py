"""Stored values of a few rows of a sparse matrix, read straight from its arrays.

A request reads some twenty rows: scipy's checks of a new matrix for each of them would cost more than the reading.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from verticals.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Stored:
    """Values with their places, row after row.

    Attributes:
        row: which of the rows asked for, [values].
        column: as in the matrix, [values].
        value: [values].
        shape: rows asked for, and columns of the matrix.
    """

    row: IntArray
    column: IntArray
    value: FloatArray
    shape: tuple[int, int]

    def scaled(self, factors: FloatArray) -> "Stored":
        """Return the rows times one factor each, [rows]."""
        return Stored(self.row, self.column, self.value * factors[self.row], self.shape)

    def total(self) -> FloatArray:
        """Return the sum over the rows, [columns]."""
        return np.bincount(self.column, self.value, minlength=self.shape[1]).astype(np.float32)

    def columns(self, wanted: IntArray) -> FloatArray:
        """Return some columns, [rows, wanted]."""
        place = np.full(self.shape[1], -1)
        place[wanted] = np.arange(len(wanted))
        at = place[self.column]
        found = at >= 0
        dense = np.zeros((self.shape[0], len(wanted)), np.float32)
        dense[self.row[found], at[found]] = self.value[found]
        return dense[:, place[wanted]]  # one that is wanted twice has one place


def rows(matrix: sparse.csr_matrix, wanted: IntArray) -> Stored:
    """Return the stored values of some rows, in the order given."""
    starts, ends = matrix.indptr[wanted], matrix.indptr[wanted + 1]
    counts = ends - starts
    row = np.repeat(np.arange(len(wanted)), counts)
    place = np.arange(len(row)) + np.repeat(ends - np.cumsum(counts), counts)
    shape = (len(wanted), int(matrix.shape[1]))
    return Stored(row, matrix.indices[place], matrix.data[place], shape)
