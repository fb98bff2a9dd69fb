"""What `verticals check customer-service` tries on a run: personal data, hostile texts, limits, and silence after a hand-over.

Each check is a function from a run to how many cases it tried and what it found wrong. They work on a database of their own.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from verticals.runs import Run
from verticals.storage import open_database
from verticals.vertical import Checked
from verticals_customer_service import conversations, data_subject, inbox, learning, tables
from verticals_customer_service.conversations import LIMITS, Limits, TooLong, TooMany
from verticals_customer_service.data import SAMPLES
from verticals_customer_service.desk import Desk
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.knowledge import Article, Knowledge
from verticals_customer_service.safety import inert
from verticals_customer_service.turns import Conversation

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_STRUCTURE = ("<", "](", "://")  # what would make HTML or a link of a text on a page


@dataclass(frozen=True)
class Case:
    """One sample: its line, its text, what must not come out, and where it stands."""

    line: int
    text: str
    forbidden: tuple[str, ...]
    where: str = "message"


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def personal_data() -> list[Case]:
    """Return the 200 messages that hold personal data."""
    rows = _read("pii.jsonl")
    return [Case(line, row["text"], tuple(span["value"] for span in row["spans"])) for line, row in rows]


def canaries() -> list[Case]:
    """Return the hostile messages and articles."""
    return [
        Case(line, row["text"], tuple(row["must_not_contain"]), row["where"]) for line, row in _read("canaries.jsonl")
    ]


def check_personal_data(run: Run) -> Checked:
    """Send every sample through the bot and look for it in database, export, learned rows, counts and logs."""
    return personal_data_kept(Bot.load(run), personal_data())


def personal_data_kept(bot: Bot, cases: list[Case]) -> Checked:
    """Return which of the cases left something readable behind."""
    lines, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    try:
        with _desk(bot) as (desk, folder):
            places = _use(desk, cases)
            desk.engine.dispose()
            stored = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
            places |= {
                "the database or learned rows": stored.decode("utf-8", "replace"),
                "the log": "\n".join(lines.lines),
            }
    finally:
        root.setLevel(level)
        root.removeHandler(lines)
    found = [
        f"line {case.line}: found in {place}"
        for case in cases
        for place, content in places.items()
        if any(value in content or json.dumps(value)[1:-1] in content for value in case.forbidden)
    ]
    return Checked(len(cases), tuple(found))


def check_canaries(run: Run) -> Checked:
    """Send hostile messages, and quote hostile articles; nothing of them may come back."""
    return canaries_obeyed(Bot.load(run), canaries())


def canaries_obeyed(bot: Bot, cases: list[Case]) -> Checked:
    """Return which of the cases the bot obeyed or echoed, and which would become markup on the page."""
    found = []
    for case in cases:
        said = _reply(bot, case.text) if case.where == "message" else _quoted(bot, case.text)
        if any(word.casefold() in said.casefold() for word in case.forbidden):
            found.append(f"line {case.line}: obeyed or echoed ({case.where})")
        if any(mark in inert(case.text) for mark in _STRUCTURE):
            found.append(f"line {case.line}: the page would not show it as plain text")
    return Checked(len(cases), tuple(found))


def check_articles(run: Run) -> Checked:
    """Look through the run's own articles for places that are not trusted, and so not quoted."""
    known = Bot.load(run).knowledge
    return Checked(len(known.articles), tuple(known.untrusted()))


def check_limits(run: Run) -> Checked:
    """Send a message that is too long, and more messages than a minute allows."""
    return limits_broken(Bot.load(run))


def limits_broken(bot: Bot) -> Checked:
    """Return which limit did not hold."""
    limits = Limits(messages=5)
    with _desk(bot, limits) as (desk, _):
        name = conversations.start(desk.engine, _NOW)
        found = _refused("a message of too many characters", TooLong, lambda: desk.turn(name, "x" * 4001, _NOW))
        for _ in range(limits.messages):
            desk.turn(name, "hello", _NOW)
        found += _refused("one message too many in a minute", TooMany, lambda: desk.turn(name, "hello", _NOW))
        later = _NOW + timedelta(seconds=limits.seconds)
        desk.turn(name, "hello", later)
    return Checked(3, tuple(found))


def check_silence(run: Run) -> Checked:
    """Ask for a person, and write on: the bot may not answer until it has the conversation back."""
    return silence_broken(Bot.load(run))


def silence_broken(bot: Bot) -> Checked:
    """Return in which state the bot spoke though a person had the conversation."""
    found = []
    with _desk(bot) as (desk, _):
        name = conversations.start(desk.engine, _NOW)
        conversations.ask_for_person(desk.engine, name, _NOW)
        for state in ("queued", "agent"):
            if desk.turn(name, "where is my order", _NOW).turn is not None:
                found.append(f"the bot answered a conversation that was '{state}'")
            if state == "queued":
                conversations.step(desk.engine, name, "take_over", _NOW)
        conversations.step(desk.engine, name, "give_back", _NOW)
        if desk.turn(name, "where is my order", _NOW).turn is None:
            found.append("the bot did not answer after it had the conversation back")
    return Checked(3, tuple(found))


CHECKS: Mapping[str, Callable[[Run], Checked]] = {
    "personal-data": check_personal_data,
    "canaries": check_canaries,
    "articles": check_articles,
    "limits": check_limits,
    "silence": check_silence,
}


def _use(desk: Desk, cases: list[Case]) -> dict[str, str]:
    """Send every case, rate, correct, answer as an agent, teach; return what leaves the process by name."""
    exports, known = [], desk.bot.knowledge.intents
    for case in cases:
        answer = desk.turn(None, case.text, _NOW)
        assert answer.message is not None
        learning.rate(desk.engine, answer.conversation, answer.message, "down", _NOW)
        if answer.state == "bot":
            conversations.step(desk.engine, answer.conversation, "take_over", _NOW)
            conversations.answer(desk.engine, answer.conversation, case.text, _NOW, desk.public)
        exports.append(data_subject.export(desk.engine, answer.conversation))
    questions = learning.open_questions(desk.engine)
    learning.teach(desk.engine, [each.message for each in questions], next(iter(known)), known, desk.learned, _NOW)
    seen = [str(each) for each in (*inbox.queue(desk.engine, _NOW), *questions)]
    return {
        "an export": json.dumps(exports, ensure_ascii=False),
        "the inbox": "\n".join(seen),
        "the counts": json.dumps(inbox.numbers(desk.engine)),
    }


@contextmanager
def _desk(bot: Bot, limits: Limits = LIMITS) -> Iterator[tuple[Desk, Path]]:
    with TemporaryDirectory(prefix="verticals-check-") as name:
        folder = Path(name)
        engine = open_database(f"sqlite:///{folder / 'check.sqlite'}", tables.metadata)
        try:
            yield Desk(bot, engine, folder / "learned.csv", limits), folder
        finally:
            engine.dispose()


def _reply(bot: Bot, message: str) -> str:
    """Return everything that a customer is shown of two turns: a hostile text may want to be said later."""
    memory, first = bot.turn(Conversation(), message)
    _, second = bot.turn(memory, message)
    return "\n".join(turn.reply + "".join(source.text for source in turn.sources) for turn in (first, second))


def _quoted(bot: Bot, text: str) -> str:
    """Return what a bot says whose only article is the hostile one, to its own title and as a source."""
    article = Article(id="check", title="Check", intents=tuple(bot.knowledge.intents), question="", text=text)
    known = Knowledge(bot.knowledge.intents, [article], bot.knowledge.hosts)
    sources = (known.article(intent, text) for intent in known.intents)
    return _reply(Bot(bot.predictor, known), text[:40]) + "".join(source.text for source in sources if source)


def _refused(what: str, expected: type[Exception], attempt: Callable[[], Any]) -> list[str]:
    try:
        attempt()
    except expected:
        return []
    return [f"{what} was accepted"]


def _read(name: str) -> list[tuple[int, Any]]:
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [(number, json.loads(line)) for number, line in enumerate(lines, 1)]
