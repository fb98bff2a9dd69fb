"""Rows of CSV and JSONL files while they are still being written: complete records only, with the bytes they take.

What cannot be read as it is (another encoding, no column for a text) is not passed over: the piece ends before it and says why.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from verticals.data.delimited import DELIMITERS
from verticals.errors import DataError
from verticals_financial_sentiment.sources.intake import FIELDS

SUFFIXES: Final = (".csv", ".jsonl")
Row = dict[str, Any]
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_TEXTS = (*FIELDS["title"], *FIELDS["body"])
_MOST_NAMED = 8  # columns in a message


@dataclass(frozen=True)
class Layout:
    """The columns of a CSV file and what stands between them."""

    header: tuple[str, ...]
    delimiter: str = ","

    @property
    def has_text(self) -> bool:
        """Whether a column holds titles or bodies."""
        return not set(_TEXTS).isdisjoint(self.header)

    def row(self, fields: Sequence[str]) -> Row | None:
        """Return a record by its column names, or None where it does not fit."""
        return dict(zip(self.header, fields, strict=True)) if len(fields) == len(self.header) else None


@dataclass(frozen=True)
class Piece:
    """The complete records at the beginning of some bytes.

    Attributes:
        rows: each by its column names, or None where a record is not what it should be.
        end: the bytes that they take, with header and empty lines.
        layout: of a CSV file whose header is complete.
        open: the record that begins at `end` has a quote that is not closed, and a line break after it.
        problem: why what begins at `end` cannot be read, however much is still to come.
    """

    rows: tuple[Row | None, ...]
    end: int
    layout: Layout | None = None
    open: bool = False
    problem: str = ""


class _Lines:
    """Decoded lines of a piece of a file, counting the bytes handed out; they end before a line that is not UTF-8."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))
        self.bytes = 0
        self.whole = True
        self.problem = ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.whole = line.endswith((b"\n", b"\r"))
            self.problem = _encoding_problem(line) if self.whole else ""
            if self.problem:
                return
            self.bytes += len(line)
            yield line.decode("utf-8", "replace").replace("\0", "")  # the last line may end within a character


def layout_of(header: str) -> Layout:
    """Return how a CSV file is laid out: its header is split by what gives a column with a known name for a text.

    Raises:
        DataError: nothing does.
    """
    found = [Layout(_names(header, mark), mark) for mark in DELIMITERS]
    fitting = next((layout for layout in found if layout.has_text), None)
    if fitting is None:
        names = max((layout.header for layout in found), key=len)
        raise DataError(
            f"expected a column for the text, one of {', '.join(_TEXTS)}; found {', '.join(map(repr, names[:_MOST_NAMED]))}"
        )
    return fitting


def _names(header: str, delimiter: str) -> tuple[str, ...]:
    fields = next(csv.reader([header.removeprefix("\ufeff").strip("\r\n")], delimiter=delimiter), [])
    return tuple(name.strip().lower() for name in fields)


def _encoding_problem(line: bytes) -> str:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"expected UTF-8, found the byte 0x{line[error.start]:02x}; save the file as UTF-8"
    return ""


def first_line(data: bytes) -> bytes:
    """Return the first line with its line break; everything where there is none."""
    found = _LINE_BREAK.search(data)
    return data[: found.end()] if found else data


def jsonl_piece(data: bytes) -> Piece:
    """Return each complete line's object, or None where it is not one or has no text by a known name; empty lines are passed over."""
    rows, end = list[Row | None](), 0
    for line in data.split(b"\n")[:-1]:
        if problem := _encoding_problem(line):
            return Piece(tuple(rows), end, problem=problem)
        end += len(line) + 1
        rows += [_object(line)] if line.strip() else []
    return Piece(tuple(rows), end)


def _object(line: bytes) -> Row | None:
    try:
        value = json.loads(line.decode("utf-8").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not value.keys().isdisjoint(_TEXTS) else None


def csv_piece(data: bytes, layout: Layout | None = None) -> Piece:
    """Return each complete record, or None where its fields do not fit. Without a layout the first line is the header."""
    csv.field_size_limit(max(csv.field_size_limit(), 2**24))
    lines, rows, end = _Lines(data), list[Row | None](), 0
    texts = iter(lines)
    if layout is None:
        header = next((line for line in texts if line.strip()), "")
        if not header or not lines.whole:
            return Piece((), 0, problem=lines.problem)
        try:
            layout, end = layout_of(header), lines.bytes
        except DataError as error:
            return Piece((), 0, problem=str(error))
    reader = csv.reader(texts, delimiter=layout.delimiter, strict=True)
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):  # the record goes on in what is not yet written
                return Piece(tuple(rows), end, layout, bool(_LINE_BREAK.search(data, end)), lines.problem)
            rows.append(None)
            end = lines.bytes
            continue
        if fields is None or not lines.whole:
            return Piece(tuple(rows), end, layout, problem=lines.problem)
        end = lines.bytes
        if fields:
            rows.append(layout.row(fields))
