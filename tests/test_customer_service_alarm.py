"""The alarm: what it learns from examples, where its line is drawn, and what the bot does when it speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bots import keyword_bot
from toys import toy_rows
from verticals.arrays import FloatArray
from verticals.config import MethodConfig, build
from verticals.data.examples import Examples, text_key
from verticals.data.splits import Splits
from verticals.objectives import match
from verticals_customer_service import alarm, benchmark_conversations, data, kinds
from verticals_customer_service.settings import Settings
from verticals_customer_service.turns import Conversation

WORDS = ("smoke", "ill", "refund", "track", "lamp")
KINDS = {
    "danger": ("smoke", "smoke lamp", "smoke track"),
    "distress": ("ill", "ill refund", "ill lamp"),
    "nothing": ("lamp", "track again", "track lamp again", "refund lamp again"),
}
TIMES = 8  # each text, told apart by a word that says nothing


def rows(said: Mapping[str, Sequence[str]]) -> Examples:
    """Return texts with their labels, each many times."""
    found = [(f"{text} n{n}", label) for label, texts in said.items() for text in texts for n in range(TIMES)]
    return Examples(tuple(text for text, _ in found), tuple(label for _, label in found), tuple(range(len(found))))


EXAMPLES = rows(KINDS)
CALM = rows({"refund": ("refund", "refund lamp"), "track": ("track", "track lamp", "lamp track refund")})


def bag(texts: Sequence[str]) -> FloatArray:
    """Return which known words a text has."""
    return np.array([[word in text.split() for word in WORDS] for text in texts], np.float32)


def nearest(relevance: float) -> alarm.Relevances:
    """Return a search whose nearest article is always as relevant as this."""
    return lambda texts: np.full(len(texts), relevance, np.float32)


def certain(learned: alarm.Alarm, message: str) -> str | None:
    """Return the kind of trouble for which a person is called at once."""
    found = learned.trouble(message)
    return found.kind if found and found.certain else None


@pytest.fixture
def learned(tmp_path: Path) -> alarm.Alarm:
    splits = Splits("toy", ("refund", "track"), CALM, CALM, CALM)
    config = build([{"method": {"name": "probe"}}], Settings)
    alarm.write(tmp_path, EXAMPLES, splits, keyword_bot().knowledge, config, bag, nearest(0.0))
    loaded = alarm.load(tmp_path, config, bag)
    assert loaded
    return loaded


@pytest.mark.parametrize(
    ("message", "kind"),
    [("so much smoke", "danger"), ("i am ill", "distress"), ("track my lamp", None), ("refund", None)],
)
def test_a_message_like_an_example_raises_the_alarm_of_its_kind(
    learned: alarm.Alarm, message: str, kind: str | None
) -> None:
    assert certain(learned, message) == kind


def test_the_line_is_drawn_on_examples_that_only_sound_like_trouble() -> None:
    """Ordinary messages are far from trouble; a line that is drawn on them is crossed by all that only sounds like it."""
    ordinary = replace(CALM, labels=(kinds.NOTHING,) * len(CALM))
    trouble = rows({kind: KINDS[kind] for kind in ("danger", "distress")})
    learn = kinds.learner(build([{"method": {"name": "probe"}}], Settings), bag)
    learned, without = (alarm.fit(each, ordinary, learn, nearest(0.0), 0) for each in (EXAMPLES, trouble))
    assert learned.line != without.line
    assert learned.doubt <= learned.line
    assert all(certain(learned, text) is None for text in KINDS["nothing"])


def test_the_line_is_drawn_with_what_articles_count() -> None:
    ordinary = replace(CALM, labels=(kinds.NOTHING,) * len(CALM))
    learn = kinds.learner(build([{"method": {"name": "probe"}}], Settings), bag)
    far, near = (alarm.fit(EXAMPLES, ordinary, learn, nearest(each), 0) for each in (0.0, 1.5))
    assert near.line == pytest.approx(far.line - 1.5 * near.relevance_counts)


def test_where_an_article_is_near_there_is_less_trouble(learned: alarm.Alarm) -> None:
    assert certain(learned, "so much smoke") == "danger"
    assert learned.trouble("so much smoke", relevance=100.0) is None
    assert replace(learned, relevance_counts=0.0).trouble("so much smoke", relevance=100.0)  # as in runs of before


@pytest.mark.parametrize("method", ["probe", "lora"])
def test_what_reads_the_meaning_is_saved_and_loaded_with_equal_logits(
    method: str, tiny_backbone: Path, tmp_path: Path
) -> None:
    said = toy_rows(20)
    config = build([{"method": {"name": method}, "backbone": {"name": str(tiny_backbone)}}], Settings)
    embed = match.from_backbone(config.model_copy(update={"method": MethodConfig(name="probe")})).embed
    labels = tuple(sorted(set(said.labels)))
    learned = kinds.learner(config, embed)(said, said, labels)
    learned.save(tmp_path)
    loaded = kinds.load(tmp_path, labels, config, embed)
    np.testing.assert_allclose(loaded.logits(said.texts), learned.logits(said.texts), atol=1e-5)
    assert isinstance(learned, kinds.Linear) == (method == "probe")


def test_no_run_without_examples_has_an_alarm(tmp_path: Path) -> None:
    assert alarm.load(tmp_path, build([], Settings), bag) is None


def test_the_bot_calls_a_person_and_warns_of_danger(learned: alarm.Alarm) -> None:
    bot = keyword_bot()
    bot.skills = replace(bot.skills, alarm=learned)
    danger, distress, calm = (bot.turn(Conversation(), text)[1] for text in ("so much smoke", "i am ill", "track it"))
    assert [turn.action for turn in (danger, distress, calm)] == ["hand_over", "hand_over", "answer"]
    assert "emergency services" in danger.reply
    assert "emergency services" not in distress.reply


@pytest.mark.parametrize(
    ("doubt", "message", "action"),
    [
        (np.inf, "track the parcel for my solicitor", "answer"),
        (-np.inf, "track the parcel for my solicitor", "hand_over"),
        (np.inf, "track it, there are sparks from the plug and flames", "hand_over"),
        (np.inf, "hmm, my solicitor", "hand_over"),
    ],
)
def test_a_word_of_law_calls_nobody_in_a_plain_question_that_the_alarm_does_not_doubt_but_one_of_danger_always_does(
    learned: alarm.Alarm, doubt: float, message: str, action: str
) -> None:
    bot = keyword_bot()
    bot.skills = replace(bot.skills, alarm=replace(learned, line=np.inf, doubt=doubt))
    assert bot.turn(Conversation(), message)[1].action == action


def test_in_doubt_the_bot_asks_before_it_answers_and_calls_a_person_where_it_still_doubts(learned: alarm.Alarm) -> None:
    bot = keyword_bot()
    bot.skills = replace(bot.skills, alarm=replace(learned, line=np.inf, doubt=-np.inf))
    asked, first = bot.turn(Conversation(), "track it")
    assert first.action == "clarify"
    assert not first.sources
    shown, again = (bot.turn(asked, reply)[1] for reply in ("yes", "track it, I said"))
    assert shown.action == "answer"
    assert shown.sources[0].title in first.reply
    assert again.action == "hand_over"


def test_the_examples_are_varied_and_none_stands_in_a_held_out_conversation() -> None:
    examples = data.escalations(build([], Settings))
    assert examples
    keys = [text_key(text) for text in examples.texts]
    assert len(set(keys)) == len(keys)
    assert min(examples.labels.count(kind) for kind in set(examples.labels)) >= 20
    held_out = benchmark_conversations.read(data.SAMPLES / benchmark_conversations.HELD_OUT)
    handed = [text_key(text) for each in held_out if each.outcome == "handed_over" for text in each.messages]
    assert not {key for key in handed if len(key.split()) > 4} & set(keys)  # anybody may write "operator"
