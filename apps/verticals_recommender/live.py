"""A catalogue that is served while it changes: one writer, readers that never wait.

A request takes the present state and keeps it. A change prepares the next state and puts it in place with one assignment. What users did
is read from the store with each request, so that a click counts at once and a forgotten user is forgotten at once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from verticals.errors import DataError, did_you_mean
from verticals.inference.batches import FloatArray
from verticals_recommender.explanations import Counterfactual, Reason, counterfactual, reasons
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.models.vectors import unit
from verticals_recommender.profiles import Action, Profile
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.serving import Engine, Recommendation, Rules, recommend
from verticals_recommender.store import Store

Encode = Callable[[Sequence[str]], FloatArray]
_NOBODY = Item("", "")


@dataclass(frozen=True)
class State:
    """What a request sees: items in the order of the model's columns, and what ranks them. A removed item leaves an empty place."""

    catalogue: Catalogue
    engine: Engine

    def position(self, item: str) -> int:
        """Return an item's column.

        Raises:
            DataError: there is no such item.
        """
        if not item or item not in self.catalogue.positions:
            raise DataError(f"no item '{item}'{did_you_mean(item, self.catalogue.ids) if len(self.catalogue) < 2000 else ''}")
        return self.catalogue.positions[item]
