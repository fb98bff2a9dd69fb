"""The bot at work: a message is stored, thought about, and answered only where nobody else has acted meanwhile."""

from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from verticals.storage import scrub
from verticals_customer_service import conversations, data_subject, learning
from verticals_customer_service.conversations import LIMITS, Limits, State, Ticket
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.orders import OrderRefused
from verticals_customer_service.turns import Conversation, Thought, Turn

_MOST_IN_MEMORY = 10_000


@dataclass(frozen=True)
class Answer:
    """What came of a customer's message: the stored reply and its turn, or neither where a person has the conversation."""

    conversation: str
    state: State
    message: int | None
    turn: Turn | None

    def record(self) -> dict[str, Any]:
        """Return the answer as an integrator reads it: the turn's fields beside the conversation's; no reply means silence."""
        turn = asdict(self.turn) if self.turn else _SILENCE
        return {"conversation": self.conversation, "state": self.state, "message": self.message, **turn}


_SILENCE: dict[str, Any] = {
    "reply": None,
    "action": None,
    "intent": None,
    "confidence": None,
    "alternatives": (),
    "sources": (),
    "latency_ms": None,
    "entities": (),
    "fell_back": False,
}


class Desk:
    """A bot, the database of its conversations, and the limits on what customers may send.

    The database holds redacted texts alone. What the bot remembers of a conversation in plain words, such as the address of an order that
    is being changed, stays in the memory of this process until the bot hands over; after a restart, or in another process, the bot has the
    redacted memory.
    """

    def __init__(self, bot: Bot, engine: Engine, learned: Path, limits: Limits = LIMITS) -> None:
        """Take the bot, the database, the file of learned rows, and the limits."""
        self.bot = bot
        self.engine = engine
        self.learned = learned
        self.limits = limits
        self.public = "\n".join(article.text for article in bot.knowledge.articles)
        self._remembered: OrderedDict[tuple[str, int, int], Conversation] = OrderedDict()
        self._lock = Lock()

    def turn(self, name: str | None, message: str, now: datetime) -> Answer:
        """Store a message, of a new conversation where there is no name, and answer it if the bot has the conversation.

        Raises:
            UnknownConversation: there is none of that name.
            TooLong, Empty: the message is; nothing was stored.
            TooMany: the conversation wrote too often; nothing was stored.
        """
        message = conversations.readable(message, self.limits)
        if name is None:
            name = conversations.start(self.engine, now)
        first = ticket = conversations.receive(self.engine, name, message, now, self.limits)
        while ticket.state == "bot" and ticket.epoch == first.epoch:
            thought, written = self._reply(ticket, self._think(ticket, message), now)
            if written is not None:
                turn = thought.turn
                if turn.action != "hand_over":
                    self._remember(ticket, thought.memory)
                if self._unanswered(turn):
                    learning.keep_unanswered(self.engine, ticket.message, turn.intent, now)
                return Answer(name, "queued" if turn.action == "hand_over" else "bot", written, turn)
            ticket = conversations.look(self.engine, ticket)  # another reply came first: think again, knowing it
        return Answer(name, ticket.state, None, None)

    def erase(self, name: str) -> dict[str, int]:
        """Delete a conversation from the database and its log, the file of learned rows, and this process's memory.

        Raises:
            UnknownConversation: there is none of that name; what an earlier deletion had to leave is gone now.
            StorageError: the log still holds what was deleted; ask again.
        """
        try:
            return data_subject.erase(self.engine, name)
        finally:
            self._forget(name)
            if self.learned.is_file():
                learning.write_rows(self.engine, self.learned)
            scrub(self.engine)

    def _forget(self, name: str) -> None:
        with self._lock:
            for key in [key for key in self._remembered if key[0] == name]:
                del self._remembered[key]

    def _think(self, ticket: Ticket, message: str) -> Thought:
        with self._lock:
            memory = self._remembered.pop((ticket.name, ticket.epoch, ticket.turns), ticket.memory)
        return self.bot.think(memory, message)

    def _reply(self, ticket: Ticket, thought: Thought, now: datetime) -> tuple[Thought, int | None]:
        """Write a reply and do its deed; where the order refuses that, hand over. No number: somebody else acted first."""
        try:
            return thought, self._write(ticket, thought, now)
        except OrderRefused:
            refused = thought.refused()
            return refused, self._write(ticket, refused, now)

    def _write(self, ticket: Ticket, thought: Thought, now: datetime) -> int | None:
        deed = partial(self.bot.carry_out, thought)
        return conversations.reply(self.engine, ticket, thought.memory, thought.turn, now, self.public, deed)

    def _remember(self, ticket: Ticket, memory: Conversation) -> None:
        with self._lock:
            self._remembered[ticket.name, ticket.epoch, ticket.turns + 1] = memory
            if len(self._remembered) > _MOST_IN_MEMORY:
                self._remembered.popitem(last=False)

    def _unanswered(self, turn: Turn) -> bool:
        answerable = self.bot.knowledge.intents[turn.intent].action == "answer"
        return turn.action == "clarify" or (turn.action == "hand_over" and answerable and not turn.sources)
