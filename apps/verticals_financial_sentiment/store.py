"""What the monitor keeps: written a step at a time, all of it or nothing, so that a restart goes on exactly where it was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, update

from verticals import storage
from verticals.errors import DataError
from verticals_financial_sentiment import rows, steps, tables
from verticals_financial_sentiment.rows import Kept, Row
from verticals_financial_sentiment.stories import Story, StoryBook, Thread

AlertAnswer = Literal["new", "acknowledged", "muted", "false_alarm"]
ANSWERS: Final[tuple[AlertAnswer, ...]] = ("new", "acknowledged", "muted", "false_alarm")
_AT_ONCE = 500  # values in one IN (...)


@dataclass(frozen=True)
class Step:
    """What one batch changes, written in one transaction.

    Attributes:
        origin: of the batch, with the offset after it; an empty origin has none to save.
        offset: see origin.
        items: new headlines, in the order they were counted.
        changes: `StoryBook.changes()`.
        points: closed buckets: (ticker, bucket start in seconds, values).
        alerts: the fields of an alert, by name; `state` is new.
        answers: what a person said about an alert that is kept, by its id.
        states: by name, JSON values that the next start needs (index, detector, alert budget).
        after: how many steps were written before what this one rests on was read; None where it rests on nothing.
    """

    origin: str = ""
    offset: str = ""
    items: Sequence[Kept] = ()
    changes: Sequence[tuple[Story, Thread]] = ()
    points: Sequence[tuple[str, int, Mapping[str, Any]]] = ()
    alerts: Sequence[Mapping[str, Any]] = ()
    answers: Mapping[str, AlertAnswer] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)
    after: int | None = None


class Store:
    """The monitor's database. Of several processes, one that would write over what another wrote is told so."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str = "") -> "Store":
        """Open the database at an address; without one, that of the environment or the file under the home folder."""
        return cls(storage.open_database(url or storage.database_url("financial-sentiment"), tables.metadata))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def known(self, ids: Collection[str]) -> set[str]:
        """Return those of the content ids that were counted before, also where the item is deleted by now."""
        wanted, found = list(ids), set[str]()
        with storage.transaction(self.engine) as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                for row in (tables.items.c, tables.forgotten.c):
                    found |= set(connection.scalars(select(row.id).where(row.id.in_(part))))
        return found

    def save(self, step: Step) -> None:
        """Write a step.

        Raises:
            OvertakenError: another process wrote since `step.after`; nothing was written.
            StorageError: the database refused it, for example because an item is known; nothing was written.
        """
        with storage.transaction(self.engine) as connection:
            steps.count(connection, step.after)
            _insert(connection, tables.items, [rows.item_row(kept) for kept in step.items])
            _insert(
                connection,
                tables.opinions,
                [rows.opinion_row(kept, opinion) for kept in step.items for opinion in kept.opinions],
            )
            _replace(connection, tables.stories, "id", [rows.story_row(story) for story, _ in step.changes])
            by_id = {thread.id: thread for _, thread in step.changes}
            _replace(connection, tables.threads, "id", [rows.thread_row(thread) for thread in by_id.values()])
            _insert(
                connection,
                tables.index_points,
                [{"ticker": ticker, "time": time, "values": dict(values)} for ticker, time, values in step.points],
            )
            _insert(connection, tables.alerts, [{**alert, "state": "new"} for alert in step.alerts])
            for name, state in step.answers.items():
                connection.execute(update(tables.alerts).where(tables.alerts.c.id == name).values(state=state))
            _replace(
                connection,
                tables.states,
                "name",
                [{"name": name, "value": value} for name, value in step.states.items()],
            )
            if step.origin:
                _replace(connection, tables.offsets, "origin", [{"origin": step.origin, "offset": step.offset}])

    def steps(self) -> int:
        """Return how many steps were written, by whichever process."""
        with storage.transaction(self.engine) as connection:
            return steps.written(connection)

    def offset(self, origin: str) -> str:
        """Return where a source was left, or nothing."""
        with storage.transaction(self.engine) as connection:
            found = connection.scalar(select(tables.offsets.c.offset).where(tables.offsets.c.origin == origin))
        return str(found or "")

    def states(self) -> dict[str, Any]:
        """Return every saved state by its name."""
        return {row["name"]: row["value"] for row in self._rows(select(tables.states))}

    def book(self, window: timedelta, most: int) -> StoryBook:
        """Return the story book as it was when the last step was saved."""
        with storage.transaction(self.engine) as connection:
            newest = connection.scalar(select(func.max(tables.stories.c.last_seen)))
            if newest is None:
                return StoryBook(window, most)
            recent = select(tables.stories).where(tables.stories.c.last_seen >= newest - window)
            found = connection.execute(recent.order_by(tables.stories.c.touched.desc()).limit(most)).mappings()
            stories = [rows.story(dict(row)) for row in found]
            threads = [Thread(**row) for row in connection.execute(select(tables.threads)).mappings()]
        return StoryBook(window, most, stories, threads)

    def newest(self) -> datetime | None:
        """Return when the newest item came, or None where there is none."""
        with storage.transaction(self.engine) as connection:
            found: datetime | None = connection.scalar(select(func.max(tables.items.c.received)))
        return found

    def alerts(
        self, state: AlertAnswer | None = None, most: int = 200, since: datetime | None = None, ticker: str = ""
    ) -> list[Row]:
        """Return alerts, the newest first."""
        query = select(tables.alerts).order_by(tables.alerts.c.time.desc(), tables.alerts.c.id).limit(most)
        query = query.where(tables.alerts.c.time >= since) if since else query
        query = query.where(tables.alerts.c.ticker == ticker) if ticker else query
        return self._rows(query.where(tables.alerts.c.state == state) if state else query)

    def alert(self, alert: str) -> Row:
        """Return an alert.

        Raises:
            DataError: there is no such alert.
        """
        found = self._rows(select(tables.alerts).where(tables.alerts.c.id == alert))
        if not found:
            raise DataError(f"no alert '{alert}'; it may be older than what is kept")
        return found[0]

    def sent(self, alert: str, channel: str) -> bool:
        """Say whether an alert went out on a channel."""
        row = tables.deliveries.c
        return bool(self._rows(select(tables.deliveries).where(row.alert == alert, row.channel == channel)))

    def record(self, alert: str, channel: str) -> None:
        """Write down that an alert went out on a channel."""
        with storage.transaction(self.engine) as connection:
            connection.execute(insert(tables.deliveries).values(alert=alert, channel=channel))

    def headlines(self, story: str = "", ticker: str = "", most: int = 200) -> list[Row]:
        """Return items, the newest first, each once for every company it says something about; `ticker` is None where none."""
        joined = tables.items.outerjoin(tables.opinions, tables.opinions.c.item == tables.items.c.id)
        query = select(tables.items, *list(tables.opinions.c)[1:]).select_from(joined)
        if story:
            query = query.where(tables.items.c.story == story)
        if ticker:
            query = query.where(tables.opinions.c.ticker == ticker)
        return self._rows(query.order_by(tables.items.c.number.desc()).limit(most))

    def item(self, name: str) -> Row | None:
        """Return an item by its content id, or None where it is not kept."""
        found = self._rows(select(tables.items).where(tables.items.c.id == name))
        return found[0] if found else None

    def points(self, ticker: str, since: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Return a company's closed buckets from a time on: (start in seconds, values)."""
        row = tables.index_points.c
        query = select(row.time, row["values"]).where(row.ticker == ticker, row.time >= since).order_by(row.time)
        return [(found["time"], found["values"]) for found in self._rows(query)]

    def forget(self, before: datetime) -> dict[str, int]:
        """Delete what is older than a moment, and return how many rows of each table that were; the ids of items stay known."""
        seconds = int(before.timestamp())
        old = {
            tables.items: tables.items.c.received < before,
            tables.stories: tables.stories.c.last_seen < before,
            tables.index_points: tables.index_points.c.time < seconds,
            tables.alerts: tables.alerts.c.time < before,
        }
        with storage.transaction(self.engine) as connection:
            gone = select(tables.items.c.id).where(old[tables.items])
            connection.execute(insert(tables.forgotten).from_select(["id"], gone))
            counts = {
                tables.opinions.name: connection.execute(
                    delete(tables.opinions).where(tables.opinions.c.item.in_(gone))
                ).rowcount
            }
            late = select(tables.alerts.c.id).where(old[tables.alerts])
            connection.execute(delete(tables.deliveries).where(tables.deliveries.c.alert.in_(late)))
            for table, condition in old.items():
                counts[table.name] = connection.execute(delete(table).where(condition)).rowcount
            connection.execute(
                delete(tables.threads).where(tables.threads.c.id.not_in(select(tables.stories.c.thread)))
            )
        return counts

    def clear(self) -> None:
        """Delete everything but the number of steps, this one counted, by which other processes notice it."""
        with storage.transaction(self.engine) as connection:
            steps.count(connection)
            for table in reversed(tables.metadata.sorted_tables):
                if table is not tables.steps:
                    connection.execute(delete(table))

    def _rows(self, query: Any) -> list[Row]:  # noqa: ANN401 - SQLAlchemy's Select is generic over its columns
        with storage.transaction(self.engine) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), [dict(row) for row in rows])


def _replace(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    keys = [row[key] for row in rows]
    for start in range(0, len(keys), _AT_ONCE):
        connection.execute(delete(table).where(table.c[key].in_(keys[start : start + _AT_ONCE])))
    _insert(connection, table, rows)
