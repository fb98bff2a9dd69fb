"""The alarm: what it learns from examples, where its line is drawn, and what the bot does when it speaks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bots import keyword_bot
from verticals.arrays import FloatArray
from verticals.config import build
from verticals.data.examples import Examples, text_key
from verticals.data.splits import Splits
from verticals_customer_service import alarm, benchmark_conversations, data
from verticals_customer_service.settings import Settings
from verticals_customer_service.turns import Conversation

WORDS = ("smoke", "ill", "refund", "track", "lamp")
EXAMPLES = Examples(
    (
        "smoke",
        "smoke lamp",
        "smoke track",
        "ill",
        "ill refund",
        "ill lamp",
        "lamp",
        "track lamp again",
        "refund lamp again",
    ),
    ("danger",) * 3 + ("distress",) * 3 + ("nothing",) * 3,
)
CALM = Examples(
    ("refund", "track", "track lamp", "refund lamp", "lamp track refund"),
    ("refund", "track", "track", "refund", "track"),
)


def bag(texts: Sequence[str]) -> FloatArray:
    """Return which known words a text has."""
    return np.array([[word in text.split() for word in WORDS] for text in texts], np.float32)


@pytest.fixture
def learned(tmp_path: Path) -> alarm.Alarm:
    splits = Splits("toy", ("refund", "track"), CALM, CALM, CALM)
    alarm.write(tmp_path, EXAMPLES, splits, keyword_bot().knowledge, bag, 0)
    loaded = alarm.load(tmp_path, bag)
    assert loaded
    return loaded


@pytest.mark.parametrize(
    ("message", "kind"),
    [("so much smoke", "danger"), ("i am ill", "distress"), ("track my lamp", None), ("refund", None)],
)
def test_a_message_like_an_example_raises_the_alarm_of_its_kind(
    learned: alarm.Alarm, message: str, kind: str | None
) -> None:
    assert learned.reason(message) == kind


def test_the_line_is_drawn_on_examples_that_only_sound_like_trouble() -> None:
    """Ordinary messages are far from trouble; a line that is drawn on them is crossed by all that only sounds like it."""
    ordinary = replace(CALM, labels=(alarm.NOTHING,) * len(CALM))
    trouble = EXAMPLES.take(range(6))
    learned, without = alarm.fit(EXAMPLES, ordinary, bag, 0), alarm.fit(trouble, ordinary, bag, 0)
    assert learned.line != without.line
    assert all(learned.reason(text) is None for text in EXAMPLES.texts[6:])


def test_no_run_without_examples_has_an_alarm(tmp_path: Path) -> None:
    assert alarm.load(tmp_path, bag) is None


def test_the_bot_calls_a_person_and_warns_of_danger(learned: alarm.Alarm) -> None:
    bot = keyword_bot()
    bot.skills = replace(bot.skills, alarm=learned)
    danger, distress, calm = (bot.turn(Conversation(), text)[1] for text in ("smoke", "ill without refund", "track it"))
    assert [turn.action for turn in (danger, distress, calm)] == ["hand_over", "hand_over", "answer"]
    assert "emergency services" in danger.reply
    assert "emergency services" not in distress.reply


def test_the_examples_are_varied_and_none_stands_in_a_held_out_conversation() -> None:
    examples = data.escalations(build([], Settings))
    assert examples
    keys = [text_key(text) for text in examples.texts]
    assert len(set(keys)) == len(keys)
    assert min(examples.labels.count(kind) for kind in set(examples.labels)) >= 20
    held_out = benchmark_conversations.read(data.SAMPLES / benchmark_conversations.HELD_OUT)
    said = {text_key(message) for script in held_out if script.outcome == "handed_over" for message in script.messages}
    assert not said & set(keys)
