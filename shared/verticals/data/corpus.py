"""Plain domain text: documents from text files and from the text column of tables."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from verticals.config import DataConfig
from verticals.data.columns import TEXT_NAMES, column
from verticals.data.examples import Note, as_text, encoding_notes, note, noticed, text_key
from verticals.data.table import SUFFIXES, read_lines, read_table
from verticals.errors import ConfigError, DataError

_TEXT_FILE = ".txt"
_FEWEST = 10
_MOST_HELD_OUT = 500  # each is read many times over while measuring


@dataclass(frozen=True)
class Corpus:
    """Distinct documents: those that are learned and those that only measure."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    def fingerprint(self) -> str:
        """Return a digest of every document, which changes when any of them or its split does."""
        content = json.dumps([self.train, self.test], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of documents of each split."""
        return {"train": len(self.train), "test": len(self.test)}

    def samples(self) -> tuple[str, ...]:
        """Return the documents that only measure."""
        return self.test

    def texts(self) -> tuple[str, ...]:
        """Return every document."""
        return self.train + self.test


@dataclass(frozen=True)
class _Document:
    """A text and where it stands."""

    text: str
    line: int


def load_corpus(config: DataConfig, also: Sequence[str], seed: int) -> Corpus:
    """Read the documents that `config.train` and `also` name, and part them from those that only measure.

    Without a test file `config.test_share` of them is held out, at most 500. Repeats are left out: a document that stood on both sides
    would be measured as known.

    Raises:
        DataError: a file cannot be read, or there are fewer than ten distinct documents.
        ConfigError: a column is named, but no file is a table.
    """
    if config.train is None:
        raise DataError("no text given: name a file of documents")
    if config.validation is not None:
        raise DataError(f"{config.validation}: nothing is chosen on validation documents; leave data.validation out")
    paths = [Path(name) for name in (config.train, *also)]
    held = [Path(config.test)] if config.test else []
    if config.text is not None and all(path.suffix.lower() == _TEXT_FILE for path in (*paths, *held)):
        raise ConfigError(
            f"data.text={config.text}: no file is a table with columns; leave it out (pretrain: --column)"
        )
    known: set[str] = set()
    test, notes = read_documents(Path(config.test), config.text, known) if config.test else ((), [])
    learned: list[str] = []
    for path in paths:
        documents, found = read_documents(path, config.text, known)
        learned += documents
        notes += found
    if len(learned) < _FEWEST:
        raise DataError(
            f"{paths[0]}: expected at least {_FEWEST} distinct documents, found {len(learned)}; add text, a document a line, "
            f"or documents parted by blank lines{noticed(notes)}"
        )
    name = "+".join(path.name for path in paths)
    return Corpus(name, tuple(learned), test, tuple(notes)) if test else hold_out(name, learned, config, seed, notes)


def hold_out(name: str, documents: Sequence[str], config: DataConfig, seed: int, notes: Sequence[Note] = ()) -> Corpus:
    """Part the documents, in their order, into those that are learned and a share that only measures."""
    count = min(max(1, round(config.test_share * len(documents))), _MOST_HELD_OUT)
    held = set(np.random.default_rng(seed).permutation(len(documents))[:count].tolist())
    train = tuple(text for number, text in enumerate(documents) if number not in held)
    test = tuple(text for number, text in enumerate(documents) if number in held)
    return Corpus(name, train, test, tuple(notes))


def read_documents(path: Path, wanted: str | None, known: set[str]) -> tuple[tuple[str, ...], list[Note]]:
    """Read one file's documents; those that are known are left out, and `known`, a set of text keys, grows by the others.

    In a `.txt` file a document is what stands between blank lines or, where no blank line stands inside the text, a line. In a table
    it is a cell of the text column, which `wanted` names.

    Raises:
        DataError: the file cannot be read or has no such column.
    """
    suffixes = (_TEXT_FILE, *SUFFIXES)
    if path.suffix.lower() not in suffixes:
        raise DataError(f"{path}: unknown format '{path.suffix}'; expected one of {', '.join(suffixes)}")
    documents, notes = _plain(path) if path.suffix.lower() == _TEXT_FILE else _cells(path, wanted)
    fresh: list[str] = []
    repeated: list[int] = []
    for each in documents:
        key = text_key(each.text)
        if key in known:
            repeated.append(each.line)
        else:
            known.add(key)
            fresh.append(each.text)
    if repeated:
        notes.append(note("duplicate", repeated, f"{path.name}: repeated documents left out"))
    return tuple(fresh), notes


def _plain(path: Path) -> tuple[list[_Document], list[Note]]:
    lines, encoding = read_lines(path)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if not filled:  # a byte-order mark, say
        raise DataError(f"{path}: the file has no text; expected documents, one a line or parted by blank lines")
    inside = range(filled[0], filled[-1] + 1)
    if len(inside) == len(filled):
        documents = [_Document(lines[number].strip(), number + 1) for number in filled]
        how = "a document a line"
    else:
        starts = [number for number in filled if number == filled[0] or not lines[number - 1].strip()]
        ends = [*starts[1:], len(lines)]
        documents = [
            _Document(" ".join(line.strip() for line in lines[start:end] if line.strip()), start + 1)
            for start, end in zip(starts, ends, strict=True)
        ]
        how = "documents parted by blank lines"
    return documents, [
        Note("documents", len(documents), f"{path.name}: {how}: {len(documents)}"),
        *encoding_notes(path, encoding),
    ]


def _cells(path: Path, wanted: str | None) -> tuple[list[_Document], list[Note]]:
    table = read_table(path)
    name = column(table, "text", wanted, TEXT_NAMES, "--set data.text=COLUMN")
    cells = [
        _Document(as_text(cell), int(line)) for line, cell in zip(table.frame.index, table.frame[name], strict=True)
    ]
    documents = [each for each in cells if each.text.strip()]
    blank = [each.line for each in cells if not each.text.strip()]
    notes = [note("blank_text", blank, f"{path.name}: rows without text left out")] if blank else []
    return documents, notes + encoding_notes(path, table.encoding)
