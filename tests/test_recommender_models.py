"""The models: right answers known by hand, exact explanations, cold users and items, and the way to disk and back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from verticals.errors import RunError
from verticals_recommender import candidates
from verticals_recommender.models import als, borrowing, ease, expanded, item_knn, popularity, saved, stored, vectors
from verticals_recommender.models.blend import Blend, spread
from verticals_recommender.models.histories import Histories, history
from verticals_recommender.models.model import Model, best, neighbours, recommend
from verticals_recommender.models.recent import Recent
from verticals_recommender.settings import Grid

USERS, ITEMS = 40, 12


def checkerboard() -> Histories:
    """Even users have even items and odd users odd ones, each without one item of their kind."""
    cells = [(u, i) for u in range(USERS) for i in range(ITEMS) if i % 2 == u % 2 and i // 2 != u // 2 % (ITEMS // 2)]
    user, item = np.array(cells).T
    weights = sparse.csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=(USERS, ITEMS))
    return Histories(weights, np.zeros(len(user), np.float32))


BOARD = checkerboard()
TEXT = np.eye(2, dtype=np.float32)[np.arange(ITEMS) % 2] + 0.1 * np.eye(ITEMS, dtype=np.float32)[:, :2]
FITS: dict[str, Callable[[], Model]] = {
    "item-knn": lambda: item_knn.fit(BOARD, neighbours=ITEMS, shrinkage=5),
    "ease": lambda: ease.fit(BOARD, regularisation=2, neighbours=ITEMS),
    "als": lambda: als.fit(BOARD, width=2, regularisation=0.1, confidence=4, rounds=8, seed=0),
    "text": lambda: vectors.fit(TEXT),
    "hybrid": lambda: Blend((FITS["ease"](), FITS["als"](), FITS["text"]()), (1.0, 0.5, 0.25)),
    "expanded": lambda: expanded.fit(vectors.fit(TEXT), BOARD, share=2),
    "borrowing": lambda: borrowing.fit(FITS["ease"](), vectors.fit(TEXT), BOARD, share=2),
    "recent": lambda: Recent(FITS["ease"](), half_life=2),
}
PERSONAL = pytest.mark.parametrize("name", FITS)


@PERSONAL
def test_every_personal_model_solves_the_checkerboard(name: str) -> None:
    model = FITS[name]()
    firsts = [recommend(model, BOARD.row(user), 1)[0] for user in range(USERS)]
    assert [int(first) for first in firsts] == [2 * (u // 2 % (ITEMS // 2)) + u % 2 for u in range(USERS)]


@PERSONAL
def test_contributions_add_up_to_the_score(name: str) -> None:
    model = FITS[name]()
    mine = history([0, 3, 4], ITEMS, [1.0, 2.0, 0.5])
    scored = model.scored(mine)
    np.testing.assert_allclose(scored.scores, model.scores(mine)[0], atol=1e-6)
    for item in range(ITEMS):
        parts = scored.contributions(np.array([item, 0]))
        assert parts.shape == (3, 2)
        assert parts[:, 0].sum() == pytest.approx(scored.scores[item], abs=1e-5)


@PERSONAL
def test_neighbours_are_of_the_same_kind_and_never_the_item_itself(name: str) -> None:
    found = neighbours(FITS[name](), 4, 5)
    assert {int(item) for item in found} == {0, 2, 6, 8, 10}


@PERSONAL
def test_a_new_user_is_answered_without_training(name: str) -> None:
    found = recommend(FITS[name](), history([1], ITEMS), 5)
    assert {int(item) for item in found} == {3, 5, 7, 9, 11}


@PERSONAL
def test_nobody_and_nothing_give_finite_scores(name: str) -> None:
    model = FITS[name]()
    assert np.isfinite(model.scores(history([], ITEMS))).all()
    assert len(recommend(model, history([], ITEMS), 4)) == 4
    assert len(recommend(model, history(range(ITEMS), ITEMS), 4)) == 0


@PERSONAL
def test_a_saved_model_scores_as_before(name: str, tmp_path: Path) -> None:
    model = FITS[name]()
    model.save(tmp_path)
    again = saved.load(tmp_path)
    assert again.kind == model.kind
    np.testing.assert_array_equal(again.scores(BOARD), model.scores(BOARD))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json", ".safetensors"}


@PERSONAL
def test_a_damaged_model_is_refused_with_a_clean_error(name: str, tmp_path: Path) -> None:
    FITS[name]().save(tmp_path)
    damaged = next(tmp_path.rglob("*.safetensors"))
    whole = damaged.read_bytes()
    for content in (whole[:40], b"\xff" * 8 + whole[8:], b"\x80\x04\x95pickle"):
        damaged.write_bytes(content)
        with pytest.raises(RunError, match="not a saved model"):
            saved.load(tmp_path)


@PERSONAL
def test_an_erased_item_scores_nothing_and_says_nothing(name: str) -> None:
    model = FITS[name]().erased(np.array([4]))
    assert model.size == ITEMS
    assert not model.scores(BOARD)[:, 4].any()
    assert not model.scores(history([4], ITEMS)).any()
    assert not model.similar(4).any()


@PERSONAL
def test_a_new_item_has_a_place_at_once_and_changes_nobody_elses_order(name: str) -> None:
    model = FITS[name]()
    larger = model.extended(np.array([[1, 0]], np.float32))
    assert larger.size == ITEMS + 1
    mine = history([0, 2], ITEMS)
    before, after = model.scores(mine)[0], larger.scores(mine.widened(ITEMS + 1))[0, :ITEMS]
    if name != "hybrid":  # whose parts are scaled by the spread over all items
        np.testing.assert_allclose(before, after, atol=1e-6)
    assert best(after, 5).tolist() == best(before, 5).tolist()


@pytest.mark.parametrize("name", ["text", "hybrid", "borrowing"])
def test_a_new_item_is_recommended_by_its_text_alone(name: str) -> None:
    larger = FITS[name]().extended(np.array([[1, 0], [0, 1]], np.float32))
    scores = larger.scores(history([0, 2], ITEMS).widened(ITEMS + 2))[0]
    assert scores[ITEMS] > scores[ITEMS + 1]


def test_popularity_counts_people_and_explains_nothing(tmp_path: Path) -> None:
    weights = sparse.csr_matrix(np.array([[5, 1, 0], [7, 0, 0], [1, 1, 0]], np.float32))
    model = popularity.fit(Histories(weights, np.zeros(5, np.float32)))
    assert model.counts.tolist() == [3, 2, 0]
    assert recommend(model, history([], 3), 3).tolist() == [0, 1, 2]
    assert not model.scored(history([0], 3)).contributions(np.array([1])).any()
    assert model.extended(np.ones((1, 2), np.float32)).counts.tolist() == [3, 2, 0, 0]
    assert model.erased(np.array([0])).counts.tolist() == [0, 2, 0]
    model.save(tmp_path)
    np.testing.assert_array_equal(saved.load(tmp_path).scores(BOARD.row(0)), model.scores(BOARD.row(0)))


def test_item_knn_gives_the_cosine_by_hand() -> None:
    weights = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0], [1, 0, 0]], np.float32))
    plain = item_knn.fit(Histories(weights, np.zeros(7, np.float32)), neighbours=3, shrinkage=0)
    assert plain.weights[0, 1] == pytest.approx(2 / np.sqrt(4 * 2))
    assert plain.weights[1, 2] == pytest.approx(1 / np.sqrt(2 * 1))
    assert plain.weights[1, 1] == 0
    shrunk = item_knn.fit(Histories(weights, np.zeros(7, np.float32)), neighbours=1, shrinkage=1)
    assert shrunk.weights[0, 1] == pytest.approx(2 / (np.sqrt(4 * 2) + 1))
    assert shrunk.weights.nnz == 3


def test_ease_is_left_out_with_a_count_where_users_and_items_are_too_many_for_it() -> None:
    large = (ease.LARGEST + 1, ease.LARGEST + 1)
    assert set(candidates.families(Grid(), True, large)) == {"popularity", "item-knn", "als", "text"}
    assert "ease" in candidates.families(Grid(), True, (ease.LARGEST, ease.LARGEST + 1))
    assert [(note.code, note.count) for note in candidates.left_out(Grid(), large)] == [("ease_left_out", 3)]
    assert candidates.left_out(Grid(), (10, 10)) == []


def test_ease_over_users_and_over_items_is_the_same_model() -> None:
    generator = np.random.default_rng(0)
    wide = (generator.random((15, 25)) < 0.3).astype(np.float64)
    gram = np.linalg.inv(wide.T @ wide + 3 * np.eye(25))
    expected = -gram / np.diag(gram)
    np.fill_diagonal(expected, 0)
    found = ease.fit(_of(wide), regularisation=3, neighbours=25).weights.toarray()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    tall = np.vstack([wide, np.zeros((20, 25))])
    np.testing.assert_allclose(ease.fit(_of(tall), 3, 25).weights.toarray(), expected, atol=1e-6)


def test_als_stands_where_its_loss_has_no_slope() -> None:
    model = als.fit(BOARD, width=3, regularisation=0.5, confidence=2, rounds=400, seed=1)
    y, x = model.vectors.astype(float), model.fold_in(BOARD).astype(float)
    weights = BOARD.weights.toarray()
    error = (1 + 2 * weights) * (x @ y.T - (weights > 0))
    assert np.abs(error @ y + 0.5 * x).max() < 1e-3
    assert np.abs(error.T @ x + 0.5 * y).max() < 1e-2


def test_als_scores_are_inner_products_with_the_folded_in_user() -> None:
    model = als.fit(BOARD, width=2, regularisation=0.1, confidence=4, rounds=8, seed=0)
    np.testing.assert_allclose(model.fold_in(BOARD) @ model.vectors.T, model.scores(BOARD), atol=1e-6)


def test_one_close_relative_says_more_than_many_distant_ones() -> None:
    """Item 3 is as near to all of the history, with a higher mean cosine; item 4 is the twin of one and unlike the others."""
    model = vectors.fit(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [1, 0, 0]], np.float32))
    mine = history([0, 1, 2], 5, [1.0, 1.0, 2.0])
    scores = model.scores(mine)[0]
    near = np.expm1(np.sqrt(1 / 3) / vectors.TEMPERATURE) / np.expm1(1 / vectors.TEMPERATURE)
    assert scores[3:].tolist() == pytest.approx([4 * near, 1], rel=1e-5)
    parts = model.scored(mine).contributions(np.array([3, 4]))
    np.testing.assert_allclose(parts, [[near, 1], [near, 0], [2 * near, 0]], rtol=1e-5)


def test_a_recent_item_outweighs_an_old_one_exactly_by_the_half_life() -> None:
    model = Recent(FITS["ease"](), half_life=1)
    parts = model.scored(history([0, 1, 2], ITEMS)).contributions(np.array([4]))[:, 0]  # oldest first
    whole = FITS["ease"]().scored(history([0, 1, 2], ITEMS)).contributions(np.array([4]))[:, 0]
    np.testing.assert_allclose(parts, whole * np.array([0.25, 0.5, 1]), atol=1e-7)


def test_what_is_too_long_ago_to_count_keeps_its_place_in_an_expanded_history() -> None:
    stranger = history([ITEMS, 0, 1, 2], ITEMS + 1)  # oldest first, and beside nothing
    model = Recent(FITS["expanded"]().extended(np.array([[0, 0]], np.float32)), half_life=0.01)
    parts = model.scored(stranger).contributions(np.arange(ITEMS))
    assert not parts[3].any()
    np.testing.assert_allclose(parts.sum(axis=0), model.scores(stranger)[0, :ITEMS], atol=1e-6)


def test_vectors_that_are_not_finite_or_empty_are_like_nothing() -> None:
    model = vectors.fit(np.array([[3, 4], [np.nan, 1], [0, 0], [np.inf, 0]], np.float32))
    expected = np.array([[0.6, 0.8], [0, 0], [0, 0], [0, 0]])
    np.testing.assert_allclose(model.vectors, expected, atol=1e-6)


def test_new_items_are_near_to_old_ones_as_if_all_had_been_there_from_the_start() -> None:
    together = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    grown = vectors.fit(together[:9]).extended(together[9:])
    np.testing.assert_allclose(grown.near.weights.toarray(), vectors.fit(together).near.weights.toarray(), atol=1e-6)


def test_only_the_nearest_relatives_have_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "RELATIVES", 1)
    model = vectors.fit(np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32))
    assert (model.near.weights.toarray() > 0).tolist() == [
        [False, True, False],
        [True, False, True],
        [False, False, False],
    ]


def test_stored_rows_are_those_of_the_matrix_in_the_order_asked_for() -> None:
    generator = np.random.default_rng(0)
    matrix = sparse.random_array((9, 7), density=0.4, format="csr", dtype=np.float32, rng=generator)
    asked, wanted = np.array([5, 0, 5, 8]), np.array([6, 2, 6])
    found = stored.rows(matrix, asked).scaled(np.array([1, 2, 3, 4], np.float32))
    expected = matrix.toarray()[asked] * np.array([[1], [2], [3], [4]])
    np.testing.assert_allclose(found.columns(wanted), expected[:, wanted])
    np.testing.assert_allclose(found.total(), expected.sum(axis=0), rtol=1e-6)
    assert not stored.rows(matrix, asked[:0]).total().any()


def test_equal_scores_have_no_spread_to_divide_by() -> None:
    assert spread(np.full((1, 4), 3, np.float32)).tolist() == [[1.0]]


def test_only_allowed_items_are_returned() -> None:
    allowed = np.arange(ITEMS) >= 8
    assert recommend(FITS["ease"](), history([0], ITEMS), 9, allowed).tolist()[:2] == [8, 10]


def _of(matrix: np.ndarray) -> Histories:
    weights = sparse.csr_matrix(matrix, dtype=np.float32)
    return Histories(weights, np.zeros(weights.nnz, np.float32))


def test_an_expanded_history_finds_what_is_like_the_company_of_its_items() -> None:
    bought_together = sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], np.float32))
    read = vectors.fit(
        np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0.1], [0, 0, 1]], np.float32)
    )  # item 2 is new, and like item 1
    model = expanded.fit(read, Histories(bought_together, np.zeros(5, np.float32)), share=2)
    mine = history([0], 4)
    assert read.scores(mine)[0, 2] == 0
    assert recommend(model, mine, 1, allowed=np.array([False, False, True, True])).tolist() == [2]
    cosine = 2 / (2 + 20)  # of items 0 and 1, shrunk
    near = read.scores(history([1], 4))[0, 2]
    assert model.scores(mine)[0, 2] == pytest.approx(2 * cosine * near)


def test_an_item_that_nobody_had_takes_after_its_relatives_in_proportion_to_their_nearness() -> None:
    bought = sparse.csr_matrix(
        np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 1, 0, 0]], np.float32)
    )
    past = Histories(bought, np.zeros(bought.nnz, np.float32))
    read = vectors.fit(np.array([[0, 0, 1], [1, 0, 0], [0.8, 0.6, 0], [0.95, 0.31, 0], [0, -1, 0]], np.float32))
    knn = item_knn.fit(past, neighbours=5, shrinkage=0)
    model = borrowing.fit(knn, read, past, share=2)
    mine = history([0], 5)
    plain, lent = knn.scores(mine)[0], model.scores(mine)[0]
    assert lent[:3].tolist() == plain[:3].tolist(), "what somebody had borrows nothing"
    near = read.near.weights.toarray()[1:3, 3] ** 2
    assert lent[3] == pytest.approx(2 * (near @ plain[1:3]) / near.sum())
    assert lent[4] == 0, "who has no relatives gets nothing"
    reasons = model.scored(mine).contributions(np.array([3, 1]))
    assert reasons[0] == pytest.approx([lent[3], lent[1]])
    assert not model.erased(np.array([1, 2])).scores(mine)[0, 3], "an erased item lends nothing"


def test_an_item_that_comes_later_borrows_as_one_that_was_there_from_the_start() -> None:
    later = np.array([[1, 0.2], [0.3, 1]], np.float32)
    wide = Histories(sparse.hstack([BOARD.weights, sparse.csr_matrix((USERS, 2))], format="csr"), BOARD.ages)
    at_once = borrowing.fit(ease.fit(wide, 2, ITEMS + 2), vectors.fit(np.concatenate([TEXT, later])), wide, share=2)
    added = FITS["borrowing"]().extended(later)
    mine = history([0, 2], ITEMS + 2)
    np.testing.assert_allclose(added.scores(mine), at_once.scores(mine), atol=1e-5)
