"""The bot over REST: customers by the unguessable name of their conversation, agents by their key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from verticals.access import private_router
from verticals.errors import DataError
from verticals.problems import problems
from verticals_customer_service import conversations, data_subject, inbox, learning
from verticals_customer_service.conversations import ConversationError, Empty, IllegalStep, TooLong, TooMany
from verticals_customer_service.desk import Desk

_LONGEST_BODY = 100_000
_MOST_QUESTIONS = 2000
_LARGEST_NUMBER = 2**31 - 1  # that the database takes
Number = Annotated[int, Field(ge=0, le=_LARGEST_NUMBER)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]  # as `conversations.start` makes them
Intent = Annotated[str, Field(max_length=200)]
_UNKNOWN = problems(404)


class Message(BaseModel):
    """What a customer wrote; the answer to the first message names the conversation for the next."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    message: str = Field(min_length=1, max_length=_LONGEST_BODY)
    conversation: Name | None = None


class Reply(BaseModel):
    """What an agent wrote."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    message: str = Field(min_length=1, max_length=_LONGEST_BODY)


class Feedback(BaseModel):
    """What a customer thinks of a reply: a thumb, or the intent that they really had."""

    model_config = ConfigDict(extra="forbid")

    message: Number
    thumb: learning.Thumb | None = None
    intent: Intent | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.thumb is None and self.intent is None:
            raise ValueError("expected a thumb, an intent, or both; found neither")
        return self


class Lesson(BaseModel):
    """Questions, by the numbers of their messages, and the intent that they have; none sets them aside."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Number] = Field(min_length=1, max_length=_MOST_QUESTIONS)
    intent: Intent | None


def build_api(desk: Desk, key: str) -> APIRouter:
    """Return the routes under `/api/customer-service`."""
    router = APIRouter()
    _add_customer_routes(router, desk)
    _add_rights_routes(router, desk)

    private = private_router(key, "agents")
    _add_inbox_routes(private, desk)
    _add_learning_routes(private, desk)
    router.include_router(private)
    return router


def _add_customer_routes(router: APIRouter, desk: Desk) -> None:
    @router.post("/turn", responses=problems(404, 429))
    def turn(message: Message) -> dict[str, Any]:
        """Answer one message; where a person has the conversation, there is no reply."""
        with _as_status():
            return desk.turn(message.conversation, message.message, _now()).record()

    @router.get("/conversations/{name}", responses=_UNKNOWN)
    def conversation(name: Name, after: Annotated[int, Query(ge=0, le=_LARGEST_NUMBER)] = 0) -> dict[str, Any]:
        """Return who has a conversation, and its messages with a number above `after`."""
        with _as_status():
            state, messages = inbox.transcript(desk.engine, name, after)
        return {"conversation": name, "state": state, "messages": [asdict(each) for each in messages]}

    @router.post("/conversations/{name}/person", responses=_UNKNOWN)
    def person(name: Name) -> dict[str, Any]:
        """Ask for a person."""
        with _as_status():
            return {"conversation": name, "state": conversations.ask_for_person(desk.engine, name, _now())}

    @router.post("/conversations/{name}/feedback", responses=_UNKNOWN)
    def feedback(name: Name, given: Feedback) -> dict[str, Any]:
        """Rate a reply, or say what was really meant."""
        if given.intent is not None and given.intent not in desk.bot.knowledge.intents:
            raise HTTPException(422, f"'{given.intent}' is no intent of this bot")
        with _as_status():
            if given.thumb is not None:
                learning.rate(desk.engine, name, given.message, given.thumb, _now())
            if given.intent is not None:
                learning.correct(desk.engine, name, given.message, given.intent, _now())
        return {"conversation": name, "message": given.message}


def _add_rights_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/conversations/{name}/export", responses=_UNKNOWN)
    def export(name: Name) -> dict[str, Any]:
        """Return everything that is stored of a conversation."""
        with _as_status():
            return data_subject.export(desk.engine, name)

    @router.delete("/conversations/{name}", responses=_UNKNOWN)
    def erase(name: Name) -> dict[str, int]:
        """Delete a conversation with everything that hangs on it; return how many rows of each kind went."""
        with _as_status():
            return desk.erase(name)


def _add_inbox_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/inbox")
    def queue() -> dict[str, Any]:
        """Return the conversations that people look after, longest waiting first."""
        return {"conversations": [asdict(each) for each in inbox.queue(desk.engine, _now())]}

    @router.get("/inbox/{name}", responses=_UNKNOWN)
    def summary(name: Name) -> dict[str, Any]:
        """Return the summary and the transcript of a conversation."""
        with _as_status():
            state, messages = inbox.transcript(desk.engine, name)
            known = asdict(inbox.summary(desk.engine, name))
        return {"conversation": name, **known, "state": state, "messages": [asdict(each) for each in messages]}

    @router.post("/inbox/{name}/messages", responses=problems(404, 409))
    def answer(name: Name, reply: Reply) -> dict[str, Any]:
        """Write to a customer whose conversation was taken over."""
        with _as_status():
            number = conversations.answer(desk.engine, name, reply.message, _now(), desk.public, desk.limits)
        return {"conversation": name, "message": number}

    @router.post("/inbox/{name}/{step}", responses=problems(404, 409))
    def step(name: Name, step: Literal["take_over", "give_back", "resolve"]) -> dict[str, Any]:
        """Take a conversation over, give it back to the bot, or resolve it."""
        with _as_status():
            return {"conversation": name, "state": conversations.step(desk.engine, name, step, _now())}

    @router.get("/numbers")
    def numbers() -> dict[str, Any]:
        """Return counts for a dashboard; nothing that anybody wrote."""
        return inbox.numbers(desk.engine)


def _add_learning_routes(router: APIRouter, desk: Desk) -> None:
    @router.get("/questions")
    def questions() -> dict[str, Any]:
        """Return the questions that the bot could not answer, grouped, with the intent that each group suggests."""
        return {"groups": [asdict(each) for each in learning.group(learning.open_questions(desk.engine))]}

    @router.post("/questions", responses=_UNKNOWN)
    def teach(lesson: Lesson) -> dict[str, Any]:
        """Turn questions into training rows, or set them aside."""
        if lesson.intent is None:
            with _as_status():
                learning.set_aside(desk.engine, lesson.messages, desk.learned, _now())
            return {"messages": lesson.messages, "intent": None}
        known = desk.bot.knowledge.intents
        with _as_status():
            rows = learning.teach(desk.engine, lesson.messages, lesson.intent, known, desk.learned, _now())
        return {"messages": lesson.messages, "intent": lesson.intent, "file": str(desk.learned), "rows": rows}


@contextmanager
def _as_status() -> Iterator[None]:
    """Turn what cannot be done into its status code."""
    try:
        yield
    except TooMany as error:
        raise HTTPException(429, str(error)) from error
    except IllegalStep as error:
        raise HTTPException(409, str(error)) from error
    except (TooLong, Empty, DataError) as error:
        raise HTTPException(422, str(error)) from error
    except learning.UnknownMessage as error:
        raise HTTPException(404, str(error)) from error
    except ConversationError as error:
        raise HTTPException(404, f"{error}; leave the conversation out to start a new one") from error


def _now() -> datetime:
    return datetime.now(UTC)
