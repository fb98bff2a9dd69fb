"""How this app is trained and measured: the core's classifier, with what else the bot serves from beside it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from verticals import distributed, methods, pilot, promotion, remeasure, runs
from verticals.config import Config
from verticals.data.examples import Note
from verticals.data.splits import Splits
from verticals.errors import ConfigError, RunError
from verticals.runs import Run, open_run
from verticals_customer_service import alarm, article_classes, data, knowledge, policy, retrieval, search_tuning, slots
from verticals_customer_service.knowledge import Knowledge
from verticals_customer_service.settings import Settings

APP = "customer-service"


def train(config: Config) -> Run:
    """Train the bot on the rows that the settings name: its classifier, its tagger of slots, its search, its hand-over policy.

    It is judged against the run that serves.

    Raises:
        ConfigError: several processes were launched.
    """
    if distributed.processes() > 1:
        raise ConfigError(
            "a bot is several models, which are trained one after the other in one process; start it without accelerate launch, or tune one "
            "model with: accelerate launch -m verticals tune classify"
        )
    splits = data.splits(config)
    known = data.knowledge(config, splits.labels)
    notes = (*data.unanswerable(known), *data.cut(known), *data.unlearned(known, splits.labels))
    splits = replace(splits, notes=(*splits.notes, *notes))
    settings = Settings.model_validate(config.app)
    matcher = _matcher(settings)
    _, damage = _champion()
    splits = replace(splits, notes=(*splits.notes, *damage))

    def add_files(folder: Path) -> None:
        knowledge.write(folder, known)
        promotion.write_standing_test(folder, splits.test)
        policy.write(folder, splits, config)
        if matcher:
            shutil.copytree(matcher.folder, folder / retrieval.MATCHER)
        if methods.get(config.method.name).uses_backbone:
            _add_reading(folder, config, settings, splits, known)
        champion, _ = _champion()  # the one that serves now: another training may have ended meanwhile
        promotion.judge(champion, folder)

    return pilot.train_classifier(APP, config, splits, add_files)


def trained_once(config: Config) -> Run:
    """Return the newest run of these settings and the shipped samples, or train it; suites that only use a bot share it."""
    config = config.model_copy(update={"data": config.data.model_copy(update={"train": None})})
    return runs.trained_with(APP, config, data.splits(config).fingerprint()) or train(config)


def _champion() -> tuple[Run | None, list[Note]]:
    """Return the run that serves; one that is damaged is nothing to be judged against, so that training is the way out."""
    try:
        return runs.latest(APP), []
    except RunError as error:
        return None, [Note("damaged_run", 1, f"not compared with the newest run, which is damaged: {error}")]


def _add_reading(folder: Path, config: Config, settings: Settings, splits: Splits, known: Knowledge) -> None:
    """Add what reads with a backbone: the search over articles, the alarm, and the tagger, a run inside the run."""
    examples = data.escalations(config)
    if known.articles and settings.matcher is None and methods.get(config.method.name).adapt:
        search_tuning.write(folder, config, known.articles)
        if search_tuning.enough(known.articles):
            article_classes.write(folder, config, known.articles)
    if known.articles:
        retrieval.write(folder, config, known.articles, splits.validation.texts)
    search = retrieval.load(folder, config, known.articles)
    if search and search.matcher and examples:
        alarm.write(folder, examples, splits, known, config, search.matcher.embed, search.relevances)
    samples = data.slots(config)
    if samples:
        method = settings.slots_method or ("probe" if config.method.name == "probe" else "full")
        slots.train(config, samples, method).folder.rename(folder / slots.FOLDER)


def _matcher(settings: Settings) -> Run | None:
    if settings.matcher is None:
        return None
    run = open_run(Path(settings.matcher))
    if run.objective != "match":
        raise ConfigError(f"app.matcher: {run.folder} learned '{run.objective}'; train one with: verticals tune match")
    return run


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file with the same columns."""
    return remeasure.evaluate_file(run, file) if file else remeasure.evaluate_splits(run, data.splits(run.config))
