"""Online anomaly detection on counts: how far the last hours are above what this hour of this weekday usually brings.

One pass, one value at a time: what `observe` returns depends on nothing later. A norm is a level times a factor of the hour times a factor
of the hour of the week; all three are exponentially weighted means with winsorised updates (Gelper, Fried and Croux 2010), so that a burst
does not become the norm. The spread is not winsorised on purpose: after a burst, the next of its size is less of a surprise.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from verticals.arrays import BoolArray, Float64Array, IntArray

_DAY = 86_400


@dataclass(frozen=True)
class DetectionSettings:
    """What the detector assumes; one setting for every ticker.

    Attributes:
        bucket: seconds between two values.
        spans: seconds that are summed and judged; the score is the mean over them, so that a blip in a calm day counts less.
        half_life: days after which a value counts half in the level, the spread and the hours of the day; weeks in the hours of the week.
        hour_prior: days of evidence that the belief in no daily rhythm is worth.
        week_prior: weeks of evidence that the belief in no weekly rhythm is worth.
        least_spread: added to every spread: one mention more or less is noise.
        most_sigma: updates of the level are cut here.
        most_ratio: updates of the factors are cut at this multiple of the level.
        warm_up: seconds of values before anything is judged.
        zone: whose hours and weekdays; a zone with summer time keeps the rhythm of its people.
    """

    bucket: int = 300
    spans: tuple[int, ...] = (3_600, 7_200)
    half_life: float = 14.0
    hour_prior: float = 3.0
    week_prior: float = 10.0
    least_spread: float = 1.0
    most_sigma: float = 10.0
    most_ratio: float = 5.0
    warm_up: int = _DAY
    zone: str = "UTC"


@dataclass
class State:
    """What the detector remembers of one series; plain numbers, so that it survives JSON to the last bit.

    Attributes:
        last: the time of the last bucket, or None before the first.
        measured: buckets with a value.
        recent: the newest values, oldest first, None where nothing was measured; at most the longest span.
        levels: the level of each span's sum.
        variances: the mean squared distance from the norm, per span.
        hours: the factor of each hour of the day, and `hours_seen` the values behind it.
        weekly: the factor of each hour of the week on top, and `weekly_seen` the values behind it.
    """

    last: int | None = None
    measured: int = 0
    recent: list[float | None] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    variances: list[float] = field(default_factory=list)
    hours: list[float] = field(default_factory=lambda: [1.0] * 24)
    hours_seen: list[int] = field(default_factory=lambda: [0] * 24)
    weekly: list[float] = field(default_factory=lambda: [1.0] * 168)
    weekly_seen: list[int] = field(default_factory=lambda: [0] * 168)


@dataclass(frozen=True)
class Reading:
    """What was seen at one bucket.

    Attributes:
        time: start of the bucket, seconds since 1970, UTC.
        value: the sum over the first span.
        norm: what that sum usually is at this hour of this weekday.
        sigma: distance from the norm in spreads, the mean over the spans; 0 while warming up or where too little was measured.
    """

    time: int
    value: float
    norm: float
    sigma: float


def observe(state: State, settings: DetectionSettings, time: int, value: float | None) -> Reading:
    """Judge one bucket by what came before it, then learn from it.

    Buckets that were skipped count as not measured. `value` None means that nothing was measured (the feed was down); 0 is a measurement.

    Raises:
        ValueError: the time is not after the last one, or the value is no count.
    """
    _remember(state, settings, time, value)
    slot = hour_of_week(time, settings.zone)
    factors = [_span_factor(state, settings, slot, span) for span in settings.spans]
    totals = _totals(state.recent, settings)
    if value is None or not totals:
        return Reading(time, 0.0, state.levels[0] * factors[0] if state.levels else 0.0, 0.0)
    if not state.levels:
        state.levels, state.variances = list(totals), [0.0] * len(totals)
    state.measured += 1
    norms = [level * factor for level, factor in zip(state.levels, factors, strict=True)]
    spreads = [math.sqrt(variance) + settings.least_spread for variance in state.variances]
    distances = [(total - norm) / spread for total, norm, spread in zip(totals, norms, spreads, strict=True)]
    ratio = min(totals[0] / max(state.levels[0], settings.least_spread), settings.most_ratio)
    _learn_level(state, settings, totals, norms, spreads)
    _learn_season(state, settings, slot, ratio)
    sigma = sum(distances) / len(distances) if _warm(state, settings) else 0.0
    return Reading(time, totals[0], norms[0], sigma)


def hour_of_week(time: int, zone: str) -> int:
    """Return 0 for Monday from midnight to one, up to 167."""
    if zone == "UTC":
        return (time // 3_600 + 72) % 168  # 1970 began on a Thursday
    local = datetime.fromtimestamp(time, UTC).astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def refractory(times: IntArray, reached: BoolArray, silence: int) -> BoolArray:
    """Return which of the rows that reached the threshold are reported: none within `silence` seconds after another."""
    reported = np.zeros(len(reached), bool)
    last = None
    for row in np.flatnonzero(reached):
        if last is None or times[row] - last >= silence:
            reported[row], last = True, times[row]
    return reported


def sigmas(times: IntArray, values: Float64Array, settings: DetectionSettings) -> Float64Array:
    """Return the score of every bucket of a series, [rows]."""
    state = State()
    pairs = zip(times.tolist(), values.tolist(), strict=True)
    return np.array([observe(state, settings, time, value).sigma for time, value in pairs])


def _remember(state: State, settings: DetectionSettings, time: int, value: float | None) -> None:
    if value is not None and not 0 <= value < math.inf:
        raise ValueError(f"bucket {time}: expected a count or None, found {value}")
    longest = max(settings.spans) // settings.bucket
    if state.last is not None:
        if time <= state.last:
            raise ValueError(f"bucket {time} does not come after {state.last}")
        skipped = round((time - state.last) / settings.bucket) - 1
        state.recent += [None] * min(skipped, longest)
    state.recent.append(value)
    del state.recent[:-longest]
    state.last = time


def _totals(recent: list[float | None], settings: DetectionSettings) -> list[float]:
    """Return the sum over each span, scaled up where values are missing; nothing where more than half of a span is."""
    totals = []
    for buckets in (span // settings.bucket for span in settings.spans):
        newest = recent[-buckets:]
        known = [value for value in newest if value is not None]
        if 2 * len(known) < len(newest):
            return []
        totals.append(sum(known) * buckets / len(known))
    return totals


def _span_factor(state: State, settings: DetectionSettings, slot: int, span: int) -> float:
    """Return the mean factor of the hours that a span reaches back over."""
    hours = max(1, span // 3_600)
    return sum(_factor(state, settings, (slot - back) % 168) for back in range(hours)) / hours


def _factor(state: State, settings: DetectionSettings, slot: int) -> float:
    trust = _trust(state.weekly_seen[slot], settings.week_prior, settings)
    return _daily(state, settings, slot % 24) * (1 + trust * (state.weekly[slot] - 1))


def _daily(state: State, settings: DetectionSettings, hour: int) -> float:
    return 1 + _trust(state.hours_seen[hour], settings.hour_prior, settings) * (state.hours[hour] - 1)


def _trust(seen: int, prior: float, settings: DetectionSettings) -> float:
    occasions = seen * settings.bucket / 3_600
    return occasions / (occasions + prior)


def _learn_level(
    state: State, settings: DetectionSettings, totals: list[float], norms: list[float], spreads: list[float]
) -> None:
    rate = _rate(settings.half_life * _DAY / settings.bucket, state.measured)
    for span, (total, norm, spread) in enumerate(zip(totals, norms, spreads, strict=True)):
        taken = min(total, norm + settings.most_sigma * spread) if _warm(state, settings) else total
        state.levels[span] += rate * (taken - state.levels[span])
        state.variances[span] += rate * ((total - norm) ** 2 - state.variances[span])


def _warm(state: State, settings: DetectionSettings) -> bool:
    return state.measured * settings.bucket > settings.warm_up


def _learn_season(state: State, settings: DetectionSettings, slot: int, ratio: float) -> None:
    hour = slot % 24
    half_life = settings.half_life * 3_600 / settings.bucket
    state.hours_seen[hour] += 1
    state.weekly_seen[slot] += 1
    state.hours[hour] += _rate(half_life, state.hours_seen[hour]) * (ratio - state.hours[hour])
    beyond = min(ratio / max(state.hours[hour], 0.1), settings.most_ratio)
    state.weekly[slot] += _rate(half_life, state.weekly_seen[slot]) * (beyond - state.weekly[slot])


def _rate(half_life: float, seen: int) -> float:
    """Return the weight of the newest of `seen` values; a plain mean while there are few."""
    return max(1 - math.exp2(-1 / half_life), 1 / seen)
