"""Days as customers write them: found in a message, and resolved where they name one day of the calendar."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_WEEKDAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)\b"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?P<year>\d{4}))?"
_RELATIVE: Mapping[str, int] = {
    "the day before yesterday": -2,
    "the day after tomorrow": 2,
    "yesterday": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmrw": 1,
}


def _relative(match: re.Match[str], today: date) -> date:
    return today + timedelta(days=_RELATIVE[match[0].casefold()])


def _iso(match: re.Match[str], today: date) -> date | None:
    return _day(int(match["year"]), int(match["month"]), int(match["day"]))


def _numeric(match: re.Match[str], today: date) -> date | None:
    year = int(match["year"]) if match["year"] else None
    return _in_year(year + 2000 if year is not None and year < 100 else year, int(match["month"]), match, today)


def _named(match: re.Match[str], today: date) -> date | None:
    year = int(match["year"]) if match["year"] else None
    return _in_year(year, _MONTHS.index(match["month"][:3].casefold()) + 1, match, today)


def _in_year(year: int | None, month: int, match: re.Match[str], today: date) -> date | None:
    """Return the day in its year or, where none is written, in the year that brings it nearest to today."""
    day = int(match["day"])
    if year is not None:
        return _day(year, month, day)
    near = [found for found in (_day(today.year + step, month, day) for step in (-1, 0, 1)) if found]
    return min(near, key=lambda each: abs(each - today), default=None)


def _weekday(match: re.Match[str], today: date) -> date:
    number = _DAYS.index(match["weekday"][:3].casefold())
    ahead = (number - today.weekday() - 1) % 7 + 1
    which = (match["which"] or "").casefold()
    if which == "last":
        return today + timedelta(days=ahead - 7 if ahead < 7 else -7)
    coming = today + timedelta(days=ahead)
    same_week = coming.isocalendar()[:2] == today.isocalendar()[:2]
    return coming + timedelta(days=7) if which == "next" and same_week else coming


def _of_month(match: re.Match[str], today: date) -> date | None:
    """Return the next day of this number: of this month, or of the one that follows."""
    day, later = int(match["day"]), today.replace(day=1) + timedelta(days=32)
    near = (_day(today.year, today.month, day), _day(later.year, later.month, day))
    return next((found for found in near if found and found >= today), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


Resolve = Callable[[re.Match[str], date], date | None]
_FORMS: tuple[tuple[re.Pattern[str], Resolve], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), resolve)
    for pattern, resolve in (
        (rf"\b(?:{'|'.join(_RELATIVE)})\b", _relative),
        (r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b", _iso),
        (r"(?<![\d/.-])(?P<day>\d{1,2})[/.](?P<month>\d{1,2})(?:[/.](?P<year>\d{4}|\d{2}))?(?![\d/-])", _numeric),
        (rf"\b{_DAY}(?: of)? {_MONTH}{_YEAR}", _named),
        (rf"\b{_MONTH} {_DAY}\b{_YEAR}", _named),
        (rf"\b(?:(?P<which>last|next|this) )?{_WEEKDAY}", _weekday),
        (r"\bthe (?P<day>\d{1,2})(?:st|nd|rd|th)\b", _of_month),
    )
)


def find(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text names days: start and end of each, in no order; some may overlap."""
    for pattern, _ in _FORMS:
        for match in pattern.finditer(text):
            yield match.span()


def resolve(text: str, today: date) -> date | None:
    """Return the day that a text names, None where it names none, or one that the calendar does not have."""
    for pattern, meaning in _FORMS:
        if match := pattern.search(text):
            return meaning(match, today)
    return None
