"""The bot: shipped data, the policy of a turn, and two users side by side."""

from collections import Counter
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from verticals.config import build
from verticals.errors import DataError
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals_customer_service import data, knowledge, ui, wording
from verticals_customer_service.api import LONGEST_MESSAGE, Conversations, build_api
from verticals_customer_service.dialogue import Bot, Conversation
from verticals_customer_service.knowledge import Article, Intent, Knowledge
from verticals_customer_service.settings import Settings

CONFIG = build([{"train": {"seed": 0}}], Settings)


class Keywords:
    """A classifier with a provable answer: sure of the class whose name is in the text; knows only texts with known words."""

    labels: tuple[str, ...] = ("refund", "track", "person", "bare")
    trained_parameters = 0

    def score(self, texts: Any, progress: str | None = None) -> Scores:
        logits = np.array([[9.0 * (label in text) for label in self.labels] for text in texts], np.float32)
        return Scores(logits, np.array([0.1 if "xyzzy" in text else 0.9 for text in texts], np.float32))

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def bot() -> Bot:
    intents = {name: Intent(en=name.capitalize(), zh=name, action="answer") for name in Keywords.labels}
    intents["person"] = Intent(en="Talk to a person", zh="转人工", action="hand_over")
    articles = [
        Article(
            id="r1",
            title="When a refund comes",
            intents=("refund",),
            question="When?",
            text="A refund takes five days.",
        ),
        Article(
            id="r2",
            title="Refund to another card",
            intents=("refund",),
            question="Other card?",
            text="Only the same card is possible.",
        ),
        Article(id="t1", title="Tracking", intents=("track",), question="Where?", text="Follow the link."),
    ]
    return Bot(Predictor(Keywords(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.5)), Knowledge(intents, articles))


def test_the_samples_are_as_large_and_varied_as_promised() -> None:
    splits = data.splits(CONFIG)
    everything = splits.train + splits.validation + splits.test
    per_intent = Counter(everything.labels)
    assert len(per_intent) >= 40
    assert min(per_intent.values()) >= 40
    assert len(set(everything.texts)) == len(everything)
    openings = Counter(
        (label, *text.lower().split()[:2]) for text, label in zip(everything.texts, everything.labels, strict=True)
    )
    shares = {opening: count / per_intent[opening[0]] for opening, count in openings.items()}
    assert max(shares.values()) <= 0.1, "one intent's utterances open alike"
    outside = splits.outside_validation + splits.outside_test
    assert len(outside) >= 300
    assert set(outside.labels) == {"far", "near", "gibberish"}
    assert not set(splits.outside_validation.texts) & set(splits.outside_test.texts)
    assert not set(outside.texts) & set(everything.texts)


def test_every_intent_has_an_article_and_every_article_an_intent() -> None:
    splits = data.splits(CONFIG)
    known = data.knowledge(CONFIG, splits.labels)
    assert set(known.intents) == set(splits.labels)
    assert len(known.articles) >= 60
    assert {intent for article in known.articles for intent in article.intents} == set(splits.labels)
    assert len({article.id for article in known.articles}) == len(known.articles)


def test_a_sure_message_is_answered_word_for_word_from_the_best_article(bot: Bot) -> None:
    _, turn = bot.turn(Conversation(), "can my refund go to another card")
    assert (turn.action, turn.intent, turn.reply) == ("answer", "refund", "Only the same card is possible.")
    assert [source.id for source in turn.sources] == ["r2"]
    assert len(turn.alternatives) == 3
    assert turn.confidence > 0.99


def test_an_unclear_message_is_asked_back_once_and_then_handed_over(bot: Bot) -> None:
    conversation, first = bot.turn(Conversation(), "hmm")
    conversation, second = bot.turn(conversation, "hmm again")
    assert (first.action, second.action) == ("clarify", "hand_over")
    assert first.sources == second.sources == ()


def test_an_unfamiliar_message_is_not_answered_however_sure_the_classifier_is(bot: Bot) -> None:
    _, turn = bot.turn(Conversation(), "xyzzy refund")
    assert turn.action == "clarify"
    assert turn.confidence > 0.99
    assert "Refund" not in turn.reply


def test_a_clear_message_between_two_unclear_ones_starts_afresh(bot: Bot) -> None:
    conversation = Conversation()
    actions = []
    for message in ("hmm", "track it", "hmm"):
        conversation, turn = bot.turn(conversation, message)
        actions.append(turn.action)
    assert actions == ["clarify", "answer", "clarify"]


def test_asking_for_a_person_hands_over_and_the_bot_stops_answering(bot: Bot) -> None:
    conversation, turn = bot.turn(Conversation(), "a person please")
    assert turn.action == "hand_over"
    _, later = bot.turn(conversation, "track it")
    assert later.action == "hand_over"
    assert later.sources == ()


def test_an_intent_without_article_is_handed_over_never_invented(bot: Bot) -> None:
    _, turn = bot.turn(Conversation(), "bare")
    assert turn.action == "hand_over"
    assert "no article" in turn.reply


def test_two_users_never_see_each_other(bot: Bot) -> None:
    client = TestClient(_site(bot))
    first = client.post("/api/customer-service/turn", json={"message": "a person please"}).json()
    second = client.post("/api/customer-service/turn", json={"message": "track it"}).json()
    again = client.post(
        "/api/customer-service/turn", json={"message": "track it", "conversation": first["conversation"]}
    ).json()
    assert first["conversation"] != second["conversation"]
    assert (second["action"], again["action"]) == ("answer", "hand_over")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": "  "}, 422),
        ({"message": "x" * (LONGEST_MESSAGE + 1)}, 422),
        ({"message": "hi", "conversation": "guessed"}, 404),
        ({"massage": "hi"}, 422),
    ],
)
def test_a_wrong_request_is_refused(bot: Bot, body: dict[str, str], status: int) -> None:
    assert TestClient(_site(bot)).post("/api/customer-service/turn", json=body).status_code == status


def test_the_oldest_conversation_is_forgotten_when_there_are_too_many(bot: Bot) -> None:
    kept = Conversations(most=2)
    names = [kept.start() for _ in range(3)]
    with pytest.raises(KeyError):
        kept.turn(bot, names[0], "track")
    assert kept.turn(bot, names[2], "track").action == "answer"


def test_the_page_escapes_what_customers_write(bot: Bot) -> None:
    texts = wording.TEXTS["en"]
    names = {label: label for label in Keywords.labels}
    _, chat, _, panel = ui.respond(bot, texts, names, "<img src=x onerror=alert(1)> refund", [], Conversation())
    assert "<img" not in chat[0]["content"]
    assert "refund" in panel


@pytest.mark.parametrize("message", ["   ", "x" * (LONGEST_MESSAGE + 1)])
def test_the_page_refuses_empty_and_endless_messages(bot: Bot, message: str) -> None:
    with pytest.raises(gr.Error):
        ui.respond(bot, wording.TEXTS["zh"], {}, message, [], Conversation())


def test_the_page_says_the_same_things_in_both_languages() -> None:
    assert wording.TEXTS["en"].keys() == wording.TEXTS["zh"].keys()


@pytest.mark.parametrize(
    ("line", "expected"), [("{", "line 1: not JSON"), ('{"id": "a"}', "line 1: title"), ('{"id":"a","x":1}', "line 1")]
)
def test_a_wrong_article_is_named_by_line(tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "articles.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        knowledge.read_articles(tmp_path / "articles.jsonl")


def test_labels_without_names_get_readable_ones() -> None:
    assert knowledge.unnamed_intents(["card_arrival"])["card_arrival"].en == "Card arrival"


def test_knowledge_survives_the_run_folder(bot: Bot, tmp_path: Path) -> None:
    knowledge.write(tmp_path, bot.knowledge)
    again = knowledge.read(tmp_path)
    assert (again.intents, again.articles) == (bot.knowledge.intents, bot.knowledge.articles)


def _site(bot: Bot) -> FastAPI:
    site = FastAPI()
    site.include_router(build_api(bot), prefix="/api/customer-service")
    return site
