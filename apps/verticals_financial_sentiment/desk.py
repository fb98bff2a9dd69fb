"""The monitor at work: one thread takes in what the sources bring, any number of pages look at what is kept."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import TracebackType
from typing import TypeVar

from verticals.config import home
from verticals.errors import VerticalsError
from verticals_financial_sentiment import alerts
from verticals_financial_sentiment.budget import Threshold
from verticals_financial_sentiment.delivery import Channel
from verticals_financial_sentiment.detection import DetectionSettings
from verticals_financial_sentiment.index import IndexSettings
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.monitor import Monitor, MonitorSettings, Taken
from verticals_financial_sentiment.player import Pace, sources
from verticals_financial_sentiment.sending import Sender
from verticals_financial_sentiment.sentiment import Judge
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.steps import OvertakenError
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.text import printable

_RETRY = 60.0  # seconds after which a source that failed is opened again
Result = TypeVar("Result")
_log = logging.getLogger(__name__)


class Desk:
    """Store, judge and monitor of one service; as a context manager it runs its sources on a thread of their own.

    Attributes:
        newest: when the newest item came.
        threshold: of the day, with the alerts to expect from it.
        held_back: alerts that the budget of the day had no room for, one a company.
        counts: what was odd in all that came since the start, by name, each time it came; see `Intake`.
        problem: why nothing comes in (an error, or no feed answers), empty where all is well.
        ended: the recorded stream is over.
    """

    def __init__(
        self, store: Store, judge: Judge, linker: Linker, settings: Settings, channels: Sequence[Channel] = ()
    ) -> None:
        self.store = store
        self.judge = judge
        self.linker = linker
        self.settings = settings
        self.pace = Pace()
        self.newest = store.newest()
        self.threshold: Threshold | None = None
        self.held_back = 0
        self.counts: Counter[str] = Counter()
        self.problem = ""
        self.ended = False
        self._sender = Sender(store, channels)
        self._lock = threading.Lock()
        self._monitor: Monitor | None = None
        self._tidied: date | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Desk":
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt()
        self._sender.close()
        self.store.close()

    @property
    def died(self) -> bool:
        """Whether the sources are no longer read although nobody stopped them."""
        return self._thread is not None and not self._thread.is_alive() and not self.ended

    def now(self) -> datetime:
        """Return the time of the stream: that of its newest item where it was recorded, else that of this machine."""
        return self.newest if self.settings.recorded and self.newest else datetime.now(UTC)

    def take(self, batch: Batch) -> Taken:
        """Take a batch in, and have what it raised sent; may be called from any thread.

        A step that fails leaves no trace, in the database or in memory: the next one begins from what the store has.
        """
        for problem in batch.problems:
            _log.warning("%s", problem)
        with self._lock:
            taken, monitor = self._step(lambda monitor: monitor.take(batch))
            times = [headline.received for headline in batch.headlines]
            self.newest = max([*times, self.newest] if self.newest else times, default=None)
            self.threshold, self.held_back = monitor.threshold, monitor.held_back
            self.counts.update(batch.counts)
            self._tidy()
        if taken.alerts:
            self._sender.send(taken.alerts)
        return taken

    def answer(self, alert: str, given: alerts.Answer) -> alerts.Feedback:
        """Take a person's answer to an alert, and return what holds for its company from now on.

        Raises:
            DataError: there is no such alert.
        """
        with self._lock:
            return self._step(lambda monitor: monitor.answer(alert, given))[0]

    def play_again(self) -> None:
        """Forget everything and play the demo from its beginning; other streams are never forgotten by this."""
        if not self.settings.demo:
            return
        self._halt()
        with self._lock:
            self.store.clear()
            self._monitor = self.newest = self.threshold = self._tidied = None
            self.counts.clear()
        self._start()

    def _start(self) -> None:
        self.pace.stop.clear()
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._thread.start()

    def _halt(self) -> None:
        self.pace.stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        """Take in what the sources bring until they end; after an error they are opened again, where the store was left."""
        while not self.pace.stop.is_set():
            try:
                self._take_all()
                return
            except Exception as error:  # whatever it is: nobody restarts this thread, and nobody else would hear of it
                self._say(error)
                with self._lock:
                    self._monitor = None  # nothing is heard until the sources are open again: a restored one knows that
                self.pace.stop.wait(_RETRY)

    def _take_all(self) -> None:
        self._send_unsent()
        for batch in sources(self.settings, self.store, self.pace):
            if self.pace.stop.is_set():
                return
            self.take(batch)
            if batch.headlines or batch.now:  # one feed that failed does not speak for the others; the round's end does
                self.problem = batch.problem
            self._send_unsent()
        self.problem, self.ended = "", True

    def _say(self, error: Exception) -> None:
        """Say on the page and in the log why nothing comes in; what nobody expected with its type and where it came from."""
        expected = isinstance(error, VerticalsError)
        self.problem = printable(str(error) if expected else f"{type(error).__name__}: {error}")
        where = None if expected else error
        _log.error("nothing comes in: %s; trying again in %.0f s", self.problem, _RETRY, exc_info=where)

    def _step(self, do: Callable[[Monitor], Result]) -> tuple[Result, Monitor]:
        """Let the monitor do something; again from what the store has, where another process has written there meanwhile."""
        monitor, self._monitor = self._monitor or self._restored(), None
        while True:
            blind = monitor.blind
            try:
                done = do(monitor)
            except OvertakenError:
                monitor = self._restored()
                monitor.blind = blind  # that another process wrote says nothing about what this one heard
            else:
                self._monitor = monitor
                return done, monitor

    def _restored(self) -> Monitor:
        self.newest = self.store.newest()
        return Monitor(self.store, self.judge, self.linker, monitor_settings(self.settings))

    def _tidy(self) -> None:
        """Delete what is too old, once a day of the stream."""
        if self.newest is None or self.newest.date() == self._tidied:
            return
        self._tidied = self.newest.date()
        midnight = datetime.combine(self._tidied, time(), UTC)
        counts = self.store.forget(midnight - timedelta(days=self.settings.keep_days))
        if any(counts.values()):
            _log.info("deleted what is older than %g days: %s", self.settings.keep_days, counts)

    def _send_unsent(self) -> None:
        if self.newest:
            self._sender.send_unsent(self.newest, datetime.now(UTC))


def open_store(settings: Settings) -> Store:
    """Open the database; the demo has a file of its own, so that it can be played again without touching anybody's data."""
    return Store.open(f"sqlite:///{home() / 'financial-sentiment-demo.sqlite'}" if settings.demo else "")


def monitor_settings(settings: Settings) -> MonitorSettings:
    """Return how the stream is counted and watched."""
    bucket = 60 * settings.index.bucket_minutes
    window = timedelta(hours=settings.stories.window_hours)
    forget = max(IndexSettings.forget, round((window + timedelta(days=1)).total_seconds()))
    return MonitorSettings(
        index=IndexSettings(bucket=bucket, forget=forget),
        detection=DetectionSettings(bucket=bucket, zone=settings.zone),
        alerts=alerts.AlertSettings(
            threshold=settings.alerts.threshold,
            per_day=settings.alerts.per_day,
            silence=round(3_600 * settings.alerts.silence_hours),
            mute=round(86_400 * settings.alerts.mute_days),
            zone=settings.zone,
        ),
        story_window=window,
        most_stories=settings.stories.most,
        live=not settings.recorded,
    )
