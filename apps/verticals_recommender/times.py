"""Moments in the ways that exports write them, as seconds since 1970."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from verticals.arrays import Float64Array

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138
_DIGITS_OF_A_DAY = re.compile(r"(?:19|20)\d{6}")  # 20260302 is a date, not a moment of 1970
DAY = 86_400.0


def seconds(value: Any) -> float | None:  # noqa: ANN401 - a cell of any file format
    """Return a moment in seconds since 1970; None where it is absent or cannot be read.

    Understood are seconds and milliseconds since 1970, and ISO 8601 dates and times, such as 20260302; without a zone they are UTC.
    """
    if value is None:
        return None
    if isinstance(value, date):
        return _of_date(value)
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return _of_iso(text)
    if not math.isfinite(number):
        return None
    day = _of_iso(f"{number:.0f}") if _DIGITS_OF_A_DAY.fullmatch(f"{number:.15g}") else None
    if day is not None:
        return day
    return number / 1000 if abs(number) >= _MILLISECONDS_FROM else number


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
