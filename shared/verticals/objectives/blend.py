"""A tuned backbone and the linear classifier added up: one reads the meaning, the other the very words.

The two err on different texts, so that their sum errs less often than either (stacking with one weight, Wolpert 1992).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from verticals.arrays import FloatArray, IntArray
from verticals.inference.batches import Scores
from verticals.methods import tfidf
from verticals.methods.one_pass import Reader
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives.classifier import Classifier
from verticals.runs import write_json

WEIGHTS = (0.0, 0.5, 1.0, 2.0, 3.0)
_FILE = "blend.json"
FILES = (_FILE, *tfidf.FILES)


class Blend:
    """The backbone's logits plus the linear classifier's margins times a weight; familiarity is the backbone's."""

    def __init__(self, encoder: Classifier, linear: TfidfClassifier, weight: float) -> None:
        self.labels = encoder.labels
        self.encoder = encoder
        self.linear = linear
        self.weight = weight

    @classmethod
    def fit(cls, encoder: Classifier, linear: TfidfClassifier, texts: Sequence[str], targets: IntArray) -> "Blend":
        """Choose the weight with the fewest errors on validation texts; of equals, the smallest."""
        own, other = encoder.logits(texts), linear.logits(texts)
        right = [int(((own + weight * other).argmax(axis=1) == targets).sum()) for weight in WEIGHTS]
        return cls(encoder, linear, WEIGHTS[right.index(max(right))])

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What in it reads with a backbone."""
        return self.encoder.readers

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts."""
        own = self.encoder.score(texts, progress)
        return Scores(own.logits + self.weight * self.linear.logits(texts), own.familiarity)

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return the sum of the logits alone."""
        return self.encoder.logits(texts) + self.weight * self.linear.logits(texts)

    def save(self, folder: Path) -> None:
        """Write both classifiers and the weight into an existing folder."""
        self.encoder.save(folder)
        self.linear.save(folder)
        write_json(folder / _FILE, {"weight": self.weight})

    @classmethod
    def load(cls, folder: Path, encoder: Classifier, linear: TfidfClassifier) -> "Blend":
        """Put together what `save` wrote."""
        return cls(encoder, linear, float(json.loads((folder / _FILE).read_text(encoding="utf-8"))["weight"]))
