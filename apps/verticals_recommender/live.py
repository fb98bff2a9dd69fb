"""A catalogue that is served while it changes: one writer, readers that never wait.

A request takes the present state and keeps it. A change prepares the next state and puts it in place with one assignment. What users did
is read from the store with each request, so that a click counts at once and a forgotten user is forgotten at once. What another process
changed is taken up by `follow`, and before each change of this one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from verticals.arrays import FloatArray, IntArray
from verticals_recommender.items import Item
from verticals_recommender.models.vectors import unit
from verticals_recommender.offers import Offer
from verticals_recommender.profiles import Action
from verticals_recommender.proof import Erased, left_of_item, left_of_user
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.state import State
from verticals_recommender.store import EVERYTHING, Store

Encode = Callable[[Sequence[str]], FloatArray]
Forget = Callable[[str], int]
Rows = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Origin:
    """The files that a state was read from.

    Attributes:
        trained_at: when it was learned, in seconds since 1970; an item that was removed and came back before that is as it says.
        forget: takes a user's rows out of the files, and returns how many are left there.
        rows: reads a user's rows in the files.
    """

    trained_at: float = 0.0
    forget: Forget = lambda user: 0
    rows: Rows = lambda user: []


class Live:
    """Everything behind the page and the REST routes.

    A change goes into the database before it goes into memory: one that the database refuses has not happened, and can be asked for
    again.
    """

    def __init__(
        self, state: State, index: VectorIndex, encode: Encode, store: Store, origin: Origin = Origin()
    ) -> None:
        """Take up what the store remembers.

        Args:
            state: as trained.
            index: of the items' unit vectors, under their columns.
            encode: texts to vectors of the index's width.
            store: events and later changes of the catalogue.
            origin: where the state was read from.
        """
        self.store = store
        self._origin = origin
        self.index = index
        self._encode = encode
        self._writing = Lock()
        self._recording = Lock()  # no event is written beside its deletion; held for moments, the other for seconds
        self._state = state
        self._added: dict[str, Item] = {}  # by this process, as the state knows them
        self._seen = -1  # how many changes of the store the state has; another process may have made more
        self.follow()

    @property
    def state(self) -> State:
        """The present state; keep it for as long as one answer takes."""
        return self._state

    def follow(self) -> None:
        """Take up what changed in the store, by this process or another."""
        with self._writing:
            self._take_up()

    def wish(self, sentence: str) -> FloatArray | None:
        """Return a sentence as a unit vector, [width]; nothing where it is blank."""
        return unit(self._encode([sentence]))[0] if sentence.strip() else None

    def similar(self, state: State, item: str, count: int) -> list[tuple[int, float]]:
        """Return the items whose text is nearest, with their cosines; none that has nothing in common.

        Raises:
            DataError: there is no such item.
        """
        position = state.position(item)
        found = self.index.search(state.engine.shelf.vectors[position : position + 1], count + 1)
        pairs = zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True)
        there = state.engine.shelf.there  # the index may be one change ahead of the state, or behind it
        known = [(each, cosine) for each, cosine in pairs if each in range(len(there)) and there[each]]
        return [(each, cosine) for each, cosine in known if each != position and cosine > 0][:count]

    def record(self, user: str, action: Action, items: Sequence[str], now: float) -> None:
        """Remember what a user did.

        Raises:
            DataError: one of the items does not exist; nothing is remembered then.
        """
        with self._recording:
            for item in items:
                self._state.position(item)
            self.store.record(user, action, items, now)

    def record_shown(self, state: State, user: str, items: Sequence[str], now: float) -> None:
        """Remember what a user was shown, unless the user was forgotten since the list was begun; items removed since are left out.

        Args:
            state: what the list was made from, taken before the user's events were read.
            user: who was shown the list.
            items: ids of the list.
            now: seconds since 1970.
        """
        with self._recording:
            after = self._state
            if after.forgotten > state.forgotten and self.store.forgotten([user]):
                return
            there = [item for item in items if item in after.catalogue.positions]
            if there:
                self.store.record(user, "shown", there, now)

    def add_items(self, items: Sequence[Item]) -> None:
        """Add items; they are found by their text from now on.

        Raises:
            DataError: an id exists already, or is given twice.
        """
        with self._writing:
            self._take_up()
            vectors = self._read(items)
            after = self._state.extended(items, vectors)
            self.store.add_items(items)
            self._seen += 1
            self._extend(after, vectors)

    def change_items(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change what items cost and whether there is stock; all that was learned of them stays.

        Args:
            changes: by id, a new `price`, a new `available`, or both.

        Raises:
            DataError: one of the items does not exist; nothing is changed then.
        """
        with self._writing:
            self._take_up()
            before = self._state
            items = [replace(before.item(name), **change) for name, change in changes.items()]
            after = before.changed(items)
            self.store.keep_offers(items)
            self._seen += 1
            self._state = after

    def remove_item(self, item: str) -> Erased:
        """Remove an item from the model, the vectors, the index and the store, and look for what is left of it.

        Raises:
            DataError: there is no such item.
        """
        with self._writing:
            self._take_up()
            position = self._state.position(item)
            place = np.array([position])
            after = self._state.erased(place)
            with self._recording:
                gone = self.store.forget_item(item)
                self._seen += 1
                self._state = after
            self._purge(place)
        return Erased(gone, left_of_item(self._state, self.index, self.store, item, position))

    def forget_user(self, user: str) -> Erased:
        """Delete all that a user did, in memory, in the database and in the run's files, and look for what is left."""
        with self._writing:
            after = self._state.without([user])
            with self._recording:  # the state last: a request that sees it finds no event either
                gone = self.store.forget_user(user)
                self._seen += 1
                self._state = after
            left_in_files = self._origin.forget(user)
        left = {**left_of_user(self._state, self.store, user), "run_files": left_in_files}
        return Erased(gone, left)

    def export_user(self, user: str) -> list[dict[str, Any]]:
        """Return all that is stored about a user: the rows of the run that serves, then the events since, each oldest first."""
        return self._origin.rows(user) + [event._asdict() for event in self.store.events(user, EVERYTHING, EVERYTHING)]

    def _take_up(self) -> None:
        changes = self.store.changes()  # first: what changes while this reads is taken up the next time
        if changes == self._seen:
            return
        gone = self.store.forgotten(self._state.trained)
        if gone:
            self._state = self._state.without(gone)
        added = {item.id: item for item in self.store.added_items()}
        self._take_out(added)
        new = [item for name, item in added.items() if name not in self._state.catalogue.positions]
        if new:  # the others the run has learned since
            vectors = self._read(new)
            self._extend(self._state.extended(new, vectors), vectors)
        self._state = self._state.changed(_offered(self._state, self.store.offers(), added.keys(), self._origin))
        self._seen = changes

    def _take_out(self, added: Mapping[str, Item]) -> None:
        """Take out what was removed; what came back as another item is put in again by its new text."""
        known = self._state.catalogue.positions
        removed = sorted(
            known[item]
            for item in self.store.removed_items(self._origin.trained_at)
            if item in known and (item not in added or added[item] != self._added.get(item))
        )
        if removed:
            self._state = self._state.erased(np.array(removed))
            self._purge(np.array(removed))

    def _read(self, items: Sequence[Item]) -> FloatArray:
        return unit(self._encode([item.text for item in items]))

    def _extend(self, after: State, vectors: FloatArray) -> None:
        before = len(self._state.catalogue)
        self.index.add(np.arange(before, len(after.catalogue)), vectors)
        self._added |= {item.id: item for item in after.catalogue.items[before:]}
        self._state = after

    def _purge(self, positions: IntArray) -> None:
        self.index.remove(positions)
        self.index.purge()


def _offered(state: State, offers: Sequence[Offer], added: Collection[str], origin: Origin) -> list[Item]:
    """Return items as they were last offered: those that came after the training, and others of which was said something since."""
    since = [each for each in offers if each.item in added or each.at > origin.trained_at]
    there = [each for each in since if each.item in state.catalogue.positions]
    return [replace(state.item(each.item), price=each.price, available=each.available) for each in there]
