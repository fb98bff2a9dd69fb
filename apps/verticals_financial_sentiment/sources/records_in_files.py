"""Rows of CSV and JSONL files while they are still being written: complete records only, with the bytes they take."""

import csv
import json
from collections.abc import Iterator
from typing import Any, Final

SUFFIXES: Final = (".csv", ".jsonl")
Row = dict[str, Any]


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


def jsonl_records(data: bytes) -> Iterator[tuple[Row | None, int]]:
    """Yield each complete line's object, or None where it is not one, with the bytes up to its end; empty lines are passed over."""
    position = 0
    for line in data.split(b"\n")[:-1]:
        position += len(line) + 1
        if line.strip():
            yield _object(line), position


def _object(line: bytes) -> Row | None:
    try:
        value = json.loads(line.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def csv_records(data: bytes, header: list[str]) -> Iterator[tuple[Row | None, int]]:
    """Yield each complete record by its column names, or None where its fields do not fit, with the bytes up to its end.

    Without a header the first record is it, and is put into `header`.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2**24))
    lines = _Lines(data)
    reader = csv.reader(iter(lines), strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):  # the record goes on in what is not yet written
                return
            yield None, lines.bytes
            continue
        if not lines.whole:
            return
        if not header:
            header.extend(name.removeprefix("\ufeff").strip().lower() for name in fields)
        elif fields:
            yield (dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None), lines.bytes
