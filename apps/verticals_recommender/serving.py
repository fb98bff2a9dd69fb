"""From a model's scores to the list that a person sees: filters, then parts that add up, then variety.

Every score is first expressed in its own spread over the items that may be shown, so that the sliders mean the same for every model.
Everything here is a pure function of arrays; the time is an argument.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field, model_validator

from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals.config import Section
from verticals_recommender.models.histories import history
from verticals_recommender.models.model import Model, Scored, first
from verticals_recommender.profiles import Profile
from verticals_recommender.shelf import Shelf
from verticals_recommender.times import DAY

MOST_RESULTS = 100
_POOL = 10  # candidates for variety per result
_FATIGUE = 0.5  # spreads lost each time that the impressions double
_LESS = 4.0  # spreads lost by the nearest neighbour of an item that the person wants less of
_SLIDER = 2.0  # spreads that a slider at 1 can move an item


class Rules(Section):
    """What is asked for; a slider at 0 changes nothing."""

    count: int = Field(10, ge=1, le=MOST_RESULTS)
    categories: tuple[str, ...] = Field((), max_length=50, description="only these; nothing means all")
    price_from: float | None = Field(None, ge=0)
    price_to: float | None = Field(None, ge=0)
    in_stock: bool = Field(True, description="only what is available")
    freshness: float = Field(0.0, ge=0, le=1)
    half_life_days: float = Field(14.0, gt=0, description="age at which the freshness of an item is half")
    diversity: float = Field(0.0, ge=0, le=1, description="how little the results may be like each other (MMR)")
    novelty: float = Field(0.0, ge=0, le=1, description="how far from the person's history")
    damping: float = Field(0.0, ge=0, le=1, description="how much popular items are held back")

    @model_validator(mode="after")
    def _prices_in_order(self) -> "Rules":
        if self.price_from is not None and self.price_to is not None and self.price_from > self.price_to:
            raise ValueError(f"price_from is {self.price_from}, above price_to {self.price_to}")
        return self


@dataclass(frozen=True)
class Engine:
    """What answers a request; it never changes, so a server swaps engines instead of locking them."""

    model: Model
    shelf: Shelf


@dataclass(frozen=True)
class Recommendation:
    """One result.

    Attributes:
        item: its column.
        score: in spreads of the model's scores.
        parts: what adds up to the score.
        added: what each item of the history adds to the model's own score; empty without a history.
    """

    item: int
    score: float
    parts: dict[str, float]
    added: dict[int, float]


def recommend(engine: Engine, profile: Profile, rules: Rules, now: float) -> list[Recommendation]:
    """Return the list for a person, best first.

    A person whose wish and whose history say nothing, or who has neither, gets what is popular.

    Args:
        engine: the model and the items.
        profile: the person.
        rules: filters and sliders.
        now: seconds since 1970, for the freshness.
    """
    positions = np.flatnonzero(allowed(engine.shelf, profile, rules))
    if not len(positions):
        return []
    past = history(list(profile.history), engine.model.size, list(profile.history.values()))
    scored = engine.model.scored(past) if profile.history else None
    parts = {**interest(engine, profile, positions, scored), **adjustments(engine, profile, rules, positions, now)}
    total = np.sum(list(parts.values()), axis=0)
    chosen, penalties = diversified(total, engine.shelf.vectors, positions, rules.count, rules.diversity)
    if rules.diversity:
        parts["diversity"] = penalties
    added = scored.contributions(positions[chosen]) if scored else np.empty((0, len(chosen)), np.float32)
    items = past.items.tolist()
    return [
        Recommendation(
            item=int(positions[each]),
            score=float(sum(values[each] for values in parts.values())),
            parts={name: float(values[each]) for name, values in parts.items()},
            added=dict(zip(items, terms, strict=True)),
        )
        for each, terms in zip(chosen, added.T.tolist(), strict=True)
    ]


def allowed(shelf: Shelf, profile: Profile, rules: Rules) -> BoolArray:
    """Return which items may be shown, [items].

    Not removed, not seen, not hidden, and within the filters; an unknown price fails a price filter.
    """
    mask = shelf.there.copy()
    mask[[*profile.history, *profile.hidden, *profile.less]] = False
    if rules.in_stock:
        mask &= shelf.available
    if rules.categories:
        mask &= np.isin(shelf.category, np.array(rules.categories))
    if rules.price_from is not None:
        mask &= shelf.price >= rules.price_from
    if rules.price_to is not None:
        mask &= shelf.price <= rules.price_to
    return mask


def interest(engine: Engine, profile: Profile, positions: IntArray, scored: Scored | None) -> dict[str, FloatArray]:
    """Return what speaks for each item: the history as the model reads it, the wish as its text is near, else the popularity.

    What tells none of these items from another says nothing: a history of items that came after the training, a wish where no item
    has a text.
    """
    said = {}
    if scored:
        said["history"] = in_spreads(scored.scores[positions])
    if profile.wish is not None:
        said["wish"] = in_spreads((engine.shelf.vectors @ profile.wish)[positions])
    parts = {name: values for name, values in said.items() if np.ptp(values) > 0}
    return parts or {"popularity": in_spreads(np.log1p(engine.shelf.popularity[positions]))}


def adjustments(
    engine: Engine, profile: Profile, rules: Rules, positions: IntArray, now: float
) -> dict[str, FloatArray]:
    """Return what the person's wishes and the sliders add, by name; only those that were asked for."""
    shelf = engine.shelf
    parts = {}
    if profile.less:
        near = np.max([likeness(engine, item)[positions] for item in profile.less], axis=0)
        parts["less_like_this"] = -_LESS * near
    if profile.shown:
        times = np.zeros(len(shelf), np.float32)
        times[list(profile.shown)] = list(profile.shown.values())
        parts["shown_before"] = -_FATIGUE * np.log2(1 + times[positions])
    if rules.freshness:
        parts["freshness"] = _SLIDER * rules.freshness * freshness(shelf, rules, now)[positions]
    if rules.novelty and profile.history:
        known = (shelf.vectors @ shelf.vectors[list(profile.history)].T).max(axis=1)
        parts["novelty"] = _SLIDER * rules.novelty * (1 - np.clip(known[positions], 0, 1))
    if rules.damping:
        parts["popularity_damping"] = -_SLIDER * rules.damping * in_spreads(np.log1p(shelf.popularity[positions]))
    return {name: np.asarray(values, np.float32) for name, values in parts.items()}


def likeness(engine: Engine, item: int) -> FloatArray:
    """Return how like an item each one is, between 0 and 1, [items]: the larger of what behaviour and what text say."""
    learned = np.clip(engine.model.similar(item), 0, None)
    learned[item] = 0
    by_behaviour = learned / max(float(learned.max()), 1e-12)
    by_text = np.clip(engine.shelf.vectors @ engine.shelf.vectors[item], 0, 1)
    return np.asarray(np.maximum(by_behaviour, by_text), np.float32)


def freshness(shelf: Shelf, rules: Rules, now: float) -> FloatArray:
    """Return 2 ** (-age / half life), [items]; 0 where the age is unknown, 1 for what lies in the future."""
    age = np.clip((now - shelf.added) / DAY, 0, None)
    return np.nan_to_num(0.5 ** (age / rules.half_life_days)).astype(np.float32)


def in_spreads(values: FloatArray) -> FloatArray:
    """Return values less their mean, in standard deviations; zeros where all are the same."""
    centred = values - values.mean()
    deviation = float(np.sqrt(np.mean(centred * centred)))
    return np.asarray(centred / deviation if deviation > 1e-12 else centred * 0, np.float32)


def diversified(
    total: FloatArray, vectors: FloatArray, positions: IntArray, count: int, diversity: float
) -> tuple[IntArray, FloatArray]:
    """Choose one after the other by maximal marginal relevance (Carbonell and Goldstein 1998, doi 10.1145/290941.291025).

    Args:
        total: scores of the candidates in spreads, [candidates].
        vectors: unit vectors of all items, [items, width].
        positions: rows of the candidates in `vectors`, [candidates].
        count: how many are chosen.
        diversity: 0 is the order of the scores; 1 takes as many spreads as a slider can for a twin of one chosen before.

    Returns:
        The chosen candidates in order, and what likeness to those before them cost them, [candidates].
    """
    order = first(total, count * (_POOL if diversity else 1))
    penalties = np.zeros(len(total), np.float32)
    if not diversity:
        return order, penalties
    pool, nearest = vectors[positions[order]], np.zeros(len(order), np.float32)
    left = total[order].astype(np.float64)
    chosen = []
    for _ in range(min(count, len(order))):
        cost = _SLIDER * diversity * nearest
        best = int(np.argmax(left - cost))
        penalties[order[best]] = -cost[best]
        chosen.append(order[best])
        left[best] = -np.inf
        nearest = np.maximum(nearest, np.clip(pool @ pool[best], 0, 1))
    return np.array(chosen, np.int64), penalties
