"""The suites of this app: `verticals benchmark recommender`."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from verticals import pilot, provenance
from verticals.config import Config
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate
from verticals_recommender import data, evaluation, load, public, recipe, splits, stress, text
from verticals_recommender.choosing import choose, fit_all
from verticals_recommender.interactions import Interactions
from verticals_recommender.models import vectors
from verticals_recommender.models.model import Model
from verticals_recommender.ranking import estimates, gains, rank_held_out
from verticals_recommender.settings import Settings
from verticals_recommender.splits import Split

SEEDS, _BX_SEEDS = 5, 3
_ML_VALIDATION, _BX_VALIDATION, _TEST, _NEW_ITEMS = 0.125, 0.1, 0.2, 0.1
_BX_TUNING = {
    "epochs": 1,
    "batch_size": 128,
    "learning_rate": 3e-5,
}  # short texts: larger batches have more to tell apart
_BX_TOKENS = 32
SERVED, UNTUNED, UNEXPANDED = "served", "text-untuned", "text-unexpanded"


@dataclass(frozen=True)
class Measured:
    """One split: what was measured of each model and of the one that serves, what it took, and how long a list of that one takes."""

    split: Split
    served: str
    metrics: Mapping[str, Mapping[str, Estimate]]
    validation: Mapping[str, float]
    settings: Mapping[str, Mapping[str, float]]
    seconds: float
    latency: Mapping[str, float]


def ml_100k(config: Config) -> list[dict[str, Any]]:
    """MovieLens 100K: random 80/20 over all ratings, all of them implicit, five seeds, full ranking.

    Settings and the model that serves are chosen for each seed on parts of its training rows, an eighth each; all models are then
    fitted on all training rows. Values are means over the seeds with their 95 % t intervals.
    """
    interactions, _ = public.load("ml-100k")
    rows = without_times(interactions)
    seeds = range(config.train.seed, config.train.seed + SEEDS)
    measured = [measure(splits.random_split(rows, _ML_VALIDATION, _TEST, seed), None, config, seed) for seed in seeds]
    return _rows("ml-100k", measured, seeds, None)


def book_crossing(config: Config) -> list[dict[str, Any]]:
    """Book-Crossing: a tenth of the books is new (all their rows are test rows), the other rows are split 80/20, three seeds.

    A text is title and author. The models read it by the backbone tuned on the training rows; `text-untuned` reads it by the backbone
    as it is, `text-unexpanded` by the tuned one, and both read histories as they are: expanded, the untuned one finds fewer new books.
    `cold_recall_at_20` ranks new books among all unseen ones, `cold_shelf_recall_at_20` among the new ones alone.
    """
    interactions, catalogue = public.load("book-crossing")
    texts = [item.text for item in catalogue.items]
    untuned = vectors.fit(text.reader(config.backbone, "reading books")(texts))
    backbone = config.backbone.model_copy(update={"max_tokens": _BX_TOKENS})

    def measured(seed: int) -> Measured:
        split = splits.new_items_split(interactions, _NEW_ITEMS, _BX_VALIDATION, _TEST, seed)
        train = config.train.model_copy(update={**_BX_TUNING, "seed": seed})
        asked = config.model_copy(update={"train": train, "backbone": backbone})
        matcher = text.tune(catalogue, split.train, asked)
        tuned = vectors.fit(text.tuned_reader(matcher, "reading books")(texts))
        found, protocol = measure(split, tuned, asked, seed), evaluation.protocol(split.known(), split.test)
        plain = {UNEXPANDED: model_metrics(tuned, protocol), UNTUNED: model_metrics(untuned, protocol)}
        settings = {**found.settings, **{name: {} for name in plain}}
        return replace(found, metrics={**found.metrics, **plain}, settings=settings)

    seeds = range(config.train.seed, config.train.seed + _BX_SEEDS)
    return _rows("book-crossing", [measured(seed) for seed in seeds], seeds, config.backbone.name)


def shipped(config: Config) -> list[dict[str, Any]]:
    """Train on the shipped catalogue, as the demo does."""
    app = {**config.app, "second_sample": None}
    trained = recipe.train(
        config.model_copy(update={"app": app, "data": config.data.model_copy(update={"train": None})})
    )
    return [{**pilot.result(trained, trained.metrics), "suite": "shipped"}]


SUITES: Mapping[str, Callable[[Config], list[dict[str, Any]]]] = {
    "shipped": shipped,
    "ml-100k": ml_100k,
    "book-crossing": book_crossing,
    "million-items": stress.million,
    "serving": load.serving,
    "shilling": stress.attacks,
    "feedback-loop": stress.loop,
}


def without_times(interactions: Interactions) -> Interactions:
    """Forget when rows happened: in a random split their times would tell the past what came later."""
    return replace(interactions, time=np.full(len(interactions), np.nan))


def measure(split: Split, by_text: vectors.Vectors | None, config: Config, seed: int) -> Measured:
    """Choose on validation, fit on training and validation rows, and measure every model on the test rows."""
    settings = Settings.model_validate(config.app)
    started = time.perf_counter()
    chosen = choose(data.folds(settings, split, seed + 1), by_text, settings.grid, settings.validation_users, seed)
    models = fit_all(chosen, split.known(), by_text, seed)
    seconds = time.perf_counter() - started
    protocol = evaluation.protocol(split.known(), split.test)
    metrics = {name: model_metrics(model, protocol) for name, model in models.items()}
    users = np.unique(split.test.user).tolist()
    latency = evaluation.one_list(models[chosen.served], protocol.seen, users)
    return Measured(split, chosen.served, metrics, chosen.validation, chosen.settings(), seconds, latency)


def model_metrics(model: Model, protocol: evaluation.Protocol) -> dict[str, Estimate]:
    """Return all metrics of one model, those of new items included where the test rows have any."""
    ranking = evaluation.rank(model, protocol)
    record = evaluation.evaluate(ranking, protocol)
    metrics = {name: Estimate(**each) for name, each in record["metrics"].items()}
    cold = protocol.item_groups["cold"]
    among_all = ranking.only(cold)
    if not len(among_all.row):
        return metrics
    among_new = rank_held_out(model, protocol.seen, protocol.held_out, allowed=cold)
    by_user = {
        "cold_recall_at_20": gains(among_all, 20)["recall_at_20"],
        "cold_shelf_recall_at_20": gains(among_new, 20)["recall_at_20"],
        "cold_shelf_ndcg_at_10": gains(among_new, 10)["ndcg_at_10"],
    }
    return {**metrics, **estimates(by_user)}


def _rows(suite: str, measured: Sequence[Measured], seeds: range, backbone: str | None) -> list[dict[str, Any]]:
    """Return one row per model that every seed has, and one for whichever model each seed chose to serve."""
    names = [name for name in measured[0].metrics if all(name in each.metrics for each in measured)]
    per_model = {name: [each.metrics[name] for each in measured] for name in names}
    per_model[SERVED] = [each.metrics[each.served] for each in measured]
    baseline = {"method": recipe.BASELINE, "metrics": results.estimates(over_seeds(per_model[recipe.BASELINE]))}
    return [
        {
            **_row(suite, name, over_seeds(found), baseline, measured, seeds, backbone),
            "by_seed": [round(each[recipe.COMPARED].value, 4) for each in found],
            "chosen": [
                {
                    "model": each.served if name == SERVED else name,
                    "settings": each.settings,
                    "validation": each.validation,
                }
                for each in measured
            ]
            if name == SERVED
            else [each.settings[name] for each in measured],
        }
        for name, found in per_model.items()
    ]


def _row(
    suite: str,
    name: str,
    metrics: Mapping[str, Estimate],
    baseline: Mapping[str, Any],
    measured: Sequence[Measured],
    seeds: range,
    backbone: str | None,
) -> dict[str, Any]:
    split = measured[0].split
    facts = {"name": suite, "fingerprint": split.fingerprint(), "split": {**split.sizes(), "seeds": list(seeds)}}
    cost = {
        "train_seconds": round(float(np.mean([each.seconds for each in measured])), 2),
        "peak_memory_mb": provenance.peak_memory_mb(),
        **(_mean_latency(measured) if name == SERVED else {}),
    }
    return results.row(recipe.APP, suite, name, metrics, baseline, cost, facts, seeds[0], backbone)


def _mean_latency(measured: Sequence[Measured]) -> dict[str, float]:
    return {name: round(float(np.mean([each.latency[name] for each in measured])), 2) for name in measured[0].latency}


def over_seeds(found: Sequence[Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """Return means with 95 % t intervals over the seeds; a single seed keeps its own intervals over users."""
    if len(found) == 1:
        return dict(found[0])
    reach = float(stats.t.ppf(0.975, len(found) - 1)) / np.sqrt(len(found))
    summary = {}
    for name in found[0]:
        values = np.array([each[name].value for each in found])
        half = float(values.std(ddof=1) * reach)
        summary[name] = Estimate(float(values.mean()), float(values.mean()) - half, float(values.mean()) + half)
    return summary
