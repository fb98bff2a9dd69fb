"""Feedback loop and shilling on people whose taste is known, with models whose answer is known."""

import numpy as np
import pytest
from scipy import sparse

from verticals_recommender.alarms import alarmed, incoherence, resemblance
from verticals_recommender.models import item_knn, popularity
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model
from verticals_recommender.simulations import (
    AttackSettings,
    LoopSettings,
    attacked,
    clicked,
    feedback_loop,
    hit_rate,
    shilling,
    top,
)

USERS, GROUPS, GROUP = 600, 6, 20
ITEMS = GROUPS * GROUP


def people(seed: int = 0) -> Histories:
    """Return people who buy ten items of one group, the first ones more often, and two from anywhere."""
    generator = np.random.default_rng(seed)
    liking = 1 / np.arange(2, GROUP + 2)
    weights = np.zeros((USERS, ITEMS), np.float32)
    for user in range(USERS):
        own = generator.choice(GROUP, 10, replace=False, p=liking / liking.sum()) + GROUP * (user % GROUPS)
        weights[user, [*own, *generator.choice(ITEMS, 2)]] = 1
    matrix = sparse.csr_matrix(weights)
    return Histories(matrix, np.zeros(matrix.nnz, np.float32))


def knn(histories: Histories) -> Model:
    return item_knn.fit(histories, neighbours=20, shrinkage=10.0)


TARGET = ITEMS - 1


def test_the_best_unseen_items_are_never_seen_ones() -> None:
    histories = people()
    best = top(knn(histories), histories, 5)
    assert best.shape == (USERS, 5)
    assert not histories.weights[np.repeat(np.arange(USERS), 5), best.ravel()].any()
    own = np.arange(USERS) % GROUPS
    assert np.mean(best // GROUP == own[:, None]) > 0.95


def test_clicks_become_the_newest_items() -> None:
    matrix = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 0, 2]], np.float32))
    before = Histories(matrix, np.array([0, 1, 0], np.float32))
    after = clicked(before, np.array([[3], [1]]))
    assert after.weights.toarray().tolist() == [[1, 1, 0, 1], [0, 1, 0, 2]]
    assert after.ages.tolist() == [1, 2, 0, 0, 1]
    less = clicked(before, np.array([[3], [-1]]))
    assert less.weights.toarray().tolist() == [[1, 1, 0, 1], [0, 0, 0, 2]]
    assert less.ages.tolist() == [1, 2, 0, 0]


def test_a_recommender_of_bestsellers_shows_one_list_and_fails_and_a_personal_one_keeps_its_catalogue() -> None:
    settings = LoopSettings(rounds=5, shown=5, least_coverage=0.5)
    personal = feedback_loop(knn, people(), settings)
    same_for_all = feedback_loop(lambda histories: popularity.fit(histories), people(), settings)
    assert len(personal.coverage) == len(personal.evenness) == 5
    assert personal.passed
    assert personal.verdict.startswith("passed")
    assert max(same_for_all.coverage) < min(personal.coverage)
    assert max(same_for_all.evenness) < min(personal.evenness)


def test_people_with_fewer_unseen_items_than_a_list_has_click_what_is_left_and_the_loop_ends_when_nothing_is() -> None:
    matrix = sparse.csr_matrix(np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0]], np.float32))
    outcome = feedback_loop(knn, Histories(matrix, np.zeros(matrix.nnz, np.float32)), LoopSettings())
    assert outcome.coverage == (0.75, 0.5, 0.25)
    assert outcome.verdict.startswith("failed: after 3 rounds 25.0% of the catalogue is shown, at first 75.0%")


def test_a_catalogue_of_one_item_has_an_evenness() -> None:
    one = Histories(sparse.csr_matrix((3, 1), dtype=np.float32), np.empty(0, np.float32))
    assert feedback_loop(lambda rows: popularity.fit(rows), one, LoopSettings(rounds=1)).evenness == (0,)


def test_a_loop_that_loses_too_much_is_told_so() -> None:
    outcome = feedback_loop(knn, people(), LoopSettings(rounds=2, least_coverage=1.1))
    assert not outcome.passed
    assert outcome.verdict.startswith("failed")


def test_fake_profiles_hold_the_target_and_are_as_long_as_real_ones() -> None:
    honest = people()
    poisoned = attacked(honest, TARGET, AttackSettings(share=0.03))
    fake = poisoned.weights[USERS:].toarray()
    assert fake.shape == (18, ITEMS)
    assert fake[:, TARGET].all()
    assert set(fake.sum(axis=1)) == {float(np.median(np.diff(honest.weights.indptr)))}
    assert (poisoned.weights[:USERS] != honest.weights).nnz == 0


def test_incoherence_is_minus_the_mean_correlation_of_the_items_of_a_user() -> None:
    bought = people().weights
    table = np.corrcoef(bought.toarray().astype(np.float64), rowvar=False)
    for user in (0, 7):
        items = bought[user].indices
        block = table[np.ix_(items, items)]
        expected = (block.sum() - len(items)) / (len(items) * (len(items) - 1))
        assert incoherence(sparse.csr_matrix(bought, dtype=np.float64))[user] == pytest.approx(-expected, rel=1e-6)


def test_resemblance_is_the_surplus_of_shared_items_over_chance_among_the_most_alike() -> None:
    """Two users of three share all four items of theirs; each then resembles one user fully, and one not at all."""
    bought = sparse.csr_matrix(np.array([[1] * 4 + [0] * 4, [1] * 4 + [0] * 4, [0] * 4 + [1] * 4], np.float64))
    share = np.array([2 / 3] * 4 + [1 / 3] * 4)
    expected = 16 * (share**2).sum() / share.sum() ** 2
    alike, strange = (4 - expected) / np.sqrt(expected + 0.5), -expected / np.sqrt(expected + 0.5)
    assert resemblance(bought) == pytest.approx([(alike + strange) / 2, (alike + strange) / 2, strange])


def test_users_with_fewer_than_three_items_are_never_odd() -> None:
    bought = sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], np.float64))
    assert np.isnan(resemblance(bought)).tolist() == np.isnan(incoherence(bought)).tolist() == [True, False, False]


def test_the_alarm_names_the_pushed_item_and_the_fakes_and_is_silent_on_honest_data() -> None:
    """The bestsellers that every fake profile holds may be named too, but the pushed item comes first."""
    assert alarmed(people()) == ()
    poisoned = attacked(people(), TARGET, AttackSettings(share=0.03))
    alarms = alarmed(poisoned)
    in_every_fake = np.flatnonzero(poisoned.weights[USERS:].toarray().all(axis=0))
    assert alarms[0].item == TARGET
    assert {alarm.item for alarm in alarms} <= set(in_every_fake.tolist())
    assert len([user for user in alarms[0].users if user >= USERS]) >= 12
    assert len([user for user in alarms[0].users if user < USERS]) <= 3


def test_with_the_suspects_left_out_the_attack_lifts_the_target_by_no_more_than_the_bound() -> None:
    outcome = shilling(knn, people(), TARGET, AttackSettings(share=0.03, most_lift=0.02))
    assert outcome.passed
    assert outcome.defended - outcome.before <= 0.02
    assert outcome.verdict.startswith("passed")
    assert "fired" in outcome.verdict


def test_without_a_defence_bestsellers_can_be_pushed_and_the_verdict_counts_it() -> None:
    """Popularity recommends whatever has most buyers: with enough fakes every user is shown the target."""
    honest = people()
    poisoned = attacked(honest, TARGET, AttackSettings(share=0.9))
    assert hit_rate(popularity.fit(honest), honest, TARGET, 10) == 0.0
    assert hit_rate(popularity.fit(poisoned), honest, TARGET, 10) > 0.9
