"""From what a source delivers to headlines: columns, times, addresses; whatever is odd is kept and counted."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sources.times import parse_time
from verticals_financial_sentiment.text import plain, printable

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title", "headline", "text", "sentence", "标题", "新闻标题"),
    "body": ("body", "summary", "description", "content", "正文", "内容", "摘要"),
    "published": (
        *("published", "published_at", "date", "datetime", "time", "timestamp", "created_at"),
        *("发布时间", "发布日期", "时间", "日期"),
    ),
    "received": ("received", "received_at", "接收时间"),
    "source": ("source", "publisher", "author", "site", "account", "来源", "媒体"),
    "url": ("url", "link", "链接", "网址"),
}
DROPPED: Final = ("bad_row", "blank", "dropped_entries")  # of the counts, those of rows that did not become headlines
LATE: Final = timedelta(hours=1)
_AHEAD = timedelta(minutes=10)  # by which a sender's clock may be wrong
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # a time before it is none
_LONGEST_TITLE, _LONGEST_BODY, _LONGEST_URL, _LONGEST_SOURCE = 1_000, 20_000, 2_000, 200  # characters
_MOST_SOURCES = 10_000  # whose newest time is remembered


@dataclass(frozen=True)
class Batch:
    """Headlines that one source delivered together.

    Attributes:
        origin: name of the source's position, such as a feed's address; the key under which `offset` is saved.
        headlines: in the order they came.
        offset: where to go on after these; saved with them in one transaction, each item counts exactly once.
        counts: what was odd, by name; see `Intake`.
        problems: sentences for the log.
        now: up to when a live source has told everything; what is over by then is closed, even where nothing came.
        measured: whether the sources were heard up to `now`; where they were not, that nothing came says nothing.
        behind: the source is new or was not heard for a while: what it lists that is late was missed, and is no news of this moment.
        problem: why nothing comes in, for the page.
    """

    origin: str
    headlines: tuple[Headline, ...] = ()
    offset: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    now: datetime | None = None
    measured: bool = True
    behind: bool = False
    problem: str = ""


class Intake:
    """Makes headlines of rows and counts what is odd about them.

    Kept and counted: `undated` and `future` (both get the time received), `late` (over an hour), `out_of_order` (older than its source's newest),
    `empty_body`, `cut`, `bad_url`. Dropped and counted: `blank`, which has neither title nor body.
    """

    def __init__(self, source: str, zone: str = "UTC") -> None:
        self._source = source
        self._zone = ZoneInfo(zone)
        self._newest: dict[str, datetime] = {}
        self._unread = ""  # a time that could not be read
        self._said = set[str]()  # places of which that was said
        self.counts: Counter[str] = Counter()

    def take(self, row: Mapping[str, Any], received: datetime) -> Headline | None:
        """Return a row's headline, or None where it says nothing; `row` may use any of the names in FIELDS."""
        named = {role: _first(row, names) for role, names in FIELDS.items()}
        title, body = self._text(named["title"], _LONGEST_TITLE), self._text(named["body"], _LONGEST_BODY)
        if not title and not body:
            self.counts["blank"] += 1
            return None
        self.counts["empty_body"] += not body
        source = plain(_string(named["source"])[:_LONGEST_SOURCE]) or self._source
        stamp = printable(_string(named["published"])[:_LONGEST_SOURCE]).strip()
        published = self._published(stamp, source, received)
        return Headline(source, published, received, title, body, self._url(_string(named["url"])), stamp)

    def flush(self) -> dict[str, int]:
        """Return the counts since this was last asked."""
        counts, self.counts = self.counts, Counter()
        return {name: count for name, count in sorted(counts.items()) if count}

    def unread(self, place: str) -> list[str]:
        """Return what to say about a time in this place that could not be read: once, since a source writes all its times alike."""
        stamp, self._unread = self._unread, ""
        if not stamp or place in self._said:
            return []
        self._said.add(place)
        return [
            f"a time such as '{stamp[:60]}' cannot be read, and its row counts as said when it came; write it like 2026-03-02 09:05, with "
            "the year first"
        ]

    def _text(self, value: object, longest: int) -> str:
        raw = _string(value)
        text = plain(raw[: 4 * longest])
        self.counts["cut"] += len(raw) > 4 * longest or len(text) > longest
        return text[:longest].rstrip()

    def _url(self, value: str) -> str:
        url = safe_url(value)
        self.counts["bad_url"] += bool(value.strip()) and not url
        return url

    def _published(self, stamp: str, source: str, received: datetime) -> datetime:
        published = parse_time(stamp, self._zone)
        if published is None or published < EARLIEST:
            self.counts["undated"] += 1
            self._unread = self._unread if published else stamp or self._unread
            return received
        if published > received + _AHEAD:
            self.counts["future"] += 1
            return received
        self.counts["late"] += received - published > LATE
        newest = self._newest.get(source)
        self.counts["out_of_order"] += newest is not None and published < newest
        if newest is None and len(self._newest) >= _MOST_SOURCES:
            self._newest.clear()
        self._newest[source] = max(newest or published, published)
        return published


def take_rows(rows: Iterable[Mapping[str, Any]], source: str, received: datetime, zone: str = "UTC") -> Batch:
    """Return the headlines of rows that somebody handed in, as the POST endpoint does."""
    intake = Intake(source, zone)
    headlines = tuple(headline for row in rows if (headline := intake.take(row, received)))
    return Batch(source, headlines, counts=intake.flush())


def safe_url(value: str) -> str:
    """Return an http(s) address, or nothing: `javascript:` and its like never reach a page."""
    try:
        parts = urlsplit(value.strip()[:_LONGEST_URL])
        host = parts.hostname
    except ValueError:
        return ""
    url = parts.geturl()
    return url if parts.scheme in ("http", "https") and host and url.isprintable() and " " not in url else ""


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name) not in (None, "")), "")


def _string(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ""  # a gap in a table
    return value if isinstance(value, str) else value.isoformat() if isinstance(value, datetime) else str(value)
