"""Conversations in the database: legal steps, limits, and a bot that is silent while a person has the conversation."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from bots import keyword_bot
from verticals.storage import open_database, transaction
from verticals_customer_service import conversations, tables
from verticals_customer_service.conversations import (
    STEPS,
    IllegalStep,
    Limits,
    Step,
    Ticket,
    TooLong,
    TooMany,
    UnknownConversation,
)
from verticals_customer_service.turns import Conversation

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BOT = keyword_bot()
UNLIMITED = Limits(messages=1_000_000)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url, tables.metadata)
    yield engine
    engine.dispose()


def said(engine: Engine, name: str) -> list[tuple[str, str]]:
    """Return who said what, in order."""
    table = tables.messages
    with transaction(engine) as connection:
        rows = connection.execute(
            select(table.c.sender, table.c.text).where(table.c.conversation == name).order_by(table.c.id)
        )
        return [(row.sender, row.text) for row in rows]


def state(engine: Engine, name: str) -> str:
    with transaction(engine) as connection:
        table = tables.conversations
        return str(connection.execute(select(table.c.state).where(table.c.id == name)).scalar_one())


def deliver(engine: Engine, ticket: Ticket) -> int | None:
    """Let the bot think about a ticket and try to write its reply."""
    memory, turn = BOT.turn(ticket.memory, "track it?")
    return conversations.reply(engine, ticket, memory, turn, NOW)


def test_a_reply_follows_its_message_and_the_bot_remembers(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "hmm", NOW)
    memory, turn = BOT.turn(ticket.memory, "hmm")
    assert conversations.reply(engine, ticket, memory, turn, NOW) is not None
    assert [sender for sender, _ in said(engine, name)] == ["customer", "bot"]
    assert conversations.receive(engine, name, "hmm again", NOW).memory == memory


@pytest.mark.parametrize("what", ["take_over", "ask_for_person"])
def test_a_reply_in_flight_is_dropped_when_the_conversation_has_left_the_bot(engine: Engine, what: Step) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "track it", NOW)
    conversations.step(engine, name, what, NOW)
    assert deliver(engine, ticket) is None
    assert said(engine, name) == [("customer", "track it")]


def test_a_reply_from_before_a_hand_over_is_dropped_even_when_the_bot_has_the_conversation_again(
    engine: Engine,
) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "track it", NOW)
    conversations.step(engine, name, "take_over", NOW)
    conversations.step(engine, name, "give_back", NOW)
    assert deliver(engine, ticket) is None
    assert deliver(engine, conversations.receive(engine, name, "track it", NOW)) is not None


def test_a_hand_over_is_announced_and_queued_in_one_step(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "a person please", NOW)
    memory, turn = BOT.turn(ticket.memory, "a person please")
    assert conversations.reply(engine, ticket, memory, turn, NOW)
    assert state(engine, name) == "queued"
    later = conversations.receive(engine, name, "track it", NOW)
    assert later.state == "queued"
    assert deliver(engine, later) is None


def test_the_bot_starts_afresh_after_it_gets_a_conversation_back(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "a person please", NOW)
    memory, turn = BOT.turn(ticket.memory, "a person please")
    conversations.reply(engine, ticket, memory, turn, NOW)
    conversations.step(engine, name, "give_back", NOW)
    assert conversations.receive(engine, name, "track it", NOW).memory == Conversation()


@pytest.mark.parametrize("what", list(STEPS))
def test_a_step_from_a_wrong_state_is_refused_and_changes_nothing(engine: Engine, what: Step) -> None:
    ways: dict[str, list[Step]] = {"bot": [], "queued": ["ask_for_person"], "agent": ["take_over"]}
    ways["resolved"] = ["take_over", "resolve"]
    for before, way in ways.items():
        name = conversations.start(engine, NOW)
        for each in way:
            conversations.step(engine, name, each, NOW)
        sources, target = STEPS[what]
        if before in sources:
            assert conversations.step(engine, name, what, NOW) == state(engine, name) == target
        else:
            with pytest.raises(IllegalStep, match=f"is '{before}'"):
                conversations.step(engine, name, what, NOW)
            assert state(engine, name) == before


def test_a_customer_may_ask_for_a_person_twice_and_after_the_end(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    assert [conversations.ask_for_person(engine, name, NOW) for _ in range(2)] == ["queued", "queued"]
    conversations.step(engine, name, "take_over", NOW)
    assert conversations.ask_for_person(engine, name, NOW) == "agent"
    conversations.step(engine, name, "resolve", NOW)
    assert conversations.ask_for_person(engine, name, NOW) == "queued"


def test_an_agent_writes_only_in_a_conversation_that_was_taken_over(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    with pytest.raises(IllegalStep, match="take it over"):
        conversations.answer(engine, name, "Hello", NOW)
    conversations.step(engine, name, "take_over", NOW)
    conversations.answer(engine, name, "Hello", NOW)
    assert said(engine, name) == [("agent", "Hello")]


def test_a_message_to_a_resolved_conversation_brings_the_bot_back(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    conversations.step(engine, name, "take_over", NOW)
    conversations.step(engine, name, "resolve", NOW)
    ticket = conversations.receive(engine, name, "track it", NOW)
    assert ticket.state == "bot"
    assert deliver(engine, ticket) is not None


def test_nobody_guesses_a_conversation(engine: Engine) -> None:
    names = {conversations.start(engine, NOW) for _ in range(20)}
    assert len(names) == 20
    assert min(len(name) for name in names) >= 20
    for act in (conversations.receive, conversations.answer):
        with pytest.raises(UnknownConversation):
            act(engine, "guessed", "hi", NOW)
    with pytest.raises(UnknownConversation):
        conversations.step(engine, "guessed", "take_over", NOW)


def test_messages_beyond_length_or_rate_are_refused_unwritten_until_time_has_passed(engine: Engine) -> None:
    limits = Limits(characters=5, messages=2, seconds=60)
    name = conversations.start(engine, NOW)
    with pytest.raises(TooLong):
        conversations.receive(engine, name, "123456", NOW, limits)
    for _ in range(2):
        conversations.receive(engine, name, "12345", NOW, limits)
    with pytest.raises(TooMany):
        conversations.receive(engine, name, "late", NOW + timedelta(seconds=59), limits)
    conversations.receive(engine, name, "later", NOW + timedelta(seconds=60), limits)
    assert [text for _, text in said(engine, name)] == ["12345", "12345", "later"]


def test_of_two_replies_at_once_each_is_written_once_and_in_turn(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    first, second = (conversations.receive(engine, name, text, NOW) for text in ("one", "two"))
    assert deliver(engine, second) is not None
    assert deliver(engine, first) is None, "it was thought out before the other reply was known"
    assert deliver(engine, conversations.look(engine, first)) is not None


def test_threads_that_race_for_one_conversation_leave_one_winner(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    ticket = conversations.receive(engine, name, "track it", NOW)
    start, written = threading.Barrier(4), []

    def race() -> None:
        start.wait()
        written.append(deliver(engine, ticket))

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([number for number in written if number is not None]) == 1
    assert [sender for sender, _ in said(engine, name)] == ["customer", "bot"]


EVENTS = st.lists(
    st.one_of(
        st.just(("writes",)),
        st.tuples(st.just("delivers"), st.integers(0, 5)),
        st.tuples(st.just("steps"), st.sampled_from(list(STEPS))),
        st.just(("answers",)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_however_events_interleave_the_bot_is_silent_while_a_person_has_the_conversation(
    engine: Engine, events: list[tuple[str, ...]]
) -> None:
    """Replays the events on a model: which state holds, how often it changed, who may write. The transcript has to agree."""
    name = conversations.start(engine, NOW)
    holder, changes, expected = "bot", 0, list[str]()
    in_flight: list[tuple[Ticket, int, int]] = []  # ticket, and changes and bot replies when it was read
    for event, *arguments in events:
        if event == "writes":
            if holder == "resolved":
                holder, changes = "bot", changes + 1
            ticket = conversations.receive(engine, name, "track it", NOW, UNLIMITED)
            assert ticket.state == holder
            in_flight.append((ticket, changes, expected.count("bot")))
            expected.append("customer")
        elif event == "delivers" and in_flight:
            ticket, then, replies = in_flight.pop(int(arguments[0]) % len(in_flight))
            allowed = holder == "bot" and (then, replies) == (changes, expected.count("bot"))
            assert (deliver(engine, ticket) is not None) == allowed
            expected += ["bot"] * allowed
        elif event == "steps":
            what: Step = arguments[0]  # type: ignore[assignment]
            sources, target = STEPS[what]
            if holder in sources:
                conversations.step(engine, name, what, NOW)
                holder, changes = target, changes + 1
        elif event == "answers" and holder == "agent":
            conversations.answer(engine, name, "Hello", NOW)
            expected.append("agent")
    assert [sender for sender, _ in said(engine, name)] == expected
    assert state(engine, name) == holder


def test_what_is_stored_is_counted_once(engine: Engine) -> None:
    name = conversations.start(engine, NOW)
    for number in range(5):
        assert deliver(engine, conversations.receive(engine, name, f"track {number}", NOW)) is not None
    with transaction(engine) as connection:
        assert connection.execute(select(func.count()).select_from(tables.messages)).scalar_one() == 10
        assert connection.execute(select(tables.conversations.c.turns)).scalar_one() == 5
