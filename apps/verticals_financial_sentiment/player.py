"""Streams as batches: a recorded one at the pace that a page sets, folders and feeds as they come."""

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.feeds import FeedReader, FeedState
from verticals_financial_sentiment.sources.folder import WatchedFolder
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.sources.replay import origin_of, replay
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.stream import LIVE_FROM, fortnight

DEMO: Final = "demo"
LIVE_SPEED: Final = 600.0
_BATCH = 64
_TICK = 0.5  # seconds between two looks at whether the pace has changed
_SHORTEST_WAIT = 0.05  # seconds
_MOST_TOLD = 3  # feeds whose trouble is said


@dataclass
class Pace:
    """How fast a recorded stream is played; pages set it, the player reads it.

    Attributes:
        speed: times the stream's own pace; None is as fast as the machine can, 0 is a pause.
        stop: set, it ends the stream.
        catching_up: items done and items in all, while the past of a stream is taken in at once.
    """

    speed: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    catching_up: tuple[int, int] | None = None

    def sleep(self, stream_seconds: float) -> None:
        """Wait as long as so many seconds of the stream take, or until stopped; a pause lasts until the speed changes."""
        left = stream_seconds
        while left > 0 and self.speed is not None and not self.stop.is_set():
            speed = self.speed
            step = min(_TICK, left / speed) if speed else _TICK
            self.stop.wait(step)
            left -= step * speed


def sources(settings: Settings, store: Store, pace: Pace) -> Iterator[Batch]:
    """Return what is to be watched, from where the store was left: a recorded file, the demo's fortnight, or what comes in live."""
    if settings.replay:
        path = Path(settings.replay)
        pace.speed = settings.replay_speed
        return paced(replay(path, store.offset(origin_of(path)), settings.zone, size=1), pace)
    if settings.demo:
        return demo(fortnight(), LIVE_FROM, store.offset(DEMO), pace)
    return live(settings, store, pace)


def demo(headlines: Sequence[Headline], live_from: datetime, offset: str, pace: Pace) -> Iterator[Batch]:
    """Yield recorded headlines: what lies before a moment at once, the rest at the pace that pages set."""
    done = int(offset or 0)
    past = sum(headline.received < live_from for headline in headlines)
    singles = [Batch(DEMO, (headline,), str(number)) for number, headline in enumerate(headlines, 1)]
    if done < past:
        pace.speed, pace.catching_up = None, (done, past)
    for batch in paced(singles[done:past], pace):
        yield batch
        pace.catching_up = int(batch.offset), past
    pace.speed, pace.catching_up = LIVE_SPEED, None
    yield from paced(singles[max(done, past) :], pace)


def paced(batches: Iterable[Batch], pace: Pace, size: int = _BATCH) -> Iterator[Batch]:
    """Yield small batches joined into larger ones, and between them wait for as long as the pace has it."""
    waiting: list[Batch] = []
    clock: datetime | None = None
    owed = 0.0  # seconds of the stream
    for batch in batches:
        now = batch.headlines[0].received if batch.headlines else clock
        owed += (now - clock).total_seconds() if now and clock and pace.speed is not None else 0.0
        clock = now
        if pace.speed is not None and owed >= _SHORTEST_WAIT * pace.speed:
            if waiting:
                yield joined(waiting)
            waiting = []
            pace.sleep(owed)
            owed = 0.0
        waiting.append(batch)
        if len(waiting) >= size:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


def joined(batches: Sequence[Batch]) -> Batch:
    """Return batches of one source as one, with the last one's offset."""
    counts: Counter[str] = Counter()
    for batch in batches:
        counts.update(batch.counts)
    headlines = tuple(headline for batch in batches for headline in batch.headlines)
    problems = tuple(problem for batch in batches for problem in batch.problems)
    return Batch(batches[-1].origin, headlines, batches[-1].offset, counts, problems)


def live(settings: Settings, store: Store, pace: Pace) -> Generator[Batch]:
    """Yield what a watched folder and the feeds bring, and the time, until stopped; without either, posted rows are all there is.

    Where no source answered in a round, the time says so: it was not measured.
    """
    folder = WatchedFolder(Path(settings.folder), settings.zone) if settings.folder else None
    reader = FeedReader(timedelta(minutes=settings.poll_minutes), settings.allowed_hosts, settings.largest_feed)
    try:
        while not pace.stop.is_set():
            now = datetime.now(UTC)
            if folder:
                yield from _scanned(folder, store, now)
            troubles = []
            for feed in settings.feeds:
                batch = reader.poll(feed.url, store.offset(feed.url), now, feed.zone)
                yield batch
                troubles += FeedState.from_offset(batch.offset).troubles
            deaf = bool(settings.feeds) and len(troubles) == len(settings.feeds)
            problem = _none_answers(troubles) if deaf else ""
            yield Batch("", now=now, measured=folder is not None or not deaf, problem=problem)
            pace.stop.wait(60 * settings.poll_minutes)
    finally:
        reader.close()


def _none_answers(troubles: Sequence[str]) -> str:
    more = f"; and {len(troubles) - _MOST_TOLD} more" if len(troubles) > _MOST_TOLD else ""
    return f"no feed answers: {'; '.join(troubles[:_MOST_TOLD])}{more}"


def _scanned(folder: WatchedFolder, store: Store, now: datetime) -> Iterator[Batch]:
    """Yield what is new in a folder, piece by piece; each piece is saved before the next is read."""
    while True:
        before = store.offset(folder.origin)
        batch = folder.scan(before, now)
        read_all = batch.offset == (before or "{}")
        if not read_all or batch.problems:
            yield batch
        if read_all:
            return
