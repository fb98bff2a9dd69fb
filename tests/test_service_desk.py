"""The bot in front of customers and agents: over REST, in the inbox, with thumbs and corrections, and after an erasure."""

import csv
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text as statement

from bots import keyword_bot
from verticals import storage
from verticals.data.table import read_table
from verticals.errors import DataError, StorageError
from verticals.storage import open_database
from verticals_customer_service import (
    conversations,
    data_subject,
    escalation,
    inbox,
    learning,
    tables,
    ui,
    ui_inbox,
    ui_learning,
    ui_notices,
)
from verticals_customer_service.api import build_api
from verticals_customer_service.conversations import Empty, Limits, UnknownConversation
from verticals_customer_service.desk import Desk
from verticals_customer_service.wording import TEXTS

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EN = TEXTS["en"]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    engine = open_database(database_url, tables.metadata)
    yield Desk(keyword_bot(), engine, tmp_path / "learned.csv", Limits(messages=5))
    engine.dispose()


@pytest.fixture
def site(desk: Desk) -> TestClient:
    site = FastAPI()
    site.include_router(build_api(desk, "the-key"))
    return TestClient(site)


AGENT = {"Authorization": "Bearer the-key"}


def test_the_bot_answers_until_it_hands_over_and_then_is_silent(desk: Desk) -> None:
    first = desk.turn(None, "track it", NOW)
    second = desk.turn(first.conversation, "a person please", NOW)
    third = desk.turn(first.conversation, "track it", NOW)
    assert [each.state for each in (first, second, third)] == ["bot", "queued", "queued"]
    assert [each.turn.action if each.turn else None for each in (first, second, third)] == ["answer", "hand_over", None]
    assert third.record()["reply"] is None


@pytest.mark.parametrize(
    "message",
    [
        "human",
        "let me talk to someone",
        "Put me through to an agent",
        "I don't want a bot",
        "转人工",
        "real person please",
    ],
)
def test_plain_words_for_a_person_are_enough_whatever_the_model_thinks(desk: Desk, message: str) -> None:
    assert desk.turn(None, f"{message}", NOW).state == "queued"


@pytest.mark.parametrize(
    "message", ["where is my order", "can a person return two lamps", "the agent of the carrier lost it"]
)
def test_other_words_are_not_taken_for_a_wish_for_a_person(message: str) -> None:
    assert escalation.reason(message) is None


def test_what_the_bot_remembers_in_plain_words_is_stored_redacted(desk: Desk) -> None:
    first = desk.turn(None, "hmm, write to jo@mail.example", NOW)
    ticket = conversations.receive(desk.engine, first.conversation, "hmm again", NOW)
    assert ticket.memory.turns[0][0] == "hmm, write to [email]"
    assert ticket.memory.unclear_in_a_row == 1
    assert desk.turn(first.conversation, "hmm again", NOW).state == "queued"


def test_only_the_last_turns_are_remembered_in_plain_words_and_none_after_a_hand_over(desk: Desk) -> None:
    name = desk.turn(None, "track it, says Ludmila", NOW).conversation
    for minute in range(1, 5):
        desk.turn(name, f"track it {minute}?", NOW + timedelta(minutes=minute))
    held = repr([memory.turns for memory in desk._remembered.values()])
    assert "track it 4" in held
    assert "Ludmila" not in held
    desk.turn(name, "a person please", NOW + timedelta(minutes=9))
    assert not desk._remembered


def test_the_shops_own_telephone_number_is_not_masked_in_what_the_bot_says(desk: Desk) -> None:
    first = desk.turn(None, "track it", NOW)
    _, messages = inbox.transcript(desk.engine, first.conversation)
    assert "01632 960123" in messages[1].text


def test_the_queue_shows_the_longest_waiting_first_and_the_summary_says_why(desk: Desk) -> None:
    names = []
    for minute, opening in enumerate(("track it, then", "refund, then")):
        name = desk.turn(None, opening, NOW).conversation
        conversations.ask_for_person(desk.engine, name, NOW + timedelta(minutes=minute))
        names.append(name)
    waiting = inbox.queue(desk.engine, NOW + timedelta(minutes=5))
    assert [(each.name, each.seconds) for each in waiting] == [(names[0], 300), (names[1], 240)]
    known = inbox.summary(desk.engine, names[1])
    assert (known.first_message, known.intents, known.action, known.messages) == (
        "refund, then",
        ("refund",),
        "answer",
        2,
    )
    conversations.step(desk.engine, names[0], "take_over", NOW)
    conversations.step(desk.engine, names[1], "take_over", NOW)
    conversations.step(desk.engine, names[1], "resolve", NOW)
    assert [(each.name, each.state) for each in inbox.queue(desk.engine, NOW)] == [(names[0], "agent")]


def test_a_conversation_over_rest_from_the_first_message_to_the_end(site: TestClient) -> None:
    name = site.post("/turn", json={"message": "track it"}).json()["conversation"]
    assert site.post(f"/conversations/{name}/person").json()["state"] == "queued"
    assert [each["name"] for each in site.get("/inbox", headers=AGENT).json()["conversations"]] == [name]
    assert site.post(f"/inbox/{name}/messages", json={"message": "Hi"}, headers=AGENT).status_code == 409
    assert site.post(f"/inbox/{name}/take_over", headers=AGENT).json()["state"] == "agent"
    last = site.post(f"/inbox/{name}/messages", json={"message": "Hi, I look"}, headers=AGENT).json()["message"]
    seen = site.get(f"/conversations/{name}", params={"after": last - 1}).json()
    assert (seen["state"], [each["text"] for each in seen["messages"]]) == ("agent", ["Hi, I look"])
    assert site.post("/turn", json={"message": "track it", "conversation": name}).json()["reply"] is None
    assert site.get(f"/inbox/{name}", headers=AGENT).json()["first_message"] == "track it"
    assert site.post(f"/inbox/{name}/resolve", headers=AGENT).json()["state"] == "resolved"
    assert site.post(f"/inbox/{name}/resolve", headers=AGENT).status_code == 409
    assert site.post("/turn", json={"message": "track it", "conversation": name}).json()["action"] == "answer"
    assert site.get("/numbers", headers=AGENT).json()["conversations"] == {"bot": 1}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guessed"}, {"Authorization": "Bearer "}])
@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/inbox"), ("GET", "/inbox/x"), ("POST", "/inbox/x/take_over"), ("POST", "/inbox/x/messages"), ("GET", "/numbers"),
    ("GET", "/questions"), ("POST", "/questions"),
])  # fmt: skip
def test_only_the_key_opens_the_inbox(site: TestClient, method: str, path: str, headers: dict[str, str]) -> None:
    assert site.request(method, path, headers=headers, json={}).status_code == 401


def test_more_messages_than_allowed_are_refused_by_status(site: TestClient) -> None:
    name = site.post("/turn", json={"message": "track it"}).json()["conversation"]
    codes = [site.post("/turn", json={"message": "track it", "conversation": name}).status_code for _ in range(5)]
    assert codes == [200] * 4 + [429]


def test_an_export_has_everything_and_an_erasure_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    kept = desk.turn(None, "track the walrus", NOW)
    gone = desk.turn(None, "hmm, a pelican", NOW)
    assert gone.message is not None
    learning.rate(desk.engine, gone.conversation, gone.message, "down", NOW)
    learning.teach(
        desk.engine,
        [each.message for each in learning.open_questions(desk.engine)],
        "track",
        {"track"},
        desk.learned,
        NOW,
    )
    record = data_subject.export(desk.engine, gone.conversation)
    assert [each["sender"] for each in record["messages"]] == ["customer", "bot"]
    assert record["feedback"][0]["thumb"] == "down"
    assert record["questions"][0]["text"] == "hmm, a pelican"
    assert "pelican" in desk.learned.read_text(encoding="utf-8")

    assert desk.erase(gone.conversation) == {"conversations": 1, "messages": 2, "feedback": 1, "questions": 1}
    for ask in (data_subject.export, inbox.summary):
        with pytest.raises(UnknownConversation):
            ask(desk.engine, gone.conversation)
    with pytest.raises(UnknownConversation):
        desk.erase(gone.conversation)
    assert data_subject.export(desk.engine, kept.conversation)["messages"][0]["text"] == "track the walrus"
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"pelican" not in left
    if desk.engine.dialect.name == "sqlite":
        assert b"walrus" in left, "else this looks in the wrong place"


def test_an_erasure_that_the_log_held_up_is_finished_by_asking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_BUSY_SECONDS", 0)  # so that nobody is waited for
    engine = open_database(f"sqlite:///{tmp_path / 'bot.sqlite'}", tables.metadata)
    desk = Desk(keyword_bot(), engine, tmp_path / "learned.csv")
    gone = desk.turn(None, "hmm, a pelican", NOW)
    (question,) = learning.open_questions(engine)
    learning.teach(engine, [question.message], "track", {"track"}, desk.learned, NOW)
    with engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.execute(tables.messages.select()).all()
        with pytest.raises(StorageError, match="ask for the deletion again"):
            desk.erase(gone.conversation)
        assert b"pelican" not in desk.learned.read_bytes()
    with pytest.raises(UnknownConversation):
        desk.erase(gone.conversation)
    assert not [file.name for file in tmp_path.iterdir() if b"pelican" in file.read_bytes()]
    engine.dispose()


def test_a_name_that_is_also_a_word_of_an_article_is_not_kept_in_the_memory(desk: Desk) -> None:
    desk.public = "Will it come? We leave it with a neighbour."
    answer = desk.turn(None, "Hello, my name is Will and I want to track it", NOW)
    stored = str(data_subject.export(desk.engine, answer.conversation))
    assert "my name is [name] and I want" in stored
    assert "Will" not in stored


def test_rights_over_rest_need_the_name_of_the_conversation_and_no_key(site: TestClient) -> None:
    name = site.post("/turn", json={"message": "track it"}).json()["conversation"]
    assert len(site.get(f"/conversations/{name}/export").json()["messages"]) == 2
    assert site.delete(f"/conversations/{name}").json()["messages"] == 2
    assert site.get(f"/conversations/{name}/export").status_code == 404
    assert site.delete(f"/conversations/{name}").status_code == 404


def test_unanswered_questions_are_grouped_by_what_they_say(desk: Desk) -> None:
    for text in (
        "do you rent out marquees", "can i rent a marquee from you", "is it possible to rent marquees",
        "my cat ate the plant label", "the cat has eaten a label of the plant",
    ):  # fmt: skip
        desk.turn(None, text, NOW)
    desk.turn(None, "track it", NOW)
    groups = learning.group(learning.open_questions(desk.engine))
    assert [len(group.questions) for group in groups] == [3, 2]
    assert all("marquee" in question.text for question in groups[0].questions)


def test_grouping_needs_room_for_pairs_of_questions_and_not_for_all_their_n_grams() -> None:
    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz "), (100, 300))
    asked = [learning.Question(number, "".join(row), "unanswered", "track") for number, row in enumerate(letters)]
    tracemalloc.start()
    groups = learning.group(asked)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(group.questions) for group in groups) == 100
    assert peak < 20_000_000


def test_a_correction_outweighs_the_bots_guesses_and_is_not_undone_by_a_thumb(desk: Desk) -> None:
    answers = [desk.turn(None, f"track my money {number}", NOW) for number in range(3)]
    numbers = [each.message or 0 for each in answers]
    learning.correct(desk.engine, answers[0].conversation, numbers[0], "refund", NOW)
    for answer, number in zip(answers, numbers, strict=True):
        learning.rate(desk.engine, answer.conversation, number, "down", NOW)
    learning.rate(desk.engine, answers[2].conversation, numbers[2], "up", NOW)
    (group,) = learning.group(learning.open_questions(desk.engine))
    assert (len(group.questions), group.suggested) == (3, "refund")
    assert inbox.numbers(desk.engine)["thumbs"] == {"down": 2, "up": 1}


def test_nobody_rates_a_reply_of_somebody_elses_conversation(desk: Desk) -> None:
    mine, other = (desk.turn(None, "track it", NOW) for _ in range(2))
    with pytest.raises(learning.UnknownMessage):
        learning.rate(desk.engine, mine.conversation, other.message or 0, "up", NOW)


def test_taught_rows_are_a_file_to_train_with_and_settled(desk: Desk) -> None:
    known = desk.bot.knowledge.intents
    for text in ('do you "rent", marquees', "=1+1 hmm"):
        desk.turn(None, text, NOW)
    newest, oldest = (each.message for each in learning.open_questions(desk.engine))
    with pytest.raises(DataError, match="no intent"):
        learning.teach(desk.engine, [oldest], "marquees", known, desk.learned, NOW)
    assert learning.teach(desk.engine, [oldest], "track", known, desk.learned, NOW) == 1
    learning.set_aside(desk.engine, [newest], desk.learned, NOW)
    assert learning.open_questions(desk.engine) == []
    with desk.learned.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["text", "intent"], ['do you "rent", marquees', "track"]]


def test_a_click_that_comes_several_times_at_once_counts_once(desk: Desk) -> None:
    answer = desk.turn(None, "track it", NOW)
    reply = answer.message or 0
    start = threading.Barrier(6)

    def click(number: int) -> None:
        start.wait()
        if number % 2:
            learning.rate(desk.engine, answer.conversation, reply, "down", NOW)
        else:
            learning.correct(desk.engine, answer.conversation, reply, "refund", NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(click, range(6)))
    assert [each.suggested for each in learning.open_questions(desk.engine)] == ["refund"]
    assert len(data_subject.export(desk.engine, answer.conversation)["feedback"]) == 1


def test_a_lesson_outlasts_a_thumb_and_a_correction_until_somebody_settles_it_anew(desk: Desk) -> None:
    answer = desk.turn(None, "hmm", NOW)
    (question,) = learning.open_questions(desk.engine)
    learning.teach(desk.engine, [question.message], "track", {"track"}, desk.learned, NOW)
    learning.rate(desk.engine, answer.conversation, answer.message or 0, "down", NOW)
    assert learning.open_questions(desk.engine) == []
    learning.correct(desk.engine, answer.conversation, answer.message or 0, "refund", NOW)
    assert [each.suggested for each in learning.open_questions(desk.engine)] == ["refund"]
    assert learning.write_rows(desk.engine, desk.learned) == 1
    learning.set_aside(desk.engine, [question.message], desk.learned, NOW)
    assert desk.learned.read_text(encoding="utf-8").split() == ["text,intent"]


def test_learned_rows_that_cannot_be_written_are_written_with_the_next_lesson(desk: Desk) -> None:
    desk.turn(None, "hmm", NOW)
    (question,) = learning.open_questions(desk.engine)
    desk.learned.mkdir()  # a folder stands where the file belongs
    with pytest.raises(StorageError, match=r"learned\.csv: the learned rows cannot be written"):
        learning.teach(desk.engine, [question.message], "track", {"track"}, desk.learned, NOW)
    desk.learned.rmdir()
    assert learning.teach(desk.engine, [question.message], "track", {"track"}, desk.learned, NOW) == 1


def test_questions_become_rows_over_rest(site: TestClient, desk: Desk) -> None:
    turn = site.post("/turn", json={"message": "hmm"}).json()
    path = f"/conversations/{turn['conversation']}/feedback"
    assert site.post(path, json={"message": turn["message"], "intent": "nonsense"}).status_code == 422
    assert site.post(path, json={"message": turn["message"], "intent": "refund", "thumb": "down"}).status_code == 200
    (group,) = site.get("/questions", headers=AGENT).json()["groups"]
    assert group["suggested"] == "refund"
    lesson = {"messages": [group["questions"][0]["message"]], "intent": group["suggested"]}
    assert site.post("/questions", json=lesson, headers=AGENT).json()["rows"] == 1
    assert desk.learned.read_text(encoding="utf-8").splitlines() == ["text,intent", "hmm,refund"]


@pytest.mark.parametrize("messages", [[2**70], [-1], list(range(2001)), []])
def test_a_lesson_of_impossible_numbers_is_refused(site: TestClient, messages: list[int]) -> None:
    assert site.post("/questions", json={"messages": messages, "intent": "track"}, headers=AGENT).status_code == 422


def test_impossible_numbers_and_empty_feedback_are_refused(site: TestClient) -> None:
    turn = site.post("/turn", json={"message": "track it"}).json()
    path = f"/conversations/{turn['conversation']}"
    assert site.get(path, params={"after": 2**70}).status_code == 422
    assert site.get(path, params={"after": -1}).status_code == 422
    assert site.post(f"{path}/feedback", json={"message": 2**70, "thumb": "up"}).status_code == 422
    assert site.post(f"{path}/feedback", json={"message": turn["message"]}).status_code == 422, "it says nothing"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/turn", {"message": "hello", "conversation": "a\0b"}),
        ("GET", "/conversations/a%00b", None),
        ("POST", "/inbox/a%00b/messages", {"message": "hello"}),
    ],
)
def test_a_name_that_no_database_takes_is_the_mistake_of_who_sends_it(
    site: TestClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    assert site.request(method, path, json=body, headers=AGENT).status_code == 422


@pytest.mark.parametrize("intent", ["track", None])
def test_a_lesson_of_no_question_is_not_found(site: TestClient, desk: Desk, intent: str | None) -> None:
    answer = site.post("/questions", json={"messages": [999], "intent": intent}, headers=AGENT)
    assert (answer.status_code, desk.learned.is_file()) == (404, False)
    gone = [learning.Group((learning.Question(999, "hmm", "unanswered", "track"),), "track")]
    for lesson in (ui_learning.teach_group, ui_learning.set_group_aside):
        with pytest.raises(gr.Error, match="deleted meanwhile"):
            lesson(desk, EN, True, gone, 0, "track")


def test_control_characters_reach_neither_the_database_nor_the_learned_rows(site: TestClient, desk: Desk) -> None:
    turn = site.post("/turn", json={"message": "hmm\x00 \x1fblorp\r\nfizz"}).json()
    _, messages = inbox.transcript(desk.engine, turn["conversation"])
    assert messages[0].text == "hmm blorp\nfizz"
    (question,) = learning.open_questions(desk.engine)
    learning.teach(desk.engine, [question.message], "track", {"track"}, desk.learned, NOW)
    assert list(read_table(desk.learned).frame["text"]) == ["hmm blorp\nfizz"]


@pytest.mark.parametrize("message", ["\x1f", "\u200b", " \x00 \n"])
def test_a_message_that_nobody_can_read_is_refused(site: TestClient, desk: Desk, message: str) -> None:
    assert site.post("/turn", json={"message": message}).status_code == 422
    name = conversations.start(desk.engine, NOW)
    conversations.step(desk.engine, name, "take_over", NOW)
    with pytest.raises(Empty):
        conversations.answer(desk.engine, name, message, NOW)
    with pytest.raises(gr.Error, match=EN["empty"]):
        ui.respond(desk, EN, {}, message, None)


def test_fifty_conversations_at_once_are_never_mixed_up(desk: Desk) -> None:
    failed: list[str] = []

    def talk(number: int) -> None:
        words = ("track it", "refund", "hmm")
        name = desk.turn(None, f"{words[number % 3]} visitor-{number}", NOW).conversation
        desk.turn(name, f"track visitor-{number} again", NOW)
        _, messages = inbox.transcript(desk.engine, name)
        said = [each.text for each in messages if each.sender == "customer"]
        if said != [f"{words[number % 3]} visitor-{number}", f"track visitor-{number} again"] or len(messages) != 4:
            failed.append(str(messages))

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_the_page_takes_a_conversation_from_the_bot_to_a_person_and_back(desk: Desk) -> None:
    names = {intent: intent for intent in desk.bot.knowledge.intents}
    name, _, _, status, seen = ui.ask(desk, EN, None)
    assert EN["state_queued"] in status
    queue, _ = ui_inbox.look_at(desk, EN, names, True, None)
    assert [value for _, value in queue.choices] == [name]
    ui_inbox.take_step(desk, EN, names, "take_over", True, name)
    _, detail = ui_inbox.answer(desk, EN, names, True, name, "How <b>can</b> I help?")
    assert "&lt;b&gt;" in detail
    chat, status, seen = ui.poll(desk, EN, name, seen)
    assert EN["state_agent"] in status
    assert chat[-1]["content"].startswith("Colleague")
    assert ui.poll(desk, EN, name, seen) == gr.skip(), "nothing new leaves the page alone"
    _, panel, *_ = ui.respond(desk, EN, names, "track it", name)
    assert EN["silent"].split(";")[0] in panel
    ui_inbox.take_step(desk, EN, names, "give_back", True, name)
    *_, status, _ = ui.respond(desk, EN, names, "track it", name)
    assert EN["state_bot"] in status


def test_a_browser_gets_the_conversation_back_that_it_had_unless_it_was_deleted(desk: Desk) -> None:
    name, *_ = ui.respond(desk, EN, {intent: intent for intent in desk.bot.knowledge.intents}, "track it", None)
    again, _, chat, _, _ = ui.come_back(desk, EN, [name])
    assert (again, [each["role"] for each in chat]) == (name, ["assistant", "user", "assistant"])
    desk.erase(name)
    for kept in (name, None):
        assert ui.come_back(desk, EN, [kept]) == gr.skip()


def test_the_inbox_is_closed_to_a_session_without_the_key(desk: Desk) -> None:
    with pytest.raises(gr.Error):
        ui_inbox.unlock("the-key", EN, "guessed")
    with pytest.raises(gr.Error):
        ui_inbox.look_at(desk, EN, {}, False, None)
    with pytest.raises(gr.Error):
        ui_learning.load_groups(desk, EN, {}, False)
    assert ui_inbox.unlock("the-key", EN, "the-key")[0] is True


@pytest.mark.parametrize("language", list(TEXTS))
def test_a_customer_reads_in_the_pages_language_that_the_database_refuses_and_the_log_says_why(
    desk: Desk, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    texts = TEXTS[language]
    respond = ui_notices.excused(texts)(partial(ui.respond, desk, texts, {}))
    with pytest.raises(gr.Error) as refused:
        respond("track it", "no-such-conversation")
    assert refused.value.message == texts["gone"]
    with storage.transaction(desk.engine) as connection:
        connection.execute(statement("ALTER TABLE service_conversations RENAME TO away"))
    with pytest.raises(gr.Error) as refused:
        respond("track it", None)
    assert refused.value.message == texts["unavailable"]
    (line,) = caplog.messages
    assert "service_conversations" in line


@pytest.mark.parametrize("language", list(TEXTS))
def test_an_agent_reads_in_the_pages_language_why_something_is_not_possible(desk: Desk, language: str) -> None:
    texts = TEXTS[language]
    name = desk.turn(None, "a person please", NOW).conversation
    for text, said in (
        ("Hello", texts["take_over_first"].format(state=texts["queued"])),
        ("\u200b", texts["empty"]),
        ("x" * 4001, texts["too_long"].format(found=4001, most=4000)),
    ):
        with pytest.raises(gr.Error) as refused:
            ui_inbox.answer(desk, texts, {}, True, name, text)
        assert refused.value.message == said
    conversations.step(desk.engine, name, "resolve", NOW)
    with pytest.raises(gr.Error) as refused:
        ui_inbox.take_step(desk, texts, {}, "give_back", True, name)
    assert refused.value.message == texts["illegal"].format(state=texts["resolved"])


def test_the_page_turns_a_group_into_training_rows(desk: Desk) -> None:
    names = {intent: intent for intent in desk.bot.knowledge.intents}
    name, *_ = ui.respond(desk, EN, names, "hmm, where", None)
    ui.correct_last(desk, EN, name, "track")
    groups, choice = ui_learning.load_groups(desk, EN, names, True)
    assert [label for label, _ in choice.choices] == ["1 × hmm, where → track"]
    assert ui_learning.suggested(names, groups, 0) in names
    assert ui_learning.suggested({}, groups, 0) is None, "a bot of other rows may not know the intent any more"
    with pytest.raises(gr.Error, match=EN["choose_intent"]):
        ui_learning.teach_group(desk, EN, True, groups, 0, None)
    assert str(desk.learned) in ui_learning.teach_group(desk, EN, True, groups, 0, "track")
    assert ui_learning.load_groups(desk, EN, names, True)[0] == []
