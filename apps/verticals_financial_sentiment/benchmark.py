"""The suites of this app: `verticals benchmark financial-sentiment`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from verticals import pilot
from verticals.config import Config
from verticals.data.splits import Splits
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate, accuracy, bootstrap
from verticals_financial_sentiment import data, polarity, recipe
from verticals_financial_sentiment.benchmark_nab import nab_realtweets
from verticals_financial_sentiment.benchmark_stream import early_warning, flooding
from verticals_financial_sentiment.benchmark_throughput import throughput
from verticals_financial_sentiment.sentiment import Judge

Rows = list[dict[str, Any]]


def sentiment(name: str | None) -> Callable[[Config], Rows]:
    """Return the suite that trains on a public data set, or on the shipped headlines where there is no name."""

    def run(config: Config) -> Rows:
        chosen = config.model_copy(update={"data": config.data.model_copy(update={"train": name})})
        trained = recipe.train(chosen)
        return [pilot.result(trained, trained.metrics), *untrained(chosen, data.splits(chosen))]

    return run


def untrained(config: Config, splits: Splits) -> Rows:
    """Return what the commonest sentiment and the word list reach on the same test rows."""
    commonest = Counter(splits.train.labels).most_common(1)[0][0]
    answers = {"majority": [commonest] * len(splits.test), "lexicon": polarity.sentiments(splits.test.texts)}
    facts = {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()}
    return [
        results.row(recipe.APP, splits.name, method, _quality(splits, found), {}, {}, facts, config.train.seed, None)
        for method, found in answers.items()
    ]


def _quality(splits: Splits, found: Sequence[str]) -> dict[str, Estimate]:
    truth, given = (np.array([splits.labels.index(name) for name in names]) for names in (splits.test.labels, found))
    return {"accuracy": bootstrap(accuracy, truth, given), "macro_f1": bootstrap(_macro_f1, truth, given)}


def _macro_f1(truth: np.ndarray[Any, Any], given: np.ndarray[Any, Any]) -> float:
    return float(f1_score(truth, given, average="macro", zero_division=0.0))


def contrast(config: Config) -> Rows:
    """Train on the shipped headlines and judge both sides of each contrast pair."""
    metrics = recipe.contrast(Judge.load(recipe.trained_once(config)))
    facts = {"name": "contrast", "split": {"test": len(data.read_pairs())}}
    row = results.row(
        recipe.APP, "contrast", config.method.name, metrics, {}, {}, facts, config.train.seed, config.backbone.name
    )
    return [row]


SUITES: Mapping[str, Callable[[Config], Rows]] = {
    "shipped": sentiment(None),
    "contrast": contrast,
    "phrasebank-50agree": sentiment("phrasebank-50agree"),
    "phrasebank-allagree": sentiment("phrasebank-allagree"),
    "nab-realtweets": nab_realtweets,
    "flooding": flooding,
    "early-warning": early_warning,
    "throughput": throughput,
}
