"""Delimited text: rows of CSV and TSV read, and rows written so that they are read again."""

import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from verticals.errors import DataError

DELIMITERS = (",", "\t", ";", "|")
_QUOTED = re.compile(r'(?<![^,\t;|\n])"[^"]*(?:""[^"]*)*"')
_JUDGED_CHARACTERS, _JUDGED_LINES = 100_000, 50  # of a file whose delimiter is looked for
_LINE_END = "\r\n"
_SHOWN = 5


def read_delimited(path: Path, text: str) -> pd.DataFrame:
    """Read the rows of a file's text, indexed by the line on which each starts; empty cells become None.

    Raises:
        DataError: a quote is open, a row has another number of fields than the header, or columns cannot be told apart.
    """
    csv.field_size_limit(sys.maxsize)  # the default of 131,072 refuses long texts
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text), strict=True)
    header: list[str] | None = None
    rows: list[list[str | None]] = []
    lines: list[int] = []
    ragged: list[tuple[int, int]] = []
    for line, fields in _records(path, reader):
        if header is None:
            header = fields
        elif len(fields) != len(header):
            ragged.append((line, len(fields)))
        else:
            rows.append([field or None for field in fields])
            lines.append(line)
    if ragged:
        raise DataError(_ragged_message(path, len(header or []), ragged))
    return _named(path, header or [], rows, lines)


def _records(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 - csv's reader has no public type
    """Give each record with its line; a blank line is none, but between rows of one column, where it is an empty cell."""
    start, width = 1, 0
    blank: list[int] = []
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}: the record that starts on line {start}: {error}; check its quotes") from error
        if fields:
            yield from ((line, [""]) for line in blank)
            yield start, fields
            blank, width = [], width or len(fields)
        elif width == 1:
            blank.append(start)  # a row only if another follows
        start = reader.line_num + 1


def _delimiter(path: Path, text: str) -> str:
    """Of the marks in the header, outside quotes, take the one that stands as often in most of the lines that follow."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    unquoted = _QUOTED.sub("", text[:_JUDGED_CHARACTERS]).splitlines()
    first, *others = [line for line in unquoted if line.strip()][:_JUDGED_LINES] or [""]
    found = [mark for mark in DELIMITERS if mark in first] or [","]
    return max(
        found, key=lambda mark: (sum(each.count(mark) == first.count(mark) for each in others), first.count(mark))
    )


def _named(path: Path, header: list[str], rows: list[list[str | None]], lines: list[int]) -> pd.DataFrame:
    """Return the rows of a file without its columns that have neither a name nor a cell, as spreadsheets leave them."""
    empty = [place for place, name in enumerate(header) if not name.strip() and not any(row[place] for row in rows)]
    kept = [place for place in range(len(header)) if place not in empty]
    names = [header[place] for place in kept]
    nameless = [str(place + 1) for place in kept if not header[place].strip()]
    if len(nameless) > 1:
        raise DataError(
            f"{path}: line 1: columns {', '.join(nameless)} have no name, but have cells; name them, or delete them"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: line 1: the header names {twice} more than once; give every column its own name")
    cells = [[row[place] for place in kept] for row in rows] if empty else rows
    return pd.DataFrame(cells, columns=names, index=pd.Index(lines, name="line"), dtype=object)


def _ragged_message(path: Path, expected: int, ragged: list[tuple[int, int]]) -> str:
    shown = "; ".join(f"line {line} has {found}" for line, found in ragged[:_SHOWN])
    more = f" and {len(ragged) - _SHOWN} more" if len(ragged) > _SHOWN else ""
    return f"{path}: the header has {expected} fields, but {shown}{more}; put texts that hold the delimiter in double quotes"


class _PlainEnds:
    """A file whose rows end as on this project's other files, whatever a csv writer ends them with."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        """Write one row."""
        return self._file.write(row.removesuffix(_LINE_END) + "\n")


def write_csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]], file: TextIO) -> None:
    """Write rows under a header, each line with a plain end; what a cell holds is read again as it is."""
    # The writer quotes only what its own line end holds: with a bare \n, a cell with \r would be read as two rows.
    writer = csv.DictWriter(_PlainEnds(file), names, lineterminator=_LINE_END)
    writer.writeheader()
    writer.writerows(rows)
