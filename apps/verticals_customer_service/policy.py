"""The hand-over policy: how sure the bot has to be so that, with 95 % confidence, at most a given share of the intents it acts on is wrong.

What is counted is the classifier's intent of single messages; which article then answers, and how a conversation ends, is measured apart.
Learn then test (Angelopoulos et al. 2021, https://arxiv.org/abs/2110.01052). Each threshold of a grid that was fixed beforehand is a
hypothesis, "of the intents that it acts on more than this share is wrong". Its exact binomial p-value is the Clopper-Pearson bound turned round.
From several fixed starts the thresholds are tested from strict to loose, each start at its share of the level (Bonferroni), up to the
first that is not rejected; so the chance that any chosen threshold breaks its promise is at most 5 %.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom

from verticals.arrays import BoolArray, Float64Array
from verticals.config import Config
from verticals.data.splits import Splits
from verticals.errors import ConfigError
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.classification import class_indices
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals.objectives import classify
from verticals.runs import write_json

THRESHOLDS = (0.999, 0.995, *(round(0.99 - 0.01 * step, 2) for step in range(100)))  # from strict to loose
_STARTS = (0.99, 0.95, 0.9, 0.75, 0.5)
_RISK = 0.05
USUAL = 0.04  # share of wrong intents, where nobody asks for another; chosen on the development conversations
FILE = "policy.json"


@dataclass(frozen=True)
class Counts:
    """What happens at each of `THRESHOLDS`: how many of `rows` messages are acted on, and how many of these by a wrong intent."""

    rows: int
    answered: tuple[int, ...]
    wrong: tuple[int, ...]


@dataclass(frozen=True)
class Promise:
    """A threshold and what it brings: the share acted on, and the share of wrong intents among them on messages that did not choose it."""

    least_confidence: float
    automated: float
    wrong: float


def count(confidence: Float64Array, right: BoolArray) -> Counts:
    """Count intents acted on and wrong ones at every threshold; a message that is refused anyway has confidence -1."""
    over = confidence[:, None] >= np.array(THRESHOLDS)
    return Counts(len(right), tuple(over.sum(axis=0).tolist()), tuple((over & ~right[:, None]).sum(axis=0).tolist()))


def certified(counts: Counts, most_wrong: float) -> int | None:
    """Return the position of the loosest threshold that is certified for this share of wrong intents; None where none is."""
    p_values = binom.cdf(counts.wrong, counts.answered, most_wrong)
    rejected = p_values <= _RISK / len(_STARTS)
    reached = [_walk(rejected, THRESHOLDS.index(start)) for start in _STARTS]
    return max((position for position in reached if position is not None), default=None)


def _walk(rejected: BoolArray, start: int) -> int | None:
    held = np.flatnonzero(~rejected[start:])
    end = start + int(held[0]) if len(held) else len(rejected)
    return end - 1 if end > start else None


@dataclass(frozen=True)
class Policy:
    """The counts that choose a threshold, and those of other messages, on which it is shown."""

    chosen_on: Counts
    shown_on: Counts

    def promise(self, most_wrong: float) -> Promise | None:
        """Return what can be promised for a share of wrong intents; None where nothing can."""
        position = certified(self.chosen_on, most_wrong)
        if position is None:
            return None
        answered, wrong = self.shown_on.answered[position], self.shown_on.wrong[position]
        return Promise(THRESHOLDS[position], answered / max(self.shown_on.rows, 1), wrong / max(answered, 1))


def measure(predictor: Predictor, splits: Splits) -> Policy:
    """Count on the test rows and the out-of-scope test rows, where every intent is wrong; one half chooses, the other shows."""
    inside = predictor.classifier.score(splits.test.texts, progress="hand-over policy")
    confidence = _confidence(inside, predictor.calibration)
    right = inside.logits.argmax(axis=1) == class_indices(splits.test, splits.labels)
    if splits.outside_test:
        outside = _confidence(predictor.classifier.score(splits.outside_test.texts), predictor.calibration)
        confidence = np.concatenate([confidence, outside])
        right = np.concatenate([right, np.zeros(len(outside), dtype=bool)])
    order = np.random.default_rng(0).permutation(len(right))
    chooses, shows = np.array_split(order, 2)
    return Policy(count(confidence[chooses], right[chooses]), count(confidence[shows], right[shows]))


def _confidence(scores: Scores, calibration: Calibration) -> Float64Array:
    """Return the calibrated confidence of each message, -1 where it is refused as unfamiliar."""
    familiar = calibration.scope(scores) >= calibration.min_scope
    return np.where(familiar, calibration.probabilities(scores.logits).max(axis=1), -1.0)


def write(folder: Path, splits: Splits, config: Config) -> None:
    """Measure the policy of the classifier that a run folder holds, and write it there."""
    calibration = Calibration(**json.loads((folder / "calibration.json").read_text(encoding="utf-8")))
    predictor = Predictor(classify.load(folder, splits.labels, config), calibration)
    write_json(folder / FILE, asdict(measure(predictor, splits)))


def read(folder: Path) -> Policy | None:
    """Read what `write` wrote; None where a run has none."""
    path = folder / FILE
    if not path.is_file():
        return None
    parts: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return Policy(*(_counts(parts[name]) for name in ("chosen_on", "shown_on")))


def _counts(part: Mapping[str, Any]) -> Counts:
    return Counts(part["rows"], tuple(part["answered"]), tuple(part["wrong"]))


def applied(predictor: Predictor, folder: Path, most_wrong: float | None) -> Predictor:
    """Return the predictor with the threshold that keeps the promise.

    Where no share is asked for, it keeps the usual one if that can be promised, and is never less sure than it was calibrated to be.

    Raises:
        ConfigError: no threshold is certified for the share that is asked for.
    """
    policy, calibrated = read(folder), predictor.calibration
    promise = policy.promise(most_wrong or USUAL) if policy else None
    if promise is None and most_wrong is not None:
        raise ConfigError(
            f"setting app.most_wrong: {most_wrong:g} cannot be promised by {folder.name}; allow more, or train on more rows"
        )
    if promise is None:
        return predictor
    least = promise.least_confidence if most_wrong else max(promise.least_confidence, calibrated.min_confidence)
    return Predictor(predictor.classifier, replace(calibrated, min_confidence=least))
