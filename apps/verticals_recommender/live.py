"""A catalogue that is served while it changes: one writer, readers that never wait.

A request takes the present state and keeps it. A change prepares the next state and puts it in place with one assignment. What users did
is read from the store with each request, so that a click counts at once and a forgotten user is forgotten at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np

from verticals.arrays import FloatArray
from verticals.errors import DataError
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.models.model import Model
from verticals_recommender.models.vectors import unit
from verticals_recommender.profiles import Action, Profile
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.serving import Engine
from verticals_recommender.store import ALL_EVENTS, Event, Store

Encode = Callable[[Sequence[str]], FloatArray]
Forget = Callable[[str], int]
_NOBODY = Item("", "")


@dataclass(frozen=True)
class State:
    """What a request sees. A removed item leaves an empty place.

    Attributes:
        catalogue: the items, in the order of the model's columns.
        engine: what ranks them.
        trained: columns of what each user did before the training, oldest first, with how much each says.
        compared: other models over the same columns, to be shown beside the one that serves.
    """

    catalogue: Catalogue
    engine: Engine
    trained: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    compared: Mapping[str, Model] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Erased:
    """The proof of a deletion: how many rows went, and how many are found afterwards where one could be left."""

    events_deleted: int
    left: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left.values())


class Live:
    """Everything behind the page and the REST routes."""

    def __init__(
        self, state: State, index: VectorIndex, encode: Encode, store: Store, forget_files: Forget = lambda user: 0
    ) -> None:
        """Take up what the store remembers.

        Args:
            state: as trained.
            index: of the items' unit vectors, under their columns.
            encode: texts to vectors of the index's width.
            store: events and later changes of the catalogue.
            forget_files: takes a user's rows out of the files that the state was read from, and returns how many are left there.
        """
        self.store = store
        self._forget_files = forget_files
        self.index = index
        self._encode = encode
        self._writing = Lock()
        gone = store.forgotten(state.trained)
        self._state = replace(state, trained={user: past for user, past in state.trained.items() if user not in gone})
        for item in store.removed_items() & set(state.catalogue.positions):
            self._erase(item)
        added = [item for item in store.added_items() if item.id not in self._state.catalogue.positions]
        if added:  # the others the run has learned since
            self._extend(added)

    @property
    def state(self) -> State:
        """The present state; keep it for as long as one answer takes."""
        return self._state

    def visitor(self, state: State, items: Sequence[str], sentence: str) -> Profile:
        """Return the profile of somebody unknown, from some picks and a sentence; either may be empty.

        Raises:
            DataError: a pick is not an item.
        """
        chosen = [state.position(item) for item in items]
        wish = unit(self._encode([sentence]))[0] if sentence.strip() else None
        return replace(Profile().after("click", chosen), wish=wish)

    def similar(self, state: State, item: str, count: int) -> list[tuple[int, float]]:
        """Return the items whose text is nearest, with their cosines.

        Raises:
            DataError: there is no such item.
        """
        position = state.position(item)
        found = self.index.search(state.engine.shelf.vectors[position : position + 1], count + 1)
        pairs = zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True)
        there = range(len(state.catalogue))  # the index may be one change ahead of the state
        return [(each, cosine) for each, cosine in pairs if each in there and each != position][:count]

    def record(self, user: str, action: Action, items: Sequence[str], now: float) -> None:
        """Remember what a user did.

        Raises:
            DataError: one of the items does not exist; nothing is remembered then.
        """
        for item in items:
            self._state.position(item)
        self.store.record(user, action, items, now)

    def add_items(self, items: Sequence[Item]) -> None:
        """Add items; they are found by their text from now on.

        Raises:
            DataError: an id exists already, or is given twice.
        """
        with self._writing:
            self._extend(items)
            self.store.add_items(items)

    def remove_item(self, item: str) -> Erased:
        """Remove an item from the model, the vectors, the index and the store, and look for what is left of it.

        Raises:
            DataError: there is no such item.
        """
        with self._writing:
            position = self._state.position(item)
            self._erase(item)
            gone = self.store.forget_item(item)
        return Erased(gone, self._left_of_item(item, position))

    def forget_user(self, user: str) -> Erased:
        """Delete all that a user did, in memory, in the database and in the run's files, and look for what is left."""
        with self._writing:
            trained = {name: items for name, items in self._state.trained.items() if name != user}
            self._state = replace(self._state, trained=trained)
            gone = self.store.forget_user(user)
            left_in_files = self._forget_files(user)
        profile = self._state.profile(user, self.store.events(user))
        left = {
            "events": self.store.mentions(user),
            "training_rows": sum(event.user == user for event in self.store.chosen()),
            "matrix": int(user in self._state.trained),
            "run_files": left_in_files,
            "profile": len(profile.history) + len(profile.hidden) + len(profile.less) + len(profile.shown),
        }
        return Erased(gone, left)

    def export_user(self, user: str) -> list[dict[str, Any]]:
        """Return all that is stored about a user, oldest first; what came before the training has no time."""
        ids = self._state.catalogue.ids
        before = [
            {"user": user, "item": ids[n], "action": "click", "at": None} for n in self._state.trained.get(user, ())
        ]
        return before + [asdict(event) for event in self.store.events(user, ALL_EVENTS)]

    def _extend(self, items: Sequence[Item]) -> None:
        now = self._state
        catalogue = now.catalogue.extended(items)
        if len(catalogue.positions) < len(set(now.catalogue.ids)) + len(items):
            raise DataError("an item id is given more than once; give each item its own")
        vectors = unit(self._encode([item.text for item in items]))
        engine = Engine(now.engine.model.extended(vectors), now.engine.shelf.extended(items, vectors))
        self.index.add(np.arange(len(now.catalogue), len(catalogue)), vectors)
        compared = {name: model.extended(vectors) for name, model in now.compared.items()}
        self._state = replace(now, catalogue=catalogue, engine=engine, compared=compared)

    def _erase(self, item: str) -> None:
        now = self._state
        position = now.position(item)
        items = list(now.catalogue.items)
        items[position] = _NOBODY
        engine = Engine(now.engine.model.erased(position), now.engine.shelf.erased(position))
        trained = {
            user: {each: weight for each, weight in past.items() if each != position}
            for user, past in now.trained.items()
        }
        compared = {name: model.erased(position) for name, model in now.compared.items()}
        self._state = State(Catalogue(tuple(items), now.catalogue.notes), engine, trained, compared)
        self.index.remove(np.array([position]))
        self.index.purge()

    def _left_of_item(self, item: str, position: int) -> dict[str, int]:
        state = self._state
        models, shelf = (state.engine.model, *state.compared.values()), state.engine.shelf
        return {
            "catalogue": int(item in state.catalogue.positions),
            "likeness": sum(int(np.count_nonzero(model.similar(position))) for model in models),
            "vectors": int(np.count_nonzero(shelf.vectors[position])),
            "index": int(np.count_nonzero(self.index.rows()[0] == position)),
            "matrix": sum(position in past for past in state.trained.values()),
            "available": int(shelf.available[position]),
            "training_rows": sum(event.item == item for event in self.store.chosen()),
        }
