"""How this app is trained and measured: the core's classifier, with intents and articles beside it."""

from pathlib import Path
from typing import Any

from verticals import pilot, promotion, runs
from verticals.config import Config
from verticals.runs import Run
from verticals_customer_service import data, knowledge


def train(config: Config) -> Run:
    """Train the bot on the rows that the settings name, and judge it against the run that serves."""
    splits = data.splits(config)
    known = data.knowledge(config, splits.labels)

    def add_files(folder: Path) -> None:
        knowledge.write(folder, known)
        promotion.write_standing_test(folder, splits.test)

    champion = runs.latest("customer-service")
    challenger = pilot.train_classifier("customer-service", config, splits, add_files)
    promotion.judge(champion, challenger)
    return challenger


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file with the same columns."""
    return pilot.evaluate_file(run, file) if file else pilot.evaluate_splits(run, data.splits(run.config))
