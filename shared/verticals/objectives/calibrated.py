"""Classify as the table of objectives sees it: a classifier and its calibration, learned, judged and kept together."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from verticals.config import Config, MethodConfig
from verticals.data.loading import held_out_splits, load_splits
from verticals.data.splits import Splits
from verticals.evaluation.calibration import calibrate
from verticals.evaluation.classification import class_indices
from verticals.evaluation.classification import evaluate as evaluate_scores
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import accuracy
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals.objectives import Trained, classify
from verticals.objectives.classifier import Fitted
from verticals.runs import Run

BASELINE = "tfidf"


def read(config: Config) -> Splits:
    """Read the labelled texts that the settings name."""
    return load_splits(config.data, config.train.seed)


def fit(splits: Splits, config: Config, work: Path) -> Trained[Predictor]:
    """Train a classifier and calibrate it on the validation rows; checkpoints go to `work`."""
    return calibrated(classify.fit(splits, config, work), splits, config)


def calibrated(fitted: Fitted, splits: Splits, config: Config) -> Trained[Predictor]:
    """Calibrate a trained classifier on the validation rows."""
    held, truth = fitted.classifier.score(splits.validation.texts), class_indices(splits.validation, splits.labels)
    calibration = calibrate(held, truth, config.abstain)
    reached, own = accuracy(truth, held.logits.argmax(axis=1)), fitted.tuned_validation_accuracy
    details = {
        "validation_accuracy": reached,
        "tuned_validation_accuracy": reached if own is None else own,
        "probe_validation_accuracy": fitted.probe_validation_accuracy,
        "calibration": asdict(calibration),
        "classes": len(splits.labels),
    }
    return Trained(Predictor(fitted.classifier, calibration), fitted.log, fitted.notes, details)


def evaluate(model: Predictor, splits: Splits) -> Judgement:
    """Judge a classifier on the test rows, and on the out-of-scope rows where there are some."""
    outside = splits.outside_test
    judged = evaluate_scores(
        model.classifier.score(splits.test.texts, progress="evaluating"),
        class_indices(splits.test, splits.labels),
        model.calibration,
        splits.labels,
        outside,
        model.classifier.score(outside.texts) if outside else None,
    )
    details = {
        "confused_pairs": judged.confused_pairs,
        "reliability": [asdict(each) for each in judged.reliability],
        "risk_coverage": judged.risk_coverage,
    }
    return Judgement(judged.metrics, "accuracy", judged.right.astype(float), details)


def baseline(splits: Splits, config: Config) -> Judgement:
    """Train and judge the classifier without a backbone; it makes no checkpoints."""
    plain = config.model_copy(update={"method": MethodConfig(name=BASELINE)})
    return evaluate(fit(splits, plain, Path()).model, splits)


def held_out(run: Run, path: Path) -> Splits:
    """Read a file of test rows for a run."""
    return held_out_splits(path, run.config.data, run.labels)


def predict(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the class of each text, how likely it is, and whether the text is in scope and the class sure."""
    return [
        {
            "prediction": each.label,
            "confidence": round(each.confidence, 4),
            "in_scope": each.familiar,
            "sure": each.sure,
        }
        for each in load(run).predict(texts, progress="predicting")
    ]


def load(run: Run) -> Predictor:
    """Read the classifier of a run and its calibration."""
    return Predictor.load(run)


def answer(model: Predictor, text: str) -> Scores:
    """Judge one text."""
    return model.classifier.score([text])
