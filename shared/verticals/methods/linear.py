"""scikit-learn's linear classifiers as one layer: a weight row and a bias for every class."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from verticals.arrays import FloatArray, IntArray

Linear: TypeAlias = LogisticRegression | LinearSVC
Layer = tuple[FloatArray, FloatArray]  # weight, [classes, features], and bias, [classes]
_NEVER = 1.0  # below every other bias


def one_of(fitted: Linear, classes: int) -> Layer:
    """Return the layer of a classifier that chooses one class; a class without rows is never the best."""
    weight, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn keeps one row for two classes
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    full_weight = np.zeros((classes, weight.shape[1]), np.float32)
    full_bias = np.full(classes, bias.min() - _NEVER, np.float32)
    full_weight[fitted.classes_], full_bias[fitted.classes_] = weight, bias
    return full_weight, full_bias


def any_of(make: Callable[[], Linear], vectors: FloatArray | csr_matrix, targets: IntArray) -> Layer:
    """Fit one classifier for each class against the rest; what all rows or none have is always or never predicted.

    Args:
        make: returns a new classifier.
        vectors: [rows, features].
        targets: 1 where a row has a class, else 0, [rows, classes].
    """
    weight = np.zeros((targets.shape[1], vectors.shape[1]), np.float32)
    bias = np.where(targets[0] == 1, _NEVER, -_NEVER).astype(np.float32)
    for number, column in enumerate(targets.T):
        if column.min() < column.max():
            fitted = make().fit(vectors, column)
            weight[number], bias[number] = fitted.coef_[0], fitted.intercept_[0]
    return weight, bias
