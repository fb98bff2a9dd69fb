"""What a recommender does to its shop over time, and what somebody can do to it: both as functions with a verdict.

Any model of the Protocol can be put to the test: `fit` turns histories into a model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from verticals.arrays import IntArray
from verticals.config import Section
from verticals_recommender.alarms import Alarm, alarmed
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model

Fit = Callable[[Histories], Model]
_USERS_AT_ONCE = 1024


class LoopSettings(Section):
    """How users and recommender feed each other."""

    rounds: int = 10
    shown: int = 10
    clicks: int = 1
    seed: int = 0
    least_coverage: float = 0.5


@dataclass(frozen=True)
class LoopOutcome:
    """Coverage is the share of the catalogue that anybody is shown in a round; evenness the entropy of what is shown over its maximum."""

    coverage: tuple[float, ...]
    evenness: tuple[float, ...]
    passed: bool
    verdict: str


class AttackSettings(Section):
    """A bandwagon attack: each fake profile has the target, some popular items and random filler (Burke et al. 2005)."""

    share: float = 0.03
    popular: int = 5
    shown: int = 10
    seed: int = 0
    most_lift: float = 0.05


@dataclass(frozen=True)
class AttackOutcome:
    """Share of honest users who are shown the target: before, under attack, and after the suspects were left out."""

    target: int
    before: float
    attacked: float
    defended: float
    alarms: tuple[Alarm, ...]
    passed: bool
    verdict: str


def top(model: Model, histories: Histories, count: int) -> IntArray:
    """Return the best unseen items of each user, [users, count], best first; -1 where there are no more."""
    blocks = []
    for start in range(0, len(histories), _USERS_AT_ONCE):
        users = np.arange(start, min(start + _USERS_AT_ONCE, len(histories)))
        block = histories.select(users)
        scores = model.scores(block).copy()
        scores[block.weights.nonzero()] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        blocks.append(np.where(np.take_along_axis(scores, best, axis=1) > -np.inf, best, -1))
    return np.concatenate(blocks).astype(np.int64)


def feedback_loop(fit: Fit, histories: Histories, settings: LoopSettings) -> LoopOutcome:
    """Let every user click what is recommended, train on the clicks, and go on; does the catalogue shrink?

    A user clicks each round, the higher on the list the likelier: place r with chance proportional to 1 / log2(r + 1). Who has seen
    everything clicks no more, and the loop ends when nobody does.
    """
    generator = np.random.default_rng(settings.seed)
    coverage, evenness = [], []
    for _ in range(settings.rounds):
        shown = top(fit(histories), histories, settings.shown)
        if not (shown >= 0).any():
            break
        exposure = np.bincount(shown[shown >= 0], minlength=histories.weights.shape[1])
        coverage.append(float(np.mean(exposure > 0)))
        evenness.append(float(stats.entropy(exposure) / np.log(max(len(exposure), 2))))
        drawn = [_drawn(generator, row[row >= 0], settings.clicks) for row in shown]
        histories = clicked(histories, np.array(drawn))
    kept = coverage[-1] / coverage[0]
    passed = kept >= settings.least_coverage
    verdict = (
        f"{'passed' if passed else 'failed'}: after {len(coverage)} rounds {coverage[-1]:.1%} of the catalogue is shown, "
        f"at first {coverage[0]:.1%}; at least {settings.least_coverage:.0%} of that has to be kept"
    )
    return LoopOutcome(tuple(coverage), tuple(evenness), passed, verdict)


def _drawn(generator: np.random.Generator, shown: IntArray, clicks: int) -> IntArray:
    """Draw what a user clicks, [clicks]; -1 where less is shown."""
    drawn = np.full(clicks, -1, np.int64)
    count = min(clicks, len(shown))
    if count:
        chance = 1 / np.log2(np.arange(len(shown)) + 2)
        drawn[:count] = generator.choice(shown, count, replace=False, p=chance / chance.sum())
    return drawn


def clicked(histories: Histories, items: IntArray) -> Histories:
    """Return the histories with each user's new items as the newest, [users, clicks], -1 for none; no user may have had them."""
    users, places = np.nonzero(items >= 0)
    ones = np.ones(len(users), np.float32)
    new = sparse.csr_matrix((ones, (users, items[users, places])), shape=histories.weights.shape)
    clicks = np.bincount(users, minlength=len(histories))
    older = histories.weights.copy()
    older.data = (
        histories.ages + np.repeat(clicks, np.diff(older.indptr)).astype(np.float32) + 1
    )  # ages from 1, since a sum of sparse matrices drops zeros
    weights, ages = sparse.csr_matrix(histories.weights + new), sparse.csr_matrix(older + new)
    weights.sort_indices()
    ages.sort_indices()
    return Histories(weights, ages.data - 1)


def shilling(fit: Fit, histories: Histories, target: int, settings: AttackSettings) -> AttackOutcome:
    """Push an item with fake profiles, look for them, leave them out, and compare what honest users are shown."""
    poisoned = attacked(histories, target, settings)
    alarms = alarmed(poisoned)
    suspects = np.unique([user for alarm in alarms for user in alarm.users]).astype(np.int64)
    cleaned = poisoned.select(np.setdiff1d(np.arange(len(poisoned)), suspects))
    before, under_attack, defended = (
        hit_rate(fit(each), histories, target, settings.shown) for each in (histories, poisoned, cleaned)
    )
    fired = any(alarm.item == target for alarm in alarms)
    passed = fired and defended - before <= settings.most_lift
    verdict = (
        f"{'passed' if passed else 'failed'}: {len(poisoned) - len(histories)} fake profiles lift the hit rate of the target from "
        f"{before:.1%} to {under_attack:.1%}, and to {defended:.1%} once the suspects are left out; at most {settings.most_lift:.1%} "
        f"more than before is allowed; the alarm {'fired' if fired else 'did not fire'}"
    )
    return AttackOutcome(target, before, under_attack, defended, alarms, passed, verdict)


def attacked(histories: Histories, target: int, settings: AttackSettings) -> Histories:
    """Return the histories with fake profiles behind the honest ones; a fake one is as long as the median honest one."""
    generator = np.random.default_rng(settings.seed)
    users, items = histories.weights.shape
    counts = np.bincount(histories.items, minlength=items)
    popular = [item for item in np.argsort(-counts, kind="stable") if item != target][: settings.popular]
    others = np.setdiff1d(np.arange(items), [target, *popular])
    length = int(np.median(np.diff(histories.weights.indptr)))
    filler = min(max(length - len(popular) - 1, 0), len(others))
    fakes = max(1, round(settings.share * users))
    rows = [np.sort([target, *popular, *generator.choice(others, filler, replace=False)]) for _ in range(fakes)]
    size = 1 + len(popular) + filler
    data = np.ones(fakes * size, np.float32)
    fake = sparse.csr_matrix((data, np.concatenate(rows), np.arange(fakes + 1) * size), shape=(fakes, items))
    ages = np.concatenate([histories.ages, np.tile(np.arange(size, dtype=np.float32), fakes)])
    return Histories(sparse.csr_matrix(sparse.vstack([histories.weights, fake])), ages)


def hit_rate(model: Model, histories: Histories, target: int, shown: int) -> float:
    """Return the share of the users without the target who are shown it."""
    without = np.flatnonzero(histories.weights[:, [target]].toarray().ravel() == 0)
    return float(np.mean((top(model, histories.select(without), shown) == target).any(axis=1)))
