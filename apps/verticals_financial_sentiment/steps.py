"""How often something was written, so that several processes over one database notice each other."""

from contextlib import suppress

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from verticals.errors import StorageError
from verticals_financial_sentiment.tables import steps


class OvertakenError(StorageError):
    """Another process wrote a step that this one has not read."""


def count(connection: Connection, after: int | None = None) -> None:
    """Count a step; first in its transaction, so that the steps of several processes wait for each other.

    Args:
        connection: with an open transaction.
        after: how many there were when what this step rests on was read; None where it rests on nothing.

    Raises:
        OvertakenError: there are more by now.
    """
    one_more = update(steps).values(written=steps.c.written + 1)
    if connection.execute(one_more).rowcount == 0:
        with suppress(IntegrityError), connection.begin_nested():  # another process may be the first at the same moment
            connection.execute(insert(steps).values(id=1, written=0))
        connection.execute(one_more)
    if after is not None and written(connection) != after + 1:
        raise OvertakenError(
            "another process wrote to the monitor's database meanwhile; nothing of this step was written"
        )


def written(connection: Connection) -> int:
    """Return how many steps were counted."""
    return connection.scalar(select(steps.c.written)) or 0
