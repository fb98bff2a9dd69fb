"""A watched folder: CSV and JSONL files that appear in it, or grow, become headlines.

A file is new until its end was reached once: what it tells until then that is late was missed, not said at this moment.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

from verticals.errors import DataError
from verticals_financial_sentiment.records import Headline
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


@dataclass(frozen=True)
class _New:
    """What is new in a file, what is wrong with it where that is more than a bad row, and whether the file itself is new."""

    rows: tuple[Row | None, ...]
    problem: str
    behind: bool


class WatchedFolder:
    """Reads what is new in a folder; the offset says how much of each file has been read."""

    def __init__(self, folder: Path, zone: str = "UTC", chunk: int = CHUNK) -> None:
        self._folder = folder
        self._chunk = chunk
        self._intake = Intake(folder.name, zone)
        self._left: dict[str, tuple[int, datetime]] = {}  # by file: where a record was not complete, and since when
        self._unreadable: set[str] = set()  # files whose trouble was said

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
        problems, headlines, behind = list[str](), list[Headline](), False
        for path in self._files():
            try:
                new = self._new_rows(path, read, now)
            except OSError as error:
                if path.name not in self._unreadable:
                    problems.append(f"{path.name}: cannot be read: {error.strerror}")
                self._unreadable.add(path.name)
                continue
            self._unreadable.discard(path.name)
            bad = sum(row is None for row in new.rows)
            if bad:
                self._intake.counts["bad_row"] += bad
                unfit = f"{path.name}: {bad} rows do not fit the header or are not JSON objects; they are left out"
                problems.append(new.problem or unfit)
            headlines += [taken for row in new.rows if row is not None and (taken := self._intake.take(row, now))]
            behind = behind or (new.behind and bool(new.rows))
        counts, left = self._intake.flush(), json.dumps(read, sort_keys=True)
        return Batch(self.origin, tuple(headlines), left, counts, tuple(problems), behind=behind)

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

    def _new_rows(self, path: Path, read: dict[str, Any], now: datetime) -> _New:
        """Return what is new in a file; `read` is brought up to date."""
        before: Mapping[str, Any] = read.get(path.name, {})
        with path.open("rb") as file:
            # replaced by another file: read from its beginning; content ids keep the items of both from counting twice
            before = before if _goes_on(file, before) else {}
            start, header = int(before.get("bytes", 0)), list(before.get("header", ()))
            behind = not before or bool(before.get("behind"))
            file.seek(start)
            data = file.read(self._chunk)
            piece, problem = _piece(path, data, header), ""
            if data and not piece.end:
                piece, problem = self._unfinished(path, start, data, piece, header, now)
            if piece.end:
                end = start + piece.end
                more = file.seek(0, io.SEEK_END) > end
                kept = {"bytes": end, "header": header, "head": _head(file, end)}
                read[path.name] = {**kept, "behind": True} if behind and more else kept
        return _New(piece.rows, problem, behind)

    def _unfinished(
        self, path: Path, start: int, data: bytes, piece: Piece, header: list[str], now: datetime
    ) -> tuple[Piece, str]:
        """Return what to take where not one record is complete, and why; a writer has until the next round to go on."""
        full = len(data) == self._chunk
        if full and not piece.open:  # one record larger than a chunk
            return Piece((None,), data.rfind(b"\n") + 1 or len(data)), ""
        if not full and not self._waited(path.name, start if piece.open else start + len(data), now):
            return Piece((), 0), ""
        if piece.open:
            return Piece((None,), len(first_line(data))), (
                f"{path.name}: expected the quote that opens in the row at byte {start:,} to be closed, found no other; the first line of "
                "that row is left out: close the quote, and put the file in under another name to have it read again"
            )
        last = _piece(path, data + b"\n", list(header))  # whole but for the line break, which not every writer adds
        return (Piece(last.rows, len(data)) if any(last.rows) else Piece((), 0)), ""

    def _waited(self, name: str, place: int, now: datetime) -> bool:
        """Say whether a file was found like this in an earlier round."""
        found, since = self._left.get(name, (-1, now))
        if found != place:
            self._left[name] = place, now
        return found == place and since < now


def _piece(path: Path, data: bytes, header: list[str]) -> Piece:
    return csv_piece(data, header) if path.suffix.lower() == ".csv" else jsonl_piece(data)


def _goes_on(file: BinaryIO, before: Mapping[str, Any]) -> bool:
    """Say whether a file is still the one that was read before: as large, and with the same beginning where that was noted."""
    start = int(before.get("bytes", 0))
    return file.seek(0, io.SEEK_END) >= start and before.get("head", "") in ("", _head(file, start))


def _head(file: BinaryIO, read: int) -> str:
    """Return a digest of the first bytes of what was read."""
    file.seek(0)
    return blake2b(file.read(min(read, _HEAD)), digest_size=16).hexdigest()
