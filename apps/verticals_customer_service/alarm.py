"""What a person has to read although no rule of `escalation` names it: a message like the examples that went to one.

A linear layer on sentence vectors tells danger, distress, law, misuse of an account, complaints and wishes for a person from messages that
an article answers. The score from which it speaks is drawn on validation messages: at most a small share of them goes to a person in vain.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals.inference.batches import FloatArray
from verticals.methods.linear import Layer, one_of
from verticals.runs import write_json
from verticals_customer_service.knowledge import Knowledge
from verticals_customer_service.retrieval import Embed

NOTHING = "nothing"  # the kind of examples that sound like trouble and are none
_FILE = "alarm.json"
_IN_VAIN = 0.01
_STRENGTH = 100.0  # inverse regularisation; it and the share were chosen on the development conversations


@dataclass(frozen=True)
class Alarm:
    """Says which kind of trouble a message is like; `kinds` are the rows of the layer, the first of them `NOTHING`."""

    embed: Embed
    kinds: tuple[str, ...]
    layer: Layer
    line: float

    def reason(self, message: str) -> str | None:
        """Return the kind of trouble, or None where there is none."""
        logits = self._logits([message])
        return self.kinds[1 + int(logits[0, 1:].argmax())] if _scores(logits)[0] > self.line else None

    def _logits(self, messages: Sequence[str]) -> FloatArray:
        weight, bias = self.layer
        return np.asarray(self.embed(messages) @ weight.T + bias, np.float32)


def _scores(logits: FloatArray) -> FloatArray:
    """Return the logarithm of the odds that there is trouble of any kind, [messages]."""
    return np.asarray(np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0], np.float32)


def fit(examples: Examples, held: Sequence[str], embed: Embed, seed: int) -> Alarm:
    """Learn the kinds of the examples, and draw the line.

    Args:
        examples: messages with their kinds, `NOTHING` among them.
        held: validation messages that need no person.
        embed: texts -> unit vectors.
        seed: of the layer.
    """
    kinds = (NOTHING, *sorted(set(examples.labels) - {NOTHING}))
    targets = [kinds.index(label) for label in examples.labels]
    model = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight="balanced", random_state=seed)
    layer = one_of(model.fit(embed(examples.texts), targets), len(kinds))
    untried = Alarm(embed, kinds, layer, np.inf)
    line = float(np.quantile(_scores(untried._logits(held)), 1 - _IN_VAIN, method="higher"))
    return Alarm(embed, kinds, layer, line)


def write(folder: Path, examples: Examples, splits: Splits, known: Knowledge, embed: Embed, seed: int) -> None:
    """Learn from examples and from the training messages, whose intents say whether they go to a person, into a run folder."""
    train = splits.train
    kinds = tuple(label if _goes_to_a_person(label, known) else NOTHING for label in train.labels)
    held = splits.validation
    calm = [text for text, label in zip(held.texts, held.labels, strict=True) if not _goes_to_a_person(label, known)]
    alarm = fit(examples + replace(train, labels=kinds), calm, embed, seed)
    weight, bias = (each.tolist() for each in alarm.layer)
    write_json(folder / _FILE, {"kinds": alarm.kinds, "weight": weight, "bias": bias, "line": alarm.line})


def load(folder: Path, embed: Embed) -> Alarm | None:
    """Read what `write` wrote; None where a run has no alarm."""
    path = folder / _FILE
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    layer = (np.asarray(found["weight"], np.float32), np.asarray(found["bias"], np.float32))
    return Alarm(embed, tuple(found["kinds"]), layer, found["line"])


def _goes_to_a_person(label: str, known: Knowledge) -> bool:
    return known.intents[label].action == "hand_over"
