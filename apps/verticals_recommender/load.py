"""The suite of serving speed: 10,000 items, one server process, requests over HTTP from another one."""

import multiprocessing
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from verticals import provenance, storage
from verticals.config import Config
from verticals.evaluation import results
from verticals_recommender import recipe, text
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.live import Live
from verticals_recommender.models import als, borrowing, item_knn, vectors
from verticals_recommender.models.blend import Blend
from verticals_recommender.models.histories import histories, history, pasts
from verticals_recommender.models.model import Model
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.million import clustered_vectors
from verticals_recommender.retrieval.structures import IndexSpec
from verticals_recommender.serving import Engine
from verticals_recommender.shelf import shelf
from verticals_recommender.state import State
from verticals_recommender.store import Store
from verticals_recommender.tables import TABLES
from verticals_recommender.traffic import KEY, Load, one_by_one, sustained, unpaused

_START_SECONDS = 180.0


def serving(config: Config) -> list[dict[str, Any]]:
    """Time the fold-in of a new user, a request end to end, requests beside a writer, and as many as are answered.

    The model is the hybrid of ItemKNN, matrix factorisation and text, in which new items borrow; the behaviour is drawn at random,
    which changes no time.
    """
    load = Load(width=text.reader(config.backbone)(["a text"]).shape[1], seed=config.train.seed)
    facts = {
        "name": "random behaviour",
        "fingerprint": f"seed {load.seed}",
        "split": {"items": load.items, "users": load.users},
    }
    with tempfile.TemporaryDirectory() as folder:
        measured = {
            "fold-in": fold_in(load),
            **over_http(load, config, Path(folder)),
        }
    return [
        {
            **results.row(recipe.APP, "serving", name, {}, {}, cost, facts, load.seed, config.backbone.name),
            "machine": {**provenance.machine(), "cores": multiprocessing.cpu_count()},
        }
        for name, cost in measured.items()
    ]


def behaviour(load: Load) -> Interactions:
    """Draw items for every user, each once."""
    generator = np.random.default_rng(load.seed)
    chosen = np.stack([generator.choice(load.items, load.history, replace=False) for _ in range(load.users)])
    rows = chosen.size
    return Interactions(
        users=tuple(f"user {number}" for number in range(load.users)),
        items=tuple(f"item {number}" for number in range(load.items)),
        user=np.repeat(np.arange(load.users), load.history),
        item=chosen.ravel().astype(np.int64),
        weight=np.ones(rows, np.float32),
        rating=np.full(rows, np.nan, np.float32),
        time=np.arange(rows, dtype=np.float64),
    )


def hybrid(load: Load, rows: Interactions) -> Model:
    """Fit the hybrid of all that a request can cost."""
    past = histories(rows)
    read = vectors.fit(clustered_vectors(load.items, load.width, load.seed))
    parts = (item_knn.fit(past, 200, 10.0), als.fit(past, 24, 5.0, 1.0, 2, load.seed), read)
    return borrowing.fit(Blend(parts, (1.0, 0.5, 0.25)), read, past, 2.0)


def fold_in(load: Load) -> dict[str, float]:
    """Time a new user's scores over the whole catalogue, from clicks alone."""
    rows = behaviour(load)
    model = hybrid(load, rows)
    generator = np.random.default_rng(load.seed + 1)
    users = [generator.choice(load.items, load.history, replace=False).tolist() for _ in range(load.singles)]
    return results.latency(lambda user: model.scores(history(user, load.items)), users, load.singles)


def build(load: Load, config: Config, folder: Path) -> Live:
    """Return a live recommender over the drawn behaviour; the backbone reads what is added."""
    rows = behaviour(load)
    read = clustered_vectors(load.items, load.width, load.seed)
    items = tuple(Item(name, f"Thing {name}", category=f"c{n % 20}", price=n % 90) for n, name in enumerate(rows.items))
    counts = np.bincount(rows.item, minlength=load.items)
    past = {rows.users[user]: each for user, each in pasts(rows).items()}
    state = State(Catalogue(items), Engine(hybrid(load, rows), shelf(items, counts, read)), past)
    index = VectorIndex(IndexSpec(), np.arange(load.items), read)
    store = Store(storage.open_database(f"sqlite:///{folder / 'load.sqlite'}", TABLES))
    return Live(state, index, text.reader(config.backbone), store)


def serve(load: Load, config: Config, folder: Path, port: int) -> None:
    """Answer until the process is ended; this is what the server process runs."""
    import uvicorn
    from fastapi import FastAPI

    from verticals.hub import answer_on_one_thread_each
    from verticals_recommender.api import build_api

    answer_on_one_thread_each()
    site = FastAPI()
    site.include_router(build_api(build(load, config, folder), KEY))
    uvicorn.run(site, host="127.0.0.1", port=port, log_level="error", access_log=False)


def over_http(load: Load, config: Config, folder: Path) -> dict[str, dict[str, float]]:
    """Start a server, and time requests one by one, then at a rate beside a writer, then without a pause."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(load, config, folder, port), daemon=True)
    server.start()
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        return {
            "request": one_by_one(address, load),
            "requests beside a writer": sustained(address, load),
            "requests without a pause": unpaused(address, load),
        }
    finally:
        server.terminate()
        server.join(timeout=20)


def _wait(address: str) -> None:
    limit = time.monotonic() + _START_SECONDS
    while True:
        try:
            httpx.get(f"{address}/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.2)
