"""The rights of one person over their data: a copy of it, and its erasure. A person is known by the names of their conversations."""

from typing import Any

from sqlalchemy import Engine, delete, select

from verticals.storage import transaction
from verticals_customer_service import tables
from verticals_customer_service.conversations import UnknownConversation

_HANGING = {"messages": tables.messages, "feedback": tables.feedback, "questions": tables.questions}


def export(engine: Engine, name: str) -> dict[str, Any]:
    """Return everything that is stored of a conversation, as JSON; times are ISO 8601 in UTC.

    Raises:
        UnknownConversation: there is none of that name.
    """
    table = tables.conversations
    with transaction(engine) as connection:
        found = connection.execute(select(table).where(table.c.id == name)).mappings().one_or_none()
        if found is None:
            raise UnknownConversation("no such conversation; it was deleted, or never began")
        parts = {
            part: connection.execute(select(each).where(each.c.conversation == name)).mappings().all()
            for part, each in _HANGING.items()
        }
    return {"conversation": _plain(found), **{part: [_plain(row) for row in rows] for part, rows in parts.items()}}


def erase(engine: Engine, name: str) -> dict[str, int]:
    """Delete a conversation with everything that hangs on it; return how many rows of each kind went.

    The files may hold it a little longer: `storage.scrub` empties SQLite's log, a PostgreSQL server overwrites at its next vacuum, and
    backups are yours to age out.

    Raises:
        UnknownConversation: there is none of that name.
    """
    table = tables.conversations
    with transaction(engine) as connection:
        gone = {
            part: connection.execute(delete(each).where(each.c.conversation == name)).rowcount
            for part, each in reversed(_HANGING.items())
        }
        if connection.execute(delete(table).where(table.c.id == name)).rowcount == 0:
            raise UnknownConversation("no such conversation; it was deleted, or never began")
    return {"conversations": 1, **gone}


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any table
    return {name: value.isoformat() if name.endswith("_at") and value else value for name, value in row.items()}
