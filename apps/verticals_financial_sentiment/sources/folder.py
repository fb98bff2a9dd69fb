"""A watched folder: CSV and JSONL files that appear in it, or grow, become headlines."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from verticals.errors import DataError
from verticals_financial_sentiment.sources.intake import Batch, Intake
from verticals_financial_sentiment.sources.records_in_files import SUFFIXES, Row, csv_records, jsonl_records

CHUNK: Final = 4_000_000  # bytes of one file per scan


class WatchedFolder:
    """Reads what is new in a folder; the offset says how much of each file has been read."""

    def __init__(self, folder: Path, zone: str = "UTC", chunk: int = CHUNK) -> None:
        self._folder = folder
        self._chunk = chunk
        self._intake = Intake(folder.name, zone)

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
                rows = self._new_rows(path, read)
            except OSError as error:
                problems.append(f"{path.name}: cannot be read: {error.strerror}")
                continue
            bad = sum(row is None for row in rows)
            if bad:
                self._intake.counts["bad_row"] += bad
                problems.append(
                    f"{path.name}: {bad} rows do not fit the header or are not JSON objects; they are left out"
                )
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

    def _new_rows(self, path: Path, read: dict[str, Any]) -> list[Row | None]:
        before: Mapping[str, Any] = read.get(path.name, {})
        start, header = int(before.get("bytes", 0)), list(before.get("header", ()))
        if path.stat().st_size < start:  # replaced by another file; content ids keep its items from counting twice
            start, header = 0, []
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(self._chunk)
        found = list(csv_records(data, header) if path.suffix.lower() == ".csv" else jsonl_records(data))
        end = found[-1][1] if found else 0
        if not found and len(data) == self._chunk:  # one record larger than a chunk: pass over it, line by line
            found, end = [(None, 0)], data.rfind(b"\n") + 1 or len(data)
        if end:
            read[path.name] = {"bytes": start + end, "header": header}
        return [row for row, _ in found]
