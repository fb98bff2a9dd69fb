"""What users did and which items came later, in a database, so that a restart forgets nothing and a deletion forgets everything.

Three tables: events, items that were added or removed after the training, and digests of forgotten users. Every row belongs to one
catalogue, so that several share a database.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Subquery,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    union_all,
)
from sqlalchemy import Engine as Database

from verticals.storage import scrub, transaction
from verticals_recommender.items import LONGEST_ID, Item
from verticals_recommender.profiles import Action

MOST_EVENTS = 5000  # of one user; older ones no longer shape the list
ALL_EVENTS = 2**62
TABLES = MetaData()
_EVENTS = Table(
    "recommender_events",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("user", String(LONGEST_ID), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("action", String(10), nullable=False),
    Column("at", Float, nullable=False),
    Index("recommender_events_by_user", "catalogue", "user", "number"),
    Index("recommender_events_by_item", "catalogue", "item"),
)
_ITEMS = Table(
    "recommender_items",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("attributes", String, nullable=True),  # nothing: the item is gone
    Column("removed", Boolean, nullable=False),  # at some time, so that nothing that a run knows of it comes back
    UniqueConstraint("catalogue", "item"),
)
_FORGOTTEN = Table(
    "recommender_forgotten",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
)


def _newest(shown: bool) -> Subquery:
    """Select the newest of a user's events, of those that are something shown or of the others."""
    own = and_(_EVENTS.c.catalogue == bindparam("catalogue"), _EVENTS.c.user == bindparam("user"))
    kind = _EVENTS.c.action == "shown" if shown else _EVENTS.c.action != "shown"
    return select(_EVENTS).where(own, kind).order_by(_EVENTS.c.number.desc()).limit(_MOST).subquery()


_MOST = bindparam("most", type_=BigInteger)
_NEWEST = union_all(select(_newest(shown=False)), select(_newest(shown=True)))  # once, since each request asks it


@dataclass(frozen=True)
class Event:
    """What a user did with an item, and when, in seconds since 1970."""

    user: str
    item: str
    action: Action
    at: float


class Store:
    """One catalogue's rows in the tables of a database; every method is one transaction."""

    def __init__(self, database: Database, catalogue: str = "default") -> None:
        """Take a database that `storage.open_database` opened with `TABLES`, and the name of the catalogue."""
        self._database = database
        self._catalogue = catalogue

    def record(self, user: str, action: Action, items: Sequence[str], at: float) -> None:
        """Keep what a user did; `at` is in seconds since 1970."""
        own = {"catalogue": self._catalogue}
        rows = [{**own, "user": user, "item": item, "action": action, "at": at} for item in items]
        with transaction(self._database) as connection:
            connection.execute(insert(_EVENTS), rows)

    def events(self, user: str, most: int = MOST_EVENTS) -> list[Event]:
        """Return a user's events, oldest first: the newest of what they did, and as many of what they were shown.

        What was shown outnumbers what was done by far, and must not crowd it out: a hidden item would come back.
        """
        asked = {"catalogue": self._catalogue, "user": user, "most": most}
        with self._database.connect() as connection:
            rows = connection.execute(_NEWEST, asked).all()
        return [Event(row.user, row.item, row.action, row.at) for row in sorted(rows, key=lambda row: row.number)]

    def drop_old_impressions(self) -> None:
        """Delete what users were shown before their newest `MOST_EVENTS` impressions, which no list reads."""
        age = func.row_number().over(partition_by=_EVENTS.c.user, order_by=_EVENTS.c.number.desc()).label("age")
        shown = and_(_EVENTS.c.catalogue == self._catalogue, _EVENTS.c.action == "shown")
        numbered = select(_EVENTS.c.number, age).where(shown).subquery()
        old = select(numbered.c.number).where(numbered.c.age > MOST_EVENTS)
        with transaction(self._database) as connection:
            connection.execute(delete(_EVENTS).where(_EVENTS.c.number.in_(old)))

    def chosen(self) -> list[Event]:
        """Return every click and like, oldest first."""
        own = _EVENTS.c.catalogue == self._catalogue
        query = select(_EVENTS).where(own, _EVENTS.c.action.in_(("click", "like"))).order_by(_EVENTS.c.number)
        with self._database.connect() as connection:
            return [Event(row.user, row.item, row.action, row.at) for row in connection.execute(query)]

    def add_items(self, items: Sequence[Item]) -> None:
        """Keep items that came after the training; one that was removed may come back."""
        before = and_(self._own_items, _ITEMS.c.item.in_([item.id for item in items]))
        with transaction(self._database) as connection:
            removed = set(connection.scalars(select(_ITEMS.c.item).where(before, _ITEMS.c.removed)))
            connection.execute(delete(_ITEMS).where(before))
            connection.execute(insert(_ITEMS), [self._row(item, item.id in removed) for item in items])

    def added_items(self) -> list[Item]:
        """Return the items that came after the training and are still there, in the order in which they came."""
        query = select(_ITEMS.c.attributes).where(self._own_items, _ITEMS.c.attributes.is_not(None))
        query = query.order_by(_ITEMS.c.number)
        with self._database.connect() as connection:
            kept = [json.loads(attributes) for attributes in connection.scalars(query)]
        return [Item(**{**each, "tags": tuple(each["tags"])}) for each in kept]

    def removed_items(self) -> set[str]:
        """Return the ids of items that were removed, also of those that came back since."""
        query = select(_ITEMS.c.item).where(self._own_items, _ITEMS.c.removed)
        with self._database.connect() as connection:
            return set(connection.scalars(query))

    def forget_user(self, user: str) -> int:
        """Delete all that a user did and return the number of events.

        A digest stays, by which the user is passed over where a later training reads the same data again.
        """
        with transaction(self._database) as connection:
            gone = connection.execute(delete(_EVENTS).where(self._of_user(user))).rowcount
            row = {"catalogue": self._catalogue, "digest": self._digest(user)}
            connection.execute(insert(_FORGOTTEN), [row])
        scrub(self._database)
        return gone

    def forgotten(self, users: Iterable[str]) -> set[str]:
        """Return those of some users who were forgotten."""
        query = select(_FORGOTTEN.c.digest).where(_FORGOTTEN.c.catalogue == self._catalogue)
        with self._database.connect() as connection:
            digests = set(connection.scalars(query))
        return {user for user in users if self._digest(user) in digests} if digests else set()

    def forget_item(self, item: str) -> int:
        """Delete an item and every event with it; its id alone stays, so that a restart does not bring it back."""
        with transaction(self._database) as connection:
            own = _EVENTS.c.catalogue == self._catalogue
            gone = connection.execute(delete(_EVENTS).where(own, _EVENTS.c.item == item)).rowcount
            connection.execute(delete(_ITEMS).where(self._own_items, _ITEMS.c.item == item))
            row = {"catalogue": self._catalogue, "item": item, "attributes": None, "removed": True}
            connection.execute(insert(_ITEMS), [row])
        scrub(self._database)
        return gone

    def mentions(self, user: str) -> int:
        """Return in how many rows a user is left."""
        with self._database.connect() as connection:
            return int(connection.scalar(select(func.count()).where(self._of_user(user))) or 0)

    def _row(self, item: Item, removed: bool) -> dict[str, str | bool]:
        attributes = json.dumps(asdict(item), ensure_ascii=False)
        return {"catalogue": self._catalogue, "item": item.id, "attributes": attributes, "removed": removed}

    def _of_user(self, user: str) -> ColumnElement[bool]:
        return and_(_EVENTS.c.catalogue == self._catalogue, _EVENTS.c.user == user)

    @property
    def _own_items(self) -> ColumnElement[bool]:
        return _ITEMS.c.catalogue == self._catalogue

    def _digest(self, user: str) -> str:
        return hashlib.sha256(f"{self._catalogue}\0{user}".encode()).hexdigest()
