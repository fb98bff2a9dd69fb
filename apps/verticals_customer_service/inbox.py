"""What an agent sees: who waits, since when, what was said, and a summary to start from."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from verticals.storage import transaction
from verticals_customer_service import tables
from verticals_customer_service.conversations import Sender, State, UnknownConversation

_MOST_SHOWN = 200


@dataclass(frozen=True)
class Message:
    """One message of a transcript; `turn` is the bot's structured turn."""

    id: int
    sender: Sender
    text: str
    turn: dict[str, Any] | None
    written_at: datetime


@dataclass(frozen=True)
class Waiting:
    """A conversation that a person has to look after: in the queue, or with an agent."""

    name: str
    state: State
    seconds: float
    first_message: str


@dataclass(frozen=True)
class Summary:
    """What an agent needs to know before reading: how it began, what the bot understood, what it did last.

    `intents` are those that the bot saw, most frequent first; `action` is the last turn's, None where the bot has not replied.
    """

    state: State
    first_message: str
    intents: tuple[str, ...]
    action: str | None
    messages: int
    opened_at: datetime


def queue(engine: Engine, now: datetime) -> list[Waiting]:
    """Return the conversations that people look after: those that wait, longest first, then those that an agent has."""
    table, messages = tables.conversations, tables.messages
    first = (
        select(func.min(messages.c.id))
        .where(messages.c.conversation == table.c.id, messages.c.sender == "customer")
        .correlate(table)
        .scalar_subquery()
    )
    wanted = (
        select(table.c.id, table.c.state, table.c.changed_at, messages.c.text)
        .outerjoin(messages, messages.c.id == first)
        .where(table.c.state.in_(("queued", "agent")))
        .order_by(table.c.state.desc(), table.c.changed_at)
        .limit(_MOST_SHOWN)
    )
    with transaction(engine) as connection:
        rows = connection.execute(wanted).all()
    return [Waiting(row.id, row.state, (now - row.changed_at).total_seconds(), row.text or "") for row in rows]


def transcript(engine: Engine, name: str, after: int = 0) -> tuple[State, list[Message]]:
    """Return a conversation's state, and its messages with a number above `after`.

    Raises:
        UnknownConversation: there is none of that name.
    """
    table = tables.messages
    wanted = select(table).where(table.c.conversation == name, table.c.id > after).order_by(table.c.id)
    with transaction(engine) as connection:
        known = select(tables.conversations.c.state).where(tables.conversations.c.id == name)
        state = connection.execute(known).scalar_one_or_none()
        if state is None:
            raise UnknownConversation("no such conversation; it was deleted, or never began")
        rows = connection.execute(wanted).all()
    return state, [Message(row.id, row.sender, row.text, row.turn, row.written_at) for row in rows]


def summary(engine: Engine, name: str) -> Summary:
    """Return what an agent needs to know before reading.

    Raises:
        UnknownConversation: there is none of that name.
    """
    state, messages = transcript(engine, name)
    turns = [message.turn for message in messages if message.turn]
    intents = Counter(str(turn["intent"]) for turn in turns if turn["intent"])
    table = tables.conversations
    with transaction(engine) as connection:
        opened = connection.execute(select(table.c.opened_at).where(table.c.id == name)).scalar_one()
    return Summary(
        state=state,
        first_message=next((message.text for message in messages if message.sender == "customer"), ""),
        intents=tuple(intent for intent, _ in intents.most_common()),
        action=turns[-1]["action"] if turns else None,
        messages=len(messages),
        opened_at=opened,
    )


def numbers(engine: Engine) -> dict[str, dict[str, int]]:
    """Return counts for a dashboard: conversations by state, messages by sender, thumbs. Nothing that anybody wrote."""
    by = {
        "conversations": tables.conversations.c.state,
        "messages": tables.messages.c.sender,
        "thumbs": tables.feedback.c.thumb,
    }
    with transaction(engine) as connection:
        return {
            name: {
                row[0]: row[1]
                for row in connection.execute(select(column, func.count()).group_by(column).order_by(column))
            }
            for name, column in by.items()
        }
