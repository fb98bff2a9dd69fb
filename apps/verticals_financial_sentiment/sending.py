"""Alerts on their way, on a thread of their own: a channel that does not answer keeps nobody waiting who puts headlines in."""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.delivery import Channel, Retry, as_alert, deliver
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.text import printable

_UNSENT = timedelta(days=1)  # alerts this young are sent again, where a channel has not had them
_AGAIN, _AGAIN_AT_MOST = timedelta(minutes=1), timedelta(hours=1)  # waits, each twice the one before
_log = logging.getLogger(__name__)


class Sender:
    """Sends alerts one after the other, so that none is on its way twice. Each future says whether a channel failed."""

    def __init__(self, store: Store, channels: Sequence[Channel]) -> None:
        self._store = store
        self._channels = channels
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(1, "delivery")
        self._again: Future[bool] | None = None
        self._wait, self._again_from = _AGAIN, datetime.min.replace(tzinfo=UTC)

    def send(self, raised: Sequence[Alert]) -> Future[bool]:
        """Send alerts, each with a few tries; returns at once."""
        future = self._thread.submit(self._deliver, raised, Retry())
        future.add_done_callback(_say)
        return future

    def send_unsent(self, newest: datetime, now: datetime) -> Future[bool] | None:
        """Try once more what a channel has not had of the day before `newest`, unless that is under way; while it fails, less and less often."""
        if not self._channels or now < self._again_from or (self._again and not self._again.done()):
            return None
        self._again = self._thread.submit(self._send_again, newest, now)
        self._again.add_done_callback(_say)
        return self._again

    def close(self) -> None:
        """End after what is being sent; the rest is sent after the next start."""
        self._closing.set()
        self._thread.shutdown(cancel_futures=True)

    def _send_again(self, newest: datetime, now: datetime) -> bool:
        self._wait = min(2 * self._wait, _AGAIN_AT_MOST)
        self._again_from = now + self._wait
        young = self._store.alerts("new", since=newest - _UNSENT)
        failed = self._deliver([as_alert(row) for row in young], Retry(attempts=1))
        if not failed:
            self._wait = _AGAIN
            self._again_from = now + self._wait
        return failed

    def _deliver(self, alerts: Sequence[Alert], retry: Retry) -> bool:
        found = deliver(alerts, self._channels, self._store, self._pause, retry)
        failed = [delivery for delivery in found if delivery.problem]
        for delivery in failed:
            _log.warning("alert %s to %s: %s", delivery.alert, delivery.channel, delivery.problem)
        return bool(failed)

    def _pause(self, seconds: float) -> None:
        self._closing.wait(seconds)


def _say(future: "Future[bool]") -> None:
    """Log what nobody expected, which a future keeps to itself."""
    error = None if future.cancelled() else future.exception()
    if error:
        reason = printable(f"{type(error).__name__}: {error}")
        _log.error("alerts are not sent: %s; trying again later", reason, exc_info=error)
