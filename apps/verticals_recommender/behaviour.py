"""Invented behaviour on a catalogue, with a known structure, so that a right answer exists.

Every person likes a few categories, in shares that drift from one mixture to another, and a few tags. An item's appeal is the
share of its category, times a factor for each liked tag, times its popularity, which is skewed. A part of all rows is chance.
An item cannot be chosen before it was added, nor twice by the same person.
"""

from dataclasses import dataclass

import numpy as np

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals_recommender.interactions import Interactions, encode
from verticals_recommender.items import Catalogue
from verticals_recommender.people import names
from verticals_recommender.times import DAY


@dataclass(frozen=True)
class Behaviour:
    """How people choose.

    Attributes:
        users: number of people.
        rows: mean number of items that a person chooses; the numbers are skewed (log-normal).
        categories: how many categories a person likes at one time.
        tags: how many tags a person likes.
        tag_strength: each liked tag multiplies an item's appeal by e to this power.
        popularity_skew: exponent of the Zipf law of popularity; 0 makes all items alike.
        chance: share of the rows that follow popularity alone.
        drift: how far tastes move to a second mixture within the period, between 0 and 1.
        days: length of the period, which ends a day after the newest item came.
        freshness: days after which an item's appeal is half; nothing means it does not age.
        seed: of everything.
    """

    users: int = 800
    rows: float = 24
    categories: int = 2
    tags: int = 3
    tag_strength: float = 1.2
    popularity_skew: float = 0.6
    chance: float = 0.1
    drift: float = 0.5
    days: float = 365
    freshness: float | None = None
    seed: int = 0


SHOP = Behaviour()
NEWS = Behaviour(days=60, freshness=4, rows=20, drift=0.3)


@dataclass(frozen=True)
class Generated:
    """The rows, and how likely each person is to want each item at the end of the period, [users, items]."""

    interactions: Interactions
    wanted: FloatArray


@dataclass(frozen=True)
class _World:
    category_of: IntArray
    early: Float64Array
    late: Float64Array
    tag_appeal: Float64Array
    popularity: Float64Array
    added: Float64Array
    end: float


def generate(catalogue: Catalogue, behaviour: Behaviour) -> Generated:
    """Invent behaviour; the same catalogue and settings give the same rows."""
    generator = np.random.default_rng(behaviour.seed)
    world = _world(catalogue, behaviour, generator)
    times = _times(behaviour, world.end, generator)
    chosen = np.full(times.shape, -1, np.int64)
    taken = np.zeros((behaviour.users, len(catalogue)), bool)
    for step in range(times.shape[1]):
        acting = np.flatnonzero(np.isfinite(times[:, step]))
        appeal = _appeal(world, behaviour, acting, times[acting, step])
        appeal[taken[acting]] = 0
        noise = generator.gumbel(size=appeal.shape)  # the largest log-appeal plus Gumbel noise is a draw by appeal
        with np.errstate(divide="ignore"):
            picks = np.argmax(np.log(appeal) + noise, axis=1)
        possible = appeal.max(axis=1) > 0
        chosen[acting[possible], step] = picks[possible]
        taken[acting[possible], picks[possible]] = True
    everybody = np.arange(behaviour.users)
    wanted = _appeal(world, behaviour, everybody, np.full(behaviour.users, world.end))
    return Generated(_rows(catalogue, times, chosen), wanted.astype(np.float32))


def _world(catalogue: Catalogue, behaviour: Behaviour, generator: np.random.Generator) -> _World:
    names, category_of = np.unique([item.category for item in catalogue.items], return_inverse=True)
    tags = sorted({tag for item in catalogue.items for tag in item.tags})
    has_tag = np.array([[tag in item.tags for tag in tags] for item in catalogue.items], np.float64)
    likes = _few(generator, behaviour.users, len(tags), behaviour.tags)
    rank = generator.permutation(len(catalogue)) + 1
    added = catalogue.added
    newest = 0.0 if np.isnan(added).all() else float(np.nanmax(added))
    return _World(
        category_of.astype(np.int64),
        _mixture(generator, behaviour, len(names)),
        _mixture(generator, behaviour, len(names)),
        np.exp(behaviour.tag_strength * (likes @ has_tag.T)),
        rank.astype(np.float64) ** -behaviour.popularity_skew,
        np.where(np.isnan(added), -np.inf, added),
        newest + DAY,
    )


def _few(generator: np.random.Generator, rows: int, kinds: int, count: int) -> Float64Array:
    """Mark `count` random kinds in every row, [rows, kinds]."""
    order = np.argsort(generator.random((rows, kinds)), axis=1)
    return np.asarray(order < min(count, kinds), np.float64)


def _mixture(generator: np.random.Generator, behaviour: Behaviour, categories: int) -> Float64Array:
    """Return shares of a few categories for each person, [users, categories]."""
    weights = _few(generator, behaviour.users, categories, behaviour.categories)
    weights *= generator.gamma(2.0, size=weights.shape)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


def _times(behaviour: Behaviour, end: float, generator: np.random.Generator) -> Float64Array:
    """Return sorted moments of each person's rows, [users, most rows]; infinity behind the last."""
    spread = 0.5
    numbers = generator.lognormal(np.log(behaviour.rows) - spread**2 / 2, spread, behaviour.users)
    counts = np.clip(numbers.round(), 3, 4 * behaviour.rows).astype(int)
    moments = end - behaviour.days * DAY * generator.random((behaviour.users, counts.max()))
    moments[np.arange(counts.max()) >= counts[:, None]] = np.inf
    return np.sort(moments, axis=1)


def _appeal(world: _World, behaviour: Behaviour, users: IntArray, moments: Float64Array) -> Float64Array:
    """Return the chance of each item, [users, items], not normalised to 1 where nothing can be chosen."""
    progress = 1 - (world.end - moments) / (behaviour.days * DAY)
    moved = behaviour.drift * progress[:, None]
    taste = (1 - moved) * world.early[users] + moved * world.late[users]
    liked = taste[:, world.category_of] * world.tag_appeal[users] * world.popularity
    general = np.tile(world.popularity, (len(users), 1))
    there = world.added[None] <= moments[:, None]
    liked, general = liked * there, general * there
    if behaviour.freshness is not None:
        ages = np.where(there, moments[:, None] - world.added[None], 0) / DAY
        fresh = 0.5 ** (ages / behaviour.freshness)
        liked, general = liked * fresh, general * fresh
    return (1 - behaviour.chance) * _shares(liked) + behaviour.chance * _shares(general)


def _shares(values: Float64Array) -> Float64Array:
    total = values.sum(axis=1, keepdims=True)
    return np.asarray(values / np.where(total > 0, total, 1), np.float64)


def _rows(catalogue: Catalogue, times: Float64Array, chosen: IntArray) -> Interactions:
    user, step = np.nonzero(chosen >= 0)
    order = np.argsort(times[user, step], kind="stable")
    user, step = user[order], step[order]
    people = names(len(times))  # sorted, as `encode` numbers users: person n stays user n
    return encode(
        [people[number] for number in user],
        [catalogue.ids[item] for item in chosen[user, step]],
        time=times[user, step].round(),
    )
