"""What each slider costs and brings, measured on test rows with the list exactly as it is served."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from verticals.arrays import Float64Array
from verticals.evaluation import results
from verticals_recommender.interactions import Interactions
from verticals_recommender.models.histories import Past, pasts
from verticals_recommender.profiles import Profile
from verticals_recommender.ranking import estimates
from verticals_recommender.serving import Engine, Rules, recommend

SLIDERS = ("diversity", "novelty", "damping", "freshness")
VALUES = (0.3, 0.6, 1.0)
_SHELF, _PEOPLE = 10, 150


def measure(
    engine: Engine, known: Interactions, held_out: Interactions, half_life_days: float, seed: int
) -> list[dict[str, Any]]:
    """Serve ten items to some people with test rows, with no slider and then with one at a time.

    Args:
        engine: what serves.
        known: the rows of the people's histories.
        held_out: what they chose then.
        half_life_days: for the freshness, whose now is the last known row.
        seed: of the choice of people.

    Returns:
        One row per setting: `slider` (empty for none), `value`, `ndcg_at_10` with its interval over people, and `coverage_at_10`, the
        share of the catalogue that these people are shown.
    """
    people = _drawn(held_out, seed)
    past, wanted = pasts(known), pasts(held_out)
    profiles = [Profile(history=past.get(person, Past()).weights) for person in people]
    goals = [set(wanted[person].weights) for person in people]
    now = float(known.time.max()) if known.timed else 0.0
    rows = []
    for slider, value in [("", 0.0), *product(SLIDERS, VALUES)]:
        chosen = {slider: value} if slider else {}
        rules = Rules(count=_SHELF, in_stock=False, half_life_days=half_life_days).model_copy(update=chosen)
        shelves = [[each.item for each in recommend(engine, profile, rules, now)] for profile in profiles]
        gain = results.estimates(estimates({"ndcg_at_10": ndcg(shelves, goals)}))
        shown = {item for shelf in shelves for item in shelf}
        rows.append(
            {"slider": slider, "value": value, "people": len(people), **gain}
            | {"coverage_at_10": round(len(shown) / len(engine.shelf), 6)}
        )
    return rows


def _drawn(held_out: Interactions, seed: int) -> list[int]:
    judged = np.unique(held_out.user)
    if len(judged) > _PEOPLE:
        judged = np.sort(np.random.default_rng(seed).choice(judged, _PEOPLE, replace=False))
    return [int(user) for user in judged]


def ndcg(shelves: Sequence[Sequence[int]], wanted: Sequence[set[int]]) -> Float64Array:
    """Return the nDCG at 10 of each list, [people]."""
    discounts = 1 / np.log2(np.arange(2, _SHELF + 2))
    ideal = np.cumsum(discounts)
    return np.array(
        [
            sum(discounts[place] for place, item in enumerate(shelf) if item in goal)
            / ideal[min(len(goal), _SHELF) - 1]
            for shelf, goal in zip(shelves, wanted, strict=True)
        ]
    )
