"""The suites that put the recommender under stress: size, attack, and its own feedback."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from verticals.arrays import IntArray
from verticals.config import Config
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate
from verticals_recommender import data, recipe
from verticals_recommender.choosing import Chosen, choose, fitting
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.vectors import fit as fit_vectors
from verticals_recommender.retrieval.million import MillionItems, million_items
from verticals_recommender.settings import Settings
from verticals_recommender.simulations import AttackSettings, Fit, LoopSettings, feedback_loop, shilling
from verticals_recommender.splits import Split

_TARGETS, _FEWEST_BUYERS = 5, 5


def million(config: Config) -> list[dict[str, Any]]:
    """A million synthetic vectors as wide as those of items: the chosen structure with queries that the choice never saw.

    Times are CPU times, which do not count what else the machine does; a query has one thread and waits for nothing.
    """
    asked = MillionItems(seed=config.train.seed)
    outcome = million_items(asked, time.process_time)
    cost = {
        "p50_ms": outcome.p50_ms,
        "p95_ms": outcome.p95_ms,
        "build_seconds": outcome.build_seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
    }
    sizes = {"rows": asked.rows, "queries": asked.queries, "sample": asked.sample}
    facts = {"name": "clustered vectors", "fingerprint": f"seed {asked.seed}", "split": sizes}
    kind = outcome.choice.chosen.spec.kind
    row = results.row(
        recipe.APP, "million-items", kind, {"recall_at_50": outcome.recall}, {}, cost, facts, asked.seed, None
    )
    return [{**row, "clock": "CPU time", "choice": outcome.choice.model_dump(mode="json")}]


def attacks(config: Config) -> list[dict[str, Any]]:
    """Push five unpopular items, one after the other, with 3 % fake profiles, and look for them: in the shipped shop, and among films.

    The metrics are those of the worst target; `targets` has all. The model is the one that would serve.
    """
    return [_attacked(each) for each in _both(config)]


def _attacked(config: Config) -> dict[str, Any]:
    rows, split, fit, chosen = _served(config)
    bought = histories(rows.known())
    settings = AttackSettings(seed=config.train.seed)
    outcomes = [shilling(fit, bought, target, settings) for target in unpopular(bought, _TARGETS, config.train.seed)]
    metrics = {
        "lift_attacked": _exact(max(each.attacked - each.before for each in outcomes)),
        "lift_defended": _exact(max(each.defended - each.before for each in outcomes)),
        "alarms_fired": _exact(float(np.mean([any(a.item == each.target for a in each.alarms) for each in outcomes]))),
        "false_alarms": _exact(float(np.mean([sum(a.item != each.target for a in each.alarms) for each in outcomes]))),
        "passed": _exact(float(all(each.passed for each in outcomes))),
    }
    targets = [
        {"popularity": int((bought.items == each.target).sum()), **_without_users(asdict(each))} for each in outcomes
    ]
    return {**_row(config, "shilling", chosen, metrics, split), "settings": settings.model_dump(), "targets": targets}


def loop(config: Config) -> list[dict[str, Any]]:
    """Let people click what is recommended for ten rounds, in both; `coverage` and `evenness` have a value per round."""
    return [_looped(each) for each in _both(config)]


def _looped(config: Config) -> dict[str, Any]:
    rows, split, fit, chosen = _served(config)
    settings = LoopSettings(seed=config.train.seed)
    outcome = feedback_loop(fit, histories(rows.known()), settings)
    metrics = {
        "coverage_first": _exact(outcome.coverage[0]),
        "coverage_last": _exact(outcome.coverage[-1]),
        "coverage_kept": _exact(outcome.coverage[-1] / outcome.coverage[0]),
        "passed": _exact(float(outcome.passed)),
    }
    curves = {"coverage": outcome.coverage, "evenness": outcome.evenness, "verdict": outcome.verdict}
    return {**_row(config, "feedback-loop", chosen, metrics, split), "settings": settings.model_dump(), **curves}


def _both(config: Config) -> list[Config]:
    """Return the settings for the shipped samples and for people who are not invented."""
    names = (None, "ml-100k")
    return [config.model_copy(update={"data": config.data.model_copy(update={"train": name})}) for name in names]


def _served(config: Config) -> tuple[Split, dict[str, Any], Fit, Chosen]:
    """Return the rows, their description, and how the model is fitted that would serve on them."""
    read = data.load(config)
    split = data.split(config, read.interactions)
    _, vectors = recipe.item_vectors(read.catalogue, split.train, config)
    settings, seed = Settings.model_validate(config.app), config.train.seed
    folds = data.folds(settings, split, seed + 1)
    by_text = None if vectors is None else fit_vectors(vectors)
    chosen = choose(folds, by_text, settings.grid, settings.validation_users, seed, read.catalogue.added)
    described = {"name": read.name, "fingerprint": split.fingerprint(), "split": split.sizes()}
    return split, described, fitting(chosen, by_text, seed), chosen


def unpopular(bought: Histories, count: int, seed: int) -> list[int]:
    """Draw targets among the less popular half of the items that five people or more chose."""
    counts: IntArray = np.bincount(bought.items, minlength=bought.weights.shape[1])
    known = np.flatnonzero(counts >= _FEWEST_BUYERS)
    lower = known[counts[known] <= np.median(counts[known])]
    drawn = np.random.default_rng(seed).choice(lower, min(count, len(lower)), replace=False)
    return [int(item) for item in drawn]


def _row(
    config: Config, suite: str, chosen: Chosen, metrics: Mapping[str, Estimate], facts: Mapping[str, Any]
) -> dict[str, Any]:
    return results.row(
        recipe.APP, suite, chosen.served, metrics, {}, {}, facts, config.train.seed, config.backbone.name
    )


def _without_users(outcome: dict[str, Any]) -> dict[str, Any]:
    alarms = [{**alarm, "users": len(alarm["users"])} for alarm in outcome["alarms"]]
    return {**outcome, "alarms": alarms}


def _exact(value: float) -> Estimate:
    """Wrap what is no mean over rows."""
    return Estimate(value, value, value)
