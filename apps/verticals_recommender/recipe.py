"""How this app is trained and measured: fit the candidates, choose on validation, measure beside the baselines, save."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from verticals import provenance, runs
from verticals.config import Config
from verticals.data.columns import column
from verticals.data.examples import Note, as_text
from verticals.data.table import read_table
from verticals.errors import DataError
from verticals.evaluation import results
from verticals.inference.batches import FloatArray
from verticals.runs import Run, write_json
from verticals_recommender import data, evaluation, interactions, recommender, text
from verticals_recommender.candidates import choose, fit_all
from verticals_recommender.card import model_card
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue
from verticals_recommender.models.histories import Histories, history
from verticals_recommender.models.model import Model, recommend
from verticals_recommender.ranking import estimates, gains
from verticals_recommender.recommender import Recommender
from verticals_recommender.settings import Settings

APP = "recommender"
BASELINE = "popularity"
COMPARED = "ndcg_at_10"
_SHELF = 10


def train(config: Config) -> Run:
    """Train on the rows that the settings name; which model serves is decided on validation rows."""
    settings = Settings.model_validate(config.app)
    started = time.perf_counter()
    read = data.load(config)
    split = data.split(config, read.interactions)
    vectors = item_vectors(read.catalogue, config)
    chosen = choose(data.folds(config, split), vectors, settings.grid, settings.validation_users, config.train.seed)
    models = fit_all(chosen, split.known(), vectors, config.train.seed)
    trained = Recommender(read.catalogue, split, models, chosen.served)
    seconds = time.perf_counter() - started
    record = {
        **measure(trained.models, trained.served, judged_on(trained)),
        "rows": split.sizes(),
        "notes": [asdict(note) for note in read.notes],
        "chosen": {"validation": dict(chosen.validation), "settings": chosen.settings()},
        "cost": {"train_seconds": round(seconds, 2), **cost(trained)},
        "machine": provenance.machine(),
    }
    named = {"name": read.name, "fingerprint": split.fingerprint(), "split": split.kind}

    def write(folder: Path) -> None:
        recommender.write(folder, trained)
        write_json(folder / "metrics.json", record)
        (folder / "README.md").write_text(model_card(config, named, record), encoding="utf-8")

    return runs.save(
        APP, config, {"objective": "recommend", "data": named}, write, lambda run: recommender.prove(run, trained)
    )


def item_vectors(catalogue: Catalogue, config: Config) -> FloatArray | None:
    """Return vectors of the item texts by the backbone, [items, width]; None where items are known by their id alone."""
    if all(item.text == item.id for item in catalogue.items):
        return None
    return text.embed([item.text for item in catalogue.items], config.backbone, "reading items")


def judged_on(trained: Recommender) -> evaluation.Protocol:
    """Return the protocol of a recommender's own test rows."""
    added = np.array([np.nan if item.added is None else item.added for item in trained.catalogue.items])
    return evaluation.protocol(trained.split.known(), trained.split.test, added)


def measure(models: Mapping[str, Model], served: str, protocol: evaluation.Protocol) -> dict[str, Any]:
    """Measure every model on the same rows, and the served one against each of the others."""
    rankings = {name: evaluation.rank(model, protocol) for name, model in models.items()}
    records = {name: evaluation.evaluate(ranking, protocol) for name, ranking in rankings.items()}
    by_user = {name: gains(ranking, _SHELF)[COMPARED] for name, ranking in rankings.items()}

    def beside(name: str) -> dict[str, Any]:
        gain = estimates({f"{COMPARED}_gain": by_user[served] - by_user[name]})
        return {"method": name, "metrics": records[name]["metrics"], **results.estimates(gain)}

    return {
        **records[served],
        "served": served,
        "compared": COMPARED,
        "baseline": beside(BASELINE),
        "references": [beside(name) for name in models if name not in {served, BASELINE}],
        "models": records,
    }


def cost(trained: Recommender) -> dict[str, float]:
    """Return memory, and the time of one list of ten for one user."""
    histories = trained.histories
    names = list(trained.users)[:100]
    latency = results.latency(lambda name: recommend(trained.model, histories.row(trained.users[name]), _SHELF), names)
    return {"peak_memory_mb": provenance.peak_memory_mb(), **latency}


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file of later interactions.

    Raises:
        DataError: no row of the file is about an item that the run knows.
    """
    trained = recommender.load(run)
    if file is None:
        protocol, rows, notes = judged_on(trained), trained.split.sizes(), list[Note]()
    else:
        settings = Settings.model_validate(run.config.app)
        later = interactions.read_interactions(file, settings.columns.model_dump(), settings.min_rating)
        known, held_out, notes = _continued(trained, later, file)
        protocol, rows = evaluation.protocol(known, held_out), {"test": len(held_out)}
    found = measure(trained.models, trained.served, protocol)
    return {**run.metrics, **found, "rows": rows, "notes": [asdict(note) for note in notes]}


def _continued(trained: Recommender, later: Interactions, file: Path) -> tuple[Interactions, Interactions, list[Note]]:
    """Return all rows of the run and the later ones, with the same users and items; unknown items are left out."""
    known = recommender.everything(trained)
    users = known.users + tuple(name for name in later.users if name not in trained.users)
    number = {name: row for row, name in enumerate(users)}
    items = [trained.catalogue.positions.get(name, -1) for name in later.items]
    held_out = replace(
        later,
        users=users,
        items=known.items,
        user=np.array([number[name] for name in later.users])[later.user],
        item=np.array(items)[later.item],
    )
    fresh = held_out.take(held_out.item >= 0)
    if not len(fresh):
        raise DataError(f"{file}: no row is about an item of this run; name the file of items that it was trained with")
    dropped = len(later) - len(fresh)
    message = f"{file.name}: rows about items that the run does not know left out: {dropped}"
    return (
        replace(known, users=users),
        fresh,
        [*later.notes, *([Note("unknown_item", dropped, message)] if dropped else [])],
    )


def predict(run: Run, file: Path) -> list[dict[str, Any]]:
    """Recommend for every row of a file with a user, or with a list of items in a column `items`, oldest first.

    Returns:
        The rows with `recommended` (ids) and `titles`, best first; both are None where neither user nor items are known.
    """
    trained = recommender.load(run)
    table = read_table(file)
    if "items" in table.columns:
        given = [_history(trained, as_text(cell)) for cell in table.frame["items"]]
    else:
        wanted = Settings.model_validate(run.config.app).columns.user
        name = column(table, "user", wanted, interactions.NAMES["user"], "--set app.columns.user=NAME")
        given = [_known(trained, as_text(cell).strip()) for cell in table.frame[name]]
    rows = table.frame.to_dict("records")
    return [
        {**{str(name): value for name, value in row.items()}, **_answer(trained, found)}
        for row, found in zip(rows, given, strict=True)
    ]


def _history(trained: Recommender, cell: str) -> Histories | None:
    names = [name.strip() for name in cell.replace("|", ",").replace(";", ",").split(",")]
    items = list(dict.fromkeys(trained.catalogue.positions[n] for n in names if n in trained.catalogue.positions))
    return history(items, len(trained.catalogue)) if items else None


def _known(trained: Recommender, user: str) -> Histories | None:
    return trained.histories.row(trained.users[user]) if user in trained.users else None


def _answer(trained: Recommender, found: Histories | None) -> dict[str, Any]:
    if found is None:
        return {"recommended": None, "titles": None}
    available = np.array([item.available for item in trained.catalogue.items])
    items = [trained.catalogue.items[position] for position in recommend(trained.model, found, _SHELF, available)]
    return {"recommended": "|".join(item.id for item in items), "titles": "|".join(item.title for item in items)}
