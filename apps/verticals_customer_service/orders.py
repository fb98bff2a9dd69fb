"""Orders, as far as the bot may look at them and change them; the demo's stand in a table, a shop's own behind the same interface."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from sqlalchemy import JSON, Boolean, Column, Date, Engine, MetaData, String, Table, insert, select, update

from verticals.storage import open_database, transaction

Status = Literal["received", "packing", "dispatched", "delivered", "cancelled"]
metadata = MetaData()
_orders = Table(
    "service_orders",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("address", String(300)),
    Column("large", Boolean, nullable=False),
    Column("delivery_day", Date),
    Column("free_days", JSON, nullable=False),
)


@dataclass(frozen=True)
class Order:
    """One order; large items have a day of delivery and further days that are free."""

    number: str
    status: Status
    address: str | None = None
    large: bool = False
    delivery_day: date | None = None
    free_days: tuple[date, ...] = ()


class OrderRefused(Exception):  # noqa: N818 - reads as what it is
    """The order is not, or no longer, in a state that allows the change; nothing was changed."""


class OrderBackend(Protocol):
    """What the bot needs of a shop's order system. Changes raise OrderRefused where the order does not allow them.

    A change is made while the conversation is locked, so that nobody takes it over meanwhile: orders in the SQLite file of the
    conversations would wait for themselves, and need a file of their own.
    """

    def find(self, number: str) -> Order | None:
        """Return an order by its number, None where there is none."""

    def cancel(self, number: str) -> None:
        """Cancel an order that is not being packed yet."""

    def change_address(self, number: str, address: str) -> None:
        """Send an order that is not being packed yet somewhere else."""

    def reschedule(self, number: str, day: date) -> None:
        """Deliver a large item on another of its free days."""


class SqlOrders:
    """Orders in a database; every change is one conditional UPDATE, so that two that race cannot both win."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, number: str) -> Order | None:
        """Return an order by its number, None where there is none."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(_orders).where(_orders.c.number == number)).mappings().one_or_none()
        return _order(dict(row)) if row else None

    def cancel(self, number: str) -> None:
        """Cancel an order that is not being packed yet."""
        self._change(number, ("received",), status="cancelled")

    def change_address(self, number: str, address: str) -> None:
        """Send an order that is not being packed yet somewhere else."""
        self._change(number, ("received",), address=address)

    def reschedule(self, number: str, day: date) -> None:
        """Deliver a large item on another of its free days."""
        order = self.find(number)
        if order is None or day not in order.free_days:
            raise OrderRefused(f"{day} is not free for order {number}")
        self._change(number, ("received", "packing"), delivery_day=day)

    def add(self, orders: Iterable[Order]) -> None:
        """Put new orders into the table."""
        rows = [{**asdict(order), "free_days": [day.isoformat() for day in order.free_days]} for order in orders]
        with transaction(self._engine) as connection:
            connection.execute(insert(_orders), rows)

    def _change(self, number: str, allowed: tuple[Status, ...], **values: Any) -> None:  # noqa: ANN401 - columns
        same = (_orders.c.number == number) & _orders.c.status.in_(allowed)
        with transaction(self._engine) as connection:
            changed = connection.execute(update(_orders).where(same).values(**values)).rowcount
        if not changed:
            raise OrderRefused(f"order {number} is not {' or '.join(allowed)}")


def _order(row: dict[str, Any]) -> Order:
    return Order(**{**row, "free_days": tuple(date.fromisoformat(day) for day in row["free_days"])})


def demo_orders(url: str, today: date) -> SqlOrders:
    """Open the demo's table; where it is empty, it gets orders in every state, with days counted from today.

    Raises:
        StorageError: the database cannot be opened.
    """
    engine = open_database(url, metadata)
    orders = SqlOrders(engine)
    with transaction(engine) as connection:
        empty = connection.execute(select(_orders.c.number).limit(1)).one_or_none() is None
    if empty:
        orders.add(_demo(today))
    return orders


def _demo(today: date) -> tuple[Order, ...]:
    def days(*ahead: int) -> tuple[date, ...]:
        return tuple(today + timedelta(days=number) for number in ahead)

    home = "14 Fennel Row, Aldermouth AM3 7QT"
    return (
        Order("BW-48213", "received", home),
        Order("BW-48214", "received", home, True, days(9)[0], days(11, 12, 16)),
        Order("BW-48215", "packing", home, True, days(6)[0], days(8, 9)),
        Order("BW-48216", "packing", home, True, days(1)[0], days(4)),
        Order("BW-48217", "dispatched", home),
        Order("BW-48218", "delivered", home),
    )
