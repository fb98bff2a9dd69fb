"""A bot with a provable answer, for tests of what stands around it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from verticals.arrays import FloatArray
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals.methods.one_pass import Reader
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.knowledge import Article, Intent, Knowledge


class Keywords:
    """A classifier that is sure of the class whose name is in the text, and knows every text without `xyzzy`."""

    labels: tuple[str, ...] = ("refund", "track", "person", "bare")
    readers: tuple[Reader, ...] = ()

    def score(self, texts: Any, progress: str | None = None) -> Scores:
        logits = np.array([[9.0 * (label in text) for label in self.labels] for text in texts], np.float32)
        return Scores(logits, np.array([0.1 if "xyzzy" in text else 0.9 for text in texts], np.float32))

    def logits(self, texts: Any) -> FloatArray:
        return self.score(texts).logits

    def save(self, folder: Path) -> None:
        raise NotImplementedError


ARTICLES = (
    Article(
        id="r1", title="When a refund comes", intents=("refund",), question="When?", text="A refund takes five days."
    ),
    Article(
        id="r2",
        title="Refund to another card",
        intents=("refund",),
        question="Other card?",
        text="Only the same card is possible.",
    ),
    Article(
        id="t1", title="Tracking", intents=("track",), question="Where?", text="Follow the link, or ring 01632 960123."
    ),
)


def keyword_bot(articles: Sequence[Article] = ARTICLES) -> Bot:
    """Return a bot over these articles; `bare` has none, and `person` is always handed over."""
    intents = {name: Intent(en=name.capitalize(), zh=name, action="answer") for name in Keywords.labels}
    intents["person"] = Intent(en="Talk to a person", zh="转人工", action="hand_over")
    return Bot(Predictor(Keywords(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.5)), Knowledge(intents, articles))


class Hears:
    """Kinds with a provable answer: every message is as far over the line as can be, by one kind of trouble."""

    readers: tuple[Reader, ...] = ()

    def __init__(self, kind: str) -> None:
        self.labels = ("nothing", kind)

    def logits(self, texts: Sequence[str]) -> FloatArray:
        return np.array([[0.0, 99.0] for _ in texts], np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError
