"""Serving rules on a shop in which the right answer is known: two kinds of people, two kinds of items."""

import time
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import sparse

from verticals.arrays import FloatArray
from verticals_recommender.explanations import counterfactual, in_words, reasons, why
from verticals_recommender.items import Item
from verticals_recommender.models import als, ease, item_knn, popularity
from verticals_recommender.models.histories import Histories, history
from verticals_recommender.models.model import Model
from verticals_recommender.models.vectors import fit as from_vectors
from verticals_recommender.profiles import Profile
from verticals_recommender.serving import (
    Engine,
    Recommendation,
    Rules,
    allowed,
    diversified,
    in_spreads,
    likeness,
    recommend,
)
from verticals_recommender.shelf import shelf
from verticals_recommender.times import DAY

NOW = 1_000 * DAY
HALF = 12  # items 0-11 are tea, 12-23 are tools


def people(seed: int = 0, users: int = 300) -> Histories:
    """Return people who buy every other tea, or every other tool, and never both."""
    generator = np.random.default_rng(seed)
    kind = np.repeat(np.array([[True], [False]]), HALF, axis=1).ravel()
    buys = (generator.random((users, 2 * HALF)) < 0.5) & (kind == (np.arange(users) % 2 == 0)[:, None])
    matrix = sparse.csr_matrix(buys.astype(np.float32))
    return Histories(matrix, np.zeros(matrix.nnz, np.float32))


def text_vectors() -> FloatArray:
    """Return vectors in which each kind has its own axis, and each item a little of its own."""
    own = np.eye(24, dtype=np.float32) * 0.5
    kind = np.repeat(np.eye(2, dtype=np.float32), HALF, axis=0)
    return np.concatenate([kind, own], axis=1)


def goods() -> list[Item]:
    return [
        Item(
            id=f"i{n}",
            title=f"Thing {n}",
            category="tea" if n < HALF else "tools",
            price=None if n == 5 else float(n),
            available=n != 3,
            added=NOW - n * DAY,
        )
        for n in range(24)
    ]


@pytest.fixture(scope="module")
def engine() -> Engine:
    bought = people()
    counts = popularity.fit(bought).counts
    return Engine(ease.fit(bought, 100.0, 24), shelf(goods(), counts, text_vectors()))


def items_of(engine: Engine, profile: Profile, now: float = NOW, **rules: Any) -> list[int]:
    return [each.item for each in recommend(engine, profile, Rules(**rules), now)]


TEA = Profile().after("click", [0, 1, 2])


def result(engine: Engine, item: int) -> Recommendation:
    """Return what the person who buys tea is told of an item, wherever it stands on the list."""
    return next(each for each in recommend(engine, TEA, Rules(count=100), NOW) if each.item == item)


def test_a_person_who_buys_tea_gets_the_other_teas_first_and_nothing_that_was_seen_or_is_sold_out(
    engine: Engine,
) -> None:
    assert set(items_of(engine, TEA, count=8)) == set(range(4, HALF))
    assert set(items_of(engine, TEA, count=9, in_stock=False)) == set(range(3, HALF))


def test_the_parts_of_every_score_add_up(engine: Engine) -> None:
    profile = TEA.after("less", [4]).after("shown", [6, 7])
    rules = Rules(freshness=0.5, diversity=0.7, novelty=0.3, damping=0.4)
    found = recommend(engine, profile, rules, NOW)
    expected = {"history", "less_like_this", "shown_before", "freshness", "novelty", "popularity_damping", "diversity"}
    for each in found:
        assert each.parts.keys() == expected
        assert each.score == pytest.approx(sum(each.parts.values()), abs=1e-5)


def test_sliders_at_zero_leave_the_models_own_order(engine: Engine) -> None:
    scores = engine.model.scores(history(list(TEA.history), 24))[0]
    mask = allowed(engine.shelf, TEA, Rules())
    expected = sorted(np.flatnonzero(mask), key=lambda item: (-scores[item], item))
    assert items_of(engine, TEA, count=20) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"categories": ("tools",)}, set(range(HALF, 24))),
        ({"price_from": 4, "price_to": 8}, {4, 6, 7, 8}),
        ({"categories": ("tea", "tools"), "price_from": 22}, {22, 23}),
        ({"categories": ("cakes",)}, set()),
    ],
)
def test_filters_hold_for_every_result(engine: Engine, rules: dict[str, Any], expected: set[int]) -> None:
    assert set(items_of(engine, TEA, count=100, **rules)) == expected


def test_prices_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"price_from is 9\.0, above price_to 3\.0"):
        Rules(price_from=9, price_to=3)


def test_freshness_lifts_new_items_and_its_time_is_given(engine: Engine) -> None:
    fresh = items_of(engine, Profile(), freshness=1, half_life_days=1, damping=0, count=1)
    assert fresh == [0]
    before = recommend(engine, TEA, Rules(freshness=1), NOW)
    much_later = recommend(engine, TEA, Rules(freshness=1), NOW + 10_000 * DAY)
    assert min(each.parts["freshness"] for each in before) > 0
    assert max(each.parts["freshness"] for each in much_later) == pytest.approx(0, abs=1e-6)


def test_less_like_this_sinks_the_items_neighbours_at_once(engine: Engine) -> None:
    mixed = Profile().after("click", [0, 1, 12, 13])
    without_tea = mixed.after("less", [4])
    tea_before = sum(item < HALF for item in items_of(engine, mixed, count=8))
    tea_after = sum(item < HALF for item in items_of(engine, without_tea, count=8))
    assert tea_before >= 3
    assert tea_after == 0
    assert 4 not in items_of(engine, without_tea, count=100)


def test_what_was_shown_often_and_not_clicked_sinks_until_it_is_clicked(engine: Engine) -> None:
    first = items_of(engine, TEA)[0]
    tired = TEA
    for _ in range(20):
        tired = tired.after("shown", [first])
    assert first not in items_of(engine, tired, count=7)
    assert tired.after("click", [first]).shown == {}


def test_a_hidden_item_never_comes_back_unless_it_is_clicked(engine: Engine) -> None:
    hidden = TEA.after("hide", [6])
    assert 6 not in items_of(engine, hidden, count=100)
    assert hidden.after("click", [6]).hidden == frozenset()


def test_variety_trades_score_for_unlike_items(engine: Engine) -> None:
    plain, varied = items_of(engine, TEA, count=8), items_of(engine, TEA, count=8, diversity=1)
    assert varied[0] == plain[0]
    assert sum(item >= HALF for item in varied) > sum(item >= HALF for item in plain)


def test_maximal_marginal_relevance_passes_over_a_twin_for_something_else() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    order, penalties = diversified(np.array([3.0, 2.9, 1.5], np.float32), vectors, np.arange(3), 3, 1.0)
    assert order.tolist() == [0, 2, 1]
    assert penalties.tolist() == [0, -2, 0]


def test_novelty_prefers_what_is_far_from_the_history(engine: Engine) -> None:
    gain = [each.parts["novelty"] for each in recommend(engine, TEA, Rules(novelty=1, count=20), NOW)]
    tools = [each.item >= HALF for each in recommend(engine, TEA, Rules(novelty=1, count=20), NOW)]
    assert min(g for g, tool in zip(gain, tools, strict=True) if tool) > max(
        g for g, tool in zip(gain, tools, strict=True) if not tool
    )


def test_damping_holds_popular_items_back(engine: Engine) -> None:
    def mean_popularity(damping: float) -> float:
        return float(engine.shelf.popularity[items_of(engine, Profile(), damping=damping, count=5)].mean())

    assert mean_popularity(1.0) < mean_popularity(0.0)


def test_somebody_new_gets_what_is_popular_and_after_one_click_what_fits(engine: Engine) -> None:
    popular = items_of(engine, Profile(), count=1)
    best = np.where(engine.shelf.available, engine.shelf.popularity, -1)
    assert popular == [int(best.argmax())]
    assert all(item >= HALF for item in items_of(engine, Profile().after("click", [20]), count=8))


@pytest.mark.parametrize(
    "model",
    [ease.fit(people(), 100.0, 24), item_knn.fit(people(), 24, 1.0), als.fit(people(), 4, 5.0, 2.0, 3, 0)],
    ids=["ease", "item-knn", "als"],
)
def test_a_history_that_the_model_knows_nothing_about_gives_what_is_popular_and_says_so(
    engine: Engine, model: Model
) -> None:
    new = text_vectors()[:1]
    later = Engine(model.extended(new), engine.shelf.extended([Item("new", "New tea")], new))
    found = recommend(later, Profile().after("click", [24]), Rules(count=5), NOW)
    assert [each.item for each in found] == items_of(engine, Profile(), count=5)
    assert {why(model, reasons(each), each, str, "en") for each in found} == {"Popular with others"}
    known = recommend(later, Profile().after("click", [24, 20]), Rules(count=5), NOW)
    assert all(each.item >= HALF and each.parts.keys() == {"history"} for each in known)


def test_a_sentence_alone_makes_a_list(engine: Engine) -> None:
    wish = np.zeros(26, np.float32)
    wish[1] = 1
    found = recommend(engine, Profile(wish=wish), Rules(count=8), NOW)
    assert all(each.item >= HALF and each.parts.keys() == {"wish"} for each in found)


def test_a_sentence_where_no_item_has_a_text_gives_what_is_popular_and_says_so(engine: Engine) -> None:
    bare = Engine(engine.model, shelf(goods(), engine.shelf.popularity, np.zeros((24, 26), np.float32)))
    found = recommend(bare, Profile(wish=np.ones(26, np.float32)), Rules(count=5), NOW)
    assert [each.item for each in found] == items_of(engine, Profile(), count=5)
    assert {why(bare.model, reasons(each), each, str, "en") for each in found} == {"Popular with others"}


def test_a_new_item_is_found_by_its_text_at_once_and_an_erased_one_never(engine: Engine) -> None:
    new = text_vectors()[:1]
    by_text = Engine(from_vectors(text_vectors()), engine.shelf)
    grown = Engine(by_text.model.extended(new), by_text.shelf.extended([Item("new", "New tea")], new))
    assert items_of(grown, TEA, count=1) == [24]
    less = Engine(grown.model.erased(np.array([24])), grown.shelf.erased(np.array([24])))
    assert 24 not in items_of(less, TEA, count=100)
    assert 24 not in items_of(less, Profile(), count=100, in_stock=False, diversity=1)
    assert not less.shelf.vectors[24].any()


def test_all_events_of_a_kind_are_folded_as_one_after_the_other() -> None:
    events: list[Any] = [("shown", 1), ("click", 2), ("less", 3), ("hide", 1), ("click", 3), ("shown", 1), ("like", 2)]
    together = Profile().following(events)
    one_by_one = Profile()
    for action, item in events:
        one_by_one = one_by_one.after(action, [item])
    assert together == one_by_one
    assert list(together.history) == [3, 2]
    assert together.less == ()


def test_an_item_counts_as_much_as_the_file_of_interactions_says(engine: Engine) -> None:
    weights = {0: 1.0, 13: 5.0}
    scores = engine.model.scores(history([0, 13], 24, [1.0, 5.0]))[0]
    found = recommend(engine, Profile(weights), Rules(count=5), NOW)
    assert all(sum(each.added.values()) == pytest.approx(float(scores[each.item]), abs=1e-5) for each in found)
    assert all(each.item >= HALF for each in found)
    assert Profile(weights).after("click", [0, 2]).history == {13: 5.0, 0: 1.0, 2: 1.0}


def test_likeness_is_between_nothing_and_one(engine: Engine) -> None:
    near = likeness(engine, 4)
    assert near.min() >= 0
    assert near.max() == pytest.approx(1)
    assert near[:HALF].min() > near[HALF:].max()


def test_scores_that_are_all_the_same_have_no_spread() -> None:
    assert in_spreads(np.full(5, 7, np.float32)).tolist() == [0] * 5


def test_reasons_add_up_to_the_score_and_their_shares_to_one(engine: Engine) -> None:
    found = reasons(result(engine, 6))
    score = engine.model.scores(history(list(TEA.history), 24))[0, 6]
    assert {reason.item for reason in found} == {0, 1, 2}
    assert sum(reason.contribution for reason in found) == pytest.approx(float(score), rel=1e-5)
    assert sum(reason.share for reason in found) == pytest.approx(1)


def test_taking_a_contribution_away_equals_computing_without_the_item(engine: Engine) -> None:
    for item in (4, 6, 15):
        score = float(engine.model.scores(history(list(TEA.history), 24))[0, item])
        for reason in reasons(result(engine, item)):
            left = [each for each in TEA.history if each != reason.item]
            again = float(engine.model.scores(history(left, 24))[0, item])
            assert score - reason.contribution == pytest.approx(again, abs=1e-6)


def test_the_counterfactual_list_is_the_list_of_somebody_without_the_item(engine: Engine) -> None:
    mixed = Profile().after("click", [0, 13])
    rules = Rules(count=6)
    changed = counterfactual(engine, mixed, 13, rules, NOW)
    assert (
        list(changed.items)
        == [item for item in items_of(engine, Profile().after("click", [0]), count=7) if item != 13][:6]
    )
    assert set(changed.gone) == set(items_of(engine, mixed, count=6)) - set(changed.items)
    assert any(item >= HALF for item in changed.gone)
    assert 13 not in changed.items


def test_reasons_are_spoken_in_both_languages(engine: Engine) -> None:
    found = recommend(engine, TEA, Rules(), NOW)[0]
    why = reasons(found)
    english = in_words(why, found, lambda item: f"Thing {item}", "en")
    chinese = in_words(why, found, lambda item: f"Thing {item}", "zh")
    assert english.startswith("Because of Thing ")
    assert chinese.startswith("推荐依据：“Thing ")
    assert english.count("%") == chinese.count("%") == 2
    popular = recommend(engine, Profile(), Rules(), NOW)[0]
    assert "依据：《Thing" in in_words(why, found, lambda item: f"《Thing {item}》", "zh"), "title marks need no quotes"
    assert in_words([], popular, str, "en") == "Popular with others"
    assert in_words([], popular, str, "zh") == "热门"


def test_ten_thousand_items_cost_no_more_than_a_few_times_the_models_own_scores() -> None:
    """Speed as a ratio: all rules and sliders together against the one product of vectors that scores the catalogue."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((10_000, 384)).astype(np.float32)
    things = [Item(f"i{n}", f"Thing {n}", price=float(n % 90), added=NOW - n) for n in range(10_000)]
    large = Engine(from_vectors(vectors), shelf(things, np.arange(10_000), vectors))
    profile = Profile().after("click", range(20)).after("shown", range(50, 90))
    rules = Rules(diversity=0.5, novelty=0.5, damping=0.5, freshness=0.5, price_to=80)
    started = time.process_time()
    for _ in range(5):
        large.model.scores(history(list(profile.history), 10_000))
    middle = time.process_time()
    for _ in range(5):
        recommend(large, profile, rules, NOW)
    assert time.process_time() - middle < 60 * (middle - started) + 0.05
