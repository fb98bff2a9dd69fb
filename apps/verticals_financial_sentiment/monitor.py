"""The pipeline: a batch of headlines is linked, judged, folded into stories, counted and watched, and kept in one transaction.

The time of the monitor is the time at which items reach it. Buckets close for all companies together, in order of time and then of ticker,
so that what comes out depends on the items and their order alone, not on how they were cut into batches or where a restart fell.

A live stream has gaps: the monitor was off, or no source answered. An empty bucket in a gap was not measured, which is not silence; and what
the sources tell of a gap once it is over was missed, and counts in no volume. So does whatever is long past when it comes.
"""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from verticals_financial_sentiment import alerts, detection, index
from verticals_financial_sentiment.alert_wording import Kind
from verticals_financial_sentiment.alerts import KINDS, Alert, AlertSettings, AlertState, Evidence
from verticals_financial_sentiment.budget import Threshold
from verticals_financial_sentiment.detection import DetectionSettings, State
from verticals_financial_sentiment.index import Bucket, IndexSettings, IndexState, StoryUpdate
from verticals_financial_sentiment.linking import Linker, Links
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.rows import Kept
from verticals_financial_sentiment.sources.intake import LATE, Batch
from verticals_financial_sentiment.store import AlertAnswer, Step, Store
from verticals_financial_sentiment.text import folded
from verticals_financial_sentiment.watch_state import TickerState, alerts_from_json, alerts_to_json

_HOUR = 3_600
_PAST = timedelta(days=1)  # what is older when it comes is no news of this moment, whoever tells it
_STATE_AFTER: Mapping[alerts.Answer, AlertAnswer] = {
    "acknowledge": "acknowledged",
    "mute": "muted",
    "false alarm": "false_alarm",
    "unmute": "new",
}
_VERDICTS: tuple[AlertAnswer, ...] = (
    "acknowledged",
    "false_alarm",
)  # on an alert, whose ticker may be muted all the same
_ALERTS, _CLOCK, _GAPS, _TICKER = "alerts", "clock", "gaps", "ticker:"


class Judging(Protocol):
    """What the monitor asks of a model."""

    def opinions(self, texts: Sequence[str], links: Sequence[Links]) -> list[tuple[Opinion, ...]]:
        """Return what each text says about each company it is linked to."""


@dataclass(frozen=True)
class MonitorSettings:
    """How the stream is counted and watched.

    Attributes:
        index: how the index is kept.
        detection: what is usual.
        alerts: when it is said.
        story_window: how long a story is remembered after its last item.
        most_stories: the most that are remembered.
        live: the time in which this did not run is a gap; a recorded stream has none.
    """

    index: IndexSettings = IndexSettings()
    detection: DetectionSettings = DetectionSettings()
    alerts: AlertSettings = AlertSettings()
    story_window: timedelta = timedelta(hours=48)
    most_stories: int = 200_000
    live: bool = False


@dataclass
class _Closed:
    """What closing buckets brought since the last step was saved."""

    points: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)


@dataclass(frozen=True)
class Taken:
    """What became of a batch: items that counted, items that had counted before, and the alerts raised meanwhile."""

    new: int
    known: int
    alerts: tuple[Alert, ...]


class Monitor:
    """One stream of headlines and what is watched in it; goes on where the store was left.

    Attributes:
        blind: whether the sources were not heard, so that time that passes is a gap.
    """

    def __init__(self, store: Store, judge: Judging, linker: Linker, settings: MonitorSettings) -> None:
        self._steps = store.steps()  # first: what another process writes from here on is noticed
        self._store = store
        self._judge = judge
        self._linker = linker
        self._settings = settings
        self._book = store.book(settings.story_window, settings.most_stories)
        states = store.states()
        self._began, self._clock = states.get(_CLOCK, (0, 0))  # 0 is before the first item
        self._gaps = [(int(start), int(end)) for start, end in states.get(_GAPS, ())]  # newest last
        self.blind = settings.live  # until the sources were heard
        self._alerting: AlertState = alerts_from_json(states.get(_ALERTS))
        self._watched = {
            name.removeprefix(_TICKER): TickerState.from_json(value)
            for name, value in states.items()
            if name.startswith(_TICKER)
        }
        self._tickers = sorted(self._watched)
        self._closed = _Closed()

    @property
    def threshold(self) -> Threshold:
        """The threshold of the day, with the number of alerts to expect from it."""
        return alerts.current_threshold(self._alerting, self._settings.alerts, self._clock)

    @property
    def held_back(self) -> int:
        """Alerts that the budget of the day had no room for, one a company."""
        return alerts.held_back(self._alerting, self._clock)

    def take(self, batch: Batch) -> Taken:
        """Take a batch in; items that were counted before are passed over. What is returned is in the store already."""
        new = self._unknown(batch.headlines)
        texts = [folded(headline.text) for headline in new]
        links = [self._linker.link(text) for text in texts]
        judged = self._judge.opinions(texts, links)
        kept = [self._count(*each, batch.behind) for each in zip(new, links, judged, strict=True)]
        if batch.now:
            self.blind = self.blind or not batch.measured
            self._advance(int(batch.now.timestamp()))
            self.blind = not batch.measured
        raised = self._save(Step(batch.origin, batch.offset, kept))
        return Taken(len(new), len(batch.headlines) - len(new), raised)

    def answer(self, alert: str, given: alerts.Answer) -> alerts.Feedback:
        """Take a person's answer to an alert. A verdict moves the threshold of its ticker once and stays; a mute begins by the stream's clock.

        Raises:
            DataError: there is no such alert.
        """
        row, after = self._store.alert(alert), _STATE_AFTER[given]
        if row["state"] in _VERDICTS and row["state"] == after:
            return self._alerting.feedback.get(row["ticker"], alerts.Feedback())
        feedback = alerts.answer(self._alerting, self._settings.alerts, row["ticker"], given, self._clock)
        keeps = row["state"] in _VERDICTS and after not in _VERDICTS
        self._save(Step() if keeps else Step(answers={alert: after}))
        return feedback

    def _unknown(self, headlines: Iterable[Headline]) -> list[Headline]:
        once = {headline.id: headline for headline in headlines}
        known = self._store.known(once)
        return [headline for name, headline in once.items() if name not in known]

    def _count(self, headline: Headline, links: Links, opinions: tuple[Opinion, ...], behind: bool) -> Kept:
        time = int(headline.received.timestamp())
        self._advance(time)
        missed = self._missed(headline) or headline.received - headline.published > (LATE if behind else _PAST)
        placement = self._book.fold(headline, links)
        for opinion in opinions:
            state, weight = self._state(opinion.ticker), placement.weights.get(opinion.ticker, 0.0)
            update = StoryUpdate(placement.story, time, weight, opinion.score, missed)
            index.add(state.index, self._settings.index, update)
            state.changed = True
        return Kept(headline, opinions, placement)

    def _missed(self, headline: Headline) -> bool:
        """Say whether an item is of before the end of a gap, as long as no bucket was measured since: sources are catching up."""
        catching_up = bool(self._gaps) and self._gaps[-1][1] == self._clock
        return catching_up and headline.published.timestamp() < self._clock

    def _state(self, ticker: str) -> TickerState:
        if ticker not in self._watched:
            self._watched[ticker] = self._silent_so_far()
            bisect.insort(self._tickers, ticker)
        return self._watched[ticker]

    def _silent_so_far(self) -> TickerState:
        """Return the state of a company that was never named: its silence since the monitor began is known, and that is its norm."""
        settings = self._settings.detection
        state = TickerState(index=IndexState(open=self._clock))
        silent = State()
        for time in range(max(self._began, self._clock - 2 * settings.warm_up), self._clock, settings.bucket):
            in_gap = any(start <= time < end for start, end in self._gaps)
            detection.observe(silent, settings, time, None if in_gap else 0.0)
        state.detectors = {kind: deepcopy(silent) for kind in KINDS}
        return state

    def _advance(self, time: int) -> None:
        """Close every bucket before that of `time`, all companies of one bucket before the next."""
        width = self._settings.index.bucket
        start = time // width * width
        if not self._clock:
            self._began = self._clock = start
        while self._clock < start:
            self._clock += width
            for ticker in self._tickers:
                for bucket in index.advance(self._watched[ticker].index, self._settings.index, self._clock):
                    self._watch(ticker, bucket)
            if self.blind:
                self._note_gap(self._clock - width)

    def _note_gap(self, start: int) -> None:
        """Remember that a bucket was not measured, for as long as a company that was never named needs to know."""
        if self._gaps and self._gaps[-1][1] == start:
            start = self._gaps.pop()[0]
        oldest = self._clock - 2 * self._settings.detection.warm_up
        self._gaps = [*(gap for gap in self._gaps if gap[1] > oldest), (start, self._clock)]

    def _watch(self, ticker: str, bucket: Bucket) -> None:
        state = self._watched[ticker]
        state.changed = True
        state.remember(bucket, max(self._settings.detection.spans))
        if self.blind and not bucket.volume:
            for detector in state.detectors.values():
                detection.observe(detector, self._settings.detection, bucket.time, None)
            return
        values: dict[Kind, float] = {"negative": bucket.negative, "positive": bucket.positive, "volume": bucket.volume}
        readings = {
            kind: detection.observe(state.detectors[kind], self._settings.detection, bucket.time, values[kind])
            for kind in KINDS
        }
        raised = alerts.consider(
            self._alerting, self._settings.alerts, ticker, readings, [*self._evidence(ticker, state)]
        )
        if raised:
            self._closed.alerts.append(raised)
        if bucket.volume or raised or bucket.time % _HOUR == 0:
            shown = {"volume": bucket.volume, "mood": bucket.mood, "negative": bucket.negative}
            seen = readings["volume"]
            self._closed.points.append((ticker, bucket.time, {**shown, "norm": seen.norm, "sigma": seen.sigma}))

    def _evidence(self, ticker: str, state: TickerState) -> Iterable[Evidence]:
        for name, score in state.recent_stories().items():
            story = self._book.get(name)
            if story is not None:
                yield Evidence(name, tuple(sorted(story.sources)), story.weights.get(ticker, 0.0), score)

    def _save(self, step: Step) -> tuple[Alert, ...]:
        """Write a step together with all that changed since the last one, and return the alerts in it."""
        closed, self._closed = self._closed, _Closed()
        changed = {name: state for name, state in self._watched.items() if state.changed}
        states: dict[str, Any] = {f"{_TICKER}{name}": state.to_json() for name, state in changed.items()}
        states |= {_ALERTS: alerts_to_json(self._alerting), _CLOCK: (self._began, self._clock), _GAPS: self._gaps}
        raised = [_row(alert) for alert in closed.alerts]
        changes = self._book.changes()
        saved = replace(step, changes=changes, points=closed.points, alerts=raised, states=states, after=self._steps)
        self._store.save(saved)
        self._steps += 1
        for state in changed.values():
            state.changed = False
        return tuple(closed.alerts)


def _row(alert: Alert) -> dict[str, Any]:
    return {**asdict(alert), "reason": dict(alert.reason), "stories": list(alert.stories)}
