"""Items that came and went between two trainings: what came is kept whole, what went by its id alone."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from verticals.errors import DataError
from verticals_recommender import offers
from verticals_recommender.items import Item
from verticals_recommender.tables import ITEMS, RETURNED


def add(connection: Connection, catalogue: str, items: Sequence[Item]) -> None:
    """Keep items that came after the training; one that was removed may come back.

    Raises:
        DataError: another process has added one of them a moment ago.
    """
    names = [item.id for item in items]
    before = (ITEMS.c.catalogue == catalogue, ITEMS.c.item.in_(names))
    taken = connection.scalar(select(ITEMS.c.item).where(*before, ITEMS.c.attributes.is_not(None)).limit(1))
    if taken is not None:
        raise DataError(f"item '{taken}' was added by another process; remove it first, or give another id")
    gone = set(connection.scalars(select(ITEMS.c.item).where(*before, ITEMS.c.removed)))
    connection.execute(delete(ITEMS).where(*before))
    offers.drop(connection, catalogue, names)
    connection.execute(insert(ITEMS), [_row(catalogue, item, item.id in gone) for item in items])
    if gone:
        back = [{"catalogue": catalogue, "item": item, "at": time.time()} for item in gone]
        connection.execute(insert(RETURNED), back)


def remove(connection: Connection, catalogue: str, item: str) -> None:
    """Forget all of an item but its id, which stays so that a restart does not bring it back."""
    for table in (ITEMS, RETURNED):
        connection.execute(delete(table).where(table.c.catalogue == catalogue, table.c.item == item))
    offers.drop(connection, catalogue, [item])
    row = {"catalogue": catalogue, "item": item, "attributes": None, "removed": True}
    connection.execute(insert(ITEMS), [row])


def there(connection: Connection, catalogue: str) -> list[Item]:
    """Return the items that came after the training and are still there, in the order in which they came."""
    own = (ITEMS.c.catalogue == catalogue, ITEMS.c.attributes.is_not(None))
    found = connection.scalars(select(ITEMS.c.attributes).where(*own).order_by(ITEMS.c.number))
    kept = [json.loads(attributes) for attributes in found]
    return [Item(**{**each, "tags": tuple(each["tags"])}) for each in kept]


def removed(connection: Connection, catalogue: str, trained_at: float) -> set[str]:
    """Return the ids of items that were removed and did not come back before a run was trained, in seconds since 1970."""
    back = select(RETURNED.c.item).where(RETURNED.c.catalogue == catalogue, RETURNED.c.at < trained_at)
    query = select(ITEMS.c.item).where(ITEMS.c.catalogue == catalogue, ITEMS.c.removed, ITEMS.c.item.not_in(back))
    return set(connection.scalars(query))


def _row(catalogue: str, item: Item, removed: bool) -> dict[str, str | bool]:
    attributes = json.dumps(asdict(item), ensure_ascii=False)
    return {"catalogue": catalogue, "item": item.id, "attributes": attributes, "removed": removed}
