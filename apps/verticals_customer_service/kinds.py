"""Which kind of message a text is: nothing that needs a person, or which kind of trouble.

A bot that is a probe adds up a linear layer on the vectors of its search and TF-IDF, which are learned in seconds. A bot whose backbone is
tuned tunes one more for this, which hears far more: what a customer has tried, or wishes for, stands in no single word.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from verticals.arrays import FloatArray
from verticals.config import Config, MethodConfig, TrainConfig
from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals.methods.linear import Layer, one_of
from verticals.methods.one_pass import Reader
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives import classify
from verticals.objectives.classifier import Classifier
from verticals.runs import write_json
from verticals_customer_service.retrieval import Embed

NOTHING = "nothing"  # the kind of what sounds like trouble and is none; it comes first
_FILE = "kinds.json"
_TROUBLE = (NOTHING, "trouble")
_STRENGTH = 30.0  # inverse regularisation; chosen on the development conversations
_WORDS = 6.0  # weight of a margin of TF-IDF: the scores of the layer spread so much wider
_ADVERSARIAL = (
    1.0  # on held-out rows of the samples trouble is heard better with it: 67 % instead of 58 % at 2 % in vain
)


class Kinds(Protocol):
    """Tells kinds of messages apart."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds, in the order of the logits."""

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What in it reads with a backbone of its own."""

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return how much each text is of each kind, [texts, kinds]."""

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder."""


Learn = Callable[[Examples, Examples, tuple[str, ...]], Kinds]  # training rows, validation rows, kinds


@dataclass(frozen=True)
class Linear:
    """A linear layer on unit vectors, and TF-IDF, which knows trouble of any kind by its words."""

    labels: tuple[str, ...]
    layer: Layer
    embed: Embed
    words: TfidfClassifier

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Nothing: the vectors are the search's."""
        return ()

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return how much each text is of each kind, [texts, kinds]."""
        weight, bias = self.layer
        logits = np.asarray(self.embed(texts) @ weight.T + bias, np.float32)
        margins = self.words.logits(texts)
        logits[:, 1:] += _WORDS * (margins[:, 1:] - margins[:, :1])
        return logits

    def save(self, folder: Path) -> None:
        """Write the layer and the words; the vectors are the search's."""
        weight, bias = (each.tolist() for each in self.layer)
        write_json(folder / _FILE, {"weight": weight, "bias": bias})
        self.words.save(folder)


def learner(config: Config, embed: Embed) -> Learn:
    """Return what learns kinds from rows as a bot of this configuration does; `embed` is its search's."""
    if config.method.name == "probe":
        return lambda train, validation, kinds: _linear(train, kinds, embed, config.train.seed)
    return lambda train, validation, kinds: _tuned(Splits("kinds", kinds, train, validation, validation), config)


def _linear(rows: Examples, kinds: tuple[str, ...], embed: Embed, seed: int) -> Linear:
    model = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight="balanced", random_state=seed)
    targets = np.array([kinds.index(label) for label in rows.labels])
    layer = one_of(model.fit(embed(rows.texts), targets), len(kinds))
    words = TfidfClassifier.fit(rows.texts, (targets > 0).astype(np.int64), _TROUBLE, seed, balanced=True)
    return Linear(kinds, layer, embed, words)


def _tuned(splits: Splits, config: Config) -> Classifier:
    with TemporaryDirectory() as work:
        return classify.fit(splits, _settings(config), Path(work)).classifier


def _settings(config: Config) -> Config:
    return Config(
        backbone=config.backbone,
        method=MethodConfig(name="full"),
        train=TrainConfig(seed=config.train.seed, adversarial=_ADVERSARIAL),
        objective={"class_weights": "balanced"},
    )


def load(folder: Path, kinds: tuple[str, ...], config: Config, embed: Embed) -> Kinds:
    """Read what `save` wrote.

    Raises:
        RunError: a file of the run is missing.
    """
    path = folder / _FILE
    if not path.is_file():
        return classify.load(folder, kinds, _settings(config))
    found = json.loads(path.read_text(encoding="utf-8"))
    layer = (np.asarray(found["weight"], np.float32), np.asarray(found["bias"], np.float32))
    return Linear(kinds, layer, embed, TfidfClassifier.load(folder, _TROUBLE))
