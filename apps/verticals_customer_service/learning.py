"""Learning from use: thumbs, corrections, and the questions that the bot could not answer, grouped and turned into training rows.

Nothing is learned by itself: a person looks at a group, names its intent, and the rows go into a file that the next training may add.
"""

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from verticals.errors import DataError, StorageError
from verticals.storage import transaction
from verticals_customer_service import tables
from verticals_customer_service.conversations import ConversationError

Thumb = Literal["up", "down"]
Reason = Literal["unanswered", "thumb_down", "corrected"]
_MOST_GROUPED = 2000
_APART = 0.75  # cosine distance at which two groups are no longer one
_WRITING = Lock()


class UnknownMessage(ConversationError):  # noqa: N818 - reads as what it is
    """There is no reply of the bot, or no question, of that number."""


@dataclass(frozen=True)
class Question:
    """A customer's message that the bot should learn from; `suggested` is its best guess, or the intent a person chose."""

    message: int
    text: str
    reason: Reason
    suggested: str


@dataclass(frozen=True)
class Group:
    """Questions about one thing, the most typical first, with the intent that most of them suggest."""

    questions: tuple[Question, ...]
    suggested: str


def keep_unanswered(engine: Engine, message: int, suggested: str, now: datetime) -> None:
    """Keep a customer's message that the bot could not answer."""
    with transaction(engine) as connection:
        _keep(connection, message, "unanswered", suggested, now)


def rate(engine: Engine, conversation: str, reply: int, thumb: Thumb, now: datetime) -> None:
    """Store a thumb for a reply of the bot; the last one counts. After a thumb down, the question is kept.

    Raises:
        UnknownMessage: the conversation has no such reply.
    """
    with transaction(engine) as connection:
        turn, question = _answered(connection, conversation, reply)
        connection.execute(delete(tables.feedback).where(tables.feedback.c.message == reply))
        values = {"message": reply, "conversation": conversation, "thumb": thumb, "given_at": now}
        connection.execute(insert(tables.feedback).values(values))
        if thumb == "down" and question is not None:
            _keep(connection, question, "thumb_down", turn["intent"], now)


def correct(engine: Engine, conversation: str, reply: int, intent: str, now: datetime) -> None:
    """Keep the question before a reply with the intent that it really has.

    Raises:
        UnknownMessage: the conversation has no such reply to a question.
    """
    with transaction(engine) as connection:
        _, question = _answered(connection, conversation, reply)
        if question is None:
            raise UnknownMessage(f"reply {reply} follows no message of the customer")
        _keep(connection, question, "corrected", intent, now)


def open_questions(engine: Engine) -> list[Question]:
    """Return the questions that nobody has settled, newest first, at most two thousand."""
    table = tables.questions
    wanted = select(table).where(table.c.settled_at.is_(None)).order_by(table.c.message.desc()).limit(_MOST_GROUPED)
    with transaction(engine) as connection:
        return [Question(row.message, row.text, row.reason, row.suggested) for row in connection.execute(wanted)]


def group(questions: Sequence[Question]) -> list[Group]:
    """Group questions by what they say, largest group first: average-linkage clustering of TF-IDF vectors of character n-grams."""
    if not questions:
        return []
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit_transform(
        [f" {question.text} " for question in questions]
    )
    if len(questions) == 1:
        return [Group(tuple(questions), questions[0].suggested)]
    likeness = (vectors @ vectors.T).toarray()
    clustering = AgglomerativeClustering(None, metric="precomputed", linkage="average", distance_threshold=_APART)
    labels = clustering.fit_predict(1 - likeness)
    groups = []
    for label in sorted(set(labels)):
        members = [number for number, each in enumerate(labels) if each == label]
        typical = sorted(members, key=lambda number: -float(likeness[number, members].sum()))
        groups.append(_group([questions[number] for number in typical]))
    return sorted(groups, key=lambda each: -len(each.questions))


def teach(
    engine: Engine, messages: Collection[int], intent: str, known: Collection[str], file: Path, now: datetime
) -> int:
    """Settle questions as an intent and write the file of learned rows; return how many rows it has.

    Raises:
        DataError: the bot has no such intent.
        UnknownMessage: there is none of the questions.
        StorageError: the file cannot be written; the questions are settled all the same.
    """
    if intent not in known:
        raise DataError(f"'{intent}' is no intent of this bot; choose one of those it was trained on")
    _settle(engine, messages, intent, now)
    return write_rows(engine, file)


def set_aside(engine: Engine, messages: Collection[int], file: Path, now: datetime) -> None:
    """Settle questions as nothing to learn from; what was taught of them leaves the file of learned rows.

    Raises:
        UnknownMessage: there is none of the questions.
    """
    _settle(engine, messages, None, now)
    if file.is_file():
        write_rows(engine, file)


def write_rows(engine: Engine, file: Path) -> int:
    """Write every taught row from the database to a CSV file, `text,intent`; what was erased there leaves it too.

    Raises:
        StorageError: the file cannot be written.
    """
    table = tables.questions
    wanted = select(table.c.text, table.c.intent).where(table.c.intent.is_not(None)).order_by(table.c.message)
    with _WRITING:  # what is read is written before anybody reads again: no older rows come back
        with transaction(engine) as connection:
            rows = connection.execute(wanted).all()
        try:
            _replace(file, [("text", "intent"), *((row.text, row.intent) for row in rows)])
        except OSError as error:
            raise StorageError(
                f"{file}: the learned rows cannot be written: {error}; teach or set aside anything once they can"
            ) from error
    return len(rows)


def _replace(file: Path, rows: Sequence[tuple[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as rows_file:
        csv.writer(rows_file).writerows(rows)
    draft.replace(file)


def _group(questions: Sequence[Question]) -> Group:
    chosen = [question.suggested for question in questions if question.reason == "corrected"]
    votes = Counter(chosen or [question.suggested for question in questions])
    return Group(tuple(questions), votes.most_common(1)[0][0])


def _settle(engine: Engine, messages: Collection[int], intent: str | None, now: datetime) -> None:
    table = tables.questions
    with transaction(engine) as connection:
        chosen = update(table).where(table.c.message.in_(messages)).values(intent=intent, settled_at=now)
        if connection.execute(chosen).rowcount == 0:
            raise UnknownMessage("no question has these numbers; it was deleted, or never kept")


def _answered(connection: Connection, conversation: str, reply: int) -> tuple[dict[str, Any], int | None]:
    """Return the turn of a reply, and the number of the customer's message before it; nobody else rates the conversation meanwhile."""
    held, table = tables.conversations, tables.messages
    # A click may come twice at once: this write changes nothing, but the other waits for its end.
    connection.execute(update(held).where(held.c.id == conversation).values(turns=held.c.turns))
    own = table.c.conversation == conversation
    turn = connection.execute(select(table.c.turn).where(own, table.c.id == reply, table.c.sender == "bot")).first()
    if turn is None:
        raise UnknownMessage(f"the conversation has no reply {reply}")
    before = select(table.c.id).where(own, table.c.id < reply, table.c.sender == "customer").order_by(table.c.id.desc())
    return turn.turn, connection.execute(before).scalars().first()


def _keep(connection: Connection, message: int, reason: Reason, suggested: str, now: datetime) -> None:
    """Keep a question, or what is newly known of one that is kept already.

    A guess undoes nothing that a person chose. A correction opens a settled question again; what it was settled as holds until then.
    """
    table = tables.questions
    before: Row[Any] | None = connection.execute(select(table).where(table.c.message == message)).one_or_none()
    if before is not None:
        if reason == "corrected" or (before.reason != "corrected" and before.settled_at is None):
            change = {"reason": reason, "suggested": suggested, "settled_at": None}
            connection.execute(update(table).where(table.c.message == message).values(change))
        return
    asked = connection.execute(select(tables.messages).where(tables.messages.c.id == message)).one_or_none()
    if asked is None:  # its conversation was erased meanwhile
        return
    values = {"message": message, "conversation": asked.conversation, "text": asked.text, "reason": reason}
    connection.execute(insert(table).values(**values, suggested=suggested, asked_at=now))
