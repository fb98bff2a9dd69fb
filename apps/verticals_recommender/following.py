"""Several processes over one database: each looks every second whether another changed the catalogue or forgot somebody."""

import logging
from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType

from verticals.errors import VerticalsError
from verticals_recommender.live import Live

_EVERY = 1.0  # seconds
_LOG = logging.getLogger(__name__)


class Follower:
    """As a context manager, keeps catalogues up to what their store has, on a thread of its own."""

    def __init__(self, lives: Sequence[Live], every: float = _EVERY) -> None:
        """Take the catalogues, and the seconds between two looks."""
        self._lives = lives
        self._every = every
        self._stop = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> "Follower":
        self._stop.clear()
        self._thread = Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        said = ""  # an error is told once, and not every second
        while not self._stop.wait(self._every):
            try:
                for live in self._lives:
                    live.follow()
                said = ""
            except VerticalsError as error:
                if str(error) != said:
                    said = str(error)
                    _LOG.error("what other processes change is not noticed: %s", said)
