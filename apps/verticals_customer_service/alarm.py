"""What a person has to read although no rule of `escalation` names it: a message like the examples that went to one.

Two models hear trouble: a linear layer on sentence vectors, which tells danger, distress, law, misuse of an account, complaints and wishes
for a person from messages that an article answers, and TF-IDF, which knows the words. Their scores are added. The sum from which the alarm
speaks is drawn by cross-validation on the examples that sound like trouble and are none: a small share of them goes to a person in vain.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals.methods.linear import Layer, one_of
from verticals.methods.tfidf import TfidfClassifier
from verticals.runs import write_json
from verticals_customer_service.knowledge import Knowledge
from verticals_customer_service.retrieval import Embed

NOTHING = "nothing"  # the kind of examples that sound like trouble and are none
_FOLDER, _FILE = "alarm", "alarm.json"
_TROUBLE = (NOTHING, "trouble")
_IN_VAIN = 0.04
_STRENGTH = 30.0  # inverse regularisation; it and the share were chosen on the development conversations
_FOLDS = 3


@dataclass(frozen=True)
class Ears:
    """The two models; `layer` has a row for each kind, the first of them `NOTHING`."""

    layer: Layer
    words: TfidfClassifier

    def hear(self, texts: Sequence[str], vectors: FloatArray) -> tuple[FloatArray, Float64Array]:
        """Return the logits of the kinds, [texts, kinds], and each model's score that there is trouble of any kind, [texts, 2]."""
        weight, bias = self.layer
        logits = np.asarray(vectors @ weight.T + bias, np.float32)
        odds = np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]
        margins = self.words.logits(texts)
        return logits, np.stack([odds, margins[:, 1] - margins[:, 0]], axis=1).astype(np.float64)


@dataclass(frozen=True)
class Alarm:
    """Says which kind of trouble a message is like.

    Attributes:
        embed: texts -> unit vectors.
        kinds: `NOTHING` and the kinds of trouble.
        ears: the models.
        spread: of each model's scores, [2]; they are added in these units.
        line: the sum from which it speaks.
    """

    embed: Embed
    kinds: tuple[str, ...]
    ears: Ears
    spread: tuple[float, ...]
    line: float

    def reason(self, message: str) -> str | None:
        """Return the kind of trouble, or None where there is none."""
        logits, scores = self.ears.hear([message], self.embed([message]))
        return self.kinds[1 + int(logits[0, 1:].argmax())] if _total(scores, self.spread)[0] > self.line else None


def fit(examples: Examples, messages: Examples, embed: Embed, seed: int) -> Alarm:
    """Learn the kinds, and draw the line.

    Args:
        examples: messages with their kinds; where some of them are `NOTHING`, the line is drawn on these.
        messages: ordinary messages with their kinds, most of them `NOTHING`.
        embed: texts -> unit vectors.
        seed: of the models and the folds.
    """
    both = examples + messages
    kinds = (NOTHING, *sorted(set(both.labels) - {NOTHING}))
    targets: IntArray = np.array([kinds.index(label) for label in both.labels])
    vectors = embed(both.texts)

    def learned(rows: IntArray) -> Ears:
        return _learned([both.texts[row] for row in rows], vectors[rows], targets[rows], len(kinds), seed)

    scores = np.empty((len(both), len(_TROUBLE)))
    for rows, held in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(vectors, targets):
        scores[held] = learned(rows).hear([both.texts[row] for row in held], vectors[held])[1]
    spread = tuple(scores.std(axis=0).tolist())
    calm = targets == 0
    if calm[: len(examples)].any():
        calm[len(examples) :] = False
    line = float(np.quantile(_total(scores[calm], spread), 1 - _IN_VAIN, method="higher"))
    return Alarm(embed, kinds, learned(np.arange(len(both))), spread, line)


def _learned(texts: Sequence[str], vectors: FloatArray, targets: IntArray, kinds: int, seed: int) -> Ears:
    model = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight="balanced", random_state=seed)
    words = TfidfClassifier.fit(texts, (targets > 0).astype(np.int64), _TROUBLE, seed, balanced=True)
    return Ears(one_of(model.fit(vectors, targets), kinds), words)


def _total(scores: Float64Array, spread: Sequence[float]) -> Float64Array:
    return np.asarray((scores / np.array(spread)).sum(axis=1), np.float64)


def write(folder: Path, examples: Examples, splits: Splits, known: Knowledge, embed: Embed, seed: int) -> None:
    """Learn from examples and from the training messages, whose intents say whether they go to a person, into a run folder."""
    train = splits.train
    kinds = tuple(label if known.intents[label].action == "hand_over" else NOTHING for label in train.labels)
    alarm = fit(examples, replace(train, labels=kinds), embed, seed)
    weight, bias = (each.tolist() for each in alarm.ears.layer)
    (folder / _FOLDER).mkdir()
    alarm.ears.words.save(folder / _FOLDER)
    write_json(
        folder / _FOLDER / _FILE,
        {"kinds": alarm.kinds, "weight": weight, "bias": bias, "spread": alarm.spread, "line": alarm.line},
    )


def load(folder: Path, embed: Embed) -> Alarm | None:
    """Read what `write` wrote; None where a run has no alarm."""
    path = folder / _FOLDER / _FILE
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    layer = (np.asarray(found["weight"], np.float32), np.asarray(found["bias"], np.float32))
    ears = Ears(layer, TfidfClassifier.load(path.parent, _TROUBLE))
    return Alarm(embed, tuple(found["kinds"]), ears, tuple(found["spread"]), found["line"])
