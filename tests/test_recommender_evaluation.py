"""Evaluation: ranks and metrics worked out by hand, and never on a sample."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from verticals_recommender import evaluation, ranking
from verticals_recommender.interactions import Interactions, encode
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.popularity import Popularity
from verticals_recommender.ranking import Ranking, gains, rank_held_out

ITEMS = tuple(f"i{number}" for number in range(6))


def interactions(pairs: list[tuple[int, int]], users: int = 3, times: list[float] | None = None) -> Interactions:
    user, item = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    rows = encode([str(u) for u in user], [ITEMS[i] for i in item], time=None if times is None else np.array(times))
    return replace(rows, users=tuple(str(u) for u in range(users)), items=ITEMS, user=user, item=item)


def fixed(scores: list[float]) -> Popularity:
    return Popularity(np.array(scores, np.float32))


def nobody(users: int, items: int) -> Histories:
    return Histories(sparse.csr_matrix((users, items), dtype=np.float32), np.empty(0, np.float32))


KNOWN = interactions([(0, 0), (0, 1), (1, 0), (2, 0)])
HELD = interactions([(0, 2), (0, 5), (1, 1)])
MODEL = fixed([6, 5, 4, 3, 2, 1])


def judge(judged_on: evaluation.Protocol) -> dict[str, Any]:
    return evaluation.evaluate(evaluation.rank(MODEL, judged_on), judged_on)


def test_ranks_count_every_unseen_item_and_no_seen_one() -> None:
    found = rank_held_out(MODEL, histories(KNOWN), HELD, depth=5)
    assert found.users.tolist() == [0, 1]
    assert list(zip(found.row.tolist(), found.item.tolist(), found.rank.tolist(), strict=True)) == [
        (0, 2, 1),
        (0, 5, 4),
        (1, 1, 1),
    ]
    assert found.top.tolist() == [[2, 3, 4, 5, -1], [1, 2, 3, 4, 5]]


def test_gains_are_those_worked_out_by_hand() -> None:
    found = rank_held_out(MODEL, histories(KNOWN), HELD)
    at_3, at_4 = gains(found, 3), gains(found, 4)
    ideal = 1 + 1 / np.log2(3)
    assert at_3["ndcg_at_3"].tolist() == pytest.approx([1 / ideal, 1])
    assert at_4["ndcg_at_4"].tolist() == pytest.approx([(1 + 1 / np.log2(5)) / ideal, 1])
    assert at_3["recall_at_3"].tolist() == [0.5, 1]
    assert at_3["precision_at_3"].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert at_3["mrr"].tolist() == [1, 1]
    assert at_3["map"].tolist() == pytest.approx([(1 / 1 + 2 / 4) / 2, 1])


def test_full_ranking_only() -> None:
    """A model without knowledge places an item in the middle of the whole catalogue, not of a hundred sampled ones."""
    items, users = 2000, 200
    generator = np.random.default_rng(0)
    truth = generator.integers(0, items, users)
    held = replace(
        encode([str(u) for u in range(users)], [str(i) for i in truth]),
        items=tuple(str(i) for i in range(items)),
        item=truth,
    )
    found = rank_held_out(fixed(generator.random(items).tolist()), nobody(users, items), held)
    assert found.rank.mean() == pytest.approx(items / 2, rel=0.1)
    for module in (ranking, evaluation):
        for _, function in inspect.getmembers(module, inspect.isfunction):
            assert not {"negatives", "sample", "samples", "candidates"} & set(inspect.signature(function).parameters)


def test_equal_scores_earn_nothing_by_their_number() -> None:
    held = interactions([(0, 0), (1, 0), (2, 0)])
    flat = rank_held_out(fixed([1] * 6), nobody(3, 6), held)
    assert flat.rank.tolist() == [int(np.flatnonzero(np.random.default_rng(0).permutation(6) == 0)[0]) + 1] * 3


def test_allowed_items_are_ranked_among_themselves() -> None:
    allowed = np.array([False, False, False, True, True, True])
    found = rank_held_out(MODEL, histories(KNOWN), HELD, allowed=allowed)
    assert (found.item.tolist(), found.rank.tolist()) == ([5], [3])


def test_a_bucket_of_items_keeps_the_ranks_among_all() -> None:
    found = rank_held_out(MODEL, histories(KNOWN), HELD)
    only = found.only(np.arange(6) == 5)
    assert (only.users.tolist(), only.rank.tolist()) == ([0], [4])
    assert gains(only, 4)["recall_at_4"].tolist() == [1]


def test_gini_is_0_for_equal_shares_and_near_1_for_one_taker() -> None:
    assert evaluation.gini(np.array([3, 3, 3, 3])) == 0
    assert evaluation.gini(np.array([0, 0, 0, 8])) == 0.75
    assert evaluation.gini(np.zeros(4, np.int64)) == 0


def test_the_shelf_is_measured_against_the_catalogue_and_the_users_own_taste() -> None:
    judged_on = evaluation.protocol(KNOWN, HELD)
    shelf = Ranking(np.array([0, 1]), np.array([0, 1]), np.array([2, 1]), np.array([1, 1]), np.array([[2, -1], [1, 2]]))
    found = evaluation.beyond_accuracy(shelf, judged_on)
    assert found["coverage_at_10"].value == pytest.approx(2 / 6)
    # popularity is 3, 1, 0, 0, 0, 0: user 0 had items 0 and 1 (mean 2) and is shown 0; user 1 had item 0 (3), shown 1 and 0
    assert found["popularity_lift_at_10"].value == pytest.approx(np.mean([0 / 2 - 1, 0.5 / 3 - 1]))
    assert found["novelty_at_10"].value == pytest.approx(np.mean([2, (1 + 2) / 2]))


def test_groups_of_users_and_items_are_counted_and_measured_apart() -> None:
    record = judge(evaluation.protocol(KNOWN, HELD))
    assert record["metrics"]["ndcg_at_10"]["low"] <= record["metrics"]["ndcg_at_10"]["value"]
    assert sum(group["users"] for group in record["by_user_activity"].values()) == 2
    assert record["by_item_age"]["cold"]["items"] == 4
    assert record["by_item_age"]["cold"]["rows"] == 2
    assert record["by_item_age"]["cold"]["recall_at_10"]["value"] == 1


def test_items_are_grouped_by_age_where_times_are_known() -> None:
    known = interactions([(0, 0), (0, 1), (1, 2), (2, 0)], times=[10, 20, 30, 40])
    groups = evaluation.item_groups(known)
    assert {name: np.flatnonzero(items).tolist() for name, items in groups.items()} == {
        "cold": [3, 4, 5],
        "oldest": [0],
        "middle": [1],
        "newest": [2],
    }
    dated = evaluation.item_groups(known, np.array([50, np.nan, np.nan, 0, 0, 0]))
    assert np.flatnonzero(dated["newest"]).tolist() == [0], "one without a date came with its first row"


def test_new_users_are_a_group_of_their_own() -> None:
    record = judge(evaluation.protocol(interactions([(0, 0)]), interactions([(0, 1), (2, 3)])))
    assert record["by_user_activity"]["new"]["users"] == 1
