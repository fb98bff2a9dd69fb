"""Ranking metrics against values worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from verticals.data.pairs import Pairs, PairSplits
from verticals.evaluation.retrieval import (
    METRICS,
    average_precision,
    bm25_search,
    estimates,
    judge,
    ndcg_at,
    precision_at,
    questions,
    recall_at,
    reciprocal_rank,
    relevant_ranks,
)

NONE = np.array([], dtype=np.int64)


def pairs(*rows: tuple[str, str, tuple[str, ...]]) -> Pairs:
    left, right, negatives = zip(*rows, strict=True)
    return Pairs(left, right, negatives, tuple(range(2, len(rows) + 2)))


def test_metrics_of_two_relevant_among_four() -> None:
    ranks = relevant_ranks(np.array([0.9, 0.8, 0.7, 0.6], np.float32), np.array([3, 1]), NONE)
    assert ranks.tolist() == [2, 4]
    assert reciprocal_rank(ranks) == 0.5
    assert average_precision(ranks) == (1 / 2 + 2 / 4) / 2
    assert (recall_at(ranks, 1), recall_at(ranks, 2), recall_at(ranks, 4)) == (0, 0.5, 1)
    assert (precision_at(ranks, 1), precision_at(ranks, 4)) == (0, 0.5)
    assert ndcg_at(ranks, 10) == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3)))


def test_a_tie_counts_against_the_search() -> None:
    assert relevant_ranks(np.zeros(4, np.float32), np.array([0]), NONE).tolist() == [4]


def test_what_was_seen_in_training_does_not_compete() -> None:
    scores = np.array([0.9, 0.8, 0.1], np.float32)
    assert relevant_ranks(scores, np.array([1]), NONE).tolist() == [2]
    assert relevant_ranks(scores, np.array([1]), np.array([0])).tolist() == [1]


def test_average_precision_and_ndcg_agree_with_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    for _ in range(20):
        scores = draw.permutation(30).astype(np.float32)
        relevant = draw.choice(30, size=4, replace=False)
        truth = np.isin(np.arange(30), relevant).astype(int)
        ranks = relevant_ranks(scores, relevant, NONE)
        assert average_precision(ranks) == pytest.approx(average_precision_score(truth, scores))
        assert ndcg_at(ranks, 10) == pytest.approx(ndcg_score([truth], [scores], k=10))


def test_every_estimate_lies_in_its_interval() -> None:
    ranks = [np.array([1 + number % 5]) for number in range(40)]
    found = estimates(ranks)
    assert found.keys() == METRICS.keys()
    assert found["mrr"].value == pytest.approx(np.mean([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]))
    assert all(each.low <= each.value <= each.high for each in found.values())


def test_bm25_finds_the_text_with_the_rare_word_and_knows_nothing_of_stop_words() -> None:
    search = bm25_search(["the blue paint is dry", "the parcel is late", "a shade of green"])
    scores = search(["where is my parcel", "the is of", "unheard words"])
    assert scores[0].argmax() == 1
    assert scores[0][1] > 0
    assert not scores[1:].any()


def test_bm25_finds_a_chinese_text_by_the_characters_that_it_shares() -> None:
    scores = bm25_search(["退款什么时候到账？", "茶叶怎么保存，能放多久？"])(["开封的茶叶还能放几天", "我的退款呢"])
    assert scores.argmax(axis=1).tolist() == [1, 0]


def test_bm25_over_texts_without_words_scores_zero() -> None:
    assert not bm25_search(["?!", "the"])(["parcel", "?"]).any()


def test_an_anchor_is_asked_once_for_all_of_its_positives() -> None:
    test = pairs(("Where?", "here", ()), ("where", "there", ("nowhere",)), ("who", "me", ()))
    train = pairs(("where", "elsewhere", ()), ("how", "so", ("Here!",)))
    asked = questions(PairSplits("toy", train, test))
    names = [asked.candidates[position] for position in range(len(asked.candidates))]
    assert sorted(names) == ["elsewhere", "here", "me", "nowhere", "so", "there"]
    relevant = {
        query: sorted(names[position] for position in positions)
        for query, positions in zip(asked.queries, asked.relevant, strict=True)
    }
    assert relevant == {"Where?": ["here", "there"], "who": ["me"]}
    seen = {query: [names[p] for p in positions] for query, positions in zip(asked.queries, asked.seen, strict=True)}
    assert seen == {"Where?": ["elsewhere"], "who": []}


def test_searches_are_compared_query_by_query() -> None:
    splits = PairSplits("toy", pairs(("q", "d", ())), pairs(("a", "x", ()), ("b", "y", ())))
    asked = questions(splits)
    right = {query: asked.relevant[number][0] for number, query in enumerate(asked.queries)}

    def oracle(queries: object) -> np.ndarray:
        return np.stack([np.eye(3, dtype=np.float32)[right[query]] for query in asked.queries])

    def blind(queries: object) -> np.ndarray:
        return np.zeros((2, 3), np.float32)

    gain = judge(oracle, asked).gain_over(judge(blind, asked))
    assert gain.value == gain.low == gain.high == pytest.approx(1 - 1 / 3)
