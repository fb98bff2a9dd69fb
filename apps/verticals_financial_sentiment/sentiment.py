"""Sentiment of headlines: as a whole, towards each company they name, and which words decided it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from verticals.arrays import Float64Array
from verticals.evaluation.predictor import Predictor
from verticals.runs import Run
from verticals_financial_sentiment import views
from verticals_financial_sentiment.data import SENTIMENTS
from verticals_financial_sentiment.linking import Links
from verticals_financial_sentiment.records import Opinion

MOST_WORDS: Final = 100  # of a text that are attributed: each takes a reading of the text
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Weight:
    """A word of a text and how much it moves the score towards positive; `start` and `end` are character positions."""

    start: int
    end: int
    weight: float


class Judge:
    """A tuned classifier of sentiment with calibrated probabilities."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._order = [predictor.classifier.labels.index(name) for name in SENTIMENTS]

    @classmethod
    def load(cls, run: Run) -> "Judge":
        """Load the classifier of a run."""
        return cls(Predictor.load(run))

    def probabilities(self, shown: Sequence[str]) -> Float64Array:
        """Return calibrated probabilities of negative, neutral, positive for texts that are views, [texts, 3]."""
        if not shown:
            return np.zeros((0, len(SENTIMENTS)))
        logits = self._predictor.classifier.logits(shown)
        return self._predictor.calibration.probabilities(logits)[:, self._order]

    def sentiments(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest sentiment of each text as a whole."""
        chosen = self.probabilities([views.whole(text) for text in texts]).argmax(axis=1)
        return [SENTIMENTS[number] for number in chosen]

    def opinions(self, texts: Sequence[str], links: Sequence[Links]) -> list[tuple[Opinion, ...]]:
        """Return what each text says about each company it is linked to; all views are judged in one pass."""
        shown = [
            (number, ticker, company_view(text, found, ticker))
            for number, (text, found) in enumerate(zip(texts, links, strict=True))
            for ticker in found.tickers
        ]
        judged: list[list[Opinion]] = [[] for _ in texts]
        for (number, ticker, _), (bad, flat, good) in zip(
            shown, self.probabilities([view for *_, view in shown]).tolist(), strict=True
        ):
            judged[number].append(Opinion(ticker, good, flat, bad))
        return [tuple(each) for each in judged]

    def attributions(self, text: str, links: Links, ticker: str | None) -> list[Weight]:
        """Return how the score moves when each of the first `MOST_WORDS` words is left out (occlusion, Zeiler and Fergus 2014).

        Args:
            text: the text.
            links: the companies in it.
            ticker: the company whose side is taken, or None for the text as a whole.
        """
        spans = [match.span() for match in islice(_WORD.finditer(text), MOST_WORDS)]
        blanked = [text, *(f"{text[:start]}{' ' * (end - start)}{text[end:]}" for start, end in spans)]
        shown = [company_view(each, links, ticker) if ticker else views.whole(each) for each in blanked]
        probabilities = self.probabilities(shown)
        scores = probabilities[:, 2] - probabilities[:, 0]
        return [Weight(*span, float(scores[0] - without)) for span, without in zip(spans, scores[1:], strict=True)]


def company_view(text: str, links: Links, ticker: str) -> str:
    """Return the text from the side of one of the companies that it is linked to."""
    asked = [(each.start, each.end) for each in links.mentions if each.ticker == ticker]
    return views.about(text, asked, [(each.start, each.end) for each in links.mentions if each.ticker != ticker])
