"""Moments in the ways that exports write them, as seconds since 1970."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from verticals.arrays import Float64Array

# From so many on nano-, micro- and milliseconds: read as the next larger unit, each would be the year 5138.
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_LARGEST = 1e20
_DIGITS_OF_A_DAY = re.compile(r"(?:19|20)\d{6}")  # 20260302 is a date, not a moment of 1970
_YEAR_FIRST = re.compile(  # 2026年3月5日 14时03分, 2026/3/5 14:03, 2026.3.5
    r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?"
    r"(?:\s*(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*(?:[:分]\s*(?:(\d{1,2})\s*秒?)?)?)?)?"
)
DAY = 86_400.0


def seconds(value: Any) -> float | None:  # noqa: ANN401 - a cell of any file format
    """Return a moment in seconds since 1970; None where it is absent or cannot be read.

    Understood are seconds, milli-, micro- and nanoseconds since 1970, ISO 8601 dates and times, such as 20260302, and others that begin with the
    year, such as 2026/3/2 and 2026年3月2日; without a zone they are UTC.
    """
    if value is None:
        return None
    if isinstance(value, date):
        return _of_date(value)
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return _of_text(text)
    if not abs(number) < _LARGEST:
        return None
    day = _of_iso(f"{number:.0f}") if _DIGITS_OF_A_DAY.fullmatch(f"{number:.15g}") else None
    if day is not None:
        return day
    return number / next((parts for least, parts in _UNITS if abs(number) >= least), 1)


def _of_text(text: str) -> float | None:
    year_first = _YEAR_FIRST.fullmatch(unicodedata.normalize("NFKC", text))
    if year_first is None:
        return _of_iso(text)
    try:
        year, month, day, hour, minute, second = (int(number or 0) for number in year_first.groups())
        return _of_date(datetime(year, month, day, hour, minute, second))
    except ValueError:
        return None


def _of_iso(text: str) -> float | None:
    try:
        return _of_date(datetime.fromisoformat(text))
    except ValueError:
        return None


def _of_date(moment: date) -> float:
    full = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return (full if full.tzinfo else full.replace(tzinfo=UTC)).timestamp()


def as_seconds(values: Sequence[Any]) -> Float64Array:
    """Return moments in seconds since 1970, NaN where absent or unreadable."""
    found = (seconds(value) for value in values)
    return np.array([np.nan if each is None else each for each in found], np.float64)
