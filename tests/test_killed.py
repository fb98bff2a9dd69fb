"""A process that serves conversations is killed with SIGKILL: what it acknowledged is there, and no state is half way."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from bots import keyword_bot
from verticals.storage import open_database, transaction
from verticals_customer_service import conversations, inbox, tables
from verticals_customer_service.desk import Desk

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
CONVERSATIONS, ACKNOWLEDGED = 30, 100

SERVER = f"""
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from bots import keyword_bot
from verticals.storage import open_database
from verticals_customer_service import conversations, tables
from verticals_customer_service.conversations import Limits
from verticals_customer_service.desk import Desk

now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
engine = open_database(sys.argv[1], tables.metadata)
desk = Desk(keyword_bot(), engine, Path("learned.csv"), Limits(messages=1_000_000))
names = [conversations.start(engine, now) for _ in range({CONVERSATIONS})]
words = ("track it", "refund", "a person please", "hmm")

def talk(share):
    number = 0
    while True:
        for name in share:
            number += 1
            text = f"{{words[number % 4]}} {{number}}"
            answer = desk.turn(name, text, now)
            os.write(1, f"{{name}}\\t{{text}}\\t{{answer.message}}\\n".encode())  # whole, whichever thread writes
            if answer.state == "queued":
                conversations.step(engine, name, "give_back", now)

for part in range(3):
    Thread(target=talk, args=(names[part::3],)).start()
"""


def test_every_acknowledged_message_survives_a_kill_and_states_are_consistent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.sqlite'}"
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, url], stdout=subprocess.PIPE, text=True, env=_environment(), cwd=tmp_path
    ) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(ACKNOWLEDGED)]
        server.kill()
        lines += server.stdout.readlines()
    assert server.returncode == -9
    acknowledged = [line.rstrip("\n").split("\t") for line in lines if line.endswith("\n")]
    assert len(acknowledged) >= ACKNOWLEDGED

    engine = open_database(url, tables.metadata)
    transcripts = {name: inbox.transcript(engine, name) for name in {name for name, _, _ in acknowledged}}
    for name, text, reply in acknowledged:
        _, messages = transcripts[name]
        assert text in [each.text for each in messages if each.sender == "customer"]
        assert reply == "None" or int(reply) in [each.id for each in messages if each.sender == "bot"]
    table = tables.conversations
    with transaction(engine) as connection:
        rows = connection.execute(select(table)).all()
    assert len(rows) == CONVERSATIONS
    for row in rows:
        state, messages = inbox.transcript(engine, row.id)
        turns = [each.turn for each in messages if each.turn]
        assert row.turns == len(turns), "a reply and its count are written together, or neither"
        handed_over = sum(turn["action"] == "hand_over" for turn in turns)
        assert row.epoch == 2 * handed_over - (state == "queued"), (
            "a hand-over and its announcement are written together"
        )
        assert len([each for each in messages if each.sender == "customer"]) - len(turns) in (0, 1), "one may wait"

    desk = Desk(keyword_bot(), engine, tmp_path / "learned.csv")
    waiting = [row.id for row in rows if row.state == "queued"]
    for name in waiting:
        conversations.step(engine, name, "give_back", NOW)
    later = conversations.LIMITS.seconds + 1
    assert desk.turn(rows[0].id, "track it", datetime.fromtimestamp(NOW.timestamp() + later, UTC)).turn is not None
    engine.dispose()


def _environment() -> dict[str, str]:
    """Let the child import what this process can, from the same folders."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
