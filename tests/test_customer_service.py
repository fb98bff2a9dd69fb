"""The bot: shipped data, the policy of a turn, and two users side by side."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bots import keyword_bot
from toys import settings
from verticals.config import build
from verticals.errors import DataError
from verticals.evaluation.predictor import Predictor
from verticals.runs import Run
from verticals.storage import open_database
from verticals_customer_service import (
    conversations,
    data,
    inbox,
    knowledge,
    phrases,
    tables,
    ui,
    ui_inbox,
    voice,
    wording,
)
from verticals_customer_service.api import build_api
from verticals_customer_service.desk import Desk
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.settings import Settings
from verticals_customer_service.turns import Conversation

CONFIG = build([{"train": {"seed": 0}}], Settings)


@pytest.fixture
def bot() -> Bot:
    return keyword_bot()


@pytest.fixture
def desk(bot: Bot, tmp_path: Path) -> Iterator[Desk]:
    engine = open_database(f"sqlite:///{tmp_path / 'desk.sqlite'}", tables.metadata)
    yield Desk(bot, engine, tmp_path / "learned.csv")
    engine.dispose()


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


def test_a_bot_of_the_users_own_rows_does_not_speak_for_the_sample_shop() -> None:
    plain, samples = voice.of(Settings(), phrases.EN, samples=False), voice.of(Settings(), phrases.EN, samples=True)
    assert "Brindlewick" in samples.greeting
    assert "Brindlewick" not in plain.greeting + plain.unfamiliar
    own = voice.of(Settings(greeting="Hi from Harrow Bank.", topics="cards and transfers"), phrases.EN, samples=False)
    assert own.greeting == "Hi from Harrow Bank."
    assert "I know about cards and transfers." in own.unfamiliar


def test_a_training_says_which_intents_nobody_wrote_an_article_for(bot: Bot) -> None:
    (found,) = data.unanswerable(bot.knowledge)
    assert (found.code, found.count) == ("no_article", 1)  # `person` goes to a person anyway
    assert "which go to a person: 1 (bare);" in found.message
    assert data.unanswerable(data.knowledge(CONFIG, data.splits(CONFIG).labels)) == []


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


def test_two_users_never_see_each_other(desk: Desk) -> None:
    client = TestClient(_site(desk))
    first = client.post("/api/customer-service/turn", json={"message": "a person please"}).json()
    second = client.post("/api/customer-service/turn", json={"message": "track it"}).json()
    again = client.post(
        "/api/customer-service/turn", json={"message": "track it", "conversation": first["conversation"]}
    ).json()
    assert first["conversation"] != second["conversation"]
    assert (second["action"], second["state"]) == ("answer", "bot")
    assert (again["reply"], again["action"], again["state"]) == (None, None, "queued")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": "  "}, 422),
        ({"message": "x" * 4001}, 422),
        ({"message": "hi", "conversation": "guessed"}, 404),
        ({"massage": "hi"}, 422),
    ],
)
def test_a_wrong_request_is_refused(desk: Desk, body: dict[str, str], status: int) -> None:
    assert TestClient(_site(desk)).post("/api/customer-service/turn", json=body).status_code == status
    assert inbox.numbers(desk.engine)["conversations"] == {}, "a refused message opens no conversation"


HOSTILE = "<img src=x onerror=alert(1)> [click](https://evil.example) ![](//evil.example/p.png) refund"


def test_the_page_shows_what_customers_write_as_plain_text(desk: Desk) -> None:
    names = {label: label for label in desk.bot.knowledge.intents}
    name, panel, _, chat, status, _ = ui.respond(desk, wording.TEXTS["en"], names, HOSTILE, None)
    assert chat[0]["role"] == "assistant"
    assert "<img" not in chat[1]["content"]
    assert "](" not in chat[1]["content"]
    assert "//evil" not in chat[1]["content"]
    assert "refund" in panel
    assert wording.TEXTS["en"]["state_bot"] in status
    conversations.ask_for_person(desk.engine, name, datetime.now(UTC))
    assert "<img" not in ui_inbox.detail_html(desk, wording.TEXTS["en"], names, name)


@pytest.mark.parametrize("message", ["   ", "x" * 4001])
def test_the_page_refuses_empty_and_endless_messages(desk: Desk, message: str) -> None:
    with pytest.raises(gr.Error):
        ui.respond(desk, wording.TEXTS["zh"], {}, message, None)


def test_the_page_names_the_confidence_from_which_the_bot_that_serves_is_sure(
    desk: Desk, train_toy: Callable[[str], Run]
) -> None:
    known = desk.bot.predictor
    desk.bot.predictor = Predictor(known.classifier, replace(known.calibration, min_confidence=0.83))
    assert "Below 83% confidence it asks back" in str(ui.build_ui(desk, train_toy("probe"), "key", "en").config)


def test_the_page_says_the_same_things_in_both_languages() -> None:
    assert wording.TEXTS["en"].keys() == wording.TEXTS["zh"].keys()


@pytest.mark.parametrize(
    ("line", "expected"), [("{", "line 1: not JSON"), ('{"id": "a"}', "line 1: title"), ('{"id":"a","x":1}', "line 1")]
)
def test_a_wrong_article_is_named_by_line(tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "articles.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        knowledge.read_articles(tmp_path / "articles.jsonl")


def test_two_articles_of_one_id_are_refused_by_their_lines(tmp_path: Path) -> None:
    line = '{"id": "a1", "title": "T", "intents": [], "text": "X"}'
    (tmp_path / "articles.jsonl").write_text(f"{line}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"articles\.jsonl: lines 1 and 3: two articles have the id 'a1'"):
        knowledge.read_articles(tmp_path / "articles.jsonl")


def test_articles_of_a_windows_editor_are_read_or_refused_with_what_to_do(tmp_path: Path) -> None:
    line = '{"id": "a1", "title": "T", "intents": [], "text": "X"}\r\n'
    (tmp_path / "articles.jsonl").write_bytes(f"\ufeff{line}".encode())
    assert knowledge.read_articles(tmp_path / "articles.jsonl")[0].id == "a1"
    (tmp_path / "gbk.jsonl").write_bytes(line.replace("X", "三天内退款").encode("gbk"))
    with pytest.raises(DataError, match=r"gbk\.jsonl: expected UTF-8, .* save the file as UTF-8"):
        knowledge.read_articles(tmp_path / "gbk.jsonl")


def test_an_article_of_an_intent_that_there_is_not_is_refused_before_training(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    file.write_text(
        '{"id": "a1", "title": "Refunds", "intents": ["track", "refnd"], "text": "Soon."}', encoding="utf-8"
    )
    config = settings(data={"train": "rows.csv"}, app={"articles": str(file)})
    with pytest.raises(DataError, match=r"articles\.jsonl: article 'a1': .* found 'refnd'; did you mean 'refund'\?"):
        data.knowledge(config, ("track", "refund"))
    assert data.knowledge(config, ("track", "refnd")).articles[0].id == "a1"


def test_articles_with_titles_of_one_letter_are_found_by_their_intents() -> None:
    articles = [
        knowledge.Article(id=name, title=name.upper(), intents=(name,), text=f"About {name}.") for name in ("t", "p")
    ]
    known = knowledge.Knowledge(knowledge.unnamed_intents(["t", "p"]), articles)
    source = known.article("p", "P")
    assert source is not None
    assert source.text == "About p."


def test_an_intent_keeps_its_action_however_the_file_spells_it_and_a_mistyped_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "intents.yaml"
    config = settings(data={"train": "rows.csv"}, app={"intents": str(file)})
    entry = "{en: Card, zh: 卡, action: hand_over}"
    file.write_text(f"Card : {entry}\nunrelated: {entry}\n", encoding="utf-8")
    known = data.knowledge(config, ("card", "refund"))
    assert {name: each.action for name, each in known.intents.items()} == {
        "card": "hand_over", "unrelated": "hand_over", "refund": "answer"
    }  # fmt: skip
    (found,) = data.unlearned(known, ("card", "refund"))
    assert (found.count, found.message.endswith(": unrelated")) == (1, True)
    for content, expected in (
        (f"crd: {entry}", "no row has the intent 'crd'; did you mean 'card'?"),
        (f"card: {entry}\nCARD: {entry}", "intent 'CARD' stands there twice, as 'card' too"),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=re.escape(expected)):
            data.knowledge(config, ("card", "refund"))


def test_labels_without_names_get_readable_ones() -> None:
    assert knowledge.unnamed_intents(["card_arrival"])["card_arrival"].en == "Card arrival"


def test_knowledge_survives_the_run_folder(bot: Bot, tmp_path: Path) -> None:
    odd = knowledge.Article(id="odd", title="Odd", intents=("bare",), text="One line\u2028another\x85and a third.")
    known = knowledge.Knowledge(bot.knowledge.intents, [*bot.knowledge.articles, odd])
    knowledge.write(tmp_path, known)
    again = knowledge.read(tmp_path, list(known.intents))
    assert (again.intents, again.articles) == (known.intents, known.articles)


def _site(desk: Desk) -> FastAPI:
    site = FastAPI()
    site.include_router(build_api(desk, "key"), prefix="/api/customer-service")
    return site
