"""A watched folder: CSV and JSONL files that appear in it, or grow, become headlines."""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

from verticals.errors import DataError
from verticals_financial_sentiment.sources.intake import Batch, Intake
from verticals_financial_sentiment.sources.records_in_files import (
    SUFFIXES,
    Piece,
    Row,
    csv_piece,
    first_line,
    jsonl_piece,
)

CHUNK: Final = 4_000_000  # bytes of one file per scan
_HEAD = 4_096  # bytes by which a file is known again


class WatchedFolder:
    """Reads what is new in a folder; the offset says how much of each file has been read."""

    def __init__(self, folder: Path, zone: str = "UTC", chunk: int = CHUNK) -> None:
        self._folder = folder
        self._chunk = chunk
        self._intake = Intake(folder.name, zone)
        self._open: dict[str, tuple[int, datetime]] = {}  # by file: where an open quote was found, and when

    @property
    def origin(self) -> str:
        """Under which the offset is kept."""
        return f"folder {self._folder.resolve()}"

    def scan(self, offset: str, now: datetime) -> Batch:
        """Return what is new; call again while the offset changes.

        Raises:
            DataError: the folder is missing or cannot be read.
        """
        read: dict[str, Any] = json.loads(offset) if offset else {}
        problems, headlines = [], []
        for path in self._files():
            try:
                rows, problem = self._new_rows(path, read, now)
            except OSError as error:
                problems.append(f"{path.name}: cannot be read: {error.strerror}")
                continue
            bad = sum(row is None for row in rows)
            if bad:
                self._intake.counts["bad_row"] += bad
                unfit = f"{path.name}: {bad} rows do not fit the header or are not JSON objects; they are left out"
                problems.append(problem or unfit)
            headlines += [taken for row in rows if row is not None and (taken := self._intake.take(row, now))]
        return Batch(
            self.origin, tuple(headlines), json.dumps(read, sort_keys=True), self._intake.flush(), tuple(problems)
        )

    def _files(self) -> Iterator[Path]:
        try:
            paths = sorted(self._folder.iterdir())
        except OSError as error:
            raise DataError(
                f"{self._folder}: cannot be watched: {error.strerror}; create it or change app.folder"
            ) from error
        for path in paths:
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                yield path

    def _new_rows(self, path: Path, read: dict[str, Any], now: datetime) -> tuple[tuple[Row | None, ...], str]:
        """Return what is new in a file, and what is wrong with it where that is more than a bad row; `read` is brought up to date."""
        before: Mapping[str, Any] = read.get(path.name, {})
        with path.open("rb") as file:
            # replaced by another file: read from its beginning; content ids keep the items of both from counting twice
            before = before if _goes_on(file, before) else {}
            start, header = int(before.get("bytes", 0)), list(before.get("header", ()))
            file.seek(start)
            data = file.read(self._chunk)
            piece = csv_piece(data, header) if path.suffix.lower() == ".csv" else jsonl_piece(data)
            rows, end, problem = piece.rows, piece.end, ""
            if not end:
                end, problem = self._passed_over(path.name, start, data, piece, now)
                rows = (None,) if end else ()
            if end:
                read[path.name] = {"bytes": start + end, "header": header, "head": _head(file, start + end)}
        return rows, problem

    def _passed_over(self, name: str, start: int, data: bytes, piece: Piece, now: datetime) -> tuple[int, str]:
        """Return how many bytes to leave out where not one record is complete, and why; a writer has until the next round to go on."""
        full = len(data) == self._chunk
        found, since = self._open.get(name, (-1, now))
        if piece.open and (full or (found == start and since < now)):
            return len(first_line(data)), (
                f"{name}: expected the quote that opens in the row at byte {start:,} to be closed, found no other; the first line of "
                "that row is left out: close the quote, and put the file in under another name to have it read again"
            )
        if full:  # one record larger than a chunk
            return data.rfind(b"\n") + 1 or len(data), ""
        if piece.open and found != start:
            self._open[name] = start, now
        return 0, ""


def _goes_on(file: BinaryIO, before: Mapping[str, Any]) -> bool:
    """Say whether a file is still the one that was read before: as large, and with the same beginning where that was noted."""
    start = int(before.get("bytes", 0))
    return file.seek(0, io.SEEK_END) >= start and before.get("head", "") in ("", _head(file, start))


def _head(file: BinaryIO, read: int) -> str:
    """Return a digest of the first bytes of what was read."""
    file.seek(0)
    return blake2b(file.read(min(read, _HEAD)), digest_size=16).hexdigest()
