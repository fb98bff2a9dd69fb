"""How often a catalogue was changed, so that several processes over one database notice each other."""

from contextlib import suppress

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from verticals_recommender.tables import CHANGES


def count(connection: Connection, catalogue: str) -> None:
    """Count a change; first in its transaction, so that changes by several processes wait for each other."""
    one_more = update(CHANGES).where(CHANGES.c.catalogue == catalogue).values(made=CHANGES.c.made + 1)
    if connection.execute(one_more).rowcount == 0:
        with suppress(IntegrityError), connection.begin_nested():  # another process may be the first at the same moment
            connection.execute(insert(CHANGES), [{"catalogue": catalogue, "made": 0}])
        connection.execute(one_more)


def made(connection: Connection, catalogue: str) -> int:
    """Return how many changes were counted."""
    return connection.scalar(select(CHANGES.c.made).where(CHANGES.c.catalogue == catalogue)) or 0
