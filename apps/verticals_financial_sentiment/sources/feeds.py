"""RSS and Atom: polite polling (conditional requests, back-off) of servers that may be broken or hostile."""

import io
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zlib import crc32

import feedparser
import httpx

from verticals_financial_sentiment.sources.addresses import CheckedTransport, Resolve, resolve
from verticals_financial_sentiment.sources.deadline import deadline
from verticals_financial_sentiment.sources.intake import Batch, Intake

LARGEST: Final = 5_000_000  # bytes of a feed, decompressed
_MOST_ENTRIES = 1_000
_MOST_REDIRECTS = 5
_DEADLINE = 30.0  # seconds for a whole answer, redirects with it
_BACK_OFF, _LONGEST_BACK_OFF = timedelta(minutes=1), timedelta(hours=6)
_LONGEST_RETRY_AFTER = timedelta(days=1)
_HEADERS = {
    "User-Agent": "verticals financial sentiment monitor",
    "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1",
    "Accept-Encoding": "gzip",
}
# what feedparser and the XML parser under it raise on documents made to break them; SAX errors it handles itself
_PARSER_ERRORS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError)

_HARMLESS = (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)  # said wrongly, read rightly


@dataclass(frozen=True)
class FeedState:
    """What is remembered of a feed between two polls, and across restarts."""

    etag: str = ""
    modified: str = ""
    failures: int = 0
    due: str = ""  # ISO time before which the feed is not asked again
    gone: bool = False
    trouble: str = ""  # the sentence about the last failure, empty once the feed answers

    def to_offset(self) -> str:
        """Return the state as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_offset(cls, offset: str) -> "FeedState":
        """Return the state that `to_offset` wrote; a new one where there is none."""
        return cls(**json.loads(offset)) if offset else cls()

    @property
    def troubles(self) -> list[str]:
        """Why the feed gave nothing when it was last asked; nothing where it answered."""
        if not self.failures and not self.gone:
            return []
        return [self.trouble or "a feed failed when it was last asked"]  # an earlier version kept no sentence

    def is_due(self, now: datetime) -> bool:
        """Say whether the feed may be asked now."""
        return not self.gone and (not self.due or now >= datetime.fromisoformat(self.due))


class FeedRefused(httpx.TransportError):
    """The answer is too large, or encoded in a way that was not asked for."""


class FeedReader:
    """Polls feeds; `allowed` names hosts that may be private."""

    def __init__(
        self,
        every: timedelta = timedelta(minutes=5),
        allowed: Collection[str] = (),
        largest: int = LARGEST,
        resolve: Resolve = resolve,
        deadline: float = _DEADLINE,
    ) -> None:
        self._every = every
        self._largest = largest
        self._deadline = deadline
        self._intakes: dict[str, Intake] = {}
        self._client = httpx.Client(
            transport=CheckedTransport(allowed, resolve),
            headers=_HEADERS,
            timeout=httpx.Timeout(10.0),
            follow_redirects=True,
            max_redirects=_MOST_REDIRECTS,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def poll(self, url: str, offset: str, now: datetime, zone: str = "UTC") -> Batch:
        """Ask a feed once, unless it is not yet due. Whatever it answers, this returns; what went wrong is in `problems`."""
        state = FeedState.from_offset(offset)
        if not state.is_due(now):
            return Batch(url, offset=offset)
        try:
            return self._poll(url, state, now, zone)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _failed(url, state, now, f"{type(error).__name__}: {error}", None)

    def _poll(self, url: str, state: FeedState, now: datetime, zone: str) -> Batch:
        headers = {"If-None-Match": state.etag, "If-Modified-Since": state.modified}
        asked = {name: value for name, value in headers.items() if value}
        with (
            deadline(self._deadline) as trace,
            self._client.stream("GET", url, headers=asked, extensions={"trace": trace}) as response,
        ):
            status, wait = response.status_code, response.headers.get("retry-after")
            if status == httpx.codes.NOT_MODIFIED:
                return Batch(url, offset=self._next(state, now).to_offset())
            if status == httpx.codes.GONE:
                return _problem(url, replace(state, gone=True), "410 Gone: this feed is not asked again")
            if status != httpx.codes.OK:
                return _failed(url, state, now, f"expected status 200, found {status}", wait)
            body = b"".join(self._body(response))
            etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
            kind = response.headers.get("content-type", "")
        entries, problems = _parse(url, body, kind)
        if problems and not entries:  # a page that says sorry with status 200, for example
            return _failed(url, state, now, problems[0], None)
        fresh = self._next(replace(state, etag=_header(etag), modified=_header(modified)), now)
        intake = self._intakes.setdefault(url, Intake(source_name(url), zone))
        intake.counts["dropped_entries"] += max(0, len(entries) - _MOST_ENTRIES)
        rows = (_row(entry) for entry in entries[:_MOST_ENTRIES])
        headlines = tuple(headline for row in rows if (headline := intake.take(row, now)))
        behind = state == FeedState() or state.failures > 0
        counts, told = intake.flush(), _sentences(url, problems + intake.unread(url))
        return Batch(url, headlines, fresh.to_offset(), counts, told, behind=behind)

    def _next(self, state: FeedState, now: datetime) -> FeedState:
        return replace(state, failures=0, due=(now + self._every).isoformat(), trouble="")

    def _body(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield the decompressed body, never more than the largest allowed."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("gzip", "identity", ""):
            raise FeedRefused(f"expected gzip or no compression, found '{encoding[:40]}'")
        unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        left = self._largest
        for chunk in response.iter_raw():
            part = _unpacked(unpack, chunk, left + 1) if unpack else chunk
            left -= len(part)
            if left < 0:
                raise FeedRefused(f"the feed is larger than {self._largest:,} bytes")
            yield part


def _unpacked(unpack: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return unpack.decompress(chunk, most)
    except zlib.error as error:
        raise FeedRefused(f"the feed is not valid gzip ({error})") from error


def source_name(url: str) -> str:
    """Return the host of an address, which names the source of entries that name none."""
    try:
        return httpx.URL(url).host.removeprefix("www.") or url
    except httpx.InvalidURL:
        return url


def _parse(url: str, body: bytes, kind: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    try:
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers={"content-type": kind, "content-location": url}, sanitize_html=False
        )
    except _PARSER_ERRORS as error:
        return [], [f"not a feed ({type(error).__name__})"]
    entries = list(parsed.entries)
    if not entries:
        return [], [] if parsed.get("version") else ["expected RSS or Atom, found neither"]
    if not parsed.bozo or isinstance(parsed.bozo_exception, _HARMLESS):
        return entries, []
    return entries, [f"read in part: {' '.join(str(parsed.bozo_exception).split())[:200]}"]


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": entry.get("title", ""),
        "body": entry.get("summary", ""),
        "published": entry.get("published") or entry.get("updated") or "",
        "url": entry.get("link", ""),
    }


def _failed(url: str, state: FeedState, now: datetime, reason: str, retry_after: str | None) -> Batch:
    failures = state.failures + 1
    wait = min(_BACK_OFF * 2 ** min(failures - 1, 20), _LONGEST_BACK_OFF)
    wait *= (
        1 + crc32(url.encode("utf-8", "replace")) % 100 / 1000
    )  # so that feeds that failed together do not return together
    wait = max(wait, _retry_after(retry_after, now))
    return _problem(url, replace(state, failures=failures, due=(now + wait).isoformat()), reason)


def _retry_after(header: str | None, now: datetime) -> timedelta:
    """Return how long a server asks to be left alone (RFC 9110, 10.2.3), at most a day."""
    try:
        if not header or header.strip().isdecimal():
            wait = timedelta(seconds=min(int(header or 0), 10**6))
        else:
            moment = parsedate_to_datetime(header)
            wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return timedelta(0)
    return min(wait, _LONGEST_RETRY_AFTER)


def _problem(url: str, state: FeedState, reason: str) -> Batch:
    (sentence,) = _sentences(url, [reason])
    return Batch(url, offset=replace(state, trouble=sentence).to_offset(), problems=(sentence,))


def _sentences(url: str, reasons: list[str]) -> tuple[str, ...]:
    return tuple(f"feed {source_name(url)}: {_line(reason)}" for reason in reasons)


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)[:300]


def _header(value: str) -> str:
    """Return a header that may be sent back; one that could not is forgotten."""
    return value if len(value) <= 1_000 and value.isprintable() and value.isascii() else ""
