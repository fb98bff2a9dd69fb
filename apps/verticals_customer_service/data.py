"""The rows the bot learns from: the samples written for this project, or the user's."""

from collections.abc import Iterable
from pathlib import Path

from verticals.config import Config
from verticals.data.columns import column
from verticals.data.examples import Examples, as_text
from verticals.data.loading import load_splits, with_leak_notes
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals_customer_service.knowledge import Knowledge, read_articles, read_intents, unnamed_intents
from verticals_customer_service.settings import Settings

SAMPLES = Path(__file__).with_name("samples")


def splits(config: Config) -> Splits:
    """Return the splits that the settings name; without any, those of the shipped samples."""
    return load_splits(config.data, config.train.seed) if config.data.train else _samples(config)


def knowledge(config: Config, labels: Iterable[str]) -> Knowledge:
    """Return intents and articles; labels without an entry get a readable name and no article."""
    settings = Settings.model_validate(config.app)
    own = config.data.train is not None
    intents_file = Path(settings.intents) if settings.intents else None if own else SAMPLES / "intents.yaml"
    articles_file = Path(settings.articles) if settings.articles else None if own else SAMPLES / "articles.jsonl"
    named = read_intents(intents_file) if intents_file else {}
    missing = [label for label in labels if label not in named]
    return Knowledge({**named, **unnamed_intents(missing)}, read_articles(articles_file) if articles_file else [])


def slots(config: Config) -> Path | None:
    """Return the file of tagged messages: the user's or, where the bot learns from the samples, theirs."""
    named = Settings.model_validate(config.app).slots
    return Path(named) if named else None if config.data.train else SAMPLES / "slots.jsonl"


def _samples(config: Config) -> Splits:
    rows = _examples(SAMPLES / "utterances.csv", "text", "intent")
    rest, test = carve(rows, config.data.test_share, config.train.seed)
    train, validation = carve(rest, config.data.validation_share, config.train.seed)
    outside = _examples(SAMPLES / "outside.csv", "text", "kind")
    split = read_table(SAMPLES / "outside.csv").frame["split"]
    calibration, held = (
        outside.take(n for n, value in enumerate(split) if value == part) for part in ("calibration", "test")
    )
    labels = tuple(sorted(set(rows.labels)))
    return with_leak_notes(Splits("shipped", labels, train, validation, test, calibration, held))


def _examples(path: Path, text: str, label: str) -> Examples:
    table = read_table(path)
    texts, labels = (
        tuple(as_text(value) for value in table.frame[column(table, role, role, ())]) for role in (text, label)
    )
    return Examples(texts, labels, tuple(int(line) for line in table.frame.index))
