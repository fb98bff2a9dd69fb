"""Alerts: when one is raised, how severe, in which words, what people's answers do, and the budget."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from verticals_financial_sentiment.alert_wording import Kind
from verticals_financial_sentiment.alerts import (
    Alert,
    AlertSettings,
    AlertState,
    Evidence,
    answer,
    consider,
    current_threshold,
    held_back,
)
from verticals_financial_sentiment.detection import Reading
from verticals_financial_sentiment.watch_state import alerts_from_json, alerts_to_json

DAY = 86_400
TUESDAY = 1_430_229_600  # 2015-04-28 14:00 UTC
RULES = AlertSettings(threshold=3.0, per_day=None)
ONE = (Evidence("story b", ("Wire",), 1.0, -0.9),)
TWO = (*ONE, Evidence("story a", ("Gazette", "Wire"), 2.0, -0.6))


def raised(
    state: AlertState,
    sigmas: Mapping[Kind, float],
    time: int = TUESDAY,
    evidence: tuple[Evidence, ...] = TWO,
    rules: AlertSettings = RULES,
    ticker: str = "ABC",
) -> Alert | None:
    readings = {kind: Reading(time, 12.0, 2.5, sigma) for kind, sigma in sigmas.items()}
    return consider(state, rules, ticker, readings, evidence)


def alert(sigma: float, evidence: tuple[Evidence, ...] = TWO, kind: Kind = "negative") -> Alert:
    found = raised(AlertState(), {kind: sigma}, evidence=evidence)
    assert found is not None
    return found


def test_the_reason_says_what_how_far_which_norm_and_who() -> None:
    found = alert(6.24)
    assert found.reason["en"] == (
        "negative volume 6.2 sigma above the norm of Tuesdays 14:00 (UTC): 12.0 in the last hour, usually 2.5; "
        "2 independent sources, 2 stories"
    )
    assert found.reason["zh"] == (
        "负面消息量比周二 14:00（UTC）的常态高 6.2 个标准差：最近一小时 12.0，通常 2.5；2 个独立来源，2 条报道"
    )
    assert alert(6.24, ONE).reason["en"].endswith("1 independent source, 1 story")
    assert found.stories == ("story a", "story b")


def test_below_the_threshold_nothing_is_raised_and_at_it_something_is() -> None:
    assert raised(AlertState(), {"volume": 2.999}) is None
    assert alert(3.0).severity == "low"


@pytest.mark.parametrize(
    ("sigma", "evidence", "severity", "single"),
    [
        (4.4, TWO, "low", False),
        (4.5, TWO, "medium", False),
        (7.5, TWO, "high", False),
        (99.0, ONE, "medium", True),
        (99.0, (*ONE, Evidence("story c", ("Wire",), 1.0, -0.9)), "medium", True),
        (99.0, (), "medium", True),
    ],
)
def test_high_severity_takes_two_independent_sources(
    sigma: float, evidence: tuple[Evidence, ...], severity: str, single: bool
) -> None:
    found = alert(sigma, evidence)
    assert (found.severity, found.single_source) == (severity, single)


@pytest.mark.parametrize("score", [0.9, 0.1, -0.1])
def test_a_story_that_does_not_share_the_mood_is_no_second_source_of_it(score: float) -> None:
    other = (*ONE, Evidence("story c", ("Gazette",), 5.0, score))
    found = alert(99.0, other)
    assert (found.stories, found.severity, found.single_source) == (("story b",), "medium", True)
    assert alert(99.0, other, "volume").severity == "high"


def test_the_more_specific_kind_speaks() -> None:
    found = raised(AlertState(), {"volume": 9.0, "negative": 4.0, "positive": 0.0})
    assert found is not None
    assert (found.kind, found.score) == ("negative", 4.0)


def test_the_id_names_ticker_kind_and_time_and_nothing_else() -> None:
    assert alert(5.0).id == alert(9.0, ONE).id
    assert len({alert(5.0).id, alert(5.0, kind="volume").id, alert(5.0, kind="positive").id}) == 3
    other = raised(AlertState(), {"negative": 5.0}, ticker="XYZ")
    assert other is not None
    assert other.id != alert(5.0).id


def test_after_an_alert_there_is_silence_unless_it_gets_worse_or_the_mood_turns() -> None:
    state = AlertState()
    assert raised(state, {"negative": 3.5})
    assert raised(state, {"negative": 4.0}, TUESDAY + 300) is None
    assert raised(state, {"volume": 4.0}, TUESDAY + 600) is None
    assert raised(state, {"negative": 8.0}, TUESDAY + 900)
    assert raised(state, {"negative": 20.0}, TUESDAY + 1200) is None
    assert raised(state, {"positive": 3.5}, TUESDAY + 1500)
    assert raised(state, {"positive": 3.5}, TUESDAY + 1500 + DAY)


def test_a_second_source_turns_a_medium_alert_into_a_high_one() -> None:
    state = AlertState()
    first, second = (raised(state, {"negative": 12.0}, TUESDAY + n * 300, found) for n, found in enumerate((ONE, TWO)))
    assert first is not None
    assert second is not None
    assert (first.severity, second.severity) == ("medium", "high")


def test_a_false_alarm_raises_the_threshold_of_its_ticker_alone() -> None:
    state = AlertState()
    answer(state, RULES, "ABC", "false alarm", TUESDAY)
    assert raised(state, {"negative": 3.5}) is None
    assert raised(state, {"negative": 3.8})
    assert raised(state, {"negative": 3.1}, ticker="XYZ")


def test_acknowledging_takes_back_a_false_alarm_and_caution_is_bounded() -> None:
    state = AlertState()
    for _ in range(50):
        answer(state, RULES, "ABC", "false alarm", TUESDAY)
    assert state.feedback["ABC"].caution == RULES.most_caution
    for _ in range(50):
        answer(state, RULES, "ABC", "acknowledge", TUESDAY)
    assert state.feedback["ABC"].caution == 1.0


def test_a_mute_ends_by_itself_or_by_hand() -> None:
    state = AlertState()
    answer(state, RULES, "ABC", "mute", TUESDAY)
    assert raised(state, {"negative": 50.0}) is None
    assert raised(state, {"negative": 50.0}, TUESDAY + RULES.mute)
    answer(state, RULES, "ABC", "mute", TUESDAY + RULES.mute)
    answer(state, RULES, "ABC", "unmute", TUESDAY + RULES.mute)
    assert raised(state, {"negative": 50.0}, TUESDAY + RULES.mute + DAY)


def replay(days: int, tickers: int, rules: AlertSettings, seed: int = 0) -> tuple[list[Alert], AlertState]:
    generator = np.random.default_rng(seed)
    state, alerts = AlertState(), []
    for day in range(days):
        for name, sigma in enumerate(generator.exponential(2.0, tickers).tolist()):
            found = raised(state, {"volume": sigma}, TUESDAY + day * DAY + name, rules=rules, ticker=f"T{name}")
            alerts += [found] if found else []
    return alerts, state


@pytest.mark.parametrize("per_day", [1, 3, 10])
def test_the_budget_is_kept_on_every_day_and_used(per_day: int) -> None:
    alerts, _ = replay(60, 50, replace(RULES, threshold=1.0, per_day=per_day))
    a_day: dict[int, int] = {}
    for found in alerts:
        day = int(found.time.timestamp()) // DAY
        a_day[day] = a_day.get(day, 0) + 1
    assert max(a_day.values()) <= per_day
    assert len(alerts) > 0.5 * per_day * 60


def test_a_company_that_gets_worse_takes_of_the_budget_once_and_leaves_room_for_others() -> None:
    rules, state = replace(RULES, per_day=2), AlertState()
    for bucket, sigma in enumerate((3.5, 5.0, 9.0)):
        assert raised(state, {"negative": sigma}, TUESDAY + 300 * bucket, rules=rules)
    assert raised(state, {"negative": 3.5}, TUESDAY + 900, rules=rules, ticker="DEF")
    assert raised(state, {"negative": 3.5}, TUESDAY + 1200, rules=rules, ticker="GHI") is None
    assert raised(state, {"negative": 9.0}, TUESDAY + 1500, rules=rules, ticker="DEF"), (
        "the day is full, and it gets worse"
    )
    assert held_back(state, TUESDAY) == 1


def test_a_mood_that_turns_to_and_fro_takes_of_the_budget_each_time() -> None:
    rules, state = replace(RULES, per_day=3), AlertState()
    kinds: tuple[Kind, ...] = ("negative", "positive", "negative", "positive")
    found = [raised(state, {kind: 3.5}, TUESDAY + 300 * n, rules=rules) for n, kind in enumerate(kinds)]
    assert [each is not None for each in found] == [True, True, True, False]


def test_a_state_that_an_earlier_version_left_has_room_by_what_was_reported() -> None:
    rules, state = replace(RULES, per_day=2), AlertState()
    raised(state, {"negative": 3.5}, rules=rules)
    written = alerts_to_json(state)
    del written["reported"]["ABC"]["takes"]
    before = alerts_from_json({**written, "today": 2})
    assert raised(before, {"negative": 3.5}, TUESDAY + 300, rules=rules, ticker="DEF")
    assert raised(before, {"negative": 3.5}, TUESDAY + 600, rules=rules, ticker="GHI") is None


def test_what_a_day_has_no_room_for_counts_once_a_company_and_day() -> None:
    rules, state = replace(RULES, per_day=1), AlertState()
    for bucket, ticker in enumerate(("ABC", "DEF", "DEF", "GHI", "DEF")):
        raised(state, {"volume": 9.0}, TUESDAY + 300 * bucket, rules=rules, ticker=ticker)
    assert held_back(state, TUESDAY) == 2
    assert held_back(state, TUESDAY + DAY) == 0
    assert raised(state, {"volume": 99.0}, TUESDAY + DAY, rules=rules, ticker="DEF")
    assert held_back(state, TUESDAY + DAY) == 0


def test_a_threshold_that_was_changed_holds_from_the_next_start() -> None:
    state = AlertState()
    assert current_threshold(state, RULES, TUESDAY).value == 3.0
    restarted = alerts_from_json(json.loads(json.dumps(alerts_to_json(state))))
    assert current_threshold(restarted, replace(RULES, threshold=1.5), TUESDAY + 60).value == 1.5


def test_the_threshold_is_solved_from_the_past_and_says_what_to_expect() -> None:
    rules = replace(RULES, threshold=1.0, per_day=3)
    _, state = replay(28, 50, rules)
    found = current_threshold(state, rules, TUESDAY + 28 * DAY)
    assert found.days == 28
    assert found.expected == pytest.approx(3.0, abs=0.05)
    assert found.value == pytest.approx(2.0 * np.log(50 / 3), rel=0.15)  # where 3 of 50 exponential scores lie above


def test_todays_scores_have_no_say_in_todays_threshold() -> None:
    rules = replace(RULES, threshold=1.0, per_day=3)
    _, calm = replay(10, 50, rules)
    _, wild = replay(10, 50, rules)
    later = TUESDAY + 10 * DAY
    for name in range(40):
        raised(wild, {"volume": 100.0}, later, rules=rules, ticker=f"T{name}")
    assert current_threshold(wild, rules, later) == current_threshold(calm, rules, later)
    assert current_threshold(wild, rules, later + DAY).value > current_threshold(calm, rules, later + DAY).value


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([3.0, 3.5, 4.0, 8.0]), max_size=12), min_size=1, max_size=8), st.integers(1, 4)
)
def test_by_the_past_the_solved_threshold_never_breaks_the_budget(days: list[list[float]], per_day: int) -> None:
    rules, state = replace(RULES, per_day=per_day), AlertState()
    for day, scores in enumerate(days):
        for name, sigma in enumerate([0.0, *scores]):
            raised(state, {"volume": sigma}, TUESDAY + day * DAY, rules=rules, ticker=f"T{name}")
    found = current_threshold(state, rules, TUESDAY + len(days) * DAY)
    assert found.expected <= per_day
    assert found.value >= rules.threshold


def test_a_state_that_went_through_json_goes_on_as_if_nothing_had_happened() -> None:
    rules, state_as_json = replace(RULES, threshold=1.0, per_day=3), TypeAdapter(AlertState)
    _, state = replay(20, 30, rules)
    answer(state, rules, "T1", "false alarm", TUESDAY)
    restored = state_as_json.validate_json(state_as_json.dump_json(state))
    assert restored == state
    later = TUESDAY + 20 * DAY
    assert raised(restored, {"volume": 9.0}, later, rules=rules) == raised(state, {"volume": 9.0}, later, rules=rules)
