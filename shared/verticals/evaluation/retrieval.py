"""How well a search finds what belongs to a query: ranks over all candidates, and the metrics that follow from them.

Every metric takes the sorted ranks of one query's relevant candidates; the best rank is 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.data.examples import text_key
from verticals.data.pairs import PairSplits
from verticals.data.words import UNSPACED
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import Estimate, bootstrap, mean

Search = Callable[[Sequence[str]], FloatArray]  # queries -> one score per candidate, [queries, candidates]
_QUERIES_AT_ONCE = 256


@dataclass(frozen=True)
class Questions:
    """Queries, the candidates that are ranked for each, and which of them are relevant; those in `seen` do not compete."""

    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    relevant: tuple[IntArray, ...]
    seen: tuple[IntArray, ...]


def questions(splits: PairSplits) -> Questions:
    """Return each test anchor once; the candidates are all positives and negatives of training and test.

    What an anchor was trained with does not compete with what it has to find.
    """
    texts = [
        text for part in (splits.test, splits.train) for text in (*part.right, *chain.from_iterable(part.negatives))
    ]
    candidates = {text_key(text): text for text in reversed(texts)}
    position = {key: number for number, key in enumerate(candidates)}
    wanted, trained = splits.test.belonging(), splits.train.belonging()
    queries = {text_key(text): text for text in reversed(splits.test.left)}

    def positions(keys: set[str]) -> IntArray:
        return np.array(sorted(position[key] for key in keys), dtype=np.int64)

    return Questions(
        tuple(queries.values()),
        tuple(candidates.values()),
        tuple(positions(wanted[key]) for key in queries),
        tuple(positions(trained.get(key, set()) - wanted[key]) for key in queries),
    )


def rank_all(search: Search, questions: Questions) -> list[IntArray]:
    """Return the sorted ranks of each query's relevant candidates."""
    ranks: list[IntArray] = []
    for start in range(0, len(questions.queries), _QUERIES_AT_ONCE):
        block = search(questions.queries[start : start + _QUERIES_AT_ONCE])
        for number, scores in enumerate(block, start):
            ranks.append(relevant_ranks(scores, questions.relevant[number], questions.seen[number]))
    return ranks


def relevant_ranks(scores: FloatArray, relevant: IntArray, seen: IntArray) -> IntArray:
    """Return the sorted ranks of the relevant candidates; a tie counts against the search.

    Args:
        scores: one per candidate, [candidates].
        relevant: positions of the relevant ones.
        seen: positions of others that do not compete.
    """
    competing = np.ones(len(scores), dtype=bool)
    competing[relevant] = competing[seen] = False
    others = np.sort(scores[competing])
    found = -np.sort(-scores[relevant])
    not_worse = len(others) - np.searchsorted(others, found, side="left")
    return np.asarray(not_worse + np.arange(1, len(found) + 1), dtype=np.int64)


def reciprocal_rank(ranks: IntArray) -> float:
    """Return 1 / rank of the best relevant candidate; its mean is the MRR."""
    return float(1 / ranks[0])


def average_precision(ranks: IntArray) -> float:
    """Return the mean precision at each relevant candidate; its mean is the MAP."""
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def recall_at(ranks: IntArray, k: int) -> float:
    """Return the share of the relevant candidates among the first k."""
    return float(np.mean(ranks <= k))


def precision_at(ranks: IntArray, k: int) -> float:
    """Return the share of the first k that is relevant."""
    return float(np.sum(ranks <= k) / k)


def ndcg_at(ranks: IntArray, k: int) -> float:
    """Return the discounted gain of the first k over the best possible (Järvelin and Kekäläinen 2002), binary relevance."""
    best = np.arange(1, min(len(ranks), k) + 1)
    return float(_gain(ranks[ranks <= k]) / _gain(best))


def _gain(ranks: IntArray) -> float:
    return float(np.sum(1 / np.log2(ranks + 1)))


METRICS: dict[str, Callable[[IntArray], float]] = {
    "mrr": reciprocal_rank,
    "map": average_precision,
    "ndcg_at_10": lambda ranks: ndcg_at(ranks, 10),
    "recall_at_1": lambda ranks: recall_at(ranks, 1),
    "recall_at_10": lambda ranks: recall_at(ranks, 10),
    "recall_at_50": lambda ranks: recall_at(ranks, 50),
    "precision_at_1": lambda ranks: precision_at(ranks, 1),
    "precision_at_10": lambda ranks: precision_at(ranks, 10),
}


def by_query(metric: Callable[[IntArray], float], ranks: Sequence[IntArray]) -> Float64Array:
    """Return a metric of each query."""
    return np.array([metric(each) for each in ranks], dtype=np.float64)


def estimates(ranks: Sequence[IntArray]) -> dict[str, Estimate]:
    """Return the mean of every metric over the queries, with its bootstrap interval."""
    return {name: bootstrap(mean, by_query(metric, ranks)) for name, metric in METRICS.items()}


def judge(search: Search, asked: Questions) -> Judgement:
    """Rank every candidate for each query; searches are compared by the MRR."""
    ranks = rank_all(search, asked)
    details = {"queries": len(asked.queries), "candidates": len(asked.candidates)}
    return Judgement(estimates(ranks), "mrr", by_query(reciprocal_rank, ranks), details)


def vector_search(embed: Callable[[Sequence[str]], FloatArray], candidates: Sequence[str]) -> Search:
    """Return the search by inner product; `embed` gives unit vectors."""
    index = embed(candidates)
    return lambda queries: np.asarray(embed(queries) @ index.T, dtype=np.float32)


_TERM = rf"[{UNSPACED}]|[^\W{UNSPACED}]+"  # a character where there are no blanks between words


def bm25_search(candidates: Sequence[str]) -> Search:
    """Return the search by BM25 (Robertson and Zaragoza 2009) of the bm25s library, with its English stop words."""
    import bm25s

    def words(texts: Sequence[str]) -> list[list[str]]:
        found = bm25s.tokenize(list(texts), stopwords="en", token_pattern=_TERM, return_ids=False, show_progress=False)
        return [list(each) for each in found]

    known = words(candidates)
    if not any(known):  # bm25s cannot index texts without a single word
        return lambda queries: np.zeros((len(queries), len(candidates)), np.float32)
    index = bm25s.BM25()
    index.index(known, show_progress=False)

    def scores(query: list[str]) -> FloatArray:
        return np.asarray(index.get_scores_from_ids(index.get_tokens_ids(query)), dtype=np.float32)

    return lambda queries: np.stack([scores(query) for query in words(queries)])
