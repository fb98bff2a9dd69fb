"""Whole conversations against what should have come of them: answered from the right article, done, or handed to a person.

The bot was mended on the development set and, later, on the hard one, both of which were held out once; the held-out set was written after
that, and only measured.
A customer whom the bot asks back at the end says it once more in other words, which were written with the script.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from verticals.arrays import Float64Array
from verticals.config import Config
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate, bootstrap, mean
from verticals.storage import open_database
from verticals_customer_service import data, orders, recipe
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.orders import Order, SqlOrders
from verticals_customer_service.phrases import EN
from verticals_customer_service.turns import Conversation, Turn

DEVELOPMENT, HARD, HELD_OUT = "conversations.jsonl", "conversations-hard.jsonl", "conversations-held-out.jsonl"
_TODAY = date(2026, 3, 9)  # of scripts that name no day of their own


@dataclass(frozen=True)
class Script:
    """What a customer writes, and says if asked back at the end; the orders that the shop has, the day; what should come of it."""

    id: str
    kind: str
    messages: tuple[str, ...]
    orders: tuple[Order, ...]
    today: date
    outcome: str
    article: str | None
    if_asked: str | None = None


@dataclass(frozen=True)
class Played:
    """What came of a script: `answered`, `done`, `handed_over` or `unresolved`, the last article quoted, and every action."""

    script: Script
    outcome: str
    article: str | None
    actions: tuple[str, ...]

    @property
    def wrong(self) -> bool:
        """Whether the conversation ended with an answer that is not the gold one."""
        return self.outcome == "answered" and (self.script.outcome, self.script.article) != ("answered", self.article)

    @property
    def right(self) -> bool:
        """Whether the outcome is the gold one."""
        return self.outcome == self.script.outcome and not self.wrong


def read(path: Path) -> list[Script]:
    """Read scripts from JSONL."""
    return [_script(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _script(row: Mapping[str, Any]) -> Script:
    setup, gold = row.get("setup", {}), row["gold"]
    return Script(
        row["id"],
        row["kind"],
        tuple(turn["customer"] for turn in row["turns"]),
        tuple(_order(each) for each in setup.get("orders", ())),
        date.fromisoformat(setup["today"]) if "today" in setup else _TODAY,
        gold["outcome"],
        gold["article"],
        row.get("if_asked"),
    )


def _order(row: Mapping[str, Any]) -> Order:
    day = row.get("delivery_day")
    return Order(
        row["number"],
        row["status"],
        row.get("address"),
        row.get("large", False),
        date.fromisoformat(day) if day else None,
        tuple(date.fromisoformat(each) for each in row.get("free_days", ())),
    )


def play(bot: Bot, script: Script) -> Played:
    """Let a bot with the script's own orders read one message after another."""
    with TemporaryDirectory() as folder:
        turns = _turns(bot, script, SqlOrders(open_database(f"sqlite:///{folder}/orders.sqlite", orders.metadata)))
    actions = tuple(turn.action for turn in turns)
    quoted = [turn.sources[0].id for turn in turns if turn.action == "answer" and turn.sources]
    last = next((turn.action for turn in reversed(turns) if turn.reply not in EN.courtesies), "")
    outcome = "done" if "done" in actions else "answered" if last == "answer" and quoted else "unresolved"
    return Played(script, "handed_over" if "hand_over" in actions else outcome, quoted[-1] if quoted else None, actions)


def _turns(bot: Bot, script: Script, backend: SqlOrders) -> list[Turn]:
    if script.orders:
        backend.add(script.orders)
    skills = bot.skills
    equipped = replace(skills, orders=backend, today=lambda: script.today)
    player, conversation, turns = Bot(bot.predictor, bot.knowledge, equipped), Conversation(), list[Turn]()
    waiting = list(script.messages)
    while waiting:
        conversation, turn = player.turn(conversation, waiting.pop(0))
        turns.append(turn)
        if turn.action == "clarify" and script.if_asked and len(turns) == len(script.messages):
            waiting.append(script.if_asked)
    return turns


def judge(played: list[Played]) -> dict[str, Estimate]:
    """Return how well conversations end.

    Returns:
        `containment`: of the conversations that need no person, how many the bot finished, and rightly; precision and recall of the
        hand-over; `wrong_answers` among the answered; `tasks_done` of those that were asked for, if any was; `outcome_accuracy` of all.
    """
    handed = np.array([each.outcome == "handed_over" for each in played])
    needed = np.array([each.script.outcome == "handed_over" for each in played])
    answered = np.array([each.outcome == "answered" for each in played])
    right = np.array([each.right for each in played])
    wrong = np.array([each.wrong for each in played])
    done = np.array([each.script.outcome == "done" for each in played])
    return {
        "containment": bootstrap(_share, right & ~needed, ~needed),
        "hand_over_precision": bootstrap(_share, needed & handed, handed),
        "hand_over_recall": bootstrap(_share, needed & handed, needed),
        "wrong_answers": bootstrap(_share, wrong, answered),
        **({"tasks_done": bootstrap(_share, right & done, done)} if done.any() else {}),
        "outcome_accuracy": bootstrap(mean, right),
    }


def _share(part: Float64Array, whole: Float64Array) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else 0.0


def suite(name: str, file: str) -> Callable[[Config], list[dict[str, Any]]]:
    """Return the suite that plays every script of a file with the bot of the shipped samples."""

    def run(config: Config) -> list[dict[str, Any]]:
        trained, path = recipe.trained_once(config), data.SAMPLES / file
        scripts, fingerprint = read(path), sha256(path.read_bytes()).hexdigest()[:16]
        facts = {"name": name, "fingerprint": fingerprint, "split": {"conversations": len(scripts)}}
        settings, bot = trained.config, Bot.load(trained)
        played = [play(bot, script) for script in scripts]
        seed, backbone = settings.train.seed, settings.backbone.name
        found = results.row(trained.app, name, settings.method.name, judge(played), {}, {}, facts, seed, backbone)
        return [{**found, "failures": failures(played)}]

    return run


def failures(played: list[Played]) -> dict[str, list[str]]:
    """Return what went otherwise than it should, by kind of conversation: id, what should have come, what came."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in played:
        if not each.right:
            wanted = f"{each.script.outcome} {each.script.article or ''}".strip()
            came = f"{each.outcome} {each.article or ''}".strip()
            found[each.script.kind].append(f"{each.script.id}: {wanted}; came {came} by {', '.join(each.actions)}")
    return dict(found)
