"""Confidence that means something, and the threshold below which the model declines."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray
from verticals.config import AbstainConfig
from verticals.inference.batches import Scores

# Rows; by a trial on training rows of CLINC150, 12 classes of 12 or 30 rows, that no command repeats: better there than 0.25 and Platt's 1,
# and hardly behind 0.05, which is surer of fewer rows.
_DOUBT = 0.1


@dataclass(frozen=True)
class Calibration:
    """When a prediction counts.

    Attributes:
        temperature: divides the logits.
        familiarity: centre and spread of the familiarity of validation texts.
        strength: centre and spread of their largest logits.
        min_scope: texts whose `scope` is below it are refused as out of scope.
        min_confidence: below it a prediction is unsure, so that the customer is asked back.
    """

    temperature: float
    familiarity: tuple[float, float]
    strength: tuple[float, float]
    min_scope: float
    min_confidence: float

    def probabilities(self, logits: FloatArray) -> Float64Array:
        """Return calibrated probabilities, [rows, classes]."""
        return np.asarray(softmax(logits.astype(np.float64) / self.temperature, axis=1))

    def scope(self, scores: Scores) -> FloatArray:
        """Return how much each text is like the training texts, [rows]; 0 is a typical validation text.

        The sum of two standardised signs that err differently: the distance to the training texts (Sun et al. 2022,
        https://arxiv.org/abs/2204.06507) and the largest logit (Hendrycks et al. 2022, https://arxiv.org/abs/1911.11132).
        """
        return _standardised(scores.familiarity, self.familiarity) + _standardised(
            scores.logits.max(axis=1), self.strength
        )


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram."""

    confidence: float
    accuracy: float
    rows: int


def calibrate(scores: Scores, truth: IntArray, rule: AbstainConfig) -> Calibration:
    """Fit the temperature on validation rows and refuse at most `rule.max_refused` of them.

    The temperature minimises the negative log-likelihood (Guo et al. 2017, https://arxiv.org/abs/1706.04599); rows whose
    label has no class (below 0) do not take part in it.
    """
    known = truth >= 0
    temperature = _temperature(scores.logits[known].astype(np.float64), truth[known])
    familiarity, strength = _typical(scores.familiarity), _typical(scores.logits.max(axis=1))
    free = Calibration(temperature, familiarity, strength, -np.inf, rule.min_confidence)
    lowest = float(np.quantile(free.scope(scores), rule.max_refused, method="lower"))
    return replace(free, min_scope=lowest)


def _typical(values: FloatArray) -> tuple[float, float]:
    """Return the median and the standard deviation, 1 where nothing varies."""
    return float(np.median(values)), float(values.std()) or 1.0


def _standardised(values: FloatArray, typical: tuple[float, float]) -> FloatArray:
    centre, spread = typical
    return (values - centre) / spread


def _temperature(logits: Float64Array, truth: IntArray) -> float:
    """Return the temperature under which the truth is likeliest, and never one that is sure of everything.

    Where all of a few rows are right, the sharpest temperature is the likeliest, and wrong answers to come would be as sure. So, as in
    Platt (1999, "Probabilistic outputs for support vector machines"), a truth counts a little less than 1, the less the fewer rows say it.
    """
    rows, (count, classes) = np.arange(len(truth)), logits.shape
    doubt = _DOUBT / (count + 2 * _DOUBT)
    target = np.full((count, classes), doubt / max(classes - 1, 1))
    target[rows, truth] = 1 - doubt

    def loss(log_temperature: float) -> float:
        return -float((target * log_softmax(logits / np.exp(log_temperature), axis=1)).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def reliability(confidence: Float64Array, right: BoolArray, bins: int = 10) -> list[Bin]:
    """Return the filled bins of a reliability diagram, by rising confidence."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(float(confidence[which == b].mean()), float(right[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]


def risk_coverage(confidence: Float64Array, right: BoolArray, points: int = 50) -> list[tuple[float, float, float]]:
    """Return (coverage, risk, threshold): the share answered, the share wrong among them, and the confidence that does it."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    counts = np.unique(np.linspace(1, len(order), min(points, len(order))).astype(int))
    return [(float(n / len(order)), float(wrong[n - 1] / n), float(confidence[order[n - 1]])) for n in counts]
