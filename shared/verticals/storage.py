"""Databases by SQLAlchemy: a SQLite file under the home folder, or any server that `VERTICALS_DATABASE_URL` names."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from verticals.config import home
from verticals.errors import StorageError

_BUSY_SECONDS = 10
_AGAIN = 0.02  # seconds
_CONNECTIONS = 15  # kept once opened: opening one costs more than most of what it is asked
_ALONE = {  # by dialect: holds up other processes that would create the same tables at the same moment
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('verticals'))",
}


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without a zone in the database, whichever it is."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what is stored; a naive one is refused."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"expected a time with its zone, found {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time as an aware one."""
        return value.replace(tzinfo=UTC) if value else None


def database_url(name: str) -> str:
    """Return `VERTICALS_DATABASE_URL`, else that of the SQLite file `<name>.sqlite` under the home folder."""
    return os.environ.get("VERTICALS_DATABASE_URL") or f"sqlite:///{home() / f'{name}.sqlite'}"


def open_database(url: str, tables: MetaData) -> Engine:
    """Open a database and create the tables that are not there yet.

    SQLite files get a write-ahead log (readers do not wait for the writer), foreign keys, overwriting of what is deleted, and ten
    seconds of patience.

    Raises:
        StorageError: the address is malformed or in memory, its driver is not installed, or the database cannot be reached or written.
    """
    shown = url
    try:
        parsed = make_url(url)
        shown = parsed.render_as_string(hide_password=True)
        if parsed.get_backend_name() == "sqlite":
            file = parsed.database or ":memory:"
            if file == ":memory:":
                raise StorageError(f"{shown}: in memory, each thread has a database of its own; name a file instead")
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        # A server may have been restarted since a connection was opened: asking costs one round trip, not asking the request.
        engine = create_engine(parsed, pool_size=_CONNECTIONS, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        with engine.begin() as connection:
            if alone := _ALONE.get(engine.dialect.name):
                connection.exec_driver_sql(alone)
            tables.create_all(connection)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StorageError(
            f"{shown}: not a usable database address ({error}); expected one such as sqlite:///monitor.sqlite or "
            "postgresql+psycopg://user:password@host/name, with its driver installed"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(f"{shown}: cannot be opened: {_first_line(error)}; check VERTICALS_DATABASE_URL") from error
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are all kept, or none of them where an error leaves the block.

    Raises:
        StorageError: the database refused something.
    """
    with _said(engine, "; nothing of this step was written"), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection to read from.

    Raises:
        StorageError: the database refused something.
    """
    with _said(engine), engine.connect() as connection:
        yield connection


@contextmanager
def _said(engine: Engine, consequence: str = "") -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise StorageError(f"{shown}: {_first_line(error)}{consequence}") from error


def scrub(engine: Engine) -> None:
    """Leave nothing of deleted rows in a SQLite file: they are overwritten when deleted, and its write-ahead log is emptied here.

    A server does so in its own time (PostgreSQL: VACUUM).

    Raises:
        StorageError: the database refused it, or somebody kept reading from the log for ten seconds, so that it still holds what was deleted.
    """
    if engine.dialect.name != "sqlite":
        return
    end = monotonic() + _BUSY_SECONDS
    with reading(engine) as connection:
        while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
            if monotonic() >= end:
                raise StorageError(
                    f"{engine.url.database}: the rows are deleted, but another reader holds the write-ahead log, which still has "
                    "them; ask for the deletion again"
                )
            sleep(_AGAIN)  # SQLite waits for readers, but not for another connection that empties the log


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    for setting in (
        f"busy_timeout={_BUSY_SECONDS * 1000}",  # first: the others may have to wait too
        "journal_mode=WAL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "synchronous=NORMAL",
    ):
        connection.execute(f"PRAGMA {setting}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
