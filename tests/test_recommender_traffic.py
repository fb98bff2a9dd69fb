"""The requests of the serving suite, against a small server on this machine."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from verticals.config import Config
from verticals_recommender import load, words
from verticals_recommender.api import build_api
from verticals_recommender.live import Live
from verticals_recommender.traffic import KEY, Load, one_by_one, sustained, unpaused

LOAD = Load(items=60, users=10, history=5, rate=40, seconds=1, writes=5, senders=3, singles=5, width=384 + words.WIDTH)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return load.build(LOAD, Config(), tmp_path)


@pytest.fixture
def address(live: Live) -> Iterator[str]:
    site = FastAPI()
    site.include_router(build_api(live, KEY))
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_every_request_of_the_rate_is_sent_and_answered_while_items_are_added(address: str, live: Live) -> None:
    measured = sustained(address, LOAD)
    assert measured["failed"] == 0
    assert sum(len(live.store.events(f"user {user}")) for user in range(LOAD.users)) == 10 * LOAD.rate * LOAD.seconds
    assert len(live.state.catalogue) > LOAD.items


def test_the_other_ways_to_ask_are_timed(address: str, live: Live) -> None:
    for ask in (one_by_one, unpaused):
        times = ask(address, LOAD)
        assert 0 < times["p50_ms"] <= times["p95_ms"]
    assert {len(live.store.events(f"user {user}")) > 0 for user in range(LOAD.users)} == {True}
