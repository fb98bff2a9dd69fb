"""Classify a text into one of several classes: with TF-IDF alone, with a tuned backbone, or with both added up."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from verticals import methods
from verticals.arrays import IntArray
from verticals.config import ClassifyConfig, Config
from verticals.data.splits import Splits
from verticals.evaluation.metrics import accuracy
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives import encoder_classifier, heads
from verticals.objectives.blend import Blend
from verticals.objectives.classifier import Classifier, Fitted
from verticals.training import TrainingLog


def fit(splits: Splits, config: Config, work: Path) -> Fitted:
    """Train the classifier that `config` describes; checkpoints go to `work`."""
    targets = np.array([splits.labels.index(label) for label in splits.train.labels])
    if not methods.get(config.method.name).uses_backbone:
        linear = _linear(splits, targets, config)
        return Fitted(linear, TrainingLog(0.0, 0, 0, linear.trained_parameters), None, ())
    held = known_targets(splits)
    head = heads.one_class(
        targets, held, len(splits.labels), _balanced(config), config.train.seed, splits.train.agreement
    )
    fitted = encoder_classifier.fit(splits, head, config, work)
    if not ClassifyConfig.model_validate(config.objective).blend:
        return fitted
    own = accuracy(held, fitted.classifier.logits(splits.validation.texts).argmax(axis=1))
    linear = _linear(splits, targets, config)
    blended = Blend.fit(fitted.classifier, linear, splits.validation.texts, held)
    log = replace(fitted.log, trained_parameters=fitted.log.trained_parameters + linear.trained_parameters)
    return replace(fitted, classifier=blended, log=log, tuned_validation_accuracy=own)


def load(folder: Path, labels: tuple[str, ...], config: Config) -> Classifier:
    """Read what `save` wrote; the backbone of `config` is found again where the run does not hold it.

    Raises:
        RunError: a file of the run is missing.
    """
    if not methods.get(config.method.name).uses_backbone:
        return TfidfClassifier.load(folder, labels)
    encoder = encoder_classifier.load(folder, labels, config)
    blend = ClassifyConfig.model_validate(config.objective).blend
    return Blend.load(folder, encoder, TfidfClassifier.load(folder, labels)) if blend else encoder


def known_targets(splits: Splits) -> IntArray:
    """Return the validation rows' classes; a label without training rows is -1, which no prediction equals."""
    position = {label: number for number, label in enumerate(splits.labels)}
    return np.array([position.get(label, -1) for label in splits.validation.labels])


def _linear(splits: Splits, targets: IntArray, config: Config) -> TfidfClassifier:
    return TfidfClassifier.fit(splits.train.texts, targets, splits.labels, config.train.seed, _balanced(config))


def _balanced(config: Config) -> bool:
    return ClassifyConfig.model_validate(config.objective).class_weights == "balanced"
