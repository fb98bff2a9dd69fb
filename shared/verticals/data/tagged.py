"""Sentences of tagged tokens: column files (CoNLL), JSONL and Parquet, with file and line in every complaint."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verticals.data.examples import Note, encoding_notes, note
from verticals.data.table import Table, read_table, read_text
from verticals.data.tag_schemes import Scheme, Tags, check_tag, impossible, recognise, to_iob2
from verticals.errors import DataError

DOCUMENT = "-DOCSTART-"
_TABLES = (".jsonl", ".parquet")
_SHOWN = 5


@dataclass(frozen=True)
class Sentence:
    """Tokens with their IOB2 tags, the line on which they start, and the number of the text that they stand in.

    Sentences of one document are read together where the objective wants context; a sentence of a file without document marks is a
    document of its own.
    """

    tokens: tuple[str, ...]
    tags: Tags = ()
    line: int = 0
    document: int = 0


@dataclass(frozen=True)
class TaggedFile:
    """The sentences of one file, its own tag scheme, and what was noticed."""

    sentences: tuple[Sentence, ...]
    scheme: Scheme
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Block:
    """A sentence as the file has it: each token with its tag and its line."""

    rows: tuple[tuple[str, str, int], ...]
    document: int


def read_tagged(path: Path) -> TaggedFile:
    """Read a file of tagged sentences; JSONL and Parquet have `tokens` and `tags`, every other suffix is read as columns.

    Raises:
        DataError: the file cannot be read, is ragged, or has a tag that is unknown or impossible in its scheme.
    """
    if path.suffix.lower() in _TABLES:
        table = read_table(path)
        return _checked(path, list(_table_blocks(table)), encoding_notes(path, table.encoding))
    text, encoding = read_text(path)
    notes = encoding_notes(path, encoding)
    rows, documents = _column_rows(path, text)
    if documents:
        notes.append(note("document_mark", documents, f"{path.name}: {DOCUMENT} lines read as starts of documents"))
    return _checked(path, list(_column_blocks(rows, documents)), notes)


def _column_rows(path: Path, text: str) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Return (line, fields) of every line, no fields for a blank one, and the lines that start a document."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    split = _splitter(lines)
    rows: list[tuple[int, list[str]]] = []
    documents: list[int] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(DOCUMENT):
            documents.append(number)
        rows.append((number, split(line) if line.strip() and not line.startswith(DOCUMENT) else []))
    _check_columns(path, rows)
    return rows, documents


def _splitter(lines: Sequence[str]) -> Callable[[str], list[str]]:
    """Columns are parted by tabs where the first token's line has one, else by blanks: a token may hold the other."""
    first = next((line for line in lines if line.strip() and not line.startswith(DOCUMENT)), "")
    if "\t" in first:
        return lambda line: [field.strip(" ") for field in line.split("\t")]
    return lambda line: re.split(" +", line.strip(" "))


def _check_columns(path: Path, rows: Sequence[tuple[int, list[str]]]) -> None:
    filled = [(number, fields) for number, fields in rows if fields]
    if not filled:
        raise DataError(f"{path}: expected lines of a token and its tag, found none; add at least one sentence")
    first, width = filled[0][0], len(filled[0][1])
    if width < 2:
        raise DataError(
            f"{path}: line {first}: expected a token and a tag, found only '{filled[0][1][0]}'; add the tag"
        )
    ragged = [(number, len(fields)) for number, fields in filled if len(fields) != width]
    if ragged:
        shown = "; ".join(f"line {number} has {found}" for number, found in ragged[:_SHOWN])
        more = f" and {len(ragged) - _SHOWN} more" if len(ragged) > _SHOWN else ""
        raise DataError(
            f"{path}: line {first} has {width} columns, but {shown}{more}; part the columns by tabs where tokens hold blanks"
        )
    for number, fields in filled:
        if not fields[0] or not fields[-1]:
            raise DataError(f"{path}: line {number}: expected a token and a tag, found an empty column; fill it")


def _column_blocks(rows: Sequence[tuple[int, list[str]]], documents: Sequence[int]) -> Iterator[_Block]:
    marks = frozenset(documents)
    current: list[tuple[str, str, int]] = []
    document = 0
    for number, fields in [*rows, (0, [])]:
        if fields:
            current.append((fields[0], fields[-1], number))
        elif current:
            yield _Block(tuple(current), document)
            current = []
            document += not marks
        document += number in marks


def _table_blocks(table: Table) -> Iterator[_Block]:
    for name in ("tokens", "tags"):
        if name not in table.columns:
            raise DataError(f"{table.path}: no '{name}'; expected rows with tokens and tags, found {table.columns}")
    cells = zip(table.frame.index, table.frame["tokens"], table.frame["tags"], strict=True)
    for document, (line, tokens, tags) in enumerate(cells):
        where = f"{table.path}: line {line}"
        for name, value in (("tokens", tokens), ("tags", tags)):
            if not _is_texts(value):
                raise DataError(
                    f"{where}: expected '{name}' to be a list of texts, none empty, found {str(value)[:60]}"
                )
        if len(tokens) != len(tags):
            raise DataError(f"{where}: {len(tokens)} tokens but {len(tags)} tags; give every token one tag")
        yield _Block(tuple((token, tag, int(line)) for token, tag in zip(tokens, tags, strict=True)), document)


def _is_texts(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)


def _checked(path: Path, blocks: Sequence[_Block], notes: Sequence[Note]) -> TaggedFile:
    tags = [tuple(_tag(path, tag, line) for _, tag, line in block.rows) for block in blocks]
    scheme = recognise(tags)
    needless: list[int] = []  # CoNLL-2003 itself has two
    for block, row in zip(blocks, tags, strict=True):
        wrong = impossible(row, scheme)
        if wrong and scheme == "IOB1":
            needless += [block.rows[position][2] for position in wrong]
        elif wrong:
            raise DataError(_impossible_message(path, block, row, wrong[0], scheme))
    sentences = (
        Sentence(tuple(token for token, _, _ in block.rows), to_iob2(row), block.rows[0][2], block.document)
        for block, row in zip(blocks, tags, strict=True)
    )
    message = f"{path.name}: B where IOB1 writes I, read as the beginning that it says it is"
    found = [note("needless_b", needless, message)] if needless else []
    return TaggedFile(tuple(sentences), scheme, (*notes, *found))


def _tag(path: Path, tag: str, line: int) -> str:
    try:
        return check_tag(tag)
    except DataError as error:
        raise DataError(f"{path}: line {line}: {error}") from error


def _impossible_message(path: Path, block: _Block, tags: Tags, position: int, scheme: Scheme) -> str:
    line = block.rows[min(position, len(tags) - 1)][2]
    before = f"behind {tags[position - 1]}" if position else "at the start of a sentence"
    what = tags[position] if position < len(tags) else "the end of the sentence"
    why = (
        "E and S occur, so an entity is B I ... E or S (BIOES)"
        if scheme == "BIOES"
        else "I continues an entity of its own type"
    )
    return f"{path}: line {line}: {what} cannot stand {before}: {why}"
