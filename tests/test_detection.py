"""The online detector: no look-ahead, the rhythm of hours and weekdays, bursts, gaps, and summer time."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals_financial_sentiment.detection import (
    DetectionSettings,
    Reading,
    State,
    hour_of_week,
    observe,
    refractory,
    sigmas,
)
from verticals_financial_sentiment.detection_baselines import windowed_gaussian

HOUR, DAY = 3_600, 86_400
HOURLY = DetectionSettings(bucket=HOUR)
MONDAY = int(datetime(2015, 2, 2, tzinfo=UTC).timestamp())


def read(
    values: Sequence[float | None], rules: DetectionSettings = HOURLY, state: State | None = None
) -> list[Reading]:
    state = state or State()
    start = MONDAY if state.last is None else state.last + rules.bucket
    return [observe(state, rules, start + rules.bucket * row, value) for row, value in enumerate(values)]


def office_hours(days: int, quiet: float = 4, busy: float = 40) -> list[float | None]:
    """Counts with a little noise: `busy` from 9 to 17, else `quiet`."""
    noise = np.random.default_rng(0).normal(1, 0.1, days * 24)
    return [(busy if 9 <= hour % 24 < 17 else quiet) * factor for hour, factor in enumerate(noise.tolist())]


counts = st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=120)


@settings(max_examples=60, deadline=None)
@given(values=counts, cut=st.integers(1, 120), future=counts)
def test_the_future_changes_no_earlier_reading(
    values: list[float | None], cut: int, future: list[float | None]
) -> None:
    rules = replace(HOURLY, warm_up=6 * HOUR)
    whole = read(values + future, rules)
    assert repr(whole[:cut]) == repr(read((values + future)[:cut], rules))


@settings(max_examples=30, deadline=None)
@given(values=counts, later=counts)
def test_a_state_that_went_through_json_goes_on_as_if_nothing_had_happened(
    values: list[float | None], later: list[float | None]
) -> None:
    rules = replace(HOURLY, warm_up=6 * HOUR)
    state = State()
    read(values, rules, state)
    restored = State(**json.loads(json.dumps(asdict(state))))
    assert repr(read(later, rules, restored)) == repr(read(values + later, rules)[len(values) :])


def test_a_baseline_sees_only_the_past() -> None:
    values = np.random.default_rng(1).poisson(5, 900).astype(float)
    assert np.array_equal(windowed_gaussian(values, 200, 20)[:500], windowed_gaussian(values[:500], 200, 20))


def test_the_same_count_is_normal_at_noon_and_abnormal_at_night() -> None:
    usual = office_hours(21)
    noon, night = read([*usual, *usual[:12], 40.0])[-1], read([*usual, *usual[:3], 40.0])[-1]
    assert abs(noon.sigma) < 2
    assert night.sigma > 2.5
    assert noon.norm > 5 * night.norm


def test_a_quiet_weekend_is_learned() -> None:
    week: list[float | None] = [30.0 if hour < 5 * 24 else 3.0 for hour in range(7 * 24)]
    sunday = 6 * 24 + 14
    norms = [read(week * weeks + week[: sunday + 1])[-1].norm for weeks in (1, 4, 12)]
    assert norms[0] > norms[1] > norms[2]
    assert norms[2] < 0.75 * read(week * 12 + week[:15])[-1].norm


def test_the_first_bucket_of_a_burst_is_seen_and_stands_out_by_its_size() -> None:
    usual = office_hours(21)
    alarms = [read([*usual, *usual[:3], burst])[-1].sigma for burst in (4.0, 20.0, 100.0, 500.0)]
    assert abs(alarms[0]) < 1
    assert alarms == sorted(alarms)
    assert alarms[3] > 10 * alarms[1] > 10


def test_a_burst_does_not_become_the_norm_but_the_next_of_its_size_surprises_less() -> None:
    usual = office_hours(28)
    first, second = (read([*usual, *([4000.0] * bursts), *usual, 4000.0]) for bursts in (0, 3))
    assert second[-2].norm < 3 * first[-2].norm
    assert first[-1].sigma > 1.5 * second[-1].sigma > 0


def test_what_was_not_measured_is_not_zero() -> None:
    usual = office_hours(21)
    silent: list[float | None] = [0.0] * 48
    missing: list[float | None] = [None] * 48
    down, quiet = read([*usual, *missing, *usual[:1]]), read([*usual, *silent, *usual[:1]])
    assert all(reading.sigma == 0 for reading in down[-49:-1])
    assert quiet[-30].sigma < 0
    assert quiet[-1].norm < down[-1].norm


def test_skipped_buckets_are_missing_ones() -> None:
    usual, state = office_hours(21), State()
    read(usual, HOURLY, state)
    assert state.last is not None
    jumped = observe(state, HOURLY, state.last + 5 * HOUR, 4.0)
    assert jumped == read([*usual, None, None, None, None, 4.0])[-1]


def test_nothing_is_judged_before_a_day_was_seen() -> None:
    readings = read([1.0] * 12 + [500.0] + [1.0] * 11 + [500.0] * 2)
    assert all(reading.sigma == 0 for reading in readings[:24])
    assert readings[-1].sigma > 0


def surprise_after_the_switch(zone: str) -> float:
    """Return the highest |sigma| in the three days after New York set its clocks on, of a rhythm that follows them."""
    switch, home = datetime(2015, 3, 8, 7, tzinfo=UTC), ZoneInfo("America/New_York")
    times = [switch + timedelta(hours=hour) for hour in range(-28 * 24, 3 * 24)]
    values = [40.0 if 9 <= time.astimezone(home).hour < 17 else 4.0 for time in times]
    state, rules = State(), replace(HOURLY, zone=zone, spans=(HOUR,))
    readings = [observe(state, rules, int(t.timestamp()), value) for t, value in zip(times, values, strict=True)]
    return max(abs(reading.sigma) for reading in readings[-3 * 24 :])


def test_in_its_own_zone_a_rhythm_survives_summer_time() -> None:
    assert surprise_after_the_switch("America/New_York") < 1
    assert surprise_after_the_switch("UTC") > 5


def test_hours_are_counted_from_monday_midnight() -> None:
    assert hour_of_week(MONDAY, "UTC") == 0
    assert hour_of_week(MONDAY + 6 * DAY + 23 * HOUR + 59, "UTC") == 167
    assert hour_of_week(MONDAY, "Asia/Shanghai") == 8
    assert hour_of_week(MONDAY, "America/New_York") == 6 * 24 + 19


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_what_is_no_count_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="expected a count or None"):
        observe(State(), HOURLY, MONDAY, value)


def test_time_goes_forward() -> None:
    state = State()
    observe(state, HOURLY, MONDAY, 1.0)
    with pytest.raises(ValueError, match="does not come after"):
        observe(state, HOURLY, MONDAY, 1.0)


def test_after_a_report_there_is_silence_from_the_report_on() -> None:
    times = np.arange(10) * 100
    reached = np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 1], bool)
    assert np.flatnonzero(refractory(times, reached, 300)).tolist() == [1, 4, 9]
    assert np.array_equal(refractory(times, reached, 0), reached)


def test_the_scores_of_a_series_are_those_of_its_buckets() -> None:
    values = [value for value in office_hours(3) if value is not None]
    times = MONDAY + HOUR * np.arange(len(values))
    assert sigmas(times, np.array(values), HOURLY).tolist() == [reading.sigma for reading in read([*values])]
