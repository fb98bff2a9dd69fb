"""Where held-out items stand among all items that a user has not seen: full ranking, never a sample of negatives.

Sampled metrics order models differently from full ones (Krichene and Rendle 2020, doi 10.1145/3394486.3403226).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray
from verticals.evaluation.metrics import Estimate
from verticals_recommender.interactions import Interactions
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model

_USERS_AT_ONCE = 128
_RESAMPLES = 1000


@dataclass(frozen=True)
class Ranking:
    """The judged users, who have held-out items, and what the model made of them.

    Attributes:
        users: positions of the judged users, [users].
        row: judged user of each held-out row, [rows]; rows are sorted by user, then by rank.
        item: [rows].
        rank: place of the item among all unseen ones, 1 is the first, [rows].
        top: the first items of each judged user, best first, [users, depth]; -1 where there are no more.
    """

    users: IntArray
    row: IntArray
    item: IntArray
    rank: IntArray
    top: IntArray

    def only(self, items: BoolArray) -> "Ranking":
        """Return the rows of these items and the users who have one; ranks stay those among all unseen items."""
        rows = np.flatnonzero(items[self.item])
        users, row = np.unique(self.row[rows], return_inverse=True)
        return Ranking(self.users[users], row, self.item[rows], self.rank[rows], self.top[users])


def rank_held_out(
    model: Model, seen: Histories, held_out: Interactions, depth: int = 50, allowed: BoolArray | None = None
) -> Ranking:
    """Rank all unseen items for every user with held-out rows.

    Equal scores are put in an arbitrary order that does not depend on the items' numbers.

    Args:
        model: the model.
        seen: what the users did before; these items are not ranked.
        held_out: what they did then.
        depth: how many first items to keep.
        allowed: the items that can be recommended at all, such as the new ones, [items]; nothing means all.
    """
    kept = np.ones(len(held_out), bool) if allowed is None else allowed[held_out.item]
    truth = held_out.take(np.flatnonzero(kept)[np.argsort(held_out.user[kept], kind="stable")])
    users, row = np.unique(truth.user, return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(model.size)
    ranks = [np.empty(0, np.int64)]
    tops = [np.empty((0, min(depth, model.size)), np.int64)]
    for start in range(0, len(users), _USERS_AT_ONCE):
        scores = _unseen_scores(model, seen, users[start : start + _USERS_AT_ONCE], allowed)
        order = shuffled[np.argsort(-scores[:, shuffled], axis=1, kind="stable")]
        held = slice(*np.searchsorted(row, [start, start + _USERS_AT_ONCE]))
        ranks.append(_places(order)[row[held] - start, truth.item[held]])
        first = order[:, :depth]
        tops.append(np.where(np.take_along_axis(scores, first, axis=1) > -np.inf, first, -1))
    rank = np.concatenate(ranks)
    order = np.lexsort((rank, row))
    return Ranking(users, row[order], truth.item[order], rank[order], np.concatenate(tops))


def _unseen_scores(model: Model, seen: Histories, users: IntArray, allowed: BoolArray | None) -> FloatArray:
    histories = seen.select(users)
    scores = model.scores(histories)
    scores[histories.weights.nonzero()] = -np.inf
    if allowed is not None:
        scores[:, ~allowed] = -np.inf
    return scores


def _places(order: IntArray) -> IntArray:
    """Return the rank of each item, [users, items], from the items in order."""
    places = np.empty(order.shape, np.int64)
    np.put_along_axis(places, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
    return places


def gains(ranking: Ranking, k: int) -> dict[str, Float64Array]:
    """Return nDCG, recall and precision at k, reciprocal rank and average precision of each judged user, [users]."""
    users = len(ranking.users)
    relevant = np.bincount(ranking.row, minlength=users)
    found = ranking.rank <= k
    starts = np.searchsorted(ranking.row, np.arange(users))
    number = np.arange(len(ranking.row)) - starts[ranking.row] + 1  # 1 for a user's first hit, 2 for the second
    ideal = np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    discounted = np.bincount(ranking.row, found / np.log2(ranking.rank + 1), users)
    hits = np.bincount(ranking.row, found, users)
    return {
        f"ndcg_at_{k}": discounted / ideal[np.minimum(relevant, k) - 1],
        f"recall_at_{k}": hits / relevant,
        f"precision_at_{k}": hits / k,
        "mrr": 1 / ranking.rank[starts],
        "map": np.bincount(ranking.row, number / ranking.rank, users) / relevant,
    }


def estimates(values: Mapping[str, Float64Array], seed: int = 0) -> dict[str, Estimate]:
    """Return the means over users with their 95 % bootstrap intervals; nothing where there are no users.

    All metrics are resampled with the same draws, at once: a draw is how often it takes each user (Efron 1979).
    """
    users = len(next(iter(values.values()), ()))
    if not users:
        return {}
    table = np.stack(list(values.values()), axis=1)
    draws = np.random.default_rng(seed).multinomial(users, np.full(users, 1 / users), _RESAMPLES)
    low, high = np.percentile(draws @ table / users, [2.5, 97.5], axis=0)
    means = table.mean(axis=0)
    return {name: Estimate(float(means[n]), float(low[n]), float(high[n])) for n, name in enumerate(values)}
