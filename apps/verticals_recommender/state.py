"""A catalogue at one moment, with all that answers a request; a change makes another one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from verticals.arrays import FloatArray
from verticals.errors import DataError
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.models.model import Model
from verticals_recommender.profiles import Profile
from verticals_recommender.serving import Engine
from verticals_recommender.store import Event

_NOBODY = Item("", "")


@dataclass(frozen=True)
class State:
    """What a request sees. A removed item leaves an empty place.

    Attributes:
        catalogue: the items, in the order of the model's columns.
        engine: what ranks them.
        trained: columns of what each user did before the training, oldest first, with how much each says.
        compared: other models over the same columns, to be shown beside the one that serves.
        forgotten: how often somebody was forgotten since the start.
    """

    catalogue: Catalogue
    engine: Engine
    trained: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
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

    def profile(self, user: str, events: Iterable[Event]) -> Profile:
        """Return what is known of a user, as columns; events on items that are gone are passed over."""
        known = self.catalogue.positions
        past = Profile(history=self.trained.get(user, {}))
        return past.following((event.action, known[event.item]) for event in events if event.item in known)

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

    def erased(self, position: int) -> "State":
        """Return the state with an empty place where an item was."""
        items = list(self.catalogue.items)
        items[position] = _NOBODY
        catalogue = Catalogue(tuple(items), self.catalogue.notes)
        engine = Engine(self.engine.model.erased(position), self.engine.shelf.erased(position))
        trained = {
            user: {each: weight for each, weight in past.items() if each != position}
            for user, past in self.trained.items()
        }
        compared = {name: model.erased(position) for name, model in self.compared.items()}
        return replace(self, catalogue=catalogue, engine=engine, trained=trained, compared=compared)

    def without(self, user: str) -> "State":
        """Return the state without what a user did before the training; one more was forgotten."""
        trained = {name: past for name, past in self.trained.items() if name != user}
        return replace(self, trained=trained, forgotten=self.forgotten + 1)
