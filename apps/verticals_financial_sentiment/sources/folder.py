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
    Layout,
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

    rows: tuple[Row | None, ...] = ()
    problem: str = ""
    behind: bool = False


class WatchedFolder:
    """Reads what is new in a folder; the offset says how much of each file has been read."""

    def __init__(self, folder: Path, zone: str = "UTC", chunk: int = CHUNK) -> None:
        self._folder = folder
        self._chunk = chunk
        self._intake = Intake(folder.name, zone)
        self._left: dict[str, tuple[int, datetime]] = {}  # by file: where a record was not complete, and since when
        self._said: dict[str, str] = {}  # by file: what is wrong with it, which is said once

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
                new = _New(problem=f"cannot be read: {error.strerror}")
            if new.problem and new.problem != self._said.get(path.name):
                problems.append(f"{path.name}: {new.problem}")
            self._said[path.name] = new.problem
            bad = sum(row is None for row in new.rows)
            self._intake.counts["bad_row"] += bad
            if bad and not new.problem:
                problems.append(
                    f"{path.name}: {bad} rows do not fit the header, or are no JSON objects with a title or body; they are left out"
                )
            headlines += [taken for row in new.rows if row is not None and (taken := self._intake.take(row, now))]
            problems += [f"{path.name}: {sentence}" for sentence in self._intake.unread(path.name)]
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
            start, layout = int(before.get("bytes", 0)), _layout(before)
            behind = not before or bool(before.get("behind"))
            file.seek(start)
            data = file.read(self._chunk)
            piece, problem = _piece(path, data, layout), ""
            if data and not piece.end and not piece.problem:
                piece, problem = self._unfinished(path, start, data, piece, layout, now)
            end = start + piece.end
            if piece.problem:
                problem = f"byte {end:,}: {piece.problem}; nothing from there on is read until the file is mended"
            if piece.end:
                more = file.seek(0, io.SEEK_END) > end
                kept = {"bytes": end, "head": _head(file, end), **_as_json(piece.layout)}
                read[path.name] = {**kept, "behind": True} if behind and more else kept
        return _New(piece.rows, problem, behind)

    def _unfinished(
        self, path: Path, start: int, data: bytes, piece: Piece, layout: Layout | None, now: datetime
    ) -> tuple[Piece, str]:
        """Return what to take where not one record is complete, and why; a writer has until the next round to go on."""
        full = len(data) == self._chunk
        if full and not piece.open:  # one record larger than a chunk
            return Piece((None,), data.rfind(b"\n") + 1 or len(data), layout), ""
        if not full and not self._waited(path.name, start if piece.open else start + len(data), now):
            return Piece((), 0), ""
        if piece.open:
            return Piece((None,), len(first_line(data)), layout), (
                f"expected the quote that opens in the row at byte {start:,} to be closed, found no other; the first line of "
                "that row is left out: close the quote, and put the file in under another name to have it read again"
            )
        last = _piece(path, data + b"\n", layout)  # whole but for the line break, which not every writer adds
        if last.problem:
            return last, ""
        return (Piece(last.rows, len(data), layout) if any(last.rows) else Piece((), 0)), ""

    def _waited(self, name: str, place: int, now: datetime) -> bool:
        """Say whether a file was found like this in an earlier round."""
        found, since = self._left.get(name, (-1, now))
        if found != place:
            self._left[name] = place, now
        return found == place and since < now


def _layout(before: Mapping[str, Any]) -> Layout | None:
    header = tuple(before.get("header", ()))
    return Layout(header, before.get("delimiter", ",")) if header else None


def _as_json(layout: Layout | None) -> dict[str, Any]:
    return {"header": layout.header, "delimiter": layout.delimiter} if layout else {}


def _piece(path: Path, data: bytes, layout: Layout | None) -> Piece:
    return csv_piece(data, layout) if path.suffix.lower() == ".csv" else jsonl_piece(data)


def _goes_on(file: BinaryIO, before: Mapping[str, Any]) -> bool:
    """Say whether a file is still the one that was read before: as large, and with the same beginning where that was noted.

    An earlier version read on under a header that names no text; such a file is read again.
    """
    start, layout = int(before.get("bytes", 0)), _layout(before)
    if layout and not layout.has_text:
        return False
    return file.seek(0, io.SEEK_END) >= start and before.get("head", "") in ("", _head(file, start))


def _head(file: BinaryIO, read: int) -> str:
    """Return a digest of the first bytes of what was read."""
    file.seek(0)
    return blake2b(file.read(min(read, _HEAD)), digest_size=16).hexdigest()
