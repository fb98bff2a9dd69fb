"""The bot at work: a message is stored, thought about, and answered only where nobody else has acted meanwhile."""

import re
from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from verticals_customer_service import conversations, data_subject, learning
from verticals_customer_service.conversations import LIMITS, Limits, State, Ticket
from verticals_customer_service.dialogue import HAND_OVER, Bot
from verticals_customer_service.turns import Conversation, Turn

_MOST_IN_MEMORY = 10_000
_WANTS_PERSON = re.compile(
    r"\b(?:speak|talk|chat|connect\w*|transfer|pass|put|hand|get|give|want|need|prefer|reach)\b[^.?!]{0,25}\b(?:human|operator|representative|"
    r"(?:real|actual|live) \w+|(?:a|an|to) (?:person|agent|adviser|advisor|manager|colleague)|(?:somebody|someone) real)\b(?! \w+'?s\b)"
    r"|\b(?:speak|talk|chat)(?:ing)? (?:to|with) (?:someone|somebody|anyone|staff|people|(?:a )?member of staff|customer services?|"
    r"(?:one of )?(?:you|your team)|support)\b"
    r"|\b(?:put|pass|transfer|hand|connect) me (?:through|over|to)\b|\btransfer me\b|\bnot? (?:a )?(?:ro)?bots?\b|\b(?:past the|to a|want a) bot\b"
    r"|^\W*(?:an? |the )?(?:real |live |actual )?(?:human|person|agent|operator|representative|advis[eo]r)(?:,? (?:please|pls|now))?\W*$"
    r"|转人工|人工客服|人工服务|真人客服|找真人",
    re.IGNORECASE,
)


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


def wants_person(message: str) -> bool:
    """Say whether a message asks for a person in plain words; the classifier finds what is said in others."""
    return bool(_WANTS_PERSON.search(message))


class Desk:
    """A bot, the database of its conversations, and the limits on what customers may send.

    The database holds redacted texts alone. What the bot remembers of a conversation in plain words, such as the address of an order that
    is being changed, stays in the memory of this process; after a restart, or in another process, the bot has the redacted memory.
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
            TooLong: the message is; nothing was stored.
            TooMany: the conversation wrote too often; nothing was stored.
        """
        if name is None:
            conversations.check_length(message, self.limits)
            name = conversations.start(self.engine, now)
        first = ticket = conversations.receive(self.engine, name, message, now, self.limits)
        while ticket.state == "bot" and ticket.epoch == first.epoch:
            memory, turn = self._think(ticket, message)
            written = conversations.reply(self.engine, ticket, memory, turn, now, self.public)
            if written is not None:
                self._remember(ticket, memory)
                if self._unanswered(turn):
                    learning.keep_unanswered(self.engine, ticket.message, turn.intent, now)
                return Answer(name, "queued" if turn.action == "hand_over" else "bot", written, turn)
            ticket = conversations.look(self.engine, ticket)  # another reply came first: think again, knowing it
        return Answer(name, ticket.state, None, None)

    def erase(self, name: str) -> dict[str, int]:
        """Delete a conversation from the database, the file of learned rows, and this process's memory.

        Raises:
            UnknownConversation: there is none of that name.
        """
        gone = data_subject.erase(self.engine, name)
        with self._lock:
            for key in [key for key in self._remembered if key[0] == name]:
                del self._remembered[key]
        if self.learned.is_file():
            learning.write_rows(self.engine, self.learned)
        return gone

    def _think(self, ticket: Ticket, message: str) -> tuple[Conversation, Turn]:
        with self._lock:
            memory = self._remembered.pop((ticket.name, ticket.epoch, ticket.turns), ticket.memory)
        memory, turn = self.bot.turn(memory, message)
        if not wants_person(message) or turn.action == "hand_over":
            return memory, turn
        return memory, Turn(
            HAND_OVER, "hand_over", turn.intent, turn.confidence, turn.alternatives, (), turn.latency_ms
        )

    def _remember(self, ticket: Ticket, memory: Conversation) -> None:
        with self._lock:
            self._remembered[ticket.name, ticket.epoch, ticket.turns + 1] = memory
            if len(self._remembered) > _MOST_IN_MEMORY:
                self._remembered.popitem(last=False)

    def _unanswered(self, turn: Turn) -> bool:
        answerable = self.bot.knowledge.intents[turn.intent].action == "answer"
        return turn.action == "clarify" or (turn.action == "hand_over" and answerable and not turn.sources)
