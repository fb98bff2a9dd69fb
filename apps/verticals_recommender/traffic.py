"""Requests to a server of recommendations over HTTP, and their times: one by one, at a rate beside a writer, and without a pause."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import numpy as np

from verticals.arrays import Float64Array
from verticals.evaluation import results

KEY = "the key of the load test"


@dataclass(frozen=True)
class Load:
    """What is asked of the server.

    Attributes:
        items: of the catalogue.
        users: with a history.
        history: items of each user.
        rate: requests per second that are sent, whether or not earlier ones were answered.
        seconds: for how long.
        writes: new items per second beside the requests.
        senders: connections.
        singles: requests that are sent one at a time, with nothing beside them.
        width: of the items' vectors, that of the backbone.
        seed: of everything.
    """

    items: int = 10_000
    users: int = 2000
    history: int = 20
    rate: float = 200.0
    seconds: float = 60.0
    writes: float = 1.0
    senders: int = 16
    singles: int = 300
    width: int = 384
    seed: int = 0


def one_by_one(address: str, load: Load) -> dict[str, float]:
    """Send requests with nothing beside them."""
    with _client(address) as client:
        return results.latency(lambda number: _ask(client, load, number), range(load.singles), load.singles)


def sustained(address: str, load: Load) -> dict[str, float]:
    """Send requests at a fixed rate while items are added; a request's time counts from the moment at which it was due."""
    done = threading.Event()
    writer = threading.Thread(target=_write, args=(address, load, done))
    started = time.perf_counter()
    writer.start()
    with ThreadPoolExecutor(load.senders) as pool:
        blocks = list(pool.map(lambda sender: _send(address, load, sender, started), range(load.senders)))
    elapsed = time.perf_counter() - started
    done.set()
    writer.join()
    seconds = np.concatenate([times for times, _ in blocks])
    failed = sum(failures for _, failures in blocks)
    return {
        **results.percentiles(seconds),
        "requests_per_second": round(len(seconds) / elapsed, 1),
        "failed": float(failed),
        "seconds": round(elapsed, 1),
    }


def _send(address: str, load: Load, sender: int, started: float) -> tuple[Float64Array, int]:
    """Send one connection's share of the requests."""
    times, failed = [], 0
    with _client(address) as client:
        for number in range(sender, int(load.rate * load.seconds), load.senders):
            due = started + number / load.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                _ask(client, load, number)
                times.append(time.perf_counter() - due)
            except httpx.HTTPError:
                failed += 1
    return np.array(times, np.float64), failed


def _write(address: str, load: Load, done: threading.Event) -> None:
    with _client(address) as client:
        number = 0
        while not done.wait(1 / load.writes):
            item = {"id": f"new {number}", "title": f"A new thing, number {number}", "category": "c1", "price": 5}
            client.post("/items", json={"items": [item]}).raise_for_status()
            number += 1


def unpaused(address: str, load: Load) -> dict[str, float]:
    """Send each connection's next request as soon as the one before is answered: how many requests the server can answer."""
    started = time.perf_counter()
    with ThreadPoolExecutor(load.senders) as pool:
        blocks = list(pool.map(lambda sender: _send_unpaused(address, load, sender, started), range(load.senders)))
    elapsed = time.perf_counter() - started
    seconds = np.concatenate(blocks)
    return {
        **results.percentiles(seconds),
        "requests_per_second": round(len(seconds) / elapsed, 1),
        "seconds": round(elapsed, 1),
    }


def _send_unpaused(address: str, load: Load, sender: int, started: float) -> Float64Array:
    times: list[float] = []
    with _client(address) as client:
        while (begun := time.perf_counter()) < started + load.seconds:
            _ask(client, load, sender + load.senders * len(times))
            times.append(time.perf_counter() - begun)
    return np.array(times, np.float64)


def _client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=30, headers={"Authorization": f"Bearer {KEY}"})


def _ask(client: httpx.Client, load: Load, number: int) -> None:
    answer = client.post("/recommend", json={"user": f"user {number % load.users}"})
    answer.raise_for_status()
