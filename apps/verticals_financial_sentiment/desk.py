"""The monitor at work: one thread takes in what the sources bring, any number of pages look at what is kept."""

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from verticals.errors import VerticalsError
from verticals_financial_sentiment.delivery import Channel, deliver
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.monitor import Monitor, MonitorSettings
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sentiment import Judge
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.feeds import FeedReader
from verticals_financial_sentiment.sources.folder import WatchedFolder
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.sources.replay import replay
from verticals_financial_sentiment.store import Store

DEMO: Final = "demo"
LIVE_PART: Final = timedelta(hours=30)  # of the demo, played at a pace that can be watched
LIVE_SPEED: Final = 600.0
_BATCH = 64
_TICK = 0.5  # seconds between two looks at a paused player
_log = logging.getLogger(__name__)


@dataclass
class Pace:
    """How fast a recorded stream is played; None is as fast as the machine can, 0 is a pause. Pages set it, the player reads it."""

    speed: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def sleep(self, stream_seconds: float) -> None:
        """Wait as long as so many seconds of the stream take, or until stopped; a pause lasts until the speed changes."""
        left = stream_seconds
        while left > 0 and self.speed is not None and not self.stop.is_set():
            if self.speed == 0:
                self.stop.wait(_TICK)
                continue
            step = min(_TICK, left / self.speed)
            self.stop.wait(step)
            left -= step * self.speed


class Desk:
    """Store, judge and monitor of one service; `take` may be called from any thread."""

    def __init__(
        self, store: Store, judge: Judge, linker: Linker, settings: MonitorSettings, channels: Sequence[Channel] = ()
    ) -> None:
        self.store = store
        self.judge = judge
        self.linker = linker
        self.pace = Pace()
        self._channels = channels
        self._lock = threading.Lock()
        self._monitor = Monitor(store, judge, linker, settings)
        self._thread: threading.Thread | None = None

    def take(self, batch: Batch) -> int:
        """Take a batch in, send what it raised, and return the number of alerts."""
        for problem in batch.problems:
            _log.warning(problem)
        with self._lock:
            raised = self._monitor.take(batch)
        for delivery in deliver(raised, self._channels, self.store, self.pace.stop.wait):
            if delivery.problem:
                _log.warning("alert %s to %s: %s", delivery.alert, delivery.channel, delivery.problem)
        return len(raised)

    def answer(self, alert: str, ticker: str, given: str, now: datetime) -> None:
        """Take a person's answer to an alert."""
        with self._lock:
            self._monitor.answer(alert, ticker, given, now)

    def budget(self) -> tuple[float, float]:
        """Return the threshold of the day in sigma, and the alerts a day to expect from it."""
        with self._lock:
            threshold = self._monitor.threshold
        return threshold.value, threshold.expected

    def start(self, batches: Iterable[Batch]) -> None:
        """Take in batches on a thread of its own until they end or `close` is called."""
        self._thread = threading.Thread(target=self._run, args=(batches,), name="monitor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop taking in, and close the database."""
        self.pace.stop.set()
        if self._thread:
            self._thread.join()
        self.store.close()

    def _run(self, batches: Iterable[Batch]) -> None:
        try:
            for batch in batches:
                if self.pace.stop.is_set():
                    return
                self.take(batch)
        except VerticalsError as error:  # on a thread nobody else would hear of it
            _log.error("the monitor stopped: %s", error)


def sources(settings: Settings, store: Store, pace: Pace, demo: Sequence[Headline]) -> Iterator[Batch]:
    """Yield what the configured sources bring: a recorded file, a folder, feeds; without any, the demo's fortnight."""
    if settings.replay:
        origin = f"replay {Path(settings.replay).name}"
        pace.speed = settings.replay_speed
        yield from replay(Path(settings.replay), store.offset(origin), settings.zone, speed=settings.replay_speed)
    elif settings.folder or settings.feeds:
        yield from live(settings, store, pace)
    else:
        yield from played(demo, store.offset(DEMO), pace)


def played(headlines: Sequence[Headline], offset: str, pace: Pace) -> Iterator[Batch]:
    """Yield recorded headlines: what lies further back than `LIVE_PART` at once, the rest at the pace that pages set."""
    done = int(offset or 0)
    live_from = headlines[-1].received - LIVE_PART if headlines else None
    past = [number for number, each in enumerate(headlines) if live_from and each.received < live_from]
    for start in range(done, len(past), _BATCH):
        end = min(start + _BATCH, len(past))
        yield Batch(DEMO, tuple(headlines[start:end]), str(end))
    pace.speed = LIVE_SPEED
    clock = live_from
    for number in range(max(done, len(past)), len(headlines)):
        headline = headlines[number]
        if clock:
            pace.sleep((headline.received - clock).total_seconds())
        clock = headline.received
        yield Batch(DEMO, (headline,), str(number + 1))


def live(settings: Settings, store: Store, pace: Pace) -> Iterator[Batch]:
    """Yield what a watched folder and the feeds bring, until stopped."""
    folder = WatchedFolder(Path(settings.folder), settings.zone) if settings.folder else None
    reader = FeedReader(allowed=settings.allowed_hosts, largest=settings.largest_feed)
    try:
        while not pace.stop.is_set():
            now = datetime.now(UTC)
            if folder:
                yield folder.scan(store.offset(folder.origin), now)
            for feed in settings.feeds:
                yield reader.poll(feed.url, store.offset(feed.url), now, feed.zone)
            pace.stop.wait(60 * settings.poll_minutes)
    finally:
        reader.close()
