"""How this app is trained and measured: the core's classifier on views of headlines, with the symbol list beside it."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from verticals import pilot, remeasure, runs
from verticals.config import Config
from verticals.data.delimited import write_csv
from verticals.data.loading import held_out_splits
from verticals.data.splits import Splits
from verticals.evaluation.metrics import Estimate, bootstrap, mean
from verticals.runs import Run
from verticals_financial_sentiment import data
from verticals_financial_sentiment.sentiment import Judge
from verticals_financial_sentiment.symbols import COLUMNS, Symbol, read_symbols

APP = "financial-sentiment"
_SYMBOLS = "symbols.csv"
# Of full tuning. On validation rows of PhraseBank 1e-4 and 5 epochs were better than 5e-5 and 4, and an adversarial step of 2 than one of 1 and
# than none. On the samples, whose pairs differ in a word, more of 1,200 held-out pairs are right without that step, and after 8 epochs than
# after 4. Neither of the last two trials is kept.
_RATE, _EPOCHS, _ADVERSARIAL = 1e-4, 5, 2.0
_EPOCHS_ON_SAMPLES = 8


def train(config: Config) -> Run:
    """Train the judge on the rows that the settings name; the run holds the symbol list it is used with."""
    config = _with_own_pace(config)
    return _train(config, data.splits(config))


def trained_once(config: Config) -> Run:
    """Return the newest run of these settings and rows, or train it; suites that only use a judge share it."""
    config = _with_own_pace(config)
    splits = data.splits(config)
    return runs.trained_with(APP, config, splits.fingerprint()) or _train(config, splits)


def _train(config: Config, splits: Splits) -> Run:
    listed = data.symbols(config)
    return pilot.train_classifier(APP, config, splits, lambda folder: _write(folder / _SYMBOLS, listed))


def _with_own_pace(config: Config) -> Config:
    """Fill what full tuning was left to choose with what suits headlines."""
    if config.method.name != "full":
        return config
    epochs, adversarial = (_EPOCHS, _ADVERSARIAL) if config.data.train else (_EPOCHS_ON_SAMPLES, 0.0)
    own = {
        "learning_rate": config.train.learning_rate or _RATE,
        "epochs": config.train.epochs or epochs,
        "adversarial": adversarial if config.train.adversarial is None else config.train.adversarial,
    }
    return config.model_copy(update={"train": config.train.model_copy(update=own)})


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file with the same columns."""
    if file is None:
        return remeasure.evaluate_splits(run, data.splits(run.config))
    return remeasure.evaluate_held_out(run, data.shown(held_out_splits(file, run.config.data, run.labels)))


def symbols(run: Run) -> tuple[Symbol, ...]:
    """Return the companies that a run watches."""
    return read_symbols(run.folder / _SYMBOLS)


def contrast(judge: Judge) -> dict[str, Estimate]:
    """Return the share of contrast pairs of which both sides are judged right: in all, and by phenomenon."""
    pairs = data.read_pairs()
    found = judge.sentiments([text for pair in pairs for text in pair.texts])
    right: dict[str, list[bool]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        both = (found[2 * number], found[2 * number + 1]) == pair.sentiments
        right["pairs_right"].append(both)
        right[f"pairs_right_{pair.phenomenon}"].append(both)
    return {name: bootstrap(mean, np.array(values, float)) for name, values in right.items()}


def _write(path: Path, symbols: tuple[Symbol, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [(each.ticker, each.name, "|".join(each.aliases), each.sector) for each in symbols]
        write_csv(COLUMNS, [dict(zip(COLUMNS, row, strict=True)) for row in rows], file)
