"""The rows the judge learns from: the headlines written for this project, or the user's."""

from pathlib import Path

from verticals.config import Config
from verticals.data.columns import column
from verticals.data.examples import Examples, as_text
from verticals.data.loading import load_splits, with_leak_notes
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.symbols import SAMPLE, Symbol, read_symbols

SAMPLES = Path(__file__).with_name("samples")


def splits(config: Config) -> Splits:
    """Return the splits that the settings name; without any, those of the shipped headlines."""
    return load_splits(config.data, config.train.seed) if config.data.train else _samples(config)


def symbols(config: Config) -> tuple[Symbol, ...]:
    """Return the watched companies; without a list of one's own, the invented ones."""
    chosen = Settings.model_validate(config.app).symbols
    return read_symbols(Path(chosen) if chosen else SAMPLE)


def _samples(config: Config) -> Splits:
    table = read_table(SAMPLES / "headlines.jsonl")
    texts, labels = (
        tuple(as_text(value) for value in table.frame[column(table, role, role, ())]) for role in ("text", "sentiment")
    )
    rows = Examples(texts, labels, tuple(int(line) for line in table.frame.index))
    rest, test = carve(rows, config.data.test_share, config.train.seed)
    train, validation = carve(rest, config.data.validation_share, config.train.seed)
    return with_leak_notes(Splits("shipped", tuple(sorted(set(labels))), train, validation, test))
