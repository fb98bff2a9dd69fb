"""A catalogue at one moment, with all that answers a request; a change makes another one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from verticals.arrays import FloatArray, IntArray
from verticals.errors import DataError
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.models.histories import Past
from verticals_recommender.models.model import Model
from verticals_recommender.profiles import CHOICES, Profile
from verticals_recommender.serving import Engine
from verticals_recommender.store import Event

_NOBODY = Item("", "")


@dataclass(frozen=True)
class State:
    """What a request sees. A removed item leaves an empty place.

    Attributes:
        catalogue: the items, in the order of the model's columns.
        engine: what ranks them.
        trained: what each user did before the training, by columns.
        compared: other models over the same columns, to be shown beside the one that serves.
        forgotten: how often somebody was forgotten since the start.
    """

    catalogue: Catalogue
    engine: Engine
    trained: Mapping[str, Past] = field(default_factory=dict)
    compared: Mapping[str, Model] = field(default_factory=dict)
    forgotten: int = 0

    def position(self, item: str) -> int:
        """Return an item's column.

        Raises:
            DataError: there is no such item.
        """
        if not item or item not in self.catalogue.positions:
            raise DataError(f"no item '{item}' in the catalogue; add it first")
        return self.catalogue.positions[item]

    def item(self, item: str) -> Item:
        """Return an item by its id.

        Raises:
            DataError: there is no such item.
        """
        return self.catalogue.items[self.position(item)]

    def profile(self, user: str, events: Iterable[Event]) -> Profile:
        """Return what is known of a user, as columns; events on items that are gone are passed over.

        Events, oldest first, follow what was before the training, but for those that are older than something that the run has since
        learned of the user: then all stand in the order of their times.
        """
        known, past = self.catalogue.positions, self.trained.get(user, Past())
        done = [(event.action, known[event.item], event.at) for event in events if event.item in known]
        profile = Profile(history=past.weights).following((action, item) for action, item, _ in done)
        if not done or not done[0][2] < past.end:
            return profile
        moments = dict(past.times)
        for action, item, at in done:
            if action in CHOICES:
                moments[item] = max(at, moments.get(item, at))
        order = sorted(profile.history, key=moments.__getitem__)
        return replace(profile, history={item: profile.history[item] for item in order})

    def visitor(self, items: Sequence[str], wish: FloatArray | None) -> Profile:
        """Return the profile of somebody unknown, from some picks and a sentence as a unit vector, [width]; either may be absent.

        Raises:
            DataError: a pick is not an item.
        """
        return Profile(wish=wish).after("click", [self.position(item) for item in items])

    def extended(self, items: Sequence[Item], vectors: FloatArray) -> "State":
        """Return the state with new items behind the others, and their texts' unit vectors.

        Raises:
            DataError: an id exists already, or is given twice.
        """
        catalogue = self.catalogue.extended(items)
        if len(catalogue.positions) < len(set(self.catalogue.ids)) + len(items):
            raise DataError("an item id is given more than once; give each item its own")
        engine = Engine(self.engine.model.extended(vectors), self.engine.shelf.extended(items, vectors))
        compared = {name: model.extended(vectors) for name, model in self.compared.items()}
        return replace(self, catalogue=catalogue, engine=engine, compared=compared)

    def changed(self, items: Sequence[Item]) -> "State":
        """Return the state with other prices and stock of items that are in it.

        Raises:
            DataError: one of the items is not.
        """
        places = [self.position(item.id) for item in items]
        changed = dict(zip(places, items, strict=True))
        whole = tuple(changed.get(place, item) for place, item in enumerate(self.catalogue.items))
        engine = Engine(self.engine.model, self.engine.shelf.changed(np.array(places, np.int64), items))
        return replace(self, catalogue=Catalogue(whole, self.catalogue.notes), engine=engine)

    def erased(self, positions: IntArray) -> "State":
        """Return the state with empty places where items were."""
        gone = set(positions.tolist())
        items = tuple(_NOBODY if place in gone else item for place, item in enumerate(self.catalogue.items))
        catalogue = Catalogue(items, self.catalogue.notes)
        engine = Engine(self.engine.model.erased(positions), self.engine.shelf.erased(positions))
        trained = {
            user: past if gone.isdisjoint(past.weights) else past.without(gone) for user, past in self.trained.items()
        }
        compared = {name: model.erased(positions) for name, model in self.compared.items()}
        return replace(self, catalogue=catalogue, engine=engine, trained=trained, compared=compared)

    def without(self, users: Collection[str]) -> "State":
        """Return the state without what some users did before the training; as many more were forgotten."""
        trained = {name: past for name, past in self.trained.items() if name not in users}
        return replace(self, trained=trained, forgotten=self.forgotten + len(users))
