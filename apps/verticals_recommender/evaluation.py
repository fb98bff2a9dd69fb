"""What a model is worth: accuracy with intervals, what it does to the catalogue, and for whom it works.

All figures come from the full ranking of every unseen item (`ranking.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from verticals.arrays import BoolArray, Float64Array, IntArray
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate
from verticals_recommender.interactions import Interactions
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.model import Model, recommend
from verticals_recommender.ranking import Ranking, estimates, gains, rank_held_out

_TIMED = 100  # users whose lists are timed
CUTS = (10, 20, 50)
_SHELF = 10


@dataclass(frozen=True)
class Protocol:
    """What the models of one comparison are judged on: the same users, rows and buckets for all."""

    seen: Histories
    held_out: Interactions
    popularity: IntArray
    item_groups: Mapping[str, BoolArray]


def protocol(known: Interactions, held_out: Interactions, added: Float64Array | None = None) -> Protocol:
    """Set up a comparison.

    Args:
        known: the rows that the models were fitted on.
        held_out: the rows to find.
        added: when each item came, in seconds, [items], NaN where unknown; its first known row tells then, and where nothing is given.
    """
    popularity = np.bincount(known.item, minlength=known.shape[1])
    return Protocol(histories(known), held_out, popularity, item_groups(known, added))


def item_groups(known: Interactions, added: Float64Array | None = None) -> dict[str, BoolArray]:
    """Return items by age: `cold` ones without a known row, and the others in thirds where times are known.

    Without times, the others are in thirds by the number of their rows: `tail`, `middle`, `head`.
    """
    counts = np.bincount(known.item, minlength=known.shape[1])
    warm = counts > 0
    first = np.full(len(counts), np.inf)
    np.fmin.at(first, known.item, known.time)  # fmin passes over NaN
    first[~np.isfinite(first)] = np.nan
    added = first if added is None else np.where(np.isnan(added), first, added)
    by_time = bool(warm.any()) and not np.isnan(added[warm]).any()
    names, values = (("oldest", "middle", "newest"), added) if by_time else (("tail", "middle", "head"), counts)
    return {"cold": ~warm, **_thirds(values.astype(np.float64), warm, names)}


def _thirds(values: Float64Array, members: BoolArray, names: tuple[str, str, str]) -> dict[str, BoolArray]:
    if not members.any():
        return {}
    low, high = np.quantile(values[members], [1 / 3, 2 / 3])
    return {
        names[0]: members & (values <= low),
        names[1]: members & (values > low) & (values <= high),
        names[2]: members & (values > high),
    }


def one_list(model: Model, seen: Histories, users: Sequence[int]) -> dict[str, float]:
    """Return the milliseconds of one list for one of the first users, the median and the 95th percentile."""
    return results.latency(lambda user: recommend(model, seen.row(user), _SHELF), users[:_TIMED])


def rank(model: Model, judged_on: Protocol) -> Ranking:
    """Return what a model makes of the held-out rows."""
    return rank_held_out(model, judged_on.seen, judged_on.held_out, max(CUTS))


def evaluate(ranking: Ranking, judged_on: Protocol) -> dict[str, Any]:
    """Measure what a model made of the held-out rows.

    Returns:
        `metrics` by name, `by_user_activity` and `by_item_age` by group, each estimate with its interval over users.
    """
    per_user = {name: values for cut in CUTS for name, values in gains(ranking, cut).items()}
    shelf = beyond_accuracy(ranking, judged_on)
    return {
        "metrics": results.estimates({**estimates(per_user), **shelf}),
        "by_user_activity": _by_activity(ranking, judged_on, per_user[f"ndcg_at_{_SHELF}"]),
        "by_item_age": {
            name: _bucket(ranking.only(items), int(items.sum())) for name, items in judged_on.item_groups.items()
        },
    }


def beyond_accuracy(ranking: Ranking, judged_on: Protocol) -> dict[str, Estimate]:
    """Return what the first ten items of all users do to the catalogue.

    `coverage_at_10` is the share of the catalogue that anybody is shown; `gini_at_10` is 0 where all items are shown alike often and 1
    where one takes all; `novelty_at_10` is the mean -log2 of an item's share of the users (Zhou et al. 2010);
    `popularity_lift_at_10` is how much more popular the items shown are than the users' own, as a share (Abdollahpouri et al. 2019).
    """
    shelf = ranking.top[:, :_SHELF]
    exposure = np.bincount(shelf[shelf >= 0], minlength=len(judged_on.popularity))
    popularity = judged_on.popularity.astype(np.float64)
    surprise = -np.log2((popularity + 1) / (len(judged_on.seen) + 1))
    novelty = _shelf_mean(surprise, shelf)
    lift = _lift(ranking, judged_on, popularity, shelf)
    return {
        f"coverage_at_{_SHELF}": _exact(float((exposure > 0).mean())),
        f"gini_at_{_SHELF}": _exact(gini(exposure)),
        **estimates({f"novelty_at_{_SHELF}": novelty}),
        **estimates({f"popularity_lift_at_{_SHELF}": lift}),
    }


def _shelf_mean(values: Float64Array, shelf: IntArray) -> Float64Array:
    shown = shelf >= 0
    total = np.where(shown, values[shelf], 0).sum(axis=1)
    return np.asarray(total / np.maximum(shown.sum(axis=1), 1), np.float64)


def _lift(ranking: Ranking, judged_on: Protocol, popularity: Float64Array, shelf: IntArray) -> Float64Array:
    """Return the lift of each judged user who has a history."""
    had = judged_on.seen.select(ranking.users).weights.astype(bool).astype(np.float64)
    rows = np.asarray(had.sum(axis=1), np.float64).ravel()
    own = np.asarray(had @ popularity, np.float64).ravel() / np.maximum(rows, 1)
    return np.asarray(_shelf_mean(popularity, shelf)[rows > 0] / own[rows > 0] - 1, np.float64)


def gini(exposure: IntArray) -> float:
    """Return the Gini coefficient of how often each item is shown, between 0 and 1."""
    total = exposure.sum()
    if not total:
        return 0.0
    count = len(exposure)
    rank = np.arange(1, count + 1)
    return float(((2 * rank - count - 1) * np.sort(exposure)).sum() / (count * total))


def _exact(value: float) -> Estimate:
    """Wrap a property of the whole list, which resampled users would change in kind."""
    return Estimate(value, value, value)


def _by_activity(ranking: Ranking, judged_on: Protocol, values: Float64Array) -> dict[str, Any]:
    had = np.diff(judged_on.seen.weights.indptr)[ranking.users].astype(np.float64)
    groups = {"new": had == 0, **_thirds(had, had > 0, ("light", "medium", "heavy"))}
    return {
        name: {"users": int(members.sum()), **results.estimates(estimates({f"ndcg_at_{_SHELF}": values[members]}))}
        for name, members in groups.items()
    }


def _bucket(ranking: Ranking, items: int) -> dict[str, Any]:
    recalls = {f"recall_at_{cut}": gains(ranking, cut)[f"recall_at_{cut}"] for cut in CUTS} if len(ranking.row) else {}
    return {"items": items, "rows": len(ranking.row), **results.estimates(estimates(recalls))}
