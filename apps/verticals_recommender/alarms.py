"""Items that somebody seems to push with fake profiles, found from who bought what alone."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from verticals.arrays import BoolArray, Float64Array
from verticals_recommender.models.histories import Histories

_USERS_AT_ONCE = 1024
_SUSPECT_SHARES = (0.01, 0.02, 0.03, 0.05, 0.1)
_FEWEST_BUYERS = 5
_TWINS = 20  # of one gang at least; smaller gangs push little


@dataclass(frozen=True)
class Alarm:
    """An item whose buyers are suspicious, with the chance of so many of them in honest data, and who they are."""

    item: int
    chance: float
    users: tuple[int, ...]


def alarmed(histories: Histories) -> tuple[Alarm, ...]:
    """Return the items whose buyers are suspiciously often odd users.

    There are two ways to be odd. Filler that is drawn at random does not hang together as the items of a person do; and profiles that
    were made together resemble each other more than people who share a taste. Either alone makes nobody a fake; but an item too many of
    whose buyers are among the oddest users is being pushed. How many fakes there are is unknown, so that several shares of the users are
    tried. The chance is binomial, and corrected for the numbers of items, of shares and of oddities (Bonferroni).
    """
    bought = sparse.csr_matrix(histories.weights > 0, dtype=np.float64)
    found: dict[int, Alarm] = {}
    for oddity, limit in _ODDITIES:
        odd = oddity(bought)
        for share in _SUSPECT_SHARES:
            for alarm in _pushed(bought, odd >= np.nanquantile(odd, 1 - share), limit):
                if alarm.item not in found or alarm.chance < found[alarm.item].chance:
                    found[alarm.item] = alarm
    return tuple(sorted(found.values(), key=lambda alarm: alarm.chance))


def _pushed(bought: sparse.csr_matrix, suspect: BoolArray, limit: float) -> list[Alarm]:
    buyers = np.asarray(bought.sum(axis=0)).ravel()
    among_them = np.asarray(bought[suspect].sum(axis=0)).ravel()
    tries = len(buyers) * len(_SUSPECT_SHARES) * len(_ODDITIES)
    chance = np.minimum(stats.binom.sf(among_them - 1, buyers, suspect.mean()) * tries, 1.0)
    members = bought.tocsc()
    return [
        Alarm(int(item), float(chance[item]), tuple(int(u) for u in members[:, [item]].nonzero()[0] if suspect[u]))
        for item in np.flatnonzero((chance < limit) & (buyers >= _FEWEST_BUYERS))
    ]


def resemblance(bought: sparse.csr_matrix) -> Float64Array:
    """Return how much more a user shares with the 20 most alike others than histories of these lengths do by chance, [users].

    The degree of similarity with top neighbours (Chirita, Nejdl and Zamfir 2005), for histories without ratings.

    The number of shared items is compared with a Poisson variable of mean n m Σp² / (Σp)², for histories of n and m items and shares p
    of the users who have an item, in standard deviations. NaN for users with fewer than three items.

    Args:
        bought: 1 for what a user has, [users, items].
    """
    users = bought.shape[0]
    items = np.diff(bought.indptr).astype(np.float64)
    share = np.asarray(bought.mean(axis=0)).ravel()
    rate = (share**2).sum() / share.sum() ** 2
    alike = np.empty(users)
    for start in range(0, users, _USERS_AT_ONCE):
        block = slice(start, min(start + _USERS_AT_ONCE, users))
        shared = (bought[block] @ bought.T).toarray()
        expected = np.outer(items[block], items) * rate
        surplus = (shared - expected) / np.sqrt(expected + 0.5)
        surplus[np.arange(len(surplus)), np.arange(users)[block]] = -np.inf  # nobody resembles oneself
        twins = min(_TWINS, users - 1)
        alike[block] = np.partition(surplus, users - twins, axis=1)[:, users - twins :].mean(axis=1)
    alike[items < 3] = np.nan
    return alike


def incoherence(bought: sparse.csr_matrix) -> Float64Array:
    """Return minus the mean correlation between the items of each user, [users]; NaN for users with fewer than three items.

    With shares p, and d = 1 / sqrt(p(1 - p)), the sum over a history x of all correlations is |X(d * x)|² / users - (p·(d * x))².

    Args:
        bought: 1 for what a user has, [users, items].
    """
    users = bought.shape[0]
    share = np.asarray(bought.mean(axis=0)).ravel()
    scale = 1 / np.sqrt(np.maximum(share * (1 - share), 1e-12))
    scaled = sparse.csr_matrix(bought.multiply(scale[None, :]))
    total = np.empty(users)
    for start in range(0, users, _USERS_AT_ONCE):
        together = np.asarray((scaled[start : start + _USERS_AT_ONCE] @ bought.T).toarray())
        total[start : start + _USERS_AT_ONCE] = (together**2).sum(axis=1) / users
    total -= (scaled @ share) ** 2
    items = np.diff(bought.indptr).astype(np.float64)
    items[items < 3] = np.nan
    return np.asarray((items - total) / (items * (items - 1)), np.float64)


_ODDITIES = (  # each with the chance below which it raises an alarm: people of MovieLens 100K go down to 8e-8 and 6e-10
    (incoherence, 1e-8),
    (resemblance, 1e-11),
)
