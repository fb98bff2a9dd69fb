"""Times as sources write them: in numbers, ISO 8601 and RFC 2822, by twelve or twenty-four hours, with a zone's offset or its name."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

# names that stand for one offset in the news; IST, for example, does not. By RFC 5322, -0000 is UTC at a place that is not told
_HOURS: Final[Mapping[str, int]] = {
    name: hours
    for hours, names in (
        (-8, "PST"),
        (-7, "PDT MST"),
        (-6, "MDT CST"),
        (-5, "CDT EST"),
        (-4, "EDT AST"),
        (-3, "ADT"),
        (0, "-0000 UT UTC GMT WET"),
        (1, "BST CET WEST"),
        (2, "CEST EET"),
        (3, "EEST MSK"),
        (8, "HKT SGT"),
        (9, "JST KST"),
        (10, "AEST"),
        (11, "AEDT"),
    )
    for name in names.split()
}
_PLACES: Final[Mapping[str, str]] = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_NAMED_ZONE = re.compile(r"(?P<clock>:\d\d(?:\.\d+)?)\s*(?P<zone>[A-Za-z][\w/+:-]+|-0000)\b(?:\s*\([^)]*\))?")
_TWELVE_HOURS = re.compile(r"\b(?P<hour>\d{1,2})(?P<rest>(?::\d\d){0,2})\s*(?P<half>[ap])\.?m\b\.?", re.IGNORECASE)


def parse_time(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a moment in UTC, or None where the text names none, or names it in a zone that is not known.

    ISO 8601, RFC 2822 (as feeds write it), and seconds, milliseconds or microseconds since 1970; a time without a zone is one of `zone`.
    """
    text = _TWELVE_HOURS.sub(_in_twenty_four, text.strip())
    found: tzinfo | None = zone
    if named := _NAMED_ZONE.search(text):
        text, found = _NAMED_ZONE.sub(r"\g<clock>", text, count=1), _zone(named["zone"].upper())
    for parse in (_from_number, datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            if moment.tzinfo or found:
                return (moment if moment.tzinfo else moment.replace(tzinfo=found)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, OSError, IndexError):
            continue
    return None


def _in_twenty_four(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    if 1 <= hour <= 12:
        hour = hour % 12 + 12 * (match["half"] in "pP")
    return f"{hour:02}{match['rest'] or ':00'}"


def _zone(name: str) -> tzinfo | None:
    if name in _PLACES:
        return ZoneInfo(_PLACES[name])
    return timezone(timedelta(hours=_HOURS[name])) if name in _HOURS else None


def _from_number(text: str) -> datetime:
    number = float(text)
    if not math.isfinite(number) or len(text.partition(".")[0]) <= 8:  # 20260302 is a date
        raise ValueError(text)
    while number > 1e11:
        number /= 1000
    return datetime.fromtimestamp(number, UTC)
