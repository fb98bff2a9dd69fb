"""Rows of a table as texts with any number of labels."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from verticals.arrays import IntArray
from verticals.config import DataConfig
from verticals.data.columns import LABEL_NAMES, TEXT_NAMES, column
from verticals.data.examples import Note, as_text, composed, encoding_notes, label_key, note, noticed, text_key
from verticals.data.near_duplicates import near_duplicates
from verticals.data.table import read_table
from verticals.errors import DataError

LABEL_COLUMNS = ("labels", "tags", "topics", *LABEL_NAMES)
_FEWEST = 8


@dataclass(frozen=True)
class LabelSets:
    """Texts with the labels of each, in order, and the line of the file on which each stood first."""

    texts: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, positions: Iterable[int]) -> "LabelSets":
        """Return the rows at these positions, in the order given."""
        chosen = [int(position) for position in positions]
        return LabelSets(
            tuple(self.texts[p] for p in chosen),
            tuple(self.labels[p] for p in chosen),
            tuple(self.lines[p] for p in chosen),
        )

    def matrix(self, labels: Sequence[str]) -> IntArray:
        """Return 1 where a row has a label, else 0, [rows, labels]."""
        return np.array([[int(label in own) for label in labels] for own in self.labels], np.int64)


@dataclass(frozen=True)
class LabelSetSplits:
    """The rows of one task; `labels` are those of the training rows."""

    name: str
    labels: tuple[str, ...]
    train: LabelSets
    validation: LabelSets
    test: LabelSets
    notes: tuple[Note, ...] = ()

    def fingerprint(self) -> str:
        """Return a digest of every text and label, which changes when any row or its split does."""
        content = json.dumps([[part.texts, part.labels] for part in (self.train, self.validation, self.test)])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}

    def samples(self) -> tuple[str, ...]:
        """Return the texts of the test rows."""
        return self.test.texts

    def texts(self) -> tuple[str, ...]:
        """Return the texts of all parts."""
        return self.train.texts + self.validation.texts + self.test.texts


def load(config: DataConfig, separator: str, seed: int) -> LabelSetSplits:
    """Read and split the rows that the settings name; a share is held out where no file is.

    Raises:
        DataError: a file cannot be read, or holds too little to learn from.
    """
    if config.train is None:
        raise DataError("no data given: name a file with --data")
    path = Path(config.train)
    train, notes = read(path, config, separator)
    if len(train) < _FEWEST:
        raise DataError(f"{path}: expected {_FEWEST} rows or more, found {len(train)}; add rows{noticed(notes)}")
    parts: dict[str, LabelSets] = {}
    for part, file, share in (
        ("test", config.test, config.test_share),
        ("validation", config.validation, config.validation_share),
    ):
        if file is None:
            train, parts[part] = _hold_out(train, share, seed)
        else:
            parts[part], found = read(Path(file), config, separator)
            notes += found
    labels = tuple(sorted({label for own in train.labels for label in own}))
    if len(labels) < 2:
        raise DataError(f"{path}: expected at least two labels, found {list(labels)}; is the separator '{separator}'?")
    held = {name: _spelled(part, labels) for name, part in parts.items()}
    notes += [each for name, part in held.items() for each in _unseen(name, part, labels)]
    notes += _leaks(train.texts + held["validation"].texts, held["test"])
    return LabelSetSplits(path.name, labels, train, held["validation"], held["test"], tuple(notes))


def held_out(path: Path, config: DataConfig, separator: str, labels: Sequence[str]) -> LabelSetSplits:
    """Read a file of test rows for a model that is trained already."""
    rows, notes = read(path, config, separator)
    test = _spelled(rows, labels)
    found = (*notes, *_unseen("test", test, labels))
    return LabelSetSplits(path.name, tuple(labels), LabelSets(), LabelSets(), test, found)


def read(path: Path, config: DataConfig, separator: str) -> tuple[LabelSets, list[Note]]:
    """Read one file; the labels are a list, or one text in which they are separated.

    Rows with the same text become one that has the labels of all. A row without labels is one that no label fits.

    Raises:
        DataError: the file cannot be read, or no row has a text.
    """
    table = read_table(path)
    text = column(table, "text", config.text, TEXT_NAMES)
    label = column(table, "label", config.label, LABEL_COLUMNS, several=True)
    blank, repeated, without = [], [], []
    rows: dict[str, tuple[str, int, list[str]]] = {}
    for line, raw_text, raw_labels in zip(table.frame.index, table.frame[text], table.frame[label], strict=True):
        key = text_key(as_text(raw_text))
        if not as_text(raw_text).strip():
            blank.append(int(line))
            continue
        if key in rows:
            repeated.append(int(line))
        rows.setdefault(key, (as_text(raw_text), int(line), []))[2].extend(_split(raw_labels, separator))
    if not rows:
        raise DataError(f"{path}: no row has a text in '{text}'; add rows with one")
    spelling = _spellings(label for _, _, own in rows.values() for label in own)
    found = [
        (text, line, tuple(sorted({spelling[label_key(each)] for each in own}))) for text, line, own in rows.values()
    ]
    without = [line for _, line, own in found if not own]
    notes = [
        note("blank_text", blank, f"{path.name}: rows without text left out"),
        note("repeated_text", repeated, f"{path.name}: repeated texts joined, with the labels of all"),
        note("no_label", without, f"{path.name}: rows without labels, learned as texts that no label fits"),
    ]
    sets = LabelSets(tuple(f[0] for f in found), tuple(f[2] for f in found), tuple(f[1] for f in found))
    return sets, [*(each for each in notes if each.count), *encoding_notes(path, table.encoding)]


def _split(cell: Any, separator: str) -> list[str]:  # noqa: ANN401 - a cell of any file format
    parts = cell if isinstance(cell, list) else as_text(cell).split(separator)
    return [as_text(part).strip() for part in parts if as_text(part).strip()]


def _spellings(labels: Iterable[str]) -> dict[str, str]:
    """Return the most frequent spelling of labels that differ only by case, space or Unicode form."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        counts[label_key(label)][composed(label)] += 1
    return {key: spellings.most_common(1)[0][0] for key, spellings in counts.items()}


def _spelled(rows: LabelSets, labels: Sequence[str]) -> LabelSets:
    """Give held-out labels the spelling of the training rows."""
    spelling = {label_key(label): label for label in labels}
    named = tuple(tuple(spelling.get(label_key(label), label) for label in own) for own in rows.labels)
    return LabelSets(rows.texts, named, rows.lines)


def _hold_out(rows: LabelSets, share: float, seed: int) -> tuple[LabelSets, LabelSets]:
    order = np.random.default_rng(seed).permutation(len(rows))
    held = max(1, round(share * len(rows)))
    return rows.take(np.sort(order[held:])), rows.take(np.sort(order[:held]))


def _unseen(part: str, rows: LabelSets, labels: Sequence[str]) -> list[Note]:
    lines = [line for line, own in zip(rows.lines, rows.labels, strict=True) if set(own) - set(labels)]
    message = f"{part} rows with a label that no training row has; it counts as not found"
    return [note("unseen_label", lines, message)] if lines else []


def _leaks(known: Sequence[str], test: LabelSets) -> list[Note]:
    lines = [test.lines[each.other] for each in near_duplicates(known, test.texts)]
    return [note("near_duplicate", lines, "test texts that nearly repeat a training text")] if lines else []
