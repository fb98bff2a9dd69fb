"""From a run on disk to a recommender that answers: what the pages and the routes stand on."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from verticals import runs, storage
from verticals.errors import RunError
from verticals.runs import Run
from verticals_recommender import recipe, recommender, text
from verticals_recommender.forgetting import forget, rows_of
from verticals_recommender.interactions import Interactions
from verticals_recommender.live import Encode, Live, Origin
from verticals_recommender.models.histories import pasts
from verticals_recommender.recommender import Recommender
from verticals_recommender.retrieval import stored
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.structures import IndexSpec
from verticals_recommender.settings import Settings
from verticals_recommender.siblings import catalogue_of
from verticals_recommender.skins import SHIPPED, Skin, skin_of
from verticals_recommender.state import State
from verticals_recommender.store import Store
from verticals_recommender.tables import TABLES

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A run in memory.

    Attributes:
        data: name of what it learned from.
        backbone: name of what reads texts.
        live: what answers.
        record: what was measured, as in `metrics.json`.
        skin: how the page serves it.
        clock: seconds since 1970.
    """

    data: str
    backbone: str
    live: Live
    record: dict[str, Any]
    skin: Skin
    clock: Callable[[], float]


def open_run(run: Run) -> Opened:
    """Read a run and take up what the database remembers of its catalogue.

    Raises:
        RunError: a file of the run is missing or damaged.
        StorageError: the database cannot be opened.
    """
    trained = recommender.load(run)
    encode = text.of_run(run)
    index = _index(run, trained, encode)
    _, vectors = index.rows()
    rows = recommender.everything(trained)
    past = {rows.users[user]: each for user, each in pasts(rows).items()}
    others = {name: model for name, model in trained.models.items() if name != trained.served}
    state = State(trained.catalogue, recipe.engine(trained, vectors), past, others)
    name = str(run.manifest["data"]["name"])
    database = storage.open_database(storage.database_url(recipe.APP), TABLES)
    store = Store(database, name)
    store.gather_lists()
    store.drop_old_lists()  # here, since beside requests it makes the slowest of them wait
    trained_at = datetime.fromisoformat(run.manifest["created_at"]).timestamp()
    origin = Origin(trained_at, partial(forget, run.folder.parent, name), partial(rows_of, run.folder))
    live = Live(state, index, encode, store, origin)
    skin = skin_of(Settings.model_validate(run.config.app), name)
    return Opened(name, run.config.backbone.name, live, run.metrics, skin, clock_of(name, rows))


def _index(run: Run, trained: Recommender, encode: Encode) -> VectorIndex:
    folder, width = run.folder / recipe.INDEX, encode([""]).shape[1]
    if folder.is_dir():
        index = stored.load(folder)
        if index.width != width:
            raise RunError(
                f"{folder}: of another version: its vectors have {index.width} numbers, and texts are read as {width} now; train the run again"
            )
        return index
    items = len(trained.catalogue)  # without texts they are like nothing; those that come later may have texts
    return VectorIndex(IndexSpec(), np.arange(items), np.zeros((items, width), np.float32))


def clock_of(name: str, rows: Interactions) -> Callable[[], float]:
    """Return the clock: the machine's, but for the shipped samples the last moment of their rows, so that their news stay new."""
    if name in SHIPPED.values():
        last = float(rows.time.max())
        return lambda: last
    return time.time


def other_sample(run: Run) -> Run | None:
    """Return the newest whole run of the other shipped catalogue beside a run of one; None where there is none."""
    name = run.manifest["data"]["name"]
    others = set(SHIPPED.values()) - {name} if name in SHIPPED.values() else set()
    for folder in reversed(runs.folders_in(run.folder.parent)):
        if catalogue_of(folder) in others:
            try:
                return runs.open_run(folder)
            except RunError as error:
                _LOG.warning("the other catalogue is not shown from this run: %s", error)
    return None
