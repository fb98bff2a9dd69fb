"""A recorded stream played again, as fast as the machine can or at a multiple of its own pace. Time is what the file says, never the clock."""

import csv
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from verticals.errors import ConfigError, DataError
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sources.intake import FIELDS, Batch, Intake, parse_time
from verticals_financial_sentiment.sources.records_in_files import SUFFIXES, Row

FASTEST: Final = 1000.0
_SHORTEST_WAIT = 0.05  # seconds
_TIMES = (*FIELDS["received"], *FIELDS["published"])


def replay(
    path: Path,
    offset: str = "",
    zone: str = "UTC",
    size: int = 64,
    speed: float | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Batch]:
    """Yield a file's headlines in its order; an item is received when the file says, or when it was published, and never before an earlier row.

    Args:
        path: CSV or JSONL; see `intake.FIELDS` for the columns.
        offset: of the last batch that was saved; earlier rows are read for their times and not yielded.
        zone: of times that name none.
        size: most headlines in a batch.
        speed: 1 to FASTEST times the stream's own pace; None does not wait.
        wait: is given seconds to wait.

    Raises:
        ConfigError: the speed is out of range.
        DataError: the file is missing, or its first row has no time.
    """
    if speed is not None and not 1 <= speed <= FASTEST:
        raise ConfigError(f"replay speed: expected 1 to {FASTEST:.0f}, found {speed:g}")
    intake, origin, done = Intake(path.stem, zone), f"replay {path.name}", int(offset or 0)
    waiting: list[Headline] = []
    clock: datetime | None = None
    debt = 0.0
    number = 0
    for number, row in enumerate(_rows(path), 1):
        received = _received(row, clock, path, number, ZoneInfo(zone))
        if number > done and speed and clock:
            debt += (received - clock) / timedelta(seconds=speed)
        clock = received
        if debt >= _SHORTEST_WAIT:
            yield Batch(origin, tuple(waiting), str(number - 1), intake.flush())
            waiting = []
            wait(debt)
            debt = 0.0
        headline = _take(intake, row, received)
        if number <= done:
            intake.flush()
        elif headline:
            waiting.append(headline)
        if len(waiting) >= size:
            yield Batch(origin, tuple(waiting), str(number), intake.flush())
            waiting = []
    if number > done:
        yield Batch(origin, tuple(waiting), str(number), intake.flush())


def _take(intake: Intake, row: Row | None, received: datetime) -> Headline | None:
    if row is None:
        intake.counts["bad_row"] += 1
        return None
    return intake.take(row, received)


def _received(row: Row | None, clock: datetime | None, path: Path, number: int, zone: ZoneInfo) -> datetime:
    texts = [str(row[name]) for name in _TIMES if row.get(name)] if row else []
    moment = next((moment for text in texts if (moment := parse_time(text, zone))), clock)
    if moment is None:
        raise DataError(
            f"{path}: row {number} has no time; expected one in a column such as '{FIELDS['published'][0]}'"
        )
    return max(moment, clock) if clock else moment


def _rows(path: Path) -> Iterator[Row | None]:
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: unknown format '{path.suffix}'; expected one of {', '.join(SUFFIXES)}")
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            if path.suffix.lower() == ".csv":
                for record in csv.DictReader(file):
                    named = {str(name).strip().lower(): value for name, value in record.items() if name is not None}
                    yield None if None in record or None in record.values() else named
            else:
                for line in file:
                    if line.strip():
                        yield _json(line)
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: cannot be replayed: {error}") from error


def _json(line: str) -> Row | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
