"""What a head on sentence vectors learns: one class of several, or any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from verticals.arrays import FloatArray, IntArray
from verticals.evaluation.label_sets import micro_f1
from verticals.methods.linear import Layer, any_of, one_of
from verticals.token_rows import Batch

PROBE_STRENGTHS = (10.0, 30.0)  # inverse regularisation, chosen on validation

Probe = Callable[[FloatArray, FloatArray], tuple[Layer, float]]


@dataclass(frozen=True)
class Head:
    """The target of each training row, its class or probabilities, the probe that a head starts from, and the loss of tuning.

    `probe` takes the vectors of training and validation rows, and returns the layer with its quality on the latter.
    """

    targets: IntArray | FloatArray
    probe: Probe
    loss: Callable[[nn.Module, Batch], Tensor]


def one_class(
    targets: IntArray, held: IntArray, classes: int, balanced: bool, seed: int, agreement: Sequence[float] = ()
) -> Head:
    """Learn one class for each row, by cross-entropy.

    Args:
        targets: class of each training row, [rows].
        held: of each validation row; -1 where its label has no class.
        classes: how many there are.
        balanced: whether every class weighs the same, however many rows it has.
        seed: of the probe.
        agreement: share of annotators behind each training row's class, where it is known: what they doubted is learned as doubtful.
    """

    def probe(vectors: FloatArray, held_vectors: FloatArray) -> tuple[Layer, float]:
        weights = "balanced" if balanced else None
        fitted = [
            LogisticRegression(C=strength, max_iter=1000, class_weight=weights, random_state=seed).fit(vectors, targets)
            for strength in PROBE_STRENGTHS
        ]
        best = max(fitted, key=lambda each: float(each.score(held_vectors, held)))
        return one_of(best, classes), float(best.score(held_vectors, held))

    weight = torch.as_tensor(balanced_weights(targets, classes)) if balanced else None

    def loss(module: nn.Module, batch: Batch) -> Tensor:
        logits = module(batch["input_ids"], batch["attention_mask"])
        if weight is None:
            return nn.functional.cross_entropy(logits, batch["target"])
        # summed by rows: torch's weighted mean divides by the weights of the batch, which undoes them where a batch lacks the rare class
        return nn.functional.cross_entropy(
            logits, batch["target"], weight=weight.to(logits.device), reduction="none"
        ).mean()

    return Head(doubted(targets, agreement, classes) if len(agreement) else targets, probe, loss)


def doubted(targets: IntArray, agreement: Sequence[float], classes: int) -> FloatArray:
    """Return targets as probabilities, [rows, classes]: the agreement for a row's class, the rest for the others as they are common."""
    rows, share = np.arange(len(targets)), np.asarray(agreement, np.float32)
    others = np.tile(np.bincount(targets, minlength=classes).astype(np.float32), (len(targets), 1))
    others[rows, targets] = 0
    soft = others / others.sum(axis=1, keepdims=True) * (1 - share)[:, None]
    soft[rows, targets] = share
    return np.asarray(soft, np.float32)


def balanced_weights(targets: IntArray, classes: int) -> FloatArray:
    """Return each class' weight: rows / (classes with rows * rows of the class), as scikit-learn's `balanced`; 0 without rows."""
    counts = np.bincount(targets, minlength=classes)
    filled = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[filled] = len(targets) / (filled.sum() * counts[filled])
    return weights


def any_class(targets: IntArray, held: IntArray, seed: int) -> Head:
    """Learn any number of classes for each row, each by a binary cross-entropy of its own.

    Args:
        targets: 1 where a training row has a class, else 0, [rows, classes].
        held: the same of the validation rows.
        seed: of the probe.
    """

    def probe(vectors: FloatArray, held_vectors: FloatArray) -> tuple[Layer, float]:
        fitted = [any_of(_logistic(strength, seed), vectors, targets) for strength in PROBE_STRENGTHS]
        quality = [micro_f1(held, _above_zero(layer, held_vectors)) for layer in fitted]
        best = int(np.argmax(quality))
        return fitted[best], quality[best]

    def loss(module: nn.Module, batch: Batch) -> Tensor:
        logits = module(batch["input_ids"], batch["attention_mask"])
        return nn.functional.binary_cross_entropy_with_logits(logits, batch["target"].to(logits.dtype))

    return Head(targets, probe, loss)


def _logistic(strength: float, seed: int) -> Callable[[], LogisticRegression]:
    return lambda: LogisticRegression(C=strength, max_iter=1000, random_state=seed)


def _above_zero(layer: Layer, vectors: FloatArray) -> IntArray:
    weight, bias = layer
    return np.asarray(vectors @ weight.T + bias > 0, np.int64)
