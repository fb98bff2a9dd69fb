"""Metrics and calibration against answers worked out by hand or by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from verticals.config import AbstainConfig
from verticals.data.examples import Examples
from verticals.evaluation.calibration import Calibration, calibrate, reliability, risk_coverage
from verticals.evaluation.classification import class_indices, evaluate
from verticals.evaluation.metrics import (
    accuracy,
    auroc,
    bootstrap,
    confused_pairs,
    expected_calibration_error,
    macro_f1,
)
from verticals.evaluation.report import metric_rows
from verticals.inference.batches import Scores, mean_of_nearest


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


def test_the_interval_of_the_calibration_error_encloses_the_true_one_though_noise_raises_the_value() -> None:
    generator, rule = np.random.default_rng(0), Calibration(1.0, (0.0, 1.0), (0.0, 1e9), 0.0, 0.5)
    enclosed = 0
    for _ in range(8):
        confidence = generator.uniform(0.55, 1, 300)
        wrong = generator.random(300) > confidence - 0.02  # two points too surely
        logits = np.stack([np.log(confidence / (1 - confidence)), np.zeros(300)], axis=1)
        error = evaluate(scores(logits), wrong.astype(np.int64), rule, ["a", "b"]).metrics["ece"]
        enclosed += 0 <= error.low <= 0.02 <= error.high
    assert enclosed >= 6  # the percentiles of resamples enclose it never


def scores(logits: np.ndarray, familiarity: np.ndarray | None = None) -> Scores:
    familiar = np.ones(len(logits)) if familiarity is None else familiarity
    return Scores(logits.astype(np.float32), familiar.astype(np.float32))


def test_temperature_repairs_logits_that_are_ten_times_too_sure() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 4000)
    logits = generator.normal(size=(4000, 3))
    logits[np.arange(4000), truth] += 1.5
    fitted = calibrate(scores(logits * 10), truth, AbstainConfig())
    assert fitted.temperature == pytest.approx(
        10 * calibrate(scores(logits), truth, AbstainConfig()).temperature, rel=0.01
    )
    probabilities = fitted.probabilities((logits * 10).astype(np.float32))
    right = probabilities.argmax(axis=1) == truth
    assert expected_calibration_error(probabilities.max(axis=1), right) < 0.03


def test_a_few_rows_that_are_all_right_do_not_make_everything_sure() -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(30, 5)).astype(np.float32)
    truth = logits.argmax(axis=1)
    fitted = calibrate(scores(logits), truth, AbstainConfig())
    assert 0.05 < fitted.temperature < 1
    assert fitted.probabilities(np.array([[0.1, 0, 0, 0, 0]], np.float32)).max() < 0.7
    assert (
        calibrate(scores(np.repeat(logits, 9, axis=0)), np.repeat(truth, 9), AbstainConfig()).temperature
        < fitted.temperature
    )


def test_every_label_that_no_class_has_counts_as_a_class_of_its_own() -> None:
    examples = Examples(("1", "2", "3", "4", "5"), ("a", "b", "c", "d", "c"))
    truth = class_indices(examples, ("b", "a"))
    assert truth.tolist() == [1, 0, -1, -2, -1]
    assert macro_f1(truth, np.array([1, 0, 1, 1, 0])) == pytest.approx(
        f1_score(list(examples.labels), ["a", "b", "a", "a", "b"], average="macro", zero_division=0)
    )


def test_no_more_than_the_share_asked_for_is_refused() -> None:
    generator = np.random.default_rng(1)
    logits, familiarity = generator.normal(size=(500, 4)), generator.random(500).astype(np.float32)
    fitted = calibrate(scores(logits, familiarity), logits.argmax(axis=1), AbstainConfig(max_refused=0.1))
    assert 0.08 <= np.mean(fitted.scope(scores(logits, familiarity)) < fitted.min_scope) <= 0.1


def test_familiarity_is_the_mean_of_the_nearest_known_texts() -> None:
    similarities = np.array([[0.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.0], [1.0] * 7], np.float32)
    assert mean_of_nearest(similarities) == pytest.approx([0.7, 1.0])
    assert mean_of_nearest(similarities[:, :2]) == pytest.approx([0.5, 1.0])


def test_reliability_bins_hold_every_row_and_coverage_ends_at_everything() -> None:
    confidence, right = np.linspace(0, 1, 101), np.arange(101) % 3 > 0
    assert sum(each.rows for each in reliability(confidence, right)) == 101
    coverage, risk, threshold = risk_coverage(confidence, right)[-1]
    assert (coverage, threshold) == (1.0, 0.0)
    assert risk == pytest.approx(1 - right.mean())


def test_auroc_of_separated_scores_is_one() -> None:
    assert auroc(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 1.0


def test_out_of_scope_kinds_are_reported_apart() -> None:
    rule = Calibration(temperature=1.0, familiarity=(0.5, 1.0), strength=(0.0, 1e9), min_scope=0.0, min_confidence=0.5)
    inside = scores(np.array([[9.0, 0.0], [0.0, 9.0], [0.0, 0.1]]), np.array([0.9, 0.8, 0.4]))
    outside = scores(np.array([[9.0, 0.0], [9.0, 0.0]]), np.array([0.1, 0.7]))
    judged = evaluate(inside, np.array([0, 1, 1]), rule, ["a", "b"], Examples(("x", "y"), ("far", "near")), outside)
    values = {name: estimate.value for name, estimate in judged.metrics.items()}
    assert (values["oos_recall_far"], values["oos_recall_near"], values["oos_recall"]) == (1.0, 0.0, 0.5)
    assert values["accuracy"] == 1.0
    assert values["refused_in_scope"] == pytest.approx(1 / 3)
    assert values["accuracy_at_threshold"] == pytest.approx(2 / 3)


def test_a_report_names_a_cut_as_the_field_does_and_gives_an_exact_figure_no_interval() -> None:
    exact, estimated = {"value": 0.25, "low": 0.25, "high": 0.25}, {"value": 0.3, "low": 0.2, "high": 0.4}
    metrics = {"ndcg_at_10": estimated, "coverage_at_10": exact}
    assert metric_rows({"metrics": metrics, "baseline": {"metrics": {}}}) == [
        ("nDCG@10", "0.300 (0.200 to 0.400)", "not measured"),
        ("coverage@10", "25.0%", "not measured"),
    ]
