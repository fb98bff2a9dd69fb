"""Times as sources write them: in numbers, ISO 8601 and RFC 2822, as spreadsheets show them, in Chinese; with a zone's offset or its name.

A date whose order can be told by nothing but a guess (11/12/2026) is none.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

# names that stand for one offset in the news; IST, for example, does not. By RFC 5322, -0000 is UTC at a place that is not told. What the
# zone of a source calls itself comes first: of Shanghai's times, CST is China's
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
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})(?!\d)\s*日?")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)")
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<clock>\d{4}(?:\d\d)?)$")
_CHINESE_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})\s*[时時点點]\s*(?P<minute>\d{1,2})\s*分(?:\s*(?P<second>\d{1,2})\s*秒)?"
)
_CHINESE_HALF = re.compile(r"(?P<half>[上下])午\s*(?P<clock>\d{1,2}(?::\d\d){1,2})")
_ONE_DIGIT_HOUR = re.compile(r"(?P<date>^\d{4}-\d\d-\d\d)[T\s]+(?P<hour>\d):")
_TWELVE_HOURS = re.compile(r"\b(?P<hour>\d{1,2})(?P<rest>(?::\d\d){0,2})\s*(?P<half>[ap])\.?m\b\.?", re.IGNORECASE)


def parse_time(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a moment in UTC, or None where the text names none, or names it in a zone that is not known.

    ISO 8601, RFC 2822 (as feeds write it), 2026/3/2 9:05, 2.3.2026 9:05, 2026年3月2日 9时5分, and seconds, milliseconds or microseconds since
    1970; a time without a zone is one of `zone`.
    """
    text = _ONE_DIGIT_HOUR.sub(r"\g<date> 0\g<hour>:", _TWELVE_HOURS.sub(_in_twenty_four, _iso(text.strip())))
    found: tzinfo | None = zone
    if named := _NAMED_ZONE.search(text):
        text, found = _NAMED_ZONE.sub(r"\g<clock>", text, count=1), _zone(named["zone"].upper(), zone)
    for parse in (_from_number, datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            if moment.tzinfo or found:
                return (moment if moment.tzinfo else moment.replace(tzinfo=found)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, OSError, IndexError):
            continue
    return None


def _iso(text: str) -> str:
    """Return a text whose date, where one opens it, is written as in ISO 8601, and whose clock has colons."""
    if compact := _COMPACT.match(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]} {':'.join(re.findall('..', compact['clock']))}"
    date = _YEAR_FIRST.match(text) or _DAY_FIRST.match(text)
    if date:
        text = f"{date['year']}-{date['month']:0>2}-{date['day']:0>2} {text[date.end() :].lstrip('T ')}".strip()
    text = _CHINESE_CLOCK.sub(lambda clock: ":".join(f"{part:0>2}" for part in clock.groups() if part), text)
    return _CHINESE_HALF.sub(lambda half: f"{half['clock']} {'AM' if half['half'] == '上' else 'PM'}", text)


def _in_twenty_four(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    if 1 <= hour <= 12:
        hour = hour % 12 + 12 * (match["half"] in "pP")
    return f"{hour:02}{match['rest'] or ':00'}"


def _zone(name: str, usual: ZoneInfo) -> tzinfo | None:
    if name in {datetime(2026, month, 1, tzinfo=usual).tzname() for month in (1, 7)}:  # in winter and in summer
        return usual
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
