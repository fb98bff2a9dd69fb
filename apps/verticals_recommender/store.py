"""What users did and which items came later, in a database, so that a restart forgets nothing and a deletion forgets everything."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy import Engine as Database

from verticals.storage import reading, scrub, transaction
from verticals_recommender import changes, later_items, offers
from verticals_recommender.items import Item
from verticals_recommender.profiles import Action
from verticals_recommender.tables import EVENTS, FORGOTTEN, LISTS

MOST_EVENTS, MOST_LISTS = 5000, 200  # of one user; older ones no longer shape what is recommended
EVERYTHING = 2**62

# Put together once, since each request asks for it: a user's newest events and newest lists.
_CATALOGUE = bindparam("of_catalogue", type_=String)
_USER = bindparam("of_user", type_=String)
_OWN_EVENTS = and_(EVENTS.c.catalogue == _CATALOGUE, EVENTS.c.user == _USER)
_OWN_LISTS = and_(LISTS.c.catalogue == _CATALOGUE, LISTS.c.user == _USER)
_NEWEST_EVENTS = (
    select(literal(False).label("listed"), EVENTS.c.number, EVENTS.c.action, EVENTS.c.item, EVENTS.c.at)
    .where(_OWN_EVENTS)
    .order_by(EVENTS.c.number.desc())
    .limit(bindparam("events", type_=BigInteger))
)
_NEWEST_LISTS = (
    select(literal(True).label("listed"), LISTS.c.number, literal("shown").label("action"), LISTS.c.shown, LISTS.c.at)
    .where(_OWN_LISTS)
    .order_by(LISTS.c.number.desc())
    .limit(bindparam("lists", type_=BigInteger))
)
_NEWEST = union_all(select(_NEWEST_EVENTS.subquery()), select(_NEWEST_LISTS.subquery()))
_SHORTEN = update(LISTS).where(LISTS.c.number == bindparam("list")).values(shown=bindparam("left"))
_MENTIONS = select(
    select(func.count(EVENTS.c.number)).where(_OWN_EVENTS).scalar_subquery()
    + select(func.count(LISTS.c.number)).where(_OWN_LISTS).scalar_subquery()
)


class Event(NamedTuple):
    """What a user did with an item, and when, in seconds since 1970; a tuple, since a request reads dozens."""

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
        own = {"catalogue": self._catalogue, "user": user, "at": at}
        with transaction(self._database) as connection:
            if action == "shown":
                connection.execute(insert(LISTS), [{**own, "shown": json.dumps(list(items))}])
            else:
                connection.execute(insert(EVENTS), [{**own, "item": item, "action": action} for item in items])

    def events(self, user: str, events: int = MOST_EVENTS, lists: int = MOST_LISTS) -> list[Event]:
        """Return what a user did and was shown, oldest first: the newest `events` of the one, the newest `lists` of the other.

        What was shown outnumbers what was done by far, and must not crowd it out: a hidden item would come back.
        """
        asked = {**self._asked(user), "events": events, "lists": lists}
        with reading(self._database) as connection:
            rows = sorted(connection.execute(_NEWEST, asked), key=itemgetter(1))
        done, shown = ([row for row in rows if bool(row.listed) is listed] for listed in (False, True))
        found: list[Event] = []
        # By their time, but each of the two in its own order, whatever the clock did.
        for listed, _, action, named, at in merge(done, shown, key=itemgetter(4)):
            found.extend(Event(user, item, action, at) for item in (json.loads(named) if listed else [named]))
        return found

    def gather_lists(self) -> None:
        """Turn what earlier versions wrote as one event for each item shown into lists."""
        shown = and_(EVENTS.c.catalogue == self._catalogue, EVENTS.c.action == "shown")
        with transaction(self._database) as connection:
            found = connection.execute(select(EVENTS).where(shown).order_by(EVENTS.c.user, EVENTS.c.number)).all()
            lists = [
                {"catalogue": self._catalogue, "user": user, "at": at, "shown": json.dumps([row.item for row in rows])}
                for (user, at), rows in groupby(found, key=attrgetter("user", "at"))
            ]
            if lists:
                connection.execute(insert(LISTS), lists)
                connection.execute(delete(EVENTS).where(shown))

    def drop_old_lists(self) -> None:
        """Delete what users were shown before their newest `MOST_LISTS` lists, which nothing reads."""
        age = func.row_number().over(partition_by=LISTS.c.user, order_by=LISTS.c.number.desc()).label("age")
        numbered = select(LISTS.c.number, age).where(LISTS.c.catalogue == self._catalogue).subquery()
        old = select(numbered.c.number).where(numbered.c.age > MOST_LISTS)
        with transaction(self._database) as connection:
            connection.execute(delete(LISTS).where(LISTS.c.number.in_(old)))

    def chosen(self) -> list[Event]:
        """Return every click and like, oldest first."""
        own = EVENTS.c.catalogue == self._catalogue
        query = select(EVENTS).where(own, EVENTS.c.action.in_(("click", "like"))).order_by(EVENTS.c.number)
        with reading(self._database) as connection:
            return [Event(row.user, row.item, row.action, row.at) for row in connection.execute(query)]

    def changes(self) -> int:
        """Return how often the items, or who is forgotten, changed so far, in this process or another."""
        with reading(self._database) as connection:
            return changes.made(connection, self._catalogue)

    def add_items(self, items: Sequence[Item]) -> None:
        """Keep items that came after the training; one that was removed may come back.

        Raises:
            DataError: another process has added one of them a moment ago.
        """
        with transaction(self._database) as connection:
            changes.count(connection, self._catalogue)
            later_items.add(connection, self._catalogue, items)

    def added_items(self) -> list[Item]:
        """Return the items that came after the training and are still there, in the order in which they came."""
        with reading(self._database) as connection:
            return later_items.there(connection, self._catalogue)

    def keep_offers(self, items: Sequence[Item]) -> None:
        """Keep what items cost now and whether there is stock."""
        with transaction(self._database) as connection:
            changes.count(connection, self._catalogue)
            offers.keep(connection, self._catalogue, items)

    def offers(self) -> list[offers.Offer]:
        """Return what was last said of items that changed."""
        with reading(self._database) as connection:
            return offers.kept(connection, self._catalogue)

    def removed_items(self, trained_at: float) -> set[str]:
        """Return the ids of items that were removed and did not come back before a run was trained, in seconds since 1970."""
        with reading(self._database) as connection:
            return later_items.removed(connection, self._catalogue, trained_at)

    def forget_user(self, user: str) -> int:
        """Delete all that a user did and was shown, and return the number of rows.

        A digest stays, by which the user is passed over where a later training reads the same data again.
        """
        asked = self._asked(user)
        with transaction(self._database) as connection:
            changes.count(connection, self._catalogue)
            gone = connection.execute(delete(EVENTS).where(_OWN_EVENTS), asked).rowcount
            gone += connection.execute(delete(LISTS).where(_OWN_LISTS), asked).rowcount
            row = {"catalogue": self._catalogue, "digest": self._digest(user)}
            connection.execute(insert(FORGOTTEN), [row])
        scrub(self._database)
        return gone

    def forgotten(self, users: Iterable[str]) -> set[str]:
        """Return those of some users who were forgotten."""
        query = select(FORGOTTEN.c.digest).where(FORGOTTEN.c.catalogue == self._catalogue)
        with reading(self._database) as connection:
            digests = set(connection.scalars(query))
        return {user for user in users if self._digest(user) in digests} if digests else set()

    def forget_item(self, item: str) -> int:
        """Delete an item and every event with it, take it out of every list, and return in how many rows it was.

        Its id alone stays, so that a restart does not bring it back.
        """
        with transaction(self._database) as connection:
            changes.count(connection, self._catalogue)
            own = EVENTS.c.catalogue == self._catalogue
            gone = connection.execute(delete(EVENTS).where(own, EVENTS.c.item == item)).rowcount
            lists = self._lists_with(connection, item)
            if lists:
                without = [
                    {"list": number, "left": json.dumps([each for each in ids if each != item])}
                    for number, ids in lists.items()
                ]
                connection.execute(_SHORTEN, without)
            gone += len(lists)
            later_items.remove(connection, self._catalogue, item)
        scrub(self._database)
        return gone

    def mentions(self, user: str) -> int:
        """Return in how many rows a user is left."""
        with reading(self._database) as connection:
            return int(connection.scalar(_MENTIONS, self._asked(user)) or 0)

    def lists_with(self, item: str) -> int:
        """Return in how many of the lists that were shown an item is left."""
        with reading(self._database) as connection:
            return len(self._lists_with(connection, item))

    def _lists_with(self, connection: Connection, item: str) -> dict[int, list[str]]:
        """Return the lists with an item by their number; a search of all rows, since items are removed seldom."""
        own = LISTS.c.catalogue == self._catalogue
        likely = select(LISTS.c.number, LISTS.c.shown).where(
            own, LISTS.c.shown.contains(json.dumps(item), autoescape=True)
        )
        found = {number: json.loads(items) for number, items in connection.execute(likely)}
        return {number: items for number, items in found.items() if item in items}

    def _asked(self, user: str) -> dict[str, str]:
        return {"of_catalogue": self._catalogue, "of_user": user}

    def _digest(self, user: str) -> str:
        return hashlib.sha256(f"{self._catalogue}\0{user}".encode()).hexdigest()
