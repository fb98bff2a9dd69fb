"""What the detector is measured against: a constant threshold, and a normal distribution over a window."""

import math

import numpy as np
from scipy.special import erfc

from verticals.arrays import Float64Array


def constant_threshold(values: Float64Array) -> Float64Array:
    """Return the values themselves as scores: one threshold on the count, for every ticker and hour."""
    return values


def windowed_gaussian(values: Float64Array, window: int = 6_400, step: int = 100) -> Float64Array:
    """Return one minus the tail probability of each value under the normal distribution of the window before it, [rows].

    A baseline of the Numenta Anomaly Benchmark, with its window, which moves on in steps. Rounded to 12 digits, as its published scores are.
    """
    rows = np.arange(len(values))
    end = np.where(rows <= window, rows, window + (rows - window) // step * step)
    begin = np.maximum(0, end - window)
    count = np.maximum(end - begin, 1)
    sums, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (values, values**2))
    mean = (sums[end] - sums[begin]) / count
    spread = np.sqrt(np.maximum((squares[end] - squares[begin]) / count - mean**2, 0))
    distance = np.abs(values - mean) / np.where(spread == 0, 1e-6, spread)
    scores: Float64Array = np.round(1 - erfc(distance / math.sqrt(2)) / 2, 12)
    scores[:1] = 0.0
    return scores
