"""Conversations in the database: who has one, what was said, and the rule that the bot is silent once a person has it.

A conversation is with the bot, queued for a person, with an agent, or resolved. Every change of state is one conditional UPDATE that
names the states it may start from. The bot's reply is written by another: only where the state is still `bot`, no change of state came
between reading and writing (`epoch`), and no other reply did (`turns`). So a reply that was on its way while a person took over is dropped,
even where the conversation is back with the bot by then.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from verticals.privacy import redact, redact_json
from verticals.storage import transaction
from verticals_customer_service import tables
from verticals_customer_service.turns import Conversation, Turn

State = Literal["bot", "queued", "agent", "resolved"]
Step = Literal["ask_for_person", "take_over", "give_back", "resolve", "reopen"]
Sender = Literal["customer", "bot", "agent"]

STEPS: Mapping[Step, tuple[tuple[State, ...], State]] = {  # from which states, and to which
    "ask_for_person": (("bot", "resolved"), "queued"),
    "take_over": (("bot", "queued"), "agent"),
    "give_back": (("queued", "agent"), "bot"),
    "resolve": (("queued", "agent"), "resolved"),
    "reopen": (("resolved",), "bot"),
}
_CONTROLS = dict.fromkeys(number for number in range(32) if chr(number) not in "\n\t")  # no file of rows may hold them
_MEMORY = TypeAdapter(Conversation)
_TURN = TypeAdapter(Turn)


class ConversationError(Exception):
    """Something that cannot be done with a conversation."""


class UnknownConversation(ConversationError):  # noqa: N818 - reads as what it is
    """There is no conversation of that name."""


class IllegalStep(ConversationError):  # noqa: N818
    """The conversation is in a state that does not allow it."""

    def __init__(self, state: State, expected: str) -> None:
        """Take the state, and what would be allowed."""
        super().__init__(f"the conversation is '{state}'; {expected}")
        self.state = state


class TooLong(ConversationError):  # noqa: N818
    """A message has more characters than are allowed."""


class Empty(ConversationError):  # noqa: N818
    """A message has nothing that can be read."""


class TooMany(ConversationError):  # noqa: N818
    """A conversation has had more messages in a short time than are allowed."""


@dataclass(frozen=True)
class Limits:
    """What one conversation may send: characters a message, and messages within so many seconds."""

    characters: int = 4000
    messages: int = 20
    seconds: int = 60


LIMITS = Limits()


@dataclass(frozen=True)
class Ticket:
    """A conversation as it was read: what a reply is checked against when it is written.

    Attributes:
        name: the conversation.
        message: number of the customer's message that waits for a reply.
        state: who has the conversation.
        epoch: how often the state has changed.
        turns: how often the bot has replied.
        memory: what the bot remembers.
    """

    name: str
    message: int
    state: State
    epoch: int
    turns: int
    memory: Conversation


def readable(text: str, limits: Limits) -> str:
    """Return a message without control characters and without the white space around it.

    Raises:
        TooLong: it has more characters than are allowed.
        Empty: nothing of it can be seen.
    """
    if len(text) > limits.characters:
        raise TooLong(f"the message has {len(text):,} characters; at most {limits.characters:,} are allowed")
    if not any(unicodedata.category(each)[0] in "LMNPS" for each in text):
        raise Empty("the message has nothing that can be read; write at least one word")
    return text.translate(_CONTROLS).strip()


def start(engine: Engine, now: datetime) -> str:
    """Open a conversation with the bot; its unguessable name is the right to read and write it."""
    name = secrets.token_urlsafe(16)
    times = {"opened_at": now, "changed_at": now, "written_at": now}
    with transaction(engine) as connection:
        connection.execute(insert(tables.conversations).values(id=name, state="bot", epoch=0, turns=0, **times))
    return name


def receive(engine: Engine, name: str, text: str, now: datetime, limits: Limits = LIMITS) -> Ticket:
    """Append a customer's message, redacted; a resolved conversation is open again, with the bot.

    Raises:
        UnknownConversation: there is none of that name.
        TooLong, Empty: the message is; nothing is written.
        TooMany: the conversation wrote too often; nothing is written.
    """
    said = redact(readable(text, limits))  # before the database is held: others wait for it
    with transaction(engine) as connection:
        row = _locked(connection, name, now)
        if _recent(connection, name, now - timedelta(seconds=limits.seconds)) >= limits.messages:
            raise TooMany(f"more than {limits.messages} messages in {limits.seconds} seconds; wait a little")
        if row.state == "resolved":
            _change(connection, name, "reopen", now)
        message = append(connection, name, "customer", said, None, now)
        return _ticket(_row(connection, name), message)


def look(engine: Engine, ticket: Ticket) -> Ticket:
    """Read a conversation again, for another try at the reply to the same message."""
    with transaction(engine) as connection:
        return _ticket(_row(connection, ticket.name), ticket.message)


def reply(
    engine: Engine,
    ticket: Ticket,
    memory: Conversation,
    turn: Turn,
    now: datetime,
    public: str = "",
    deed: Callable[[], None] = lambda: None,
) -> int | None:
    """Write the bot's reply, and hand over in the same step where the turn says so.

    Args:
        engine: the database.
        ticket: the conversation as it was read before the bot thought about it.
        memory: what the bot remembers after the turn.
        turn: the reply.
        now: the time.
        public: text that is nobody's personal data, such as the articles: redaction leaves it as it is.
        deed: what the reply says is done; it is done while nobody else can act on the conversation. Where it raises, nothing is written.

    Returns:
        Number of the message, or None where nothing was written, because somebody else acted on the conversation first.
    """
    table, handed_over = tables.conversations, turn.action == "hand_over"
    changed: dict[str, Any] = {"state": "queued", "epoch": ticket.epoch + 1, "changed_at": now} if handed_over else {}
    same = (table.c.state == "bot") & (table.c.epoch == ticket.epoch) & (table.c.turns == ticket.turns)
    kept = replace(memory, turns=tuple((redact(said), _plain(said, each)) for said, each in memory.turns))
    remembered = redact_json(_MEMORY.dump_python(kept, mode="json"), public)
    message = memory.turns[-1][0] if memory.turns else ""
    record = redact_json(_TURN.dump_python(_plain(message, turn), mode="json"), public)
    with transaction(engine) as connection:
        written = connection.execute(
            update(table)
            .where(table.c.id == ticket.name, same)
            .values(turns=ticket.turns + 1, memory=remembered, written_at=now, **changed)
        )
        if written.rowcount == 0:
            return None
        written_as = append(connection, ticket.name, "bot", record["reply"], record, now)
        deed()
        return written_as


def step(engine: Engine, name: str, what: Step, now: datetime) -> State:
    """Change the state of a conversation.

    Raises:
        UnknownConversation: there is none of that name.
        IllegalStep: it is in a state that does not allow the step; nothing is changed.
    """
    with transaction(engine) as connection:
        return _change(connection, name, what, now)


def ask_for_person(engine: Engine, name: str, now: datetime) -> State:
    """Queue a conversation for a person, unless it is there already; a customer may ask at any time.

    Raises:
        UnknownConversation: there is none of that name.
    """
    with transaction(engine) as connection:
        row = _locked(connection, name, now)
        waits: bool = row.state in ("queued", "agent")
        return row.state if waits else _change(connection, name, "ask_for_person", now)


def answer(engine: Engine, name: str, text: str, now: datetime, public: str = "", limits: Limits = LIMITS) -> int:
    """Append an agent's message to a conversation that an agent has.

    Raises:
        UnknownConversation: there is none of that name.
        IllegalStep: no agent has it.
        TooLong, Empty: the message is.
    """
    said = redact(readable(text, limits), public)
    with transaction(engine) as connection:
        row = _locked(connection, name, now)
        if row.state != "agent":
            raise IllegalStep(row.state, "take it over before writing in it")
        return append(connection, name, "agent", said, None, now)


def _plain(message: str, turn: Turn) -> Turn:
    """Return a turn without the entities that redaction takes out of its message: alone, a name has no cue to be known by."""
    shown = redact(message)
    return replace(turn, entities=tuple(each for each in turn.entities if each.text in shown))


def append(
    connection: Connection, name: str, sender: Sender, text: str, turn: dict[str, Any] | None, now: datetime
) -> int:
    """Append a message that is redacted already; return its number."""
    values = {"conversation": name, "sender": sender, "text": text, "turn": turn, "written_at": now}
    written = connection.execute(insert(tables.messages).values(values).returning(tables.messages.c.id))
    return int(written.scalar_one())


def _change(connection: Connection, name: str, what: Step, now: datetime) -> State:
    sources, target = STEPS[what]
    table = tables.conversations
    forgotten = {"memory": None} if target == "bot" else {}
    done = connection.execute(
        update(table)
        .where(table.c.id == name, table.c.state.in_(sources))
        .values(state=target, epoch=table.c.epoch + 1, changed_at=now, **forgotten)
    )
    if done.rowcount == 0:
        state = _row(connection, name).state
        raise IllegalStep(state, f"'{what}' starts from {' or '.join(sources)}")
    return target


def _locked(connection: Connection, name: str, now: datetime) -> Row[Any]:
    """Take a conversation for this transaction by a first write, so that nobody else acts on it until the end."""
    table = tables.conversations
    connection.execute(update(table).where(table.c.id == name).values(written_at=now))
    return _row(connection, name)


def _row(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(tables.conversations).where(tables.conversations.c.id == name)).one_or_none()
    if row is None:
        raise UnknownConversation("no such conversation; it was deleted, or never began")
    return row


def _recent(connection: Connection, name: str, since: datetime) -> int:
    table = tables.messages
    written = (table.c.conversation == name) & (table.c.sender == "customer") & (table.c.written_at > since)
    return connection.execute(select(func.count()).where(written)).scalar_one()


def _ticket(row: Row[Any], message: int) -> Ticket:
    memory = Conversation() if row.memory is None else _MEMORY.validate_python(row.memory)
    return Ticket(row.id, message, row.state, row.epoch, row.turns, memory)
