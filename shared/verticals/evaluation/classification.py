"""What a classifier is worth: quality with intervals, calibration, and behaviour on texts that belong to no class."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals.data.examples import Examples
from verticals.evaluation.calibration import Bin, Calibration, reliability, risk_coverage
from verticals.evaluation.metrics import (
    Estimate,
    accuracy,
    auroc,
    bootstrap,
    calibration_error,
    confused_pairs,
    macro_f1,
    mean,
)
from verticals.inference.batches import Scores


@dataclass(frozen=True)
class Evaluation:
    """Metrics by field name, and the series that a report draws."""

    metrics: dict[str, Estimate]
    confused_pairs: list[tuple[str, str, int]]
    reliability: list[Bin]
    risk_coverage: list[tuple[float, float, float]]
    right: BoolArray = field(repr=False)


def class_indices(examples: Examples, labels: Sequence[str]) -> IntArray:
    """Return each example's class; for labels that no class has -1, -2 and so on, which no prediction equals."""
    position = {label: number for number, label in enumerate(labels)}
    unseen = dict.fromkeys(label for label in examples.labels if label not in position)
    position |= {label: -1 - number for number, label in enumerate(unseen)}
    return np.array([position[label] for label in examples.labels], dtype=np.int64)


def evaluate(
    scores: Scores,
    truth: IntArray,
    calibration: Calibration,
    labels: Sequence[str],
    outside: Examples = Examples(),  # noqa: B008 - frozen
    outside_scores: Scores | None = None,
) -> Evaluation:
    """Judge predictions on a test set, and on texts outside every class where there are some."""
    probabilities = calibration.probabilities(scores.logits)
    confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    right = predicted == truth
    scope = calibration.scope(scores)
    familiar = scope >= calibration.min_scope
    metrics = {
        "accuracy": bootstrap(accuracy, truth, predicted),
        "macro_f1": bootstrap(macro_f1, truth, predicted),
        "ece": calibration_error(confidence, right),
        "refused_in_scope": bootstrap(mean, ~familiar),
        "unsure_in_scope": bootstrap(mean, familiar & (confidence < calibration.min_confidence)),
        "accuracy_at_threshold": bootstrap(mean, right & familiar),
    }
    if outside_scores is not None and len(outside):
        metrics |= _outside_metrics(scope, calibration.scope(outside_scores), calibration, outside)
    pairs = confused_pairs(truth, predicted, labels)
    return Evaluation(metrics, pairs, reliability(confidence, right), risk_coverage(confidence, right), right)


def _outside_metrics(
    inside: FloatArray, outside: FloatArray, calibration: Calibration, examples: Examples
) -> dict[str, Estimate]:
    refused = outside < calibration.min_scope
    kinds = np.array(examples.labels)
    metrics = {"oos_recall": bootstrap(mean, refused), "oos_auroc": _auroc(inside, outside)}
    if len(set(examples.labels)) > 1:
        metrics |= {
            f"oos_recall_{kind}": bootstrap(mean, refused[kinds == kind]) for kind in sorted(set(examples.labels))
        }
    return metrics


def _auroc(inside: FloatArray, outside: FloatArray, resamples: int = 200) -> Estimate:
    generator = np.random.default_rng(0)
    values = [
        auroc(generator.choice(inside, len(inside)), generator.choice(outside, len(outside))) for _ in range(resamples)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(auroc(inside, outside), float(low), float(high))
