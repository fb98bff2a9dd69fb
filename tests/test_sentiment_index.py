"""The index: what one story can move, late items, empty buckets, and the same result in one go or in parts."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals_financial_sentiment.index import Bucket, IndexSettings, IndexState, StoryUpdate, add, advance, mood

RULES = IndexSettings()
START = 1_430_000_100


def after(updates: list[StoryUpdate], state: IndexState | None = None) -> tuple[IndexState, list[Bucket]]:
    state = state or IndexState()
    return state, [bucket for update in updates for bucket in add(state, RULES, update)]


def flood(copies: int, score: float = -1.0) -> list[StoryUpdate]:
    """One story whose weight grows with every copy."""
    return [StoryUpdate("rumour", START, float(copy + 1), score) for copy in range(copies)]


def others(count: int, score: float) -> list[StoryUpdate]:
    return [StoryUpdate(f"story {number}", START, 1.0, score) for number in range(count)]


@pytest.mark.parametrize("background", [0, 2, 20])
def test_five_hundred_copies_move_the_index_no_further_than_three_stories(background: int) -> None:
    flooded, _ = after(others(background, 0.2) + flood(500))
    three, _ = after(others(background, 0.2) + [StoryUpdate(f"new {n}", START, 1.0, -1.0) for n in range(3)])
    assert mood(flooded, RULES) == pytest.approx(mood(three, RULES))
    assert flooded.volume == pytest.approx(three.volume)


updates = st.builds(
    StoryUpdate,
    story=st.sampled_from("abcde"),
    time=st.integers(START, START + 3 * 86_400),
    weight=st.floats(0, 100),
    score=st.floats(-1, 1),
)


@settings(max_examples=80, deadline=None)
@given(history=st.lists(updates, max_size=30), update=updates)
def test_no_update_moves_the_index_beyond_its_bound(history: list[StoryUpdate], update: StoryUpdate) -> None:
    state, _ = after(history)
    advance(state, RULES, update.time)
    before = mood(state, RULES)
    add(state, RULES, update)
    assert abs(mood(state, RULES) - before) <= 2 * RULES.most_weight / (RULES.most_weight + RULES.calm)
    assert -1 < mood(state, RULES) < 1


@settings(max_examples=40, deadline=None)
@given(first=st.lists(updates, max_size=20), second=st.lists(updates, max_size=20))
def test_a_state_that_went_through_json_goes_on_as_if_nothing_had_happened(
    first: list[StoryUpdate], second: list[StoryUpdate]
) -> None:
    whole_state, whole = after(first + second)
    half_state, before = after(first)
    restored, rest = after(second, IndexState(**json.loads(json.dumps(asdict(half_state)))))
    assert repr(before + rest) == repr(whole)
    assert restored == whole_state


def test_a_story_counts_again_only_for_what_it_grew() -> None:
    state, _ = after(
        [StoryUpdate("a", START, 1.0, 0.5), StoryUpdate("a", START, 1.0, 0.5), StoryUpdate("a", START, 1.5, 0.5)]
    )
    assert state.volume == 1.5
    assert list(state.stories) == ["a"]


def test_empty_buckets_are_closed_as_zeros_and_the_mood_fades_by_half_lives() -> None:
    state, _ = after([StoryUpdate("a", START, 1.0, 1.0)])
    closed = advance(state, RULES, START + 21_600)
    assert len(closed) == 72
    assert closed[0].volume == 1.0
    assert all(bucket.volume == 0 and bucket.stories == () for bucket in closed[1:])
    assert state.signed == pytest.approx(0.5)
    assert [bucket.mood for bucket in closed] == sorted((bucket.mood for bucket in closed), reverse=True)


def test_what_comes_late_counts_in_the_open_bucket_and_is_reported() -> None:
    state, closed = after([StoryUpdate("a", START, 1.0, 1.0), StoryUpdate("b", START + 900, 1.0, 0.0)])
    add(state, RULES, StoryUpdate("c", START - 86_400, 1.0, -1.0))
    (bucket,) = advance(state, RULES, START + 1_200)
    assert (bucket.time, bucket.late) == ((START + 900) // 300 * 300, 1)
    assert bucket.stories == (("b", 0.0), ("c", -1.0))
    assert [each.late for each in closed] == [0, 0, 0]


def test_stories_are_forgotten_so_that_memory_stays_flat() -> None:
    state, _ = after([StoryUpdate(f"s{n}", START + n * 3_600, 1.0, 0.0) for n in range(24 * 30)])
    assert len(state.counted) <= 24 * 8 + 2  # a week, and the day until they are next looked through


@pytest.mark.parametrize(("weight", "score"), [(-1.0, 0.0), (float("nan"), 0.0), (1.0, 1.5), (1.0, float("nan"))])
def test_what_is_out_of_range_is_refused(weight: float, score: float) -> None:
    with pytest.raises(ValueError, match="out of range"):
        after([StoryUpdate("a", START, weight, score)])
