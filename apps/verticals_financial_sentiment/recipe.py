"""How this app is trained and measured: the core's classifier, with the symbol list beside it."""

import csv
from pathlib import Path
from typing import Any

from verticals import pilot
from verticals.config import Config
from verticals.runs import Run
from verticals_financial_sentiment import data
from verticals_financial_sentiment.symbols import COLUMNS, Symbol, read_symbols

_SYMBOLS = "symbols.csv"


def train(config: Config) -> Run:
    """Train the judge on the rows that the settings name."""
    splits, symbols = data.splits(config), data.symbols(config)
    return pilot.train_classifier(
        "financial-sentiment", config, splits, lambda folder: _write(folder / _SYMBOLS, symbols)
    )


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file with the same columns."""
    return pilot.evaluate_file(run, file) if file else pilot.evaluate_splits(run, data.splits(run.config))


def symbols(run: Run) -> tuple[Symbol, ...]:
    """Return the companies that a run watches."""
    return read_symbols(run.folder / _SYMBOLS)


def _write(path: Path, symbols: tuple[Symbol, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((each.ticker, each.name, "|".join(each.aliases), each.sector) for each in symbols)
