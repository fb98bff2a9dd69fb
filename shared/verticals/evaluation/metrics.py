"""Metrics as pure functions of arrays, each with a bootstrap interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray

_RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap(metric: Callable[..., float], *arrays: npt.NDArray[np.generic], seed: int = 0) -> Estimate:
    """Return `metric(*arrays)` with the 2.5 and 97.5 percentiles over resampled rows (Efron 1979)."""
    generator = np.random.default_rng(seed)
    rows = len(arrays[0])
    draws = (generator.integers(0, rows, rows) for _ in range(_RESAMPLES))
    values = [metric(*(array[draw] for array in arrays)) for draw in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(metric(*arrays), float(low), float(high))


def calibration_error(confidence: Float64Array, right: BoolArray) -> Estimate:
    """Return the expected calibration error with its basic bootstrap interval (Davison and Hinkley 1997, section 5.2).

    Noise in a bin moves confidence and accuracy apart, whichever way, so the error is biased upward, and a resample adds the noise once
    more: the percentiles of resamples lie above what they should enclose. The basic interval takes from the value by how much the
    resamples exceed it. On few rows or a small error it can lie below the value, and ends at 0; where the true error is next to nothing it
    still encloses it too seldom.
    """
    found = bootstrap(expected_calibration_error, confidence, right)
    low, high = (max(0.0, 2 * found.value - end) for end in (found.high, found.low))
    return Estimate(found.value, low, high)


def mean(values: Float64Array | BoolArray) -> float:
    """Return the mean."""
    return float(np.mean(values))


def accuracy(truth: IntArray, predicted: IntArray) -> float:
    """Return the share of rows predicted right."""
    return float(np.mean(truth == predicted))


def macro_f1(truth: IntArray, predicted: IntArray) -> float:
    """Return the mean over the classes in `truth` or `predicted` of 2PR / (P + R)."""
    lowest = min(int(truth.min()), int(predicted.min()))
    classes = int(max(truth.max(), predicted.max())) + 1 - lowest
    right = np.bincount(truth[truth == predicted] - lowest, minlength=classes)
    total = np.bincount(truth - lowest, minlength=classes) + np.bincount(predicted - lowest, minlength=classes)
    present = total > 0
    return float(np.mean(2 * right[present] / total[present]))


def expected_calibration_error(confidence: Float64Array, right: BoolArray, bins: int = 15) -> float:
    """Return the mean distance of confidence and accuracy over equal-width bins (Guo et al. 2017)."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    weight = np.bincount(which, minlength=bins) / len(confidence)
    filled = weight > 0
    mean_confidence = np.bincount(which, confidence, bins)[filled] / (weight[filled] * len(confidence))
    mean_right = np.bincount(which, right, bins)[filled] / (weight[filled] * len(confidence))
    return float(np.sum(weight[filled] * np.abs(mean_confidence - mean_right)))


def auroc(inside: FloatArray, outside: FloatArray) -> float:
    """Return the chance that an in-scope row scores higher than an out-of-scope row."""
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))


def confused_pairs(
    truth: IntArray, predicted: IntArray, labels: Sequence[str], most: int = 10
) -> list[tuple[str, str, int]]:
    """Return (true label, predicted label, rows), most frequent first; rows of unseen labels are left out."""
    wrong = (truth != predicted) & (truth >= 0)
    pairs, counts = np.unique(np.stack([truth[wrong], predicted[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [(labels[int(pairs[0, i])], labels[int(pairs[1, i])], int(counts[i])) for i in order]
