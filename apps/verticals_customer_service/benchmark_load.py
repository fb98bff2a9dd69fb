"""Fifty customers at once against the real server for two minutes: errors, mixed-up conversations, and the time to an answer.

Every conversation names an order number of its own in each message, so that an answer or a transcript that holds another's is noticed.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any, Literal

import httpx
import numpy as np

from verticals.config import Config
from verticals.errors import ServerError
from verticals.evaluation import results
from verticals.runs import Run
from verticals_customer_service import data, recipe

_API = "/api/customer-service"
_MOST_SECONDS_TO_START = 120
_MOST_SECONDS_TO_ANSWER = 30
Connect = Callable[[], httpx.Client]


@dataclass(frozen=True)
class Load:
    """How many customers write, for how long, with how long a pause after each answer, and how often in one conversation."""

    customers: int = 50
    seconds: float = 120
    pause: float = 3
    messages: int = 5


@dataclass(frozen=True)
class Exchange:
    """A request and what came of it: whether it was a turn or the reading of a transcript, how long it took, what was wrong if anything."""

    what: Literal["turn", "transcript"]
    seconds: float
    error: str | None = None
    mixed_up: str | None = None


def run(config: Config) -> list[dict[str, Any]]:
    """Serve the bot of the shipped samples on the loopback address, with a database of its own, and let customers write.

    Raises:
        ServerError: the server does not start, or answers nothing.
    """
    trained, load = recipe.trained_once(config), Load()
    texts = [text for text in data.splits(trained.config).test.texts if not any(map(str.isdigit, text))]
    with _serving(trained) as address:
        exchanges = write(lambda: httpx.Client(base_url=address, timeout=_MOST_SECONDS_TO_ANSWER), texts, load)
    facts = {"name": "shipped", "split": {"customers": load.customers, "seconds": load.seconds, "pause": load.pause}}
    method, seed, backbone = trained.config.method.name, trained.config.train.seed, trained.config.backbone.name
    return [results.row(trained.app, "load", method, {}, {}, cost_of(exchanges), facts, seed, backbone)]


def cost_of(exchanges: Sequence[Exchange]) -> dict[str, float]:
    """Count requests, errors and mix-ups, and take the percentiles of the time to an answer, of answered turns and of nothing else.

    Raises:
        ServerError: no turn was answered.
    """
    answered = [each.seconds * 1000 for each in exchanges if each.what == "turn" and each.error is None]
    if not answered:
        first = next((each.error for each in exchanges if each.error), "no message was sent")
        raise ServerError(f"none of {len(exchanges)} requests was answered: {first}")
    p50, p95 = np.percentile(answered, [50, 95])
    return {
        "requests": len(exchanges),
        "errors": sum(each.error is not None for each in exchanges),
        "mixed_up": sum(each.mixed_up is not None for each in exchanges),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
    }


def write(connect: Connect, texts: Sequence[str], load: Load) -> list[Exchange]:
    """Let all customers write until the time is over, each over a connection of its own."""
    until = time.perf_counter() + load.seconds
    with ThreadPoolExecutor(load.customers) as pool:
        found = pool.map(lambda number: _customer(connect, number, texts, load, until), range(load.customers))
        return [exchange for exchanges in found for exchange in exchanges]


def _customer(connect: Connect, number: int, texts: Sequence[str], load: Load, until: float) -> list[Exchange]:
    """Hold one conversation after another."""
    exchanges: list[Exchange] = []
    words, orders = cycle([*texts[number:], *texts[:number]]), count(10_000 + number * 1000)
    with connect() as client:
        while time.perf_counter() < until:
            order = f"BW-{next(orders)}"
            messages = [f"{text} It is about order {order}." for text in islice(words, load.messages)]
            exchanges += _conversation(client, order, messages, load.pause, until)
    return exchanges


def _conversation(
    client: httpx.Client, order: str, messages: Sequence[str], pause: float, until: float
) -> Iterator[Exchange]:
    """Write until a person is called, something fails, or the time is over; then read the transcript."""
    name, sent = None, 0
    for message in messages:
        if time.perf_counter() >= until:
            break
        started = time.perf_counter()
        try:
            answer = client.post(f"{_API}/turn", json={"message": message, "conversation": name}).raise_for_status()
        except httpx.HTTPError as error:
            yield Exchange("turn", time.perf_counter() - started, error=repr(error))
            return
        seconds, reply = time.perf_counter() - started, answer.json()
        yield Exchange("turn", seconds, mixed_up=_foreign(reply, name, order))
        name, sent = reply["conversation"], sent + 1
        if reply["state"] != "bot":
            break
        time.sleep(pause)
    if name is not None:
        yield _read(client, name, order, sent)


def _foreign(reply: dict[str, Any], name: str | None, order: str) -> str | None:
    """Say what in an answer belongs to another conversation."""
    if name not in (None, reply["conversation"]):
        return f"{name} was answered as {reply['conversation']}"
    others = {each["value"] for each in reply["entities"] if each["kind"] == "order_number"} - {order}
    return f"{order} was answered as {sorted(others)}" if others else None


def _read(client: httpx.Client, name: str, order: str, sent: int) -> Exchange:
    """Read a transcript, which has to hold the messages that were sent and no others."""
    started = time.perf_counter()
    try:
        stored = client.get(f"{_API}/conversations/{name}").raise_for_status().json()["messages"]
    except httpx.HTTPError as error:
        return Exchange("transcript", time.perf_counter() - started, error=repr(error))
    own = [each["text"] for each in stored if each["sender"] == "customer"]
    right = len(own) == sent and all(order in text for text in own)
    wrong = None if right else f"{order}: {sent} sent, stored {own}"
    return Exchange("transcript", time.perf_counter() - started, mixed_up=wrong)


@contextmanager
def _serving(run: Run) -> Iterator[str]:
    """Serve a run as `verticals demo` does, and yield the address; the database goes with the server."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as home:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "verticals", "demo", run.app, "--run", str(run.folder), "--port", str(port)]
        environment = {name: value for name, value in os.environ.items() if name != "VERTICALS_DATABASE_URL"}
        server = subprocess.Popen(command, env={**environment, "VERTICALS_HOME": home}, stdout=subprocess.DEVNULL)
        try:
            _wait(server, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait(server: "subprocess.Popen[bytes]", address: str) -> None:
    until = time.perf_counter() + _MOST_SECONDS_TO_START
    while time.perf_counter() < until and server.poll() is None:
        try:
            if httpx.get(f"{address}/healthz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise ServerError(f"{address}: the server did not start; try: verticals demo customer-service")
