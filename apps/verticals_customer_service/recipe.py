"""How this app is trained and measured: the core's classifier, with intents and articles beside it."""

from pathlib import Path
from typing import Any

from verticals import pilot
from verticals.config import Config
from verticals.runs import Run
from verticals_customer_service import data, knowledge


def train(config: Config) -> Run:
    """Train the bot on the rows that the settings name."""
    splits = data.splits(config)
    known = data.knowledge(config, splits.labels)
    return pilot.train_classifier("customer-service", config, splits, lambda folder: knowledge.write(folder, known))


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file with the same columns."""
    return pilot.evaluate_file(run, file) if file else pilot.evaluate_splits(run, data.splits(run.config))
