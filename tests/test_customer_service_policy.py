"""The hand-over policy: its promise is kept in 95 of 100 draws, and what it does to a bot."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from toys import toy_splits
from verticals.errors import ConfigError
from verticals.evaluation.predictor import Predictor
from verticals.runs import Run, write_json
from verticals_customer_service import policy, ui_policy
from verticals_customer_service.policy import THRESHOLDS, Counts, Policy

SIZE, DRAWS = 800, 300


def draw(generator: np.random.Generator, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw confidences and whether the answers are right; the true chance of an error is slope * (1 - confidence)."""
    confidence = generator.beta(8, 1, SIZE)
    return confidence, generator.random(SIZE) >= np.minimum(slope * (1 - confidence), 1)


def true_risk(slope: float) -> np.ndarray:
    """Return the share of wrong answers above each threshold, of a million messages."""
    confidence = np.sort(np.random.default_rng(9).beta(8, 1, 1_000_000))
    wrong = np.minimum(slope * (1 - confidence), 1)[::-1].cumsum()[::-1]
    first = np.searchsorted(confidence, THRESHOLDS)
    return wrong[first] / (len(confidence) - first)


@pytest.mark.parametrize(("slope", "most_wrong"), [(1.0, 0.1), (0.6, 0.05), (1.8, 0.2)])
def test_the_promise_is_broken_in_at_most_one_of_twenty_draws(slope: float, most_wrong: float) -> None:
    generator, risk = np.random.default_rng(0), true_risk(slope)
    chosen = [policy.certified(policy.count(*draw(generator, slope)), most_wrong) for _ in range(DRAWS)]
    broken = sum(position is not None and bool(risk[position] > most_wrong) for position in chosen)
    assert broken <= binom.ppf(0.999, DRAWS, 0.05)
    assert sum(position is not None for position in chosen) > 0.5 * DRAWS, "the policy never automates anything"


def test_a_bot_that_errs_at_random_is_promised_nothing() -> None:
    generator = np.random.default_rng(0)
    confidence, right = generator.beta(8, 1, SIZE), generator.random(SIZE) < 0.5
    assert policy.certified(policy.count(confidence, right), 0.2) is None


def test_a_bot_that_never_errs_answers_everything_that_is_familiar() -> None:
    confidence = np.concatenate([np.full(500, 0.9), np.full(100, -1.0)])
    counts = policy.count(confidence, confidence > 0)
    position = policy.certified(counts, 0.05)
    assert position == len(THRESHOLDS) - 1
    assert counts.answered[position] == 500


def test_allowing_more_errors_never_answers_less() -> None:
    counts = policy.count(*draw(np.random.default_rng(3), 1.0))
    reached = [policy.certified(counts, share) for share in (0.05, 0.1, 0.15, 0.2)]
    numbers = [-1 if position is None else position for position in reached]
    assert numbers == sorted(numbers)


@pytest.fixture
def toy_run(train_toy: Callable[[str], Run]) -> Run:
    return train_toy("probe")


def _perfect(rows: int) -> Counts:
    return Counts(rows, (rows,) * len(THRESHOLDS), (0,) * len(THRESHOLDS))


def test_the_policy_is_read_back_and_sets_the_least_confidence(toy_run: Run, tmp_path: Path) -> None:
    predictor = Predictor.load(toy_run)
    assert policy.applied(predictor, tmp_path, None) is predictor
    parts = {"rows": 400, "answered": [400] * len(THRESHOLDS), "wrong": [0] * len(THRESHOLDS)}
    write_json(tmp_path / policy.FILE, {"chosen_on": parts, "shown_on": parts})
    assert policy.read(tmp_path) == Policy(_perfect(400), _perfect(400))
    assert policy.applied(predictor, tmp_path, 0.05).calibration.min_confidence == THRESHOLDS[-1]
    with pytest.raises(ConfigError, match="cannot be promised"):
        policy.applied(predictor, tmp_path, 0.001)


@pytest.mark.parametrize(("wrong", "calibrated", "least"), [(0, 0.0, THRESHOLDS[-1]), (0, 0.9, 0.9), (400, 0.4, 0.4)])
def test_the_usual_promise_is_kept_where_it_can_be_and_makes_nobody_less_sure(
    toy_run: Run, tmp_path: Path, wrong: int, calibrated: float, least: float
) -> None:
    known = Predictor.load(toy_run)
    predictor = Predictor(known.classifier, replace(known.calibration, min_confidence=calibrated))
    parts = {"rows": 400, "answered": [400] * len(THRESHOLDS), "wrong": [wrong] * len(THRESHOLDS)}
    write_json(tmp_path / policy.FILE, {"chosen_on": parts, "shown_on": parts})
    assert policy.applied(predictor, tmp_path, None).calibration.min_confidence == least


def test_half_of_the_test_rows_choose_and_the_others_show(toy_run: Run) -> None:
    measured = policy.measure(Predictor.load(toy_run), toy_splits())
    assert measured.chosen_on.rows + measured.shown_on.rows == 24
    assert abs(measured.chosen_on.rows - measured.shown_on.rows) <= 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_slider_says_what_is_promised_and_moves_the_point(language: str) -> None:
    record = {"risk_coverage": [(0.5, 0.0, 0.9), (1.0, 0.1, 0.2)], "calibration": {"min_confidence": 0.5}}
    made = Policy(_perfect(400), _perfect(300))
    texts = ui_policy.TEXTS[language]
    sentence, figure = ui_policy.show(made, record, texts, 5.0)
    assert all(part in sentence for part in ("100%", "400", "app.most_wrong=0.05"))
    assert list(figure.data[-1].x) == [1.0]
    sentence, figure = ui_policy.show(made, record, texts, 0.5)
    assert sentence == texts["none"].format(chosen=400)
    assert len(figure.data) == 1
