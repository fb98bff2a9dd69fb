"""A recorded stream read again. Time is what the file says, never the clock; how fast it is played is for `player` to say.

A single row that lies days ahead of the rows around it is misdated: it is kept at the time of the row before it and counted, since the rows
after it could not be earlier.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from verticals.errors import DataError
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sources.intake import EARLIEST, FIELDS, Batch, Intake
from verticals_financial_sentiment.sources.records_in_files import SUFFIXES, Row, layout_of
from verticals_financial_sentiment.sources.times import parse_time

FASTEST: Final = 1000.0
_JUMP = timedelta(days=1)  # that a row may lie ahead of the one before it although the one after it does not
_TIMES = (*FIELDS["received"], *FIELDS["published"])


def replay(path: Path, offset: str = "", zone: str = "UTC", size: int = 64) -> Iterator[Batch]:
    """Yield a file's headlines in its order; an item is received when the file says, or when it was published, and never before an earlier row.

    Args:
        path: CSV or JSONL; see `intake.FIELDS` for the columns.
        offset: of the last batch that was saved; earlier rows are read for their times and not yielded.
        zone: of times that name none.
        size: most headlines in a batch.

    Raises:
        DataError: the file is missing or cannot be read, or neither its first row nor the one after it has a time.
    """
    intake, done = Intake(path.stem, zone), int(offset or 0)
    waiting: list[Headline] = []
    number = 0
    for number, (row, received, misdated) in enumerate(_timed(path, ZoneInfo(zone)), 1):
        intake.counts["misdated"] += misdated
        headline = _take(intake, row, received)
        if number <= done:
            intake.flush()
        elif headline:
            waiting.append(headline)
        if len(waiting) >= size:
            yield _batch(path, waiting, number, intake)
            waiting = []
    if number > done:
        yield _batch(path, waiting, number, intake)


def _batch(path: Path, waiting: list[Headline], number: int, intake: Intake) -> Batch:
    problems = tuple(f"{path.name}: {sentence}" for sentence in intake.unread(path.name))
    return Batch(origin_of(path), tuple(waiting), str(number), intake.flush(), problems)


def origin_of(path: Path) -> str:
    """Return the name under which the offset in a file is kept."""
    return f"replay {path.resolve()}"


def _take(intake: Intake, row: Row | None, received: datetime) -> Headline | None:
    if row is None:
        intake.counts["bad_row"] += 1
        return None
    return intake.take(row, received)


def _timed(path: Path, zone: ZoneInfo) -> Iterator[tuple[Row | None, datetime, bool]]:
    """Yield each row, when it is received, and whether it says so itself and is not believed."""
    clock: datetime | None = None
    dated = ((row, _time(row, zone)) for row in _rows(path))
    for number, ((row, time), (_, following)) in enumerate(pairwise(chain(dated, [(None, None)])), 1):
        before = clock or following
        misdated = bool(time and before and time > before + _JUMP and not (following and following >= time - _JUMP))
        received = before if misdated or not time else max(time, clock or time)
        if received is None:
            raise DataError(
                f"{path}: row {number} has no time; expected one in a column such as '{FIELDS['published'][0]}'"
            )
        yield row, received, misdated
        clock = received


def _time(row: Row | None, zone: ZoneInfo) -> datetime | None:
    texts = [str(row[name]) for name in _TIMES if row.get(name)] if row else []
    return next((time for text in texts if (time := parse_time(text, zone)) and time >= EARLIEST), None)


def _rows(path: Path) -> Iterator[Row | None]:
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: unknown format '{path.suffix}'; expected one of {', '.join(SUFFIXES)}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _records(file) if path.suffix.lower() == ".csv" else map(_json, filter(str.strip, file))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be replayed: expected UTF-8 ({error}); save the file as UTF-8") from error
    except (OSError, csv.Error, DataError) as error:
        raise DataError(f"{path}: cannot be replayed: {error}") from error


def _records(file: Iterable[str]) -> Iterator[Row | None]:
    lines = iter(file)
    header = next((line for line in lines if line.strip()), "")
    if header:
        layout = layout_of(header)
        yield from (layout.row(fields) for fields in csv.reader(lines, delimiter=layout.delimiter) if fields)


def _json(line: str) -> Row | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
