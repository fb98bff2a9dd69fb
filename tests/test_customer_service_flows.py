"""What messages name, and the tasks that the bot does: it asks, confirms, acts once, and can be left at any time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from bots import Hears
from verticals.arrays import FloatArray
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals.methods.one_pass import Reader
from verticals.privacy import redact
from verticals.storage import open_database, transaction
from verticals_customer_service import (
    choices,
    conversations,
    dates,
    escalation,
    filling,
    flows,
    inbox,
    orders,
    slots,
    tables,
    ui,
)
from verticals_customer_service.alarm import Alarm
from verticals_customer_service.desk import Desk
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.filling import Flow, meant
from verticals_customer_service.hearing import Skills
from verticals_customer_service.knowledge import Article, Intent, Knowledge
from verticals_customer_service.orders import Order, OrderRefused, SqlOrders
from verticals_customer_service.safety import inert
from verticals_customer_service.slots import SlotReader
from verticals_customer_service.turns import Conversation, Turn
from verticals_customer_service.wording import TEXTS

TODAY = date(2026, 3, 9)  # a Monday
NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
HOME = "3 Tanner's Yard, Wrenford QF2 5RA"
OFFICE = "5 Exchange Square, Wrenford QF1 1AA"
ORDERS = (
    Order("BW-11111", "received", HOME),
    Order("BW-22222", "packing", HOME),
    Order("BW-33333", "packing", HOME, True, date(2026, 3, 17), (date(2026, 3, 19), date(2026, 3, 26))),
    Order("BW-44444", "packing", HOME, True, date(2026, 3, 10), (date(2026, 3, 19),)),
)
CUES = {
    "cancel_order": "cancel",
    "change_delivery_address": "address",
    "reschedule_delivery": "move",
    "refund_status": "money",
}


class Cues:
    """A classifier with a provable answer: sure of the intent whose cue is in the text, unsure without one."""

    labels = tuple(CUES)
    readers: tuple[Reader, ...] = ()

    def score(self, texts: Any, progress: str | None = None) -> Scores:
        logits = np.array([[9.0 * (cue in text.lower()) for cue in CUES.values()] for text in texts], np.float32)
        return Scores(logits, np.full(len(texts), 0.9, np.float32))

    def logits(self, texts: Any) -> FloatArray:
        return self.score(texts).logits

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def backend(tmp_path: Path) -> SqlOrders:
    made = SqlOrders(open_database(f"sqlite:///{tmp_path / 'orders.sqlite'}", orders.metadata))
    made.add(ORDERS)
    return made


@pytest.fixture
def bot(backend: SqlOrders) -> Bot:
    intents = {name: Intent(en=name, zh=name, action="answer") for name in CUES}
    articles = [Article(id=name, title=name, intents=(name,), text=f"All about {name}.") for name in CUES]
    predictor = Predictor(Cues(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.5))
    return Bot(predictor, Knowledge(intents, articles), Skills(orders=backend, today=lambda: TODAY))


def talk(bot: Bot, *messages: str) -> list[Turn]:
    return list(_turns(bot, messages))


def _turns(bot: Bot, messages: tuple[str, ...]) -> Iterator[Turn]:
    conversation = Conversation()
    for message in messages:
        conversation, turn = bot.turn(conversation, message)
        yield turn


def actions(turns: list[Turn]) -> list[str]:
    return [turn.action for turn in turns]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-03-09"),
        ("the day after tomorrow", "2026-03-11"),
        ("23 March", "2026-03-23"),
        ("March 23rd, 2027", "2027-03-23"),
        ("the 2nd of January", "2026-01-02"),
        ("28 December", "2025-12-28"),  # nearer than the coming one
        ("27.03.", "2026-03-27"),
        ("15/09/2025", "2025-09-15"),
        ("2026-04-01", "2026-04-01"),
        ("Friday", "2026-03-13"),
        ("Monday", "2026-03-16"),
        ("next Friday", "2026-03-20"),
        ("last Monday", "2026-03-02"),
        ("the 5th", "2026-04-05"),
        ("31 June", None),
        ("some day", None),
    ],
)
def test_a_day_is_resolved_or_left_open(text: str, expected: str | None) -> None:
    found = dates.resolve(text, TODAY)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("message", "kind", "value"),
    [
        ("cancel bw 70 418 pls", "order_number", "BW-70418"),
        ("it is #66231.", "order_number", "BW-66231"),
        ("write to Ann.Lee@Mail.example!", "email", "ann.lee@mail.example"),
        ("you took 312,40 € twice", "amount", "€312.40"),
        ("the rug was £1,240.00 once", "amount", "£1240.00"),
        ("25 % off", "amount", "25%"),
        ("Bring it tomorrow evening", "date", "2026-03-10"),
        (f"send it to {OFFICE}, thanks", "address", OFFICE),
    ],
)
def test_patterns_read_what_has_a_fixed_form(message: str, kind: str, value: str) -> None:
    assert [(each.kind, each.value) for each in SlotReader().read(message, TODAY)] == [(kind, value)]


@pytest.mark.parametrize("message", ["call 01632 960123", "card 4242 4242 4242 4242", "BW-123", "I have 12345 reasons"])
def test_other_numbers_are_no_order(message: str) -> None:
    assert not slots.values(SlotReader().read(message, TODAY))["order_number"]


def test_tokens_know_where_they_stand() -> None:
    text = 'Well ("BW-11111"), it\'s late…'
    assert [token for token, _ in slots.words(text)] == [
        "Well",
        "(",
        '"',
        "BW-11111",
        '"',
        ")",
        ",",
        "it's",
        "late",
        "…",
    ]
    assert all(text[start : start + len(token)] == token for token, start in slots.words(text))


def test_an_order_is_cancelled_only_after_a_yes(bot: Bot, backend: SqlOrders) -> None:
    first = talk(bot, "please cancel my order", "11111")
    assert actions(first) == ["ask", "ask"]
    assert backend.find("BW-11111") == ORDERS[0]
    whole = talk(bot, "please cancel my order", "it's bw 11111", "yes please")
    assert actions(whole) == ["ask", "ask", "done"]
    assert backend.find("BW-11111") == Order("BW-11111", "cancelled", HOME)


@pytest.mark.parametrize(
    ("kind", "message", "action"),
    [
        ("talk_to_person", "could you cancel BW-11111 for my mum", "ask"),
        ("talk_to_person", "could you cancel it for my mum", "hand_over"),
        ("danger", "could you cancel BW-11111 for my mum", "hand_over"),
    ],
)
def test_what_only_sounds_like_a_wish_for_a_person_does_not_keep_a_named_order_from_its_task(
    bot: Bot, kind: str, message: str, action: str
) -> None:
    bot.skills = replace(bot.skills, alarm=Alarm(Hears(kind), 1.0, 0.0))
    assert actions(talk(bot, message)) == [action]


@pytest.mark.parametrize(
    "message",
    [
        "I may cancel yet; if so, how would I do that?",
        "It may not fit, and what if I have to cancel",
        "just curious: until when could I cancel",
        "Thinking of an order that I could cancel. Up to what point is it possible",
        "Once an order is paid, can you still cancel it",
        "We may change our minds. Where on the site do we cancel",
        "not ordered yet, must I cancel the lot if one thing is wrong",
    ],
)
def test_a_question_in_a_later_clause_begins_no_task(bot: Bot, message: str) -> None:
    assert actions(talk(bot, message)) == ["answer"]


def test_a_no_leaves_everything_as_it_was(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "cancel BW-11111", "no, leave it", "yes")
    assert actions(turns)[1] == "answer"
    assert "done" not in actions(turns)
    assert backend.find("BW-11111") == ORDERS[0]


@pytest.mark.parametrize(
    "answer",
    [
        "I'm not sure",
        "not sure yet",
        "Please do not cancel it",
        "Do not do it",
        "Actually not ok",
        "That is not correct",
        "I’d rather not, ok",
        "sure, but don’t do it",
        "ok, no",
        "ok forget it",
        "actually it's ok, keep the order",
        "sure, but wait",
        "ok let me think about it",
        "give me a second to make sure",
        "I'll confirm tomorrow",
        "before I confirm I want to know about the refund",
        "yes but a colleague please",
        "it's ok",
        "is that correct",
    ],
)
def test_what_negates_is_never_taken_for_a_yes(bot: Bot, backend: SqlOrders, answer: str) -> None:
    assert "done" not in actions(talk(bot, "cancel BW-11111", answer))
    assert backend.find("BW-11111") == ORDERS[0]


@pytest.mark.parametrize(
    "answer",
    [
        "y",
        "Yess!",
        "please cancel it",
        "absolutely",
        "yep thats the one",
        "Yes, that suits us",
        "Yes, thank you.",
        "yes just that one",
        "yes thats us ty",
        "yep spot on",
        "yes go for that",
        "Yes, that's where she lives",
        "Yes, I confirm",
        "ok, cancel order BW-11111",
    ],
)
def test_a_yes_may_be_said_in_any_plain_words(bot: Bot, answer: str) -> None:
    assert actions(talk(bot, "cancel BW-11111", answer)) == ["ask", "done"]


@pytest.mark.parametrize(
    "answer", ["that's the wrong one", "that's the problem", "that's her", "it's my mother", "oh no"]
)
def test_what_only_points_at_something_is_no_yes(bot: Bot, answer: str) -> None:
    assert actions(talk(bot, "cancel BW-11111", answer)) == ["ask", "ask"]


def test_a_yes_calls_the_deed_by_its_own_name(bot: Bot) -> None:
    assert actions(talk(bot, f"wrong address on BW-11111, it is {OFFICE}", "cancel it"))[-1] != "done"


def test_a_wrong_number_is_asked_for_again_and_the_corrected_one_counts(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "cancel BW-99999", "Sorry, it's BW-11111", "Yes, that's right")
    assert actions(turns) == ["ask", "ask", "done"]
    assert "BW-99999" in turns[0].reply


def test_a_question_in_between_is_answered_and_the_task_goes_on(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "cancel BW-11111", "Before I say yes, do I get the money back?", "Good. Then yes.")
    assert actions(turns) == ["ask", "answer", "done"]
    assert turns[1].sources[0].id == "refund_status"
    assert "Shall I cancel it?" in turns[1].reply


@pytest.mark.parametrize("question", ["do I get the money for BW-33333?", "no money came for BW-33333"])
@pytest.mark.parametrize("task", ["cancel BW-11111", "wrong address on BW-11111"])
def test_a_matter_of_another_order_ends_the_task_and_a_yes_does_nothing(bot: Bot, task: str, question: str) -> None:
    turns = talk(bot, task, question, "yes")
    assert [each.id for each in turns[1].sources] == ["refund_status"]
    assert "BW-" not in turns[1].reply + turns[2].reply


def test_a_question_about_some_order_is_no_answer_to_which_one(bot: Bot, backend: SqlOrders) -> None:
    assert actions(talk(bot, "cancel my order", "when is the money for BW-11111 due?")) == ["ask", "answer"]


@pytest.mark.parametrize(
    "message",
    [
        "no, BW-11111",
        "sorry, I meant BW-11111",
        "that's the wrong order, the right one is BW-11111",
        "yes, but BW-11111",
    ],
)
def test_a_number_that_is_put_right_goes_on_with_the_task(message: str) -> None:
    flow, entities = Flow("cancel_order", "BW-33333"), SlotReader().read(message, TODAY)
    assert not flows.gives_way(flow, "refund_status", message, entities)


@pytest.mark.parametrize(
    ("task", "other", "asked"),
    [
        ("cancel BW-11111", f"could you change the address instead? to {OFFICE}", f"would go to: {OFFICE}"),
        ("cancel BW-11111", "no, I want another address instead", "Where should order BW-11111 go?"),
        ("cancel BW-11111", f"wrong address on BW-11111, it is {OFFICE}", f"would go to: {OFFICE}"),
        ("cancel BW-33333", "is it possible to move it to 19 March?", "19 March"),
        ("move BW-33333 to 19 March", "actually please cancel it", "that any more"),
        (f"wrong address on BW-11111, it is {OFFICE}", "no, cancel it", "Shall I cancel it?"),
    ],
)
def test_another_task_takes_the_place_of_the_first_and_keeps_its_order(
    bot: Bot, task: str, other: str, asked: str
) -> None:
    assert asked in talk(bot, task, other)[-1].reply


def test_what_is_said_of_another_task_without_wishing_it_ends_neither_in_it_nor_in_the_first(bot: Bot) -> None:
    turns = talk(bot, f"wrong address on BW-11111, it is {OFFICE}", "no, I don't want to cancel", "yes")
    assert turns[1].reply == flows.LEFT
    assert "done" not in actions(turns)
    assert "done" not in actions(talk(bot, "cancel BW-11111", "how would I change the address?", "yes"))


def test_an_order_that_is_packed_is_explained_and_not_touched(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "cancel BW-22222", "yes, do it")
    assert actions(turns) == ["answer", "answer"]
    assert turns[0].sources[0].id == "cancel_order"
    assert backend.find("BW-22222") == ORDERS[1]


def test_what_is_cancelled_is_not_cancelled_again(bot: Bot) -> None:
    turns = talk(bot, "cancel BW-11111", "yes", "cancel BW-11111")
    assert actions(turns) == ["ask", "done", "answer"]
    assert "already" in turns[-1].reply


@pytest.mark.parametrize(
    "message",
    [
        "I want to cancel my order BW-11111, not BW-33333",
        "cancel BW-11111 but keep BW-33333",
        "cancel BW-11111 and BW-33333",
    ],
)
def test_of_two_orders_in_a_message_none_is_taken_unasked(bot: Bot, backend: SqlOrders, message: str) -> None:
    turns = talk(bot, message, "yes", "BW-11111", "yes")
    assert "BW-11111 or BW-33333" in turns[0].reply
    assert actions(turns) == ["ask", "ask", "ask", "done"]
    assert backend.find("BW-11111") == Order("BW-11111", "cancelled", HOME)


def test_a_second_order_beside_a_yes_does_not_replace_the_first(bot: Bot) -> None:
    turns = talk(bot, "cancel BW-11111", "sure, and also BW-33333")
    assert "BW-11111 or BW-33333" in turns[-1].reply


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("move BW-33333 to 19 March instead of 17 March", "would come on Thursday 19 March"),
        ("move BW-33333 from 17 March to 19 March", "would come on Thursday 19 March"),
        ("move BW-33333 to 19 March or 26 March", "Which one suits you?"),
    ],
)
def test_of_two_days_the_only_free_one_is_taken(bot: Bot, message: str, asked: str) -> None:
    assert asked in talk(bot, message)[0].reply


def test_of_two_addresses_none_is_taken(bot: Bot) -> None:
    turns = talk(bot, f"wrong address on BW-11111, it is {OFFICE} not {HOME}", OFFICE)
    assert "Please write the whole address" in turns[0].reply
    assert OFFICE in turns[1].reply


@pytest.mark.parametrize(
    "address",
    [
        "Flat 2, The Old Mill, Aldermouth, AM3 8RT",
        "Acme Ltd, 9 Hill Road, Aldermouth, AM3 8RT",
        "The Old Mill, AM3 8RT",
    ],
)
def test_an_address_that_was_asked_for_is_taken_whole(bot: Bot, address: str) -> None:
    turns = talk(bot, "wrong address on BW-11111", f"Sorry, it's {address}, thanks")
    assert turns[-1].reply == f"Order BW-11111 would go to: {address}. Is that right?"


def test_a_postcode_alone_is_no_address(bot: Bot) -> None:
    turns = talk(bot, "wrong address on BW-11111", "AM3 8RT", "yes")
    assert ["whole address" in turn.reply for turn in turns] == [True, True, True]


def test_a_part_of_an_address_does_not_replace_a_whole_one() -> None:
    part = slots.Entity("address", "10 Hill Road", "10 Hill Road")
    assert slots.address_after(OFFICE, "no, 10 Hill Road", (part,), asked=False) is None
    again = slots.Entity("address", "5 Exchange Square", "5 Exchange Square")
    assert slots.address_after(OFFICE, "yes, 5 Exchange Square", (again,), asked=False) == OFFICE


def test_thanks_for_a_reason_are_taken_as_such(bot: Bot) -> None:
    turns = talk(bot, "cancel BW-22222", "ok thanks", "no")
    assert actions(turns) == ["answer", "ask", "ask"]
    assert turns[-1].reply == "All right. Have a good day."


@pytest.mark.parametrize(("number", "reason"), [("BW-11111", "comes as a parcel"), ("BW-44444", "two days before")])
def test_a_delivery_that_cannot_be_moved_says_why(bot: Bot, number: str, reason: str) -> None:
    assert reason in talk(bot, f"move {number}")[0].reply


@pytest.mark.parametrize(
    "end",
    [
        "no thanks",
        "no that's all",
        "ok",
        "got it",
        "ok cool",
        "cheers mate",
        "that worked thanks",
        "done it thank you",
        "all sorted, ty",
        "thank you so much, you've been really helpful!",
        "thanks, you are a star",
    ],
)
def test_the_end_of_a_conversation_is_no_question(bot: Bot, end: str) -> None:
    assert actions(talk(bot, "where is my money", end)) == ["answer", "ask"]
    assert actions(talk(bot, "where is my money", "thanks", end)) == ["answer", "ask", "ask"]


@pytest.mark.parametrize("message", ["no idea, I lost the email", "don't have it", "I don't know the number"])
def test_who_does_not_know_the_number_is_told_where_it_stands(bot: Bot, message: str) -> None:
    assert "Account > Orders" in talk(bot, "please cancel my order", message)[-1].reply


@pytest.mark.parametrize(
    "message", ["how do i know if my money went through", "No money came with my email", "oh no, now I want my money"]
)
def test_what_only_begins_like_a_rejection_is_answered(bot: Bot, message: str) -> None:
    assert actions(talk(bot, "hm", message)) == ["clarify", "answer"]


@pytest.mark.parametrize(
    "regret",
    ["actually I changed my mind, can you undo that?", "stop, undo that please", "no wait, don't cancel it", "no"],
)
def test_who_regrets_what_was_done_is_handed_over_and_not_told_that_nothing_changed(bot: Bot, regret: str) -> None:
    turns = talk(bot, "cancel BW-11111", "yes", regret)
    assert actions(turns) == ["ask", "done", "hand_over"]
    assert "nothing has been changed" not in turns[-1].reply


@pytest.mark.parametrize(
    "message",
    [
        "please don't cancel BW-11111",
        "do not cancel order BW-11111 please, I still want it",
        "I didn't cancel BW-11111, why does it say cancelled",
        "I do not want you to cancel BW-11111",
        "someone cancelled my order BW-11111",
        "did you cancel BW-11111?",
        "why was BW-11111 cancelled",
    ],
)
def test_what_is_not_wanted_or_only_reported_is_not_begun(bot: Bot, message: str) -> None:
    assert "ask" not in actions(talk(bot, message))


@pytest.mark.parametrize(
    "message",
    ["don't cancel BW-11111", "BW-11111 should not be cancelled, it was my son's mistake", "please do not cancel"],
)
def test_who_wants_nothing_done_is_told_that_nothing_was(bot: Bot, message: str) -> None:
    assert talk(bot, message)[0].reply == flows.LEFT
    assert actions(talk(bot, message, "yes")) == ["answer", "clarify"]


@pytest.mark.parametrize(
    "message",
    ["I'd like BW-11111 cancelled", "can you get it cancelled, it's BW-11111", "I don't need it, cancel BW-11111"],
)
def test_a_wish_in_other_forms_is_begun(bot: Bot, message: str) -> None:
    assert "Shall I cancel it?" in talk(bot, message)[0].reply


def test_an_address_is_asked_for_corrected_and_confirmed(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(
        bot,
        "wrong address on BW-11111",
        "27 Ropewalk Lane, Sedgecombe SJ9 2DB",
        "No wait, it's SJ9 2BD",
        "Yes, now it's right",
    )
    assert actions(turns) == ["ask", "ask", "ask", "done"]
    changed = backend.find("BW-11111")
    assert changed is not None
    assert changed.address == "27 Ropewalk Lane, Sedgecombe SJ9 2BD"


def test_only_a_free_day_is_taken(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "move the delivery of BW-33333", "18 March?", "ok then 19 March", "that's fine, yes")
    assert actions(turns) == ["ask", "ask", "ask", "done"]
    assert "not free" in turns[1].reply
    moved = backend.find("BW-33333")
    assert moved is not None
    assert moved.delivery_day == date(2026, 3, 19)


def test_a_delivery_within_two_days_is_for_a_person(bot: Bot) -> None:
    assert actions(talk(bot, "can you move BW-44444?")) == ["hand_over"]


def test_a_customer_who_brings_nothing_is_handed_over(bot: Bot) -> None:
    turns = talk(bot, "please cancel my order", "the big one", "the one from Aldermouth", "you know it")
    assert actions(turns) == ["ask", "ask", "ask", "hand_over"]


@pytest.mark.parametrize(
    "question",
    ["how do I cancel my order?", "can I cancel on the day when I order a sofa", "could we cancel once we pay?"],
)
def test_how_a_thing_is_done_is_answered_not_done(bot: Bot, question: str) -> None:
    turns = talk(bot, question)
    assert actions(turns) == ["answer"]
    assert turns[0].sources[0].id == "cancel_order"


def test_a_person_can_be_had_in_the_middle_of_a_task(bot: Bot) -> None:
    turns = talk(bot, "cancel BW-11111", "Actually, let me talk to one of your staff", "yes")
    assert actions(turns) == ["ask", "hand_over", "hand_over"]


@pytest.mark.parametrize("stored", [redact(HOME), redact("Brook House, 14 High Street, Wrenford"), "c/o [name]"])
def test_what_was_redacted_before_it_was_stored_is_asked_for_again(backend: SqlOrders, stored: str) -> None:
    assert "[" in stored
    kept = Flow("change_delivery_address", "BW-11111", stored, confirming=True)
    step = flows.advance(kept, "yes", (), backend, TODAY)
    assert (step.action, step.deed) == ("ask", None)


def test_a_day_that_redaction_took_for_a_telephone_number_is_asked_for_again(backend: SqlOrders) -> None:
    kept = Flow("reschedule_delivery", "BW-33333", day="[phone]", confirming=True)
    assert flows.advance(kept, "yes", (), backend, TODAY).action == "ask"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url, tables.metadata)
    yield engine
    engine.dispose()


def test_what_is_confirmed_is_done_and_stands_in_the_transcript(bot: Bot, backend: SqlOrders, engine: Engine) -> None:
    desk = Desk(bot, engine, Path("learned.csv"))
    name = desk.turn(None, "cancel BW-11111", NOW).conversation
    assert desk.turn(name, "yes please", NOW).state == "bot"
    assert inbox.transcript(engine, name)[1][-1].text == "Done: order BW-11111 is cancelled."
    assert backend.find("BW-11111") == Order("BW-11111", "cancelled", HOME)


def test_the_page_shows_the_address_that_it_asks_to_confirm(bot: Bot, engine: Engine) -> None:
    desk, names = Desk(bot, engine, Path("learned.csv")), {name: name for name in CUES}
    *_, chat, _, _ = ui.respond(desk, TEXTS["en"], names, f"wrong address on BW-11111, it is {OFFICE}", None)
    assert inert(OFFICE) in chat[-1]["content"]
    with transaction(engine) as connection:
        assert OFFICE not in str(connection.execute(select(tables.messages)).all())


def test_an_order_is_left_alone_where_a_person_has_the_conversation_before_the_yes_is_answered(
    bot: Bot, backend: SqlOrders, engine: Engine
) -> None:
    name = Desk(bot, engine, Path("learned.csv")).turn(None, "cancel BW-11111", NOW).conversation

    def overtaken() -> date:
        conversations.ask_for_person(engine, name, NOW)
        return TODAY

    slow = Bot(bot.predictor, bot.knowledge, replace(bot.skills, today=overtaken))
    assert Desk(slow, engine, Path("learned.csv")).turn(name, "yes please", NOW).turn is None
    assert backend.find("BW-11111") == ORDERS[0]


class Closed(SqlOrders):
    """Orders that have changed since they were looked at."""

    def cancel(self, number: str) -> None:
        raise OrderRefused(number)


def test_an_order_that_changed_before_it_could_be_cancelled_goes_to_a_person(
    bot: Bot, engine: Engine, tmp_path: Path
) -> None:
    closed = Closed(open_database(f"sqlite:///{tmp_path / 'closed.sqlite'}", orders.metadata))
    closed.add(ORDERS)
    late = Bot(bot.predictor, bot.knowledge, replace(bot.skills, orders=closed))
    desk = Desk(late, engine, Path("learned.csv"))
    name = desk.turn(None, "cancel BW-11111", NOW).conversation
    assert desk.turn(name, "yes", NOW).state == "queued"
    assert [each.text for each in inbox.transcript(engine, name)[1]][2:] == ["yes", flows.REFUSED]
    assert actions(talk(late, "cancel BW-11111", "yes", "hello?")) == ["ask", "hand_over", "hand_over"]


def test_a_yes_that_asks_for_a_person_as_well_changes_nothing(bot: Bot, backend: SqlOrders) -> None:
    turns = talk(bot, "cancel BW-11111", "yes, do it and transfer me")
    assert actions(turns) == ["ask", "hand_over"]
    assert backend.find("BW-11111") == ORDERS[0]


def test_of_two_cancellations_one_is_refused(backend: SqlOrders) -> None:
    backend.cancel("BW-11111")
    with pytest.raises(OrderRefused):
        backend.cancel("BW-11111")
    with pytest.raises(OrderRefused):
        backend.change_address("BW-22222", OFFICE)
    with pytest.raises(OrderRefused):
        backend.reschedule("BW-33333", date(2026, 3, 20))


def test_the_demo_has_its_orders_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orders.sqlite'}"
    orders.demo_orders(url, TODAY).cancel("BW-48213")
    again = orders.demo_orders(url, TODAY)
    found = again.find("BW-48213")
    assert found is not None
    assert found.status == "cancelled"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("The shelf fell and cut my daughter's arm", "danger"),
        ("a chair of yours collapsed under me", "danger"),
        ("I've bruised my knee on the sharp edge of the bed you sold me", "danger"),
        ("the cable of the toaster has melted", "danger"),
        ("my mum's garden bench arrived broken", None),
        ("my dad passed away and his order is still coming", "distress"),
        ("you will hear from my lawyer", "law"),
        ("I want to make a formal complaint", "complaint"),
        ("WHY IS NOBODY ANSWERING ME!!!", "complaint"),
        ("let me speak to somebody", "person"),
        ("I've checked the shed, and it is still not here", "exhausted"),
        ("where is my parcel?", None),
        ("PLEASE CANCEL BW-11111", None),
        ("rice burnt onto the bottom of my pot", None),
        ("my husband cut his thumb on the lid", "danger"),
        ("my son has burn marks on his arm", "danger"),
        ("my mother fell off the stool", "danger"),
        ("it crushed my hand", "danger"),
        ("you broke my hand blender in transit", None),
        ("my mother fell in love with this lamp, do you have it in green?", None),
        ("my husband cut the cardboard box open", None),
        ("my son's desk has burn marks", None),
        ("my son burnt rice onto the bottom of the pan", None),
        ("my son burnt his hand on the pan", "danger"),
        ("been through the film twice and the runner still misses the holes", "exhausted"),
        ("I was charged twice, it is on my statement", None),
        ("tried everything you said and it still doesn't scan", "exhausted"),
        ("I will take you to court", "law"),
        ("change the address of BW-48213 to Court House, 5 High Street", None),
        ("please deliver to Court Lane 5", None),
        ("get me your manager", "person"),
        ("please ring me", "person"),
        ("phone me when you have a minute", "person"),
        ("can you get me the invoice for my order", None),
        ("can you get me the tracking number for BW-48217", None),
        ("will the driver phone me before delivery?", None),
        ("can the courier ring me when he is near", None),
        ("yes, a person please", "person"),
        ("yes, ask for a person", "person"),
        ("ok person", "person"),
        ("yes but a colleague please", "person"),
        ("yes please someone from your team", "person"),
        ("yes please", None),
        ("人工", "person"),
        ("我要人工", "person"),
        ("接人工", "person"),
        ("找客服", "person"),
        ("请转真人", "person"),
        ("要人工费吗", None),
        ("有人工草皮吗", None),
        ("someone cancelled my order BW-11111 without asking me", "account"),
    ],
)
def test_what_a_person_has_to_read_is_known_by_its_words(message: str, reason: str | None) -> None:
    assert escalation.reason(message) == reason


def test_small_talk_counts_neither_as_unclear_nor_as_an_answer(bot: Bot) -> None:
    turns = talk(bot, "Hello!", "what's up with it", "Thank you, bye")
    assert actions(turns) == ["ask", "clarify", "ask"]


def test_an_article_that_did_not_help_is_not_read_out_again_unless_more_is_asked(bot: Bot) -> None:
    assert actions(talk(bot, "where is my money", "and my money from May?")) == ["answer", "answer"]
    turns = talk(bot, "where is my money", "my money was due on Monday", "money due, as I wrote")
    assert actions(turns) == ["answer", "clarify", "hand_over"]
    assert turns[0].sources[0].title in turns[1].reply


def test_a_day_that_was_booked_is_no_report_of_one_that_was_moved(bot: Bot) -> None:
    earlier = "could you book BW-11111 for an earlier day than the one I booked, just move it"
    assert actions(talk(bot, earlier)) == actions(talk(bot, "move BW-11111"))
    assert actions(talk(bot, "I booked BW-11111 already, did you move it")) == ["answer"]


def test_an_answer_that_was_not_meant_is_not_given_twice(bot: Bot) -> None:
    turns = talk(bot, "where is my money", "no, that's not what I asked", "not that either")
    assert actions(turns) == ["answer", "clarify", "hand_over"]


def test_who_says_what_is_meant_instead_of_what_was_asked_back_is_answered(bot: Bot) -> None:
    turns = talk(bot, "hm", "no, I meant where is my money")
    assert [each.id for each in turns[-1].sources] == ["refund_status"]
    assert actions(talk(bot, "hm", "no, I meant the other thing")) == ["clarify", "hand_over"]


@pytest.mark.parametrize(
    "address",
    [
        "flat 2b 14 high st, tessbury tb3 4aa",
        "Unit 5 20 Dock Road Aldermouth AM5 5AA",
        "Apt 4/1, 22-24 Rose Street, Aldermouth AM1 4ZZ",
    ],
)
def test_a_flat_or_a_unit_belongs_to_the_address(bot: Bot, address: str) -> None:
    assert f"would go to: {address}." in talk(bot, "wrong address on BW-11111", address)[-1].reply


@pytest.mark.parametrize(
    "parts",
    [
        ("22 Rose Street, Aldermouth", "AM1 4ZZ"),
        ("22 Rose Street", "Aldermouth, AM1 4ZZ"),
        ("22 Rose Street", "Aldermouth", "AM1 4ZZ"),
    ],
)
def test_an_address_whose_postcode_comes_later_is_put_together(
    bot: Bot, backend: SqlOrders, parts: tuple[str, ...]
) -> None:
    turns = talk(bot, "wrong address on BW-11111", *parts, "yes")
    assert turns[1].reply == f"What is the postcode of {parts[0]}?"
    assert "handing you over" not in turns[-1].reply
    changed = backend.find("BW-11111")
    assert changed is not None
    assert changed.address is not None
    assert (changed.address[:14], changed.address[-7:]) == ("22 Rose Street", "AM1 4ZZ")


@pytest.mark.parametrize(
    ("message", "day"),
    [
        ("the last one please", 26),
        ("the 1st", 19),
        ("2", 26),
        ("ok then 19", 19),
        ("26th please", 26),
        ("number two", 26),
    ],
)
def test_a_free_day_is_chosen_by_its_number_or_its_place(bot: Bot, message: str, day: int) -> None:
    assert f"{day} March instead" in talk(bot, "move BW-33333", message)[-1].reply


@pytest.mark.parametrize("unit", ["no ", "number ", "please ", "what day ", "the one "])
def test_a_choice_is_looked_for_in_a_message_that_repeats_itself_and_the_search_ends(unit: str) -> None:
    message = unit * (4000 // len(unit)) + "#"
    assert (choices.place(message, 3), choices.number(message), choices.takes_all(message)) == (None, None, False)
    assert not filling.asks_for_days(Flow("reschedule_delivery", "BW-33333"), message)


@pytest.mark.parametrize("message", ["What other days do you have?", "no, another day please"])
def test_who_asks_for_other_days_is_told_them_all(bot: Bot, message: str) -> None:
    turns = talk(bot, "move BW-33333 to 19 March", message, "the second", "yes")
    assert "Thursday 19 March, Thursday 26 March" in turns[1].reply
    assert turns[-1].reply == "Done: order BW-33333 comes on Thursday 26 March."


def test_a_question_about_the_day_of_something_else_is_answered(bot: Bot) -> None:
    turn = talk(bot, "move BW-33333 to 19 March", "what day does the money come?")[-1]
    assert [each.id for each in turn.sources] == ["refund_status"]
    assert "Is that right?" in turn.reply


def test_of_two_likely_tasks_the_one_is_begun_whose_need_the_message_brings(bot: Bot) -> None:
    assert "would come on Thursday 19 March" in talk(bot, "move to another address: BW-33333 on 19 March")[0].reply
    reader = SlotReader()
    likely = ("change_delivery_address", "reschedule_delivery")
    assert meant(likely, reader.read("on 19 March", TODAY)) == "reschedule_delivery"
    assert meant(likely, reader.read("soon", TODAY)) == "change_delivery_address"
    assert meant(("cancel_order", "reschedule_delivery"), reader.read("due on 19 March", TODAY)) == "cancel_order"
