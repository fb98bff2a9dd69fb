"""Metrics of texts that may have several labels, as pure functions of 0/1 matrices, both [rows, labels]."""

import numpy as np

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import bootstrap, mean


def micro_f1(truth: IntArray, predicted: IntArray) -> float:
    """Return 2TP / (2TP + FP + FN) over all rows and labels; 1 where there is nothing to find and nothing was found."""
    right, total = int((truth & predicted).sum()), int(truth.sum() + predicted.sum())
    return 2 * right / total if total else 1.0


def macro_f1(truth: IntArray, predicted: IntArray) -> float:
    """Return the mean F1 over the labels that `truth` or `predicted` has; 1 where there are none."""
    right, total = (truth & predicted).sum(axis=0), truth.sum(axis=0) + predicted.sum(axis=0)
    present = total > 0
    return float(np.mean(2 * right[present] / total[present])) if present.any() else 1.0


def exact(truth: IntArray, predicted: IntArray) -> Float64Array:
    """Return 1 for each row whose labels are all right and complete; its mean is the subset accuracy."""
    return np.asarray((truth == predicted).all(axis=1), np.float64)


def judge(truth: IntArray, predicted: IntArray) -> Judgement:
    """Judge predictions; models are compared by the subset accuracy."""
    whole = exact(truth, predicted)
    metrics = {
        "micro_f1": bootstrap(micro_f1, truth, predicted),
        "macro_f1": bootstrap(macro_f1, truth, predicted),
        "subset_accuracy": bootstrap(mean, whole),
    }
    return Judgement(metrics, "subset_accuracy", whole)


def best_threshold(logits: FloatArray, truth: IntArray) -> float:
    """Return the logit from which a label counts, by micro F1; of equals the one nearest to 0, an even chance."""
    candidates = sorted(np.linspace(-2.0, 2.0, 41), key=abs)
    quality = [micro_f1(truth, np.asarray(logits > candidate, np.int64)) for candidate in candidates]
    return float(candidates[int(np.argmax(quality))])
