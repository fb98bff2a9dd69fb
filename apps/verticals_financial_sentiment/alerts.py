"""From what the detector saw to an alert that a person can judge: how severe, why, and which stories stand behind it.

A ticker that was reported is silent for a while, unless it gets more severe or the mood turns. High severity takes two independent sources.
People's answers move the threshold of their ticker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal

from verticals_financial_sentiment.alert_wording import Kind, reason
from verticals_financial_sentiment.budget import BudgetState, Threshold, note, solve
from verticals_financial_sentiment.detection import Reading

Severity = Literal["low", "medium", "high"]
Answer = Literal["acknowledge", "false alarm", "mute", "unmute"]
KINDS: tuple[Kind, ...] = ("negative", "positive", "volume")  # the more specific first
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
_LEANS = 0.2  # a score from which a story stands behind an alert about the mood; one nearer to zero takes no side


@dataclass(frozen=True)
class AlertSettings:
    """When an alert is raised.

    Attributes:
        threshold: sigma, as long as the budget has no past to solve from; also the least it may choose.
        per_day: the budget, alerts a day over all tickers, those not counted that say it got worse; none means the threshold stays.
        budget_days: days of the past that the budget looks at.
        medium: multiple of the threshold from which an alert is medium, and `high` from which it is high.
        silence: seconds in which a reported ticker is not reported again.
        mute: seconds that a mute lasts.
        caution: factor on a ticker's threshold for each false alarm; each acknowledged alert takes back as much.
        most_caution: the most that factor may become.
        zone: whose hours and weekdays the reason speaks of.
    """

    threshold: float = 4.0
    per_day: int | None = 3
    budget_days: int = 28
    medium: float = 1.5
    high: float = 2.5
    silence: int = 86_400
    mute: int = 7 * 86_400
    caution: float = 1.25
    most_caution: float = 4.0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A story that may stand behind an alert: its id, its independent sources by name, its weight, and its score in [-1, 1]."""

    story: str
    sources: tuple[str, ...]
    weight: float
    score: float


@dataclass(frozen=True)
class Alert:
    """Something abnormal began.

    Attributes:
        id: the same for the same ticker, kind and time.
        ticker: whom it is about.
        time: start of the bucket that was judged, UTC.
        kind: what is abnormal; `volume` where neither mood stands out.
        severity: low, medium, high.
        score: sigma.
        reason: one sentence by language.
        stories: ids, the weightiest first.
        single_source: fewer than two independent sources say so.
    """

    id: str
    ticker: str
    time: datetime
    kind: Kind
    severity: Severity
    score: float
    reason: Mapping[str, str]
    stories: tuple[str, ...]
    single_source: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """What people answered for one ticker: a factor on its threshold, and until when it is muted (seconds since 1970)."""

    caution: float = 1.0
    muted_until: int = 0


@dataclass(frozen=True, slots=True)
class Reported:
    """The last alert of a ticker, which its silence counts from; `takes` is what the ticker took of that day's budget so far."""

    time: int
    kind: Kind
    severity: Severity
    takes: int = 1


@dataclass
class AlertState:
    """What was reported and answered so far.

    Attributes:
        budget: the past that the threshold is solved from.
        reported: ticker to its last alert.
        feedback: ticker to what people answered.
        day: the day of `held_back`, in days since 1970.
        held_back: tickers that the budget of that day had no room for.
    """

    budget: BudgetState = field(default_factory=BudgetState)
    reported: dict[str, Reported] = field(default_factory=dict)
    feedback: dict[str, Feedback] = field(default_factory=dict)
    day: int = 0
    held_back: list[str] = field(default_factory=list)


def consider(
    state: AlertState,
    settings: AlertSettings,
    ticker: str,
    readings: Mapping[Kind, Reading],
    evidence: Sequence[Evidence],
) -> Alert | None:
    """Return the alert that the readings of one bucket call for, if any; times must not go back.

    `evidence` holds the stories of the longest span that was judged; behind an alert about the mood stand those that share it.
    """
    time = next(iter(readings.values())).time
    feedback = state.feedback.get(ticker, Feedback())
    if time < feedback.muted_until:
        return None
    strengths = {kind: readings[kind].sigma / feedback.caution for kind in KINDS if kind in readings}
    limit = current_threshold(state, settings, time).value
    note(state.budget, time, ticker, max(strengths.values()), settings.budget_days)
    kind = next((kind for kind in KINDS if strengths.get(kind, 0.0) >= limit), None)
    if kind is None:
        return None
    behind = [each for each in evidence if _stands_behind(each, kind)]
    sources = {name for each in behind for name in each.sources}
    severity = _severity(strengths[kind] / limit, len(sources), settings)
    last = state.reported.get(ticker)
    if not _news(last, time, kind, severity, settings):
        return None
    takes = _takes(last, time, severity)
    if not _room(state, settings, ticker, time, takes):
        return None
    state.reported[ticker] = Reported(time, kind, severity, takes)
    return _alert(ticker, kind, severity, readings[kind], behind, len(sources), settings)


def current_threshold(state: AlertState, settings: AlertSettings, time: int) -> Threshold:
    """Return the threshold of the day of `time`, and the alerts a day to expect from it."""
    return solve(state.budget, time, settings.per_day, settings.threshold, settings.budget_days)


def held_back(state: AlertState, time: int) -> int:
    """Return how many tickers the budget of the day of `time` had no room for so far."""
    return len(state.held_back) if state.day == time // 86_400 else 0


def answer(state: AlertState, settings: AlertSettings, ticker: str, given: Answer, time: int) -> Feedback:
    """Take a person's answer to an alert of a ticker, and return what holds for the ticker from now on."""
    now = state.feedback.get(ticker, Feedback())
    if given == "false alarm":
        now = replace(now, caution=min(now.caution * settings.caution, settings.most_caution))
    elif given == "acknowledge":
        now = replace(now, caution=max(now.caution / settings.caution, 1.0))
    else:
        now = replace(now, muted_until=time + settings.mute if given == "mute" else 0)
    state.feedback[ticker] = now
    return now


def alert_id(ticker: str, kind: Kind, time: int) -> str:
    """Return 32 hexadecimal digits that name this alert."""
    return blake2b(f"{len(ticker)}:{ticker}|{kind}|{time}".encode(), digest_size=16).hexdigest()


def _stands_behind(story: Evidence, kind: Kind) -> bool:
    return kind == "volume" or (story.score if kind == "positive" else -story.score) >= _LEANS


def _severity(strength: float, sources: int, settings: AlertSettings) -> Severity:
    if strength >= settings.high and sources >= 2:
        return "high"
    return "medium" if strength >= settings.medium else "low"


def _news(last: Reported | None, time: int, kind: Kind, severity: Severity, settings: AlertSettings) -> bool:
    """Return whether this may be said: silence is over, it got more severe, or the mood turned."""
    if last is None or time - last.time >= settings.silence:
        return True
    turned = {last.kind, kind} == {"negative", "positive"}
    return turned or _is_worse(last, severity)


def _is_worse(last: Reported, severity: Severity) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(last.severity)


def _takes(last: Reported | None, time: int, severity: Severity) -> int:
    """Return what a ticker takes of the day's budget, this alert included: nothing for getting worse, so that others keep their room."""
    if last is None or last.time // 86_400 != time // 86_400:
        return 1
    return last.takes if _is_worse(last, severity) else last.takes + 1


def _room(state: AlertState, settings: AlertSettings, ticker: str, time: int, takes: int) -> bool:
    day = time // 86_400
    if day != state.day:
        state.day, state.held_back = day, []
    others = (last.takes for name, last in state.reported.items() if name != ticker and last.time // 86_400 == day)
    if settings.per_day is None or sum(others) + takes <= settings.per_day:
        return True
    state.held_back += [] if ticker in state.held_back else [ticker]
    return False


def _alert(
    ticker: str,
    kind: Kind,
    severity: Severity,
    reading: Reading,
    evidence: Sequence[Evidence],
    sources: int,
    settings: AlertSettings,
) -> Alert:
    stories = sorted(evidence, key=lambda each: (-each.weight, each.story))
    return Alert(
        id=alert_id(ticker, kind, reading.time),
        ticker=ticker,
        time=datetime.fromtimestamp(reading.time, UTC),
        kind=kind,
        severity=severity,
        score=reading.sigma,
        reason=reason(kind, reading, sources, len(stories), settings.zone),
        stories=tuple(each.story for each in stories),
        single_source=sources < 2,
    )
