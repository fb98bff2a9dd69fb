"""The proof of a deletion: everywhere that something of a user or an item could be left is looked at afterwards, and counted."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.state import State
from verticals_recommender.store import Store


@dataclass(frozen=True)
class Erased:
    """How many rows went, and how many are found afterwards where one could be left."""

    events_deleted: int
    left: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left.values())

    def report(self) -> dict[str, Any]:
        """Return the proof with its verdict, as it is told over REST."""
        return {**asdict(self), "clean": self.clean}


def left_of_user(state: State, store: Store, user: str) -> dict[str, int]:
    """Return how much of a user is found in the store and in memory, by place."""
    profile = state.profile(user, store.events(user))
    return {
        "events": store.mentions(user),
        "training_rows": sum(event.user == user for event in store.chosen()),
        "matrix": int(user in state.trained),
        "profile": len(profile.history) + len(profile.hidden) + len(profile.less) + len(profile.shown),
    }


def left_of_item(state: State, index: VectorIndex, store: Store, item: str, position: int) -> dict[str, int]:
    """Return how much of an item is found in the store, in memory and in the index, by place.

    Args:
        state: without the item.
        index: of the items' vectors.
        store: events, lists and items.
        item: its id.
        position: the column that it had.
    """
    models, shelf = (state.engine.model, *state.compared.values()), state.engine.shelf
    return {
        "catalogue": int(item in state.catalogue.positions),
        "likeness": sum(int(np.count_nonzero(model.similar(position))) for model in models),
        "vectors": int(np.count_nonzero(shelf.vectors[position])),
        "index": int(np.count_nonzero(index.rows()[0] == position)),
        "matrix": sum(position in past.weights for past in state.trained.values()),
        "available": int(shelf.there[position] or shelf.available[position]),
        "training_rows": sum(event.item == item for event in store.chosen()),
        "lists": store.lists_with(item),
    }
