"""What items cost and whether there is stock, as a shop says it between two trainings."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from verticals_recommender.items import Item
from verticals_recommender.tables import OFFERS


class Offer(NamedTuple):
    """What was last said of an item, and when, in seconds since 1970."""

    item: str
    price: float | None
    available: bool
    at: float


def keep(connection: Connection, catalogue: str, items: Sequence[Item]) -> None:
    """Keep the price and the stock of items of a catalogue."""
    drop(connection, catalogue, [item.id for item in items])
    said = {"catalogue": catalogue, "at": time.time()}
    rows = [{**said, "item": item.id, "price": item.price, "available": item.available} for item in items]
    connection.execute(insert(OFFERS), rows)


def drop(connection: Connection, catalogue: str, items: Sequence[str]) -> None:
    """Forget what was said of items, since they came anew or are gone."""
    connection.execute(delete(OFFERS).where(OFFERS.c.catalogue == catalogue, OFFERS.c.item.in_(items)))


def kept(connection: Connection, catalogue: str) -> list[Offer]:
    """Return what was last said of each item of a catalogue."""
    found = connection.execute(select(OFFERS).where(OFFERS.c.catalogue == catalogue))
    return [Offer(row.item, row.price, row.available, row.at) for row in found]
