"""The bot over REST: one message in, one structured turn out."""

import secrets
from collections import OrderedDict
from dataclasses import asdict
from threading import Lock
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from verticals_customer_service.dialogue import Bot, Conversation, Turn

LONGEST_MESSAGE = 4000
_MOST_CONVERSATIONS = 10_000


class Message(BaseModel):
    """What a customer wrote; the answer to the first message names the conversation for the next."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    message: str = Field(min_length=1, max_length=LONGEST_MESSAGE)
    conversation: str | None = None


class Conversations:
    """Conversations in memory by an unguessable name; the oldest is forgotten when there are too many."""

    def __init__(self, most: int = _MOST_CONVERSATIONS) -> None:
        self._kept: OrderedDict[str, Conversation] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def start(self) -> str:
        """Open a conversation and return its name."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[name] = Conversation()
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return name

    def turn(self, bot: Bot, name: str, message: str) -> Turn:
        """Answer a message of a conversation; KeyError where there is none of that name."""
        with self._lock:
            conversation = self._kept[name]
            self._kept.move_to_end(name)
        after, turn = bot.turn(conversation, message)
        with self._lock:
            self._kept[name] = after
        return turn


def build_api(bot: Bot) -> APIRouter:
    """Return the routes under `/api/customer-service`."""
    router = APIRouter()
    conversations = Conversations()

    @router.post("/turn")
    def turn(message: Message) -> dict[str, Any]:
        """Answer one message."""
        name = message.conversation or conversations.start()
        try:
            answer = conversations.turn(bot, name, message.message)
        except KeyError as error:
            raise HTTPException(404, "no such conversation; leave it out to start a new one") from error
        return {"conversation": name, **asdict(answer)}

    return router
