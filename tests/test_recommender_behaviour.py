"""Invented behaviour: the structure that was put in can be found again; and the choice of the model that serves."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from verticals_recommender import candidates, choosing, splits
from verticals_recommender.behaviour import NEWS, SHOP, Behaviour, generate
from verticals_recommender.interactions import align, encode
from verticals_recommender.items import SAMPLES, Catalogue, Item, read_catalogue
from verticals_recommender.models import vectors
from verticals_recommender.people import names
from verticals_recommender.settings import Grid
from verticals_recommender.times import DAY
from verticals_recommender.validation import Validation

TAGS = ("red", "green", "blue", "oak", "tin", "wool")
SMALL = Behaviour(users=150, rows=15, days=100)
GRID = Grid(
    ease_regularisation=(20.0,),
    knn_neighbours=(30,),
    als_width=(8,),
    als_regularisation=(5.0,),
    als_confidence=(2.0,),
    half_life=(5.0,),
    shares=(0.5,),
)


def toy_catalogue(items: int = 120, categories: int = 8) -> Catalogue:
    return Catalogue(
        tuple(
            Item(
                f"i{n}", f"Item {n}", category=f"c{n % categories}", tags=(TAGS[n % 6], TAGS[n // 7 % 6]), added=n * DAY
            )
            for n in range(items)
        )
    )


CATALOGUE = toy_catalogue()


def test_the_same_settings_give_the_same_rows_and_another_seed_others() -> None:
    first, again = (generate(CATALOGUE, SMALL).interactions.fingerprint() for _ in range(2))
    assert first == again != generate(CATALOGUE, replace(SMALL, seed=1)).interactions.fingerprint()


def test_nobody_chooses_twice_or_what_is_not_there_yet() -> None:
    rows, whole = align(generate(CATALOGUE, SMALL).interactions, CATALOGUE)
    assert len(set(zip(rows.user.tolist(), rows.item.tolist(), strict=True))) == len(rows)
    added = np.array([item.added for item in whole.items])
    assert (rows.time + 1 >= added[rows.item]).all()
    assert len(rows) == pytest.approx(SMALL.users * SMALL.rows, rel=0.15)


def test_popularity_is_skewed_and_tastes_move() -> None:
    rows, _ = align(generate(CATALOGUE, SMALL).interactions, CATALOGUE)
    counts = np.sort(np.bincount(rows.item, minlength=len(CATALOGUE)))[::-1]
    assert counts[:12].sum() > 2 * counts.sum() * 12 / 120

    def overlap(drift: float) -> float:
        steady = generate(CATALOGUE, replace(SMALL, drift=drift, chance=0, users=300)).interactions
        category = np.array([CATALOGUE.positions[name] % 8 for name in steady.items])[steady.item]
        middle = np.median(steady.time)
        shares = []
        for half in (steady.time <= middle, steady.time > middle):
            table = np.zeros((len(steady.users), 8))
            np.add.at(table, (steady.user[half], category[half]), 1)
            shares.append(table / np.maximum(table.sum(axis=1, keepdims=True), 1))
        return float(np.minimum(*shares).sum(axis=1).mean())

    assert overlap(1.0) < overlap(0.0) - 0.1


def test_invented_people_have_names_of_their_own_in_the_order_of_their_numbers() -> None:
    people = names(2500)
    assert people == sorted(set(people))
    rows = generate(CATALOGUE, SMALL).interactions
    assert set(rows.users) <= set(names(SMALL.users))


def test_fresh_news_is_read_more_than_old() -> None:
    behaviour = replace(SMALL, freshness=5)
    rows, whole = align(generate(CATALOGUE, behaviour).interactions, CATALOGUE)
    ages = rows.time / DAY - np.array([item.added for item in whole.items])[rows.item] / DAY
    plain, _ = align(generate(CATALOGUE, SMALL).interactions, CATALOGUE)
    older = plain.time / DAY - np.array([item.added for item in whole.items])[plain.item] / DAY
    assert np.median(ages) < 0.5 * np.median(older)


def test_the_known_structure_is_found_again() -> None:
    made = generate(CATALOGUE, replace(SMALL, users=300, rows=20))
    rows, _ = align(made.interactions, CATALOGUE)
    split = splits.time_split(rows, 0.2, 0.2)
    validation = Validation([split], None, 1000, 0)
    number = {name: person for person, name in enumerate(names(300))}
    judged = np.array([number[name] for name in rows.users])[np.unique(split.validation.user)]
    right = validation.ndcg(made.wanted[judged])
    chosen = choosing.choose([split], None, GRID, 1000, 0)
    assert right > 2 * chosen.validation["popularity"]
    assert 1.3 * chosen.validation["popularity"] < chosen.validation[chosen.served] < right
    assert chosen.served != "popularity"


def test_the_model_that_serves_is_the_best_on_validation_and_refits_with_the_same_settings() -> None:
    rows, whole = align(generate(CATALOGUE, SMALL).interactions, CATALOGUE)
    split = splits.random_split(rows, 0.2, 0.2, 0)
    categories = np.array([int(item.category[1:]) for item in whole.items])
    text = vectors.fit(np.eye(8, dtype=np.float32)[categories])
    chosen = choosing.choose([split], text, GRID, 1000, 0)
    assert chosen.validation[chosen.served] == max(chosen.validation.values())
    assert {"popularity", "item-knn", "ease", "als", "text"} <= set(chosen.validation)
    models = choosing.fit_all(chosen, split.known(), text, 0)
    assert set(models) == set(chosen.settings()) == set(chosen.validation)
    validation = Validation([split], text, 1000, 0)
    for name, candidate in chosen.candidates.items():
        scores = validation.lent(validation.scores(candidate), chosen.borrowing.get(name, 0))
        assert validation.ndcg(scores) == chosen.validation[name]


def _named(name: str) -> Item:
    return Item(name, name)


@pytest.mark.parametrize(
    ("first", "added", "passed_over"),
    [
        ([1, 0.2, 0.9, 0], [np.nan] * 4, True),  # c has its first row after the validation rows
        ([1, 0.2, 0, 0.9], [np.nan] * 4, False),  # nobody ever chose d
        ([1, 0.2, 0, 0.9], [0, 0, 0, 2], True),  # d came later, as it says
        ([1, 0.2, 0.9, 0], [0, 0, 1, 2], False),  # c came before, as it says
    ],
)
def test_an_item_that_had_not_come_yet_is_not_held_against_a_model_and_one_that_stood_there_unchosen_is(
    first: list[float], added: list[float], passed_over: bool
) -> None:
    rows, _ = align(
        encode(["u", "u", "u"], ["a", "b", "c"], time=DAY * np.arange(3.0)), Catalogue(tuple(map(_named, "abcd")))
    )
    split = splits.Split("time", *(rows.take(np.array([row])) for row in range(3)))
    to_come_first = np.array([first], np.float32)
    validation = Validation([split], None, 10, 0, DAY * np.array(added))
    assert (validation.ndcg(to_come_first) == 1) == passed_over, "b is what the person chose next"


def test_validation_hears_what_an_item_that_nobody_had_borrows() -> None:
    whole = Catalogue(tuple(map(_named, "abcd")))
    rows, _ = align(encode(list("uvvwu"), list("aabdc"), time=np.arange(5.0)), whole)  # c is new, and like b
    split = splits.Split("time", *(rows.take(part) for part in (np.arange(4), np.array([4]), np.arange(0))))
    text = vectors.fit(np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0.1], [0, 0, 1]], np.float32))
    validation = Validation([split], text, 10, 0)
    scores = validation.scores(candidates.families(GRID, True, (3, 4))["item-knn"][0])
    assert validation.ndcg(scores) < validation.ndcg(validation.lent(scores, 2)) == 1


def test_at_most_so_many_users_decide_in_each_fold() -> None:
    rows, _ = align(generate(CATALOGUE, SMALL).interactions, CATALOGUE)
    folds = splits.folds(splits.random_split(rows, 0.2, 0.2, 0), 3, 0)
    popular = candidates.families(GRID, False, (10, 10))["popularity"][0]
    assert len(Validation(folds, None, 20, 0).scores(popular)) == 3 * 20


def test_the_shipped_catalogues_are_as_large_and_varied_as_promised() -> None:
    shop, news = (read_catalogue(SAMPLES / f"{name}.csv") for name in ("items", "news"))
    assert (shop.notes, news.notes) == ((), ())
    assert len(shop) >= 600
    assert len({item.category for item in shop.items}) >= 12
    assert len(news) >= 150
    for catalogue in (shop, news):
        assert len({item.description for item in catalogue.items}) == len(catalogue)
        assert all(item.title and item.tags and item.added for item in catalogue.items)
        openings = Counter(" ".join(item.description.lower().split()[:3]) for item in catalogue.items)
        assert max(openings.values()) <= 0.02 * len(catalogue)


@pytest.mark.parametrize(("name", "behaviour"), [("items", SHOP), ("news", NEWS)])
def test_the_shipped_behaviour_has_people_who_differ(name: str, behaviour: Behaviour) -> None:
    catalogue = read_catalogue(SAMPLES / f"{name}.csv")
    rows, _ = align(generate(catalogue, replace(behaviour, users=100)).interactions, catalogue)
    assert len(set(rows.item.tolist())) > 0.6 * len(catalogue)
    shares = [len({catalogue.items[i].category for i in rows.item[rows.user == user]}) for user in range(100)]
    assert np.mean(shares) < 0.8 * len({item.category for item in catalogue.items})
