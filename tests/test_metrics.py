"""Metrics and calibration against answers worked out by hand or by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from verticals.evaluation.calibration import Calibration, calibrate, reliability, risk_coverage
from verticals.evaluation.classification import evaluate
from verticals.evaluation.metrics import (
    accuracy,
    auroc,
    bootstrap,
    confused_pairs,
    expected_calibration_error,
    macro_f1,
)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_macro_f1_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, predicted = (np.array(column) for column in zip(*rows, strict=True))
    assert macro_f1(truth, predicted) == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))


def test_an_unseen_label_counts_as_an_error() -> None:
    assert accuracy(np.array([-1, 0]), np.array([0, 0])) == 0.5
    assert confused_pairs(np.array([-1, 0]), np.array([0, 1]), ["a", "b"]) == [("a", "b", 1)]


def test_confidence_that_equals_accuracy_has_no_calibration_error() -> None:
    confidence, right = np.full(10, 0.7), np.array([True] * 7 + [False] * 3)
    assert expected_calibration_error(confidence, right) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(10, 1.0), right) == pytest.approx(0.3)


def test_bootstrap_contains_the_value_and_narrows_with_rows() -> None:
    generator = np.random.default_rng(0)
    widths = []
    for rows in (100, 10_000):
        right = generator.random(rows) < 0.8
        estimate = bootstrap(lambda flags: float(flags.mean()), right)
        assert estimate.low <= estimate.value <= estimate.high
        widths.append(estimate.high - estimate.low)
    assert widths[1] < widths[0] / 5


def test_temperature_repairs_logits_that_are_ten_times_too_sure() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 4000)
    logits = generator.normal(size=(4000, 3))
    logits[np.arange(4000), truth] += 1.5
    fitted = calibrate((logits * 10).astype(np.float32), truth, max_refused=0.05)
    assert fitted.temperature == pytest.approx(
        10 * calibrate(logits.astype(np.float32), truth, 0.05).temperature, rel=0.01
    )
    probabilities = fitted.probabilities((logits * 10).astype(np.float32))
    right = probabilities.argmax(axis=1) == truth
    assert expected_calibration_error(probabilities.max(axis=1), right) < 0.03


def test_the_threshold_refuses_at_most_the_share_asked_for() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(500, 4)).astype(np.float32) * 3
    fitted = calibrate(logits, logits.argmax(axis=1), max_refused=0.1)
    refused = np.mean(fitted.probabilities(logits).max(axis=1) < fitted.threshold)
    assert 0.08 <= refused <= 0.1


def test_reliability_bins_hold_every_row_and_coverage_ends_at_everything() -> None:
    confidence, right = np.linspace(0, 1, 101), np.arange(101) % 3 > 0
    assert sum(each.rows for each in reliability(confidence, right)) == 101
    coverage, risk, threshold = risk_coverage(confidence, right)[-1]
    assert (coverage, threshold) == (1.0, 0.0)
    assert risk == pytest.approx(1 - right.mean())


def test_auroc_of_separated_scores_is_one() -> None:
    assert auroc(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 1.0


def test_out_of_scope_kinds_are_reported_apart() -> None:
    from verticals.data.examples import Examples

    inside = np.array([[9.0, 0.0], [0.0, 9.0]], np.float32)
    outside = np.array([[0.1, 0.0], [9.0, 0.0]], np.float32)
    judged = evaluate(
        inside, np.array([0, 1]), Calibration(1.0, 0.9), ["a", "b"], Examples(("x", "y"), ("far", "near")), outside
    )
    values = {name: estimate.value for name, estimate in judged.metrics.items()}
    assert values["oos_recall_far"] == 1.0
    assert values["oos_recall_near"] == 0.0
    assert values["oos_recall"] == 0.5
    assert values["refused_in_scope"] == 0.0
