"""Sentiment beside VADER (MIT licence), on the test rows of Financial PhraseBank: accuracy, and time of one sentence.

`python benchmarks/peers/vader.py phrasebank-50agree --method probe` (needs the `peers` extra and the data set in VERTICALS_DATA). VADER learns
nothing: its usual thresholds of ±0.05 on the compound score decide.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from side_by_side import Figure, Ours, arguments, keep
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from verticals import registry
from verticals.config import build, read_yaml
from verticals.evaluation.results import latency
from verticals_financial_sentiment import data, recipe
from verticals_financial_sentiment.sentiment import Judge

NEUTRAL = 0.05


def named(compound: float) -> str:
    """Return what VADER's authors call a compound score."""
    return "positive" if compound >= NEUTRAL else "negative" if compound <= -NEUTRAL else "neutral"


def judged(judge: Callable[[str], str], texts: Sequence[str], truth: Sequence[str]) -> float:
    """Return the share of texts that are judged right."""
    return float(np.mean([judge(text) == right for text, right in zip(texts, truth, strict=True)]))


def main(given: Sequence[str]) -> None:
    """Train ours, ask both."""
    parser = arguments(__doc__)
    parser.add_argument("data", choices=("phrasebank-50agree", "phrasebank-allagree"))
    parser.add_argument("--method", default="probe")
    chosen = parser.parse_args(given)
    app = registry.get("financial-sentiment")
    wanted = {"data": {"train": chosen.data}, "method": {"name": chosen.method}}
    config = build([read_yaml(app.defaults), wanted], app.settings, app.objective)
    splits = data.splits(config)
    started = time.perf_counter()
    run = recipe.train(config)
    trained = time.perf_counter() - started
    judge, vader = Judge.load(run), SentimentIntensityAnalyzer()
    texts, truth = splits.test.texts, splits.test.labels

    def theirs(text: str) -> str:
        return named(vader.polarity_scores(text)["compound"])

    def ours(text: str) -> str:
        return str(judge.sentiments([text])[0])

    figures = (
        Figure(
            "accuracy of sentiment", "share", run.metrics["metrics"]["accuracy"]["value"], judged(theirs, texts, truth)
        ),
        Figure("one sentence, median", "ms", latency(ours, texts)["p50_ms"], latency(theirs, texts)["p50_ms"]),
    )
    facts = {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()}
    settings = {"neutral_below": NEUTRAL, "train_seconds_of_ours": round(trained, 1)}
    keep(chosen.results / f"vader-{chosen.data}.json", "vaderSentiment", Ours.of(config), facts, settings, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
