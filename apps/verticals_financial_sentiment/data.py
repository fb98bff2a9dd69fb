"""The rows the monitor's model learns from: the headlines written for this project, or the user's texts."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verticals import methods
from verticals.config import Config
from verticals.data.examples import Examples
from verticals.data.loading import load_splits, with_leak_notes
from verticals.data.splits import Splits, carve
from verticals.errors import DataError, did_you_mean
from verticals.methods.method import Method
from verticals_financial_sentiment import views
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.symbols import Symbol, read_symbols

SAMPLES = Path(__file__).with_name("samples")
SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Labelled:
    """A headline with its sentiment as a whole and towards each company it names."""

    text: str
    sentiment: str
    companies: Mapping[str, str]


@dataclass(frozen=True)
class Pair:
    """Two headlines that differ in little and mean different things for an investor."""

    phenomenon: str
    texts: tuple[str, str]
    sentiments: tuple[str, str]


def splits(config: Config) -> Splits:
    """Return the splits that the settings name, as views; without any, those of the shipped headlines.

    A headline gives one row for itself and one for each company it names; all its rows stay in one split. The pairs, each two
    headlines that differ in little and mean different things, are only trained on.

    Raises:
        DataError: the labels are others than `SENTIMENTS`.
    """
    if config.data.train:
        return shown(_known_labels(load_splits(config.data, config.train.seed)))
    headlines, companies = read_headlines(SAMPLES / "headlines.jsonl"), read_symbols()
    numbered = Examples(
        tuple(each.text for each in headlines),
        tuple(each.sentiment for each in headlines),
        tuple(range(len(headlines))),
    )
    rest, test = carve(numbered, config.data.test_share, config.train.seed)
    train, validation = carve(rest, config.data.validation_share, config.train.seed)
    chosen = [[headlines[number] for number in part.lines] for part in (train, validation, test)]
    chosen[0] += _to_learn_from(read_headlines(SAMPLES / "pairs.jsonl"), methods.get(config.method.name))
    parts = [_rows(part, companies) for part in chosen]
    return with_leak_notes(Splits("shipped", SENTIMENTS, parts[0], parts[1], parts[2]))


def _to_learn_from(pairs: list[Labelled], method: Method) -> list[Labelled]:
    """Return the pairs that a method has time for: the first start of the demo waits for a probe to read every sixth one."""
    if method.adapt is not None or not method.uses_backbone:
        return pairs
    return [side for number, side in enumerate(pairs) if number // 2 % 6 == 0]


def _known_labels(splits: Splits) -> Splits:
    """Return the splits where the judge can use their labels."""
    odd = [label for label in splits.labels if label not in SENTIMENTS]
    if odd:
        raise DataError(f"{splits.name}: label '{odd[0]}'{did_you_mean(odd[0], SENTIMENTS)}")
    missing = [name for name in SENTIMENTS if name not in splits.labels]
    if missing:
        raise DataError(f"{splits.name}: no row is '{missing[0]}'; expected rows of each of {', '.join(SENTIMENTS)}")
    return splits


def symbols(config: Config) -> tuple[Symbol, ...]:
    """Return the companies to watch: the user's list, or that of the samples."""
    own = Settings.model_validate(config.app).symbols
    return read_symbols(Path(own)) if own else read_symbols()


def shown(splits: Splits) -> Splits:
    """Return the splits with each text as the model sees it."""
    train, validation, test = (
        replace(part, texts=tuple(views.whole(text) for text in part.texts))
        for part in (splits.train, splits.validation, splits.test)
    )
    return replace(splits, train=train, validation=validation, test=test)


def read_headlines(path: Path) -> list[Labelled]:
    """Read labelled headlines, one JSON object per line.

    Raises:
        DataError: a line lacks a key, or a sentiment is not one of `SENTIMENTS`.
    """
    return [
        Labelled(row["text"], _known(path, line, row["sentiment"]), _all_known(path, line, row["companies"]))
        for line, row in _lines(path, ("text", "sentiment", "companies"))
    ]


def read_pairs(path: Path = SAMPLES / "contrast.jsonl") -> list[Pair]:
    """Read the contrast set; its headlines are never trained on."""
    return [
        Pair(
            row["phenomenon"],
            (row["a"]["text"], row["b"]["text"]),
            (_known(path, line, row["a"]["sentiment"]), _known(path, line, row["b"]["sentiment"])),
        )
        for line, row in _lines(path, ("phenomenon", "a", "b"))
    ]


def _lines(path: Path, keys: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}: line {line}: not JSON: {error.msg}") from error
        missing = [key for key in keys if key not in row]
        if missing:
            raise DataError(f"{path}: line {line}: no '{missing[0]}'; expected {', '.join(keys)}")
        yield line, row


def _known(path: Path, line: int, sentiment: str) -> str:
    if sentiment not in SENTIMENTS:
        raise DataError(f"{path}: line {line}: sentiment '{sentiment}'; expected one of {', '.join(SENTIMENTS)}")
    return sentiment


def _all_known(path: Path, line: int, companies: Mapping[str, str]) -> dict[str, str]:
    return {name: _known(path, line, sentiment) for name, sentiment in companies.items()}


def _rows(headlines: list[Labelled], symbols: tuple[Symbol, ...]) -> Examples:
    names = {symbol.name: (symbol.names, symbol.ticker) for symbol in symbols}
    texts, labels = [], []
    for headline in headlines:
        texts.append(views.whole(headline.text))
        labels.append(headline.sentiment)
        spans = {name: _spans(headline.text, *names[name]) for name in headline.companies}
        for name, sentiment in headline.companies.items():
            others = [span for other, found in spans.items() if other != name for span in found]
            texts.append(views.about(headline.text, spans[name], others))
            labels.append(sentiment)
    return Examples(tuple(texts), tuple(labels), tuple(range(1, len(texts) + 1)))


def _spans(text: str, names: tuple[str, ...], ticker: str) -> list[tuple[int, int]]:
    """Return where a company that is known to be in a text is named: by a name, the longest first, or by its ticker."""
    ways = [*(re.escape(name) for name in sorted(names, key=len, reverse=True)), rf"\$?{re.escape(ticker)}"]
    found = [match.span() for match in re.finditer(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)", text, re.IGNORECASE)]
    if not found:
        raise DataError(f"'{text}': labelled for {names[0]}, whose name is not in it; add the alias to the symbol list")
    return found
