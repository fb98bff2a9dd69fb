"""How this app is trained and measured: fit the candidates, choose on validation, measure beside the baselines, save."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from verticals import backbones, provenance, runs
from verticals.arrays import FloatArray
from verticals.config import Config
from verticals.data.examples import Note
from verticals.errors import DataError
from verticals.evaluation import results
from verticals.methods import saved
from verticals.objectives.match import Matcher
from verticals.runs import Run, write_json
from verticals_recommender import data, evaluation, interactions, recommender, text, tradeoff
from verticals_recommender.candidates import left_out
from verticals_recommender.card import model_card
from verticals_recommender.choosing import Chosen, choose, fit_all, fitting, named
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue
from verticals_recommender.models.histories import histories
from verticals_recommender.models.model import Model
from verticals_recommender.models.vectors import Vectors, unit
from verticals_recommender.models.vectors import fit as fit_vectors
from verticals_recommender.ranking import estimates, gains
from verticals_recommender.recommender import Recommender
from verticals_recommender.retrieval import stored
from verticals_recommender.retrieval.choice import Target
from verticals_recommender.retrieval.choice import choose as choose_index
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.serving import Engine
from verticals_recommender.settings import Settings
from verticals_recommender.shelf import shelf
from verticals_recommender.simulations import LoopSettings, feedback_loop
from verticals_recommender.skins import skin_of
from verticals_recommender.splits import Split

APP = "recommender"
BASELINE = "popularity"
COMPARED = "ndcg_at_10"
INDEX = "index"
_SHELF, _QUERIES = 10, 200
_LARGEST_LOOP = 2_000_000  # users times items: seconds of simulation, not minutes


def train(config: Config) -> Run:
    """Train on the rows that the settings name; which model serves is decided on validation rows.

    With shipped samples and `app.second_sample`, a run of that other catalogue is trained first.
    """
    settings = Settings.model_validate(config.app)
    if config.data.train is None and settings.second_sample not in {None, settings.sample}:
        _train(_sampled(config, settings.second_sample))
    return _train(config)


def _sampled(config: Config, sample: str | None) -> Config:
    return config.model_copy(update={"app": {**config.app, "sample": sample, "second_sample": None}})


def _train(config: Config) -> Run:
    settings = Settings.model_validate(config.app)
    started = time.perf_counter()
    read = data.load(config)
    split = data.split(config, read.interactions)
    unknown = text.unknown_notes(read.catalogue, config.backbone)
    matcher, vectors = item_vectors(read.catalogue, split.train, config)
    folds = data.folds(settings, split, config.train.seed + 1)
    by_text = None if vectors is None else fit_vectors(vectors)
    added = read.catalogue.added
    chosen = choose(folds, by_text, settings.grid, settings.validation_users, config.train.seed, added)
    if settings.serve is not None:
        chosen = named(chosen, settings.serve)
    models = fit_all(chosen, split.known(), by_text, config.train.seed)
    trained = Recommender(read.catalogue, split, models, chosen.served)
    seconds = time.perf_counter() - started
    index, retrieval = (None, None) if vectors is None else near_vectors(vectors, split)
    half_life = skin_of(settings, read.name).half_life_days
    record = {
        **measure(trained.models, trained.served, judged_on(trained)),
        "rows": split.sizes(),
        "split": split.kind,
        "notes": [asdict(note) for note in (*unknown, *read.notes, *left_out(settings.grid, read.interactions.shape))],
        "chosen": {"validation": dict(chosen.validation), "settings": chosen.settings()},
        "tuned_text": matcher is not None,
        "retrieval": retrieval,
        "tradeoff": tradeoff.measure(engine(trained, vectors), split.known(), split.test, half_life, config.train.seed),
        "loop": simulated_loop(chosen, by_text, split, config.train.seed),
        "cost": {"train_seconds": round(seconds, 2), **cost(trained)},
        "machine": provenance.machine(),
    }
    about = {"name": read.name, "fingerprint": split.fingerprint(), "split": split.kind}

    def write(folder: Path) -> None:
        recommender.write(folder, trained)
        if matcher is not None:
            matcher.save(folder)
        elif vectors is not None:
            saved.remember(backbones.locate(config.backbone.name), folder)
        if index is not None:
            (folder / INDEX).mkdir()
            stored.save(index, folder / INDEX)
        write_json(folder / "metrics.json", record)
        (folder / "README.md").write_text(model_card(config, about, record), encoding="utf-8")

    return runs.save(
        APP, config, {"objective": "recommend", "data": about}, write, lambda run: recommender.prove(run, trained)
    )


def item_vectors(catalogue: Catalogue, known: Interactions, config: Config) -> tuple[Matcher | None, FloatArray | None]:
    """Return the tuned backbone, None where it is not tuned, and vectors of the item texts, [items, width].

    The vectors are None where items are known by their id alone. `known` are the rows that tuning may see.
    """
    if not text.described(catalogue):
        return None, None
    texts = [item.text for item in catalogue.items]
    if not Settings.model_validate(config.app).tune_text:
        return None, text.reader(config.backbone, "reading items")(texts)
    matcher = text.tune(catalogue, known, config)
    return matcher, text.tuned_reader(matcher, "reading items")(texts)


def near_vectors(vectors: FloatArray, split: Split) -> tuple[VectorIndex, dict[str, Any]]:
    """Choose and build the index of the items; the queries are where some of the users are."""
    directions = unit(vectors)
    people = histories(split.known())
    sample = np.flatnonzero(np.diff(people.weights.indptr))[:_QUERIES]
    choice, index = choose_index(directions, unit(people.weights[sample] @ directions), Target())
    return index, choice.model_dump(mode="json")


def engine(trained: Recommender, vectors: FloatArray | None) -> Engine:
    """Return what serves a trained recommender; items without a vector of their text are like nothing."""
    items = trained.catalogue.items
    known = trained.split.known()
    popularity = np.bincount(known.item, minlength=len(items))
    placed = np.zeros((len(items), 1), np.float32) if vectors is None else vectors
    return Engine(trained.model, shelf(items, popularity, placed))


def simulated_loop(chosen: Chosen, by_text: Vectors | None, split: Split, seed: int) -> dict[str, Any] | None:
    """Return what ten rounds of recommending and clicking do to the catalogue; None where that would take long, or nothing is unseen."""
    people = histories(split.known())
    cells = people.weights.shape[0] * people.weights.shape[1]
    if cells > _LARGEST_LOOP or cells == people.weights.nnz:
        return None
    return asdict(feedback_loop(fitting(chosen, by_text, seed), people, LoopSettings(seed=seed)))


def judged_on(trained: Recommender) -> evaluation.Protocol:
    """Return the protocol of a recommender's own test rows."""
    return evaluation.protocol(trained.split.known(), trained.split.test, trained.catalogue.added)


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
    latency = evaluation.one_list(trained.model, trained.histories, list(trained.users.values()))
    return {"peak_memory_mb": provenance.peak_memory_mb(), **latency}


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run again: on its own test rows, or on a file of later interactions.

    Raises:
        DataError: no row of the file is about an item that the run knows, or none is new to the run.
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
    """Return all rows of the run and the later ones, with the same users and items.

    Left out are unknown items, and pairs that the run knows: what somebody did already is never recommended.
    """
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
    found = held_out.take(held_out.item >= 0)
    if not len(found):
        raise DataError(f"{file}: no row is about an item of this run; name the file of items that it was trained with")
    before = known.user * len(known.items) + known.item
    fresh = found.take(~np.isin(found.user * len(known.items) + found.item, before))
    if not len(fresh):
        raise DataError(
            f"{file}: the run knows every row of it already; name a file of what was done after the training"
        )
    left_out = (
        ("unknown_item", len(later) - len(found), "rows about items that the run does not know left out"),
        (
            "known_pair",
            len(found) - len(fresh),
            "rows of a user and an item that the run has together already left out",
        ),
    )
    notes = [Note(code, count, f"{file.name}: {message}: {count}") for code, count, message in left_out if count]
    return replace(known, users=users), fresh, [*later.notes, *notes]
