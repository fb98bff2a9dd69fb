"""Rows of CSV and JSONL files while they are still being written: complete records only, with the bytes they take."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

SUFFIXES: Final = (".csv", ".jsonl")
Row = dict[str, Any]
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Piece:
    """The complete records at the beginning of some bytes.

    Attributes:
        rows: each by its column names, or None where a record is not what it should be.
        end: the bytes that they take, with header and empty lines.
        open: the record that begins at `end` has a quote that is not closed, and a line break after it.
    """

    rows: tuple[Row | None, ...]
    end: int
    open: bool = False


class _Lines:
    """Decoded lines of a piece of a file, counting the bytes handed out."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))
        self.bytes = 0
        self.whole = True

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.bytes += len(line)
            self.whole = line.endswith((b"\n", b"\r"))
            yield line.decode("utf-8", "replace").replace("\0", "")


def first_line(data: bytes) -> bytes:
    """Return the first line with its line break; everything where there is none."""
    found = _LINE_BREAK.search(data)
    return data[: found.end()] if found else data


def jsonl_piece(data: bytes) -> Piece:
    """Return each complete line's object, or None where it is not one; empty lines are passed over."""
    lines = data.split(b"\n")[:-1]
    return Piece(tuple(_object(line) for line in lines if line.strip()), sum(len(line) + 1 for line in lines))


def _object(line: bytes) -> Row | None:
    try:
        value = json.loads(line.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def csv_piece(data: bytes, header: list[str]) -> Piece:
    """Return each complete record, or None where its fields do not fit.

    Without a header the first record is it, and is put into `header`.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2**24))
    lines, rows, end = _Lines(data), list[Row | None](), 0
    reader = csv.reader(iter(lines), strict=True)
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            if "unexpected end" in str(error):  # the record goes on in what is not yet written
                return Piece(tuple(rows), end, open=bool(_LINE_BREAK.search(data, end)))
            rows.append(None)
            end = lines.bytes
            continue
        if fields is None or not lines.whole:
            return Piece(tuple(rows), end)
        end = lines.bytes
        if not header:
            header.extend(name.removeprefix("\ufeff").strip().lower() for name in fields)
        elif fields:
            rows.append(dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None)
