"""Classify a text into any number of classes: a logistic regression for each on shared vectors, tuned together.

Each class has a sigmoid of its own (binary relevance, Boutell et al. 2004, https://doi.org/10.1016/j.patcog.2004.03.009).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from verticals import methods
from verticals.arrays import FloatArray
from verticals.config import Config, MethodConfig, Section
from verticals.data.label_sets import LabelSets, LabelSetSplits
from verticals.data.label_sets import held_out as held_out_rows
from verticals.data.label_sets import load as load_rows
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.label_sets import best_threshold, judge, micro_f1
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives import Trained, encoder_classifier, heads
from verticals.objectives.classifier import Classifier, Fitted
from verticals.runs import Run, write_json
from verticals.training import TrainingLog

BASELINE = "tfidf"
_THRESHOLD = "threshold.json"


class MultiLabelConfig(Section):
    """What the `objective` section holds when texts have any number of labels."""

    label_separator: str = Field(";", min_length=1, description="stands between labels where they are one text")


class MultiLabelPredictor:
    """A classifier and the logit from which a label counts."""

    def __init__(self, classifier: Classifier, threshold: float) -> None:
        self.classifier = classifier
        self.threshold = threshold

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return the logits, [texts, labels]."""
        return self.classifier.logits(texts)

    def predict(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the labels of each text, the surest first."""
        return [
            tuple(self.classifier.labels[n] for n in np.argsort(-row, kind="stable") if row[n] > self.threshold)
            for row in self.outputs(texts)
        ]

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder."""
        self.classifier.save(folder)
        write_json(folder / "labels.json", list(self.classifier.labels))
        write_json(folder / _THRESHOLD, {"threshold": self.threshold})


def read(config: Config) -> LabelSetSplits:
    """Read the rows that the settings name."""
    return load_rows(config.data, _separator(config), config.train.seed)


def fit(splits: LabelSetSplits, config: Config, work: Path) -> Trained[MultiLabelPredictor]:
    """Train a classifier and choose its threshold on the validation rows; checkpoints go to `work`."""
    fitted = _fit(splits, config, work)
    truth = splits.validation.matrix(splits.labels)
    logits = fitted.classifier.logits(splits.validation.texts)
    threshold = best_threshold(logits, truth)
    model = MultiLabelPredictor(fitted.classifier, threshold)
    details = {
        "threshold": threshold,
        "classes": len(splits.labels),
        "probe_validation_accuracy": fitted.probe_validation_accuracy,
        "tuned_validation_accuracy": micro_f1(truth, np.asarray(logits > 0, np.int64)),  # at the probe's threshold
    }
    return Trained(model, fitted.log, fitted.notes, details)


def _fit(splits: LabelSetSplits, config: Config, work: Path) -> Fitted:
    targets, seed = splits.train.matrix(splits.labels), config.train.seed
    if methods.get(config.method.name).uses_backbone:
        head = heads.any_class(targets, splits.validation.matrix(splits.labels), seed)
        return encoder_classifier.fit(splits, head, config, work)
    linear = TfidfClassifier.fit_any(splits.train.texts, targets, splits.labels, seed)
    return Fitted(linear, TrainingLog(0.0, 0, 0, linear.trained_parameters), None, ())


def evaluate(model: MultiLabelPredictor, splits: LabelSetSplits) -> Judgement:
    """Judge a classifier on the test rows; a label without training rows cannot be found, and counts as missed."""
    every = (*splits.labels, *sorted({label for own in splits.test.labels for label in own} - set(splits.labels)))
    predicted = LabelSets(splits.test.texts, tuple(model.predict(splits.test.texts)), splits.test.lines)
    return judge(splits.test.matrix(every), predicted.matrix(every))


def baseline(splits: LabelSetSplits, config: Config) -> Judgement:
    """Train and judge the classifier without a backbone; it makes no checkpoints."""
    plain = config.model_copy(update={"method": MethodConfig(name=BASELINE)})
    return evaluate(fit(splits, plain, Path()).model, splits)


def held_out(run: Run, path: Path) -> LabelSetSplits:
    """Read a file of test rows for a run."""
    return held_out_rows(path, run.config.data, _separator(run.config), run.labels)


def predict(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the labels of each text, separated as the rows that the run learned from have them."""
    separator = _separator(run.config)
    return [{"prediction": separator.join(labels)} for labels in load(run).predict(texts)] if texts else []


def _separator(config: Config) -> str:
    return MultiLabelConfig.model_validate(config.objective).label_separator


def load(run: Run) -> MultiLabelPredictor:
    """Read the classifier of a run and its threshold."""
    threshold = float(run.read_json(_THRESHOLD)["threshold"])
    if methods.get(run.config.method.name).uses_backbone:
        return MultiLabelPredictor(encoder_classifier.load(run.folder, run.labels, run.config), threshold)
    return MultiLabelPredictor(TfidfClassifier.load(run.folder, run.labels), threshold)


def answer(model: MultiLabelPredictor, text: str) -> tuple[str, ...]:
    """Return the labels of one text."""
    return model.predict([text])[0]
