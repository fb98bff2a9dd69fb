"""The tasks: what each needs to know of an order, when an order does not allow it, what is asked, done and said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from verticals_customer_service.knowledge import Action
from verticals_customer_service.orders import Order, OrderBackend
from verticals_customer_service.slots import Kind

_NOTICE = timedelta(days=2)  # a delivery that is nearer is in the hands of people
_MOVE = "How do I move my furniture delivery to a different day?"
_TOO_LATE = "Order {order} is at “{status}”, so I cannot do that any more."


@dataclass(frozen=True)
class Block:
    """Why an order does not allow a task, what is done instead, and a question whose article explains it."""

    reason: str
    action: Action
    about: str


@dataclass(frozen=True)
class Task:
    """One thing that can be done to an order.

    Attributes:
        verb: a pattern of what customers call it.
        about: a question whose article says how customers do it themselves.
        slot: the kind of entity that is needed beside the order, or nothing.
        ask: the question for it.
        blocked: what keeps an order from it on a day; None where nothing does.
        confirm: the question before anything is done.
        act: does it to the order of a number, with what the slot holds.
        done: what is said then.
    """

    verb: str
    about: str
    slot: Kind | None
    ask: str
    blocked: Callable[[Order, date], Block | None]
    confirm: str
    act: Callable[[OrderBackend, str, str], None]
    done: str


def _no_cancelling(order: Order, today: date) -> Block | None:
    if order.status == "received":
        return None
    return Block(_TOO_LATE, "answer", "My order is packing or has been sent. Can I still cancel it?")


def _no_new_address(order: Order, today: date) -> Block | None:
    if order.status == "received":
        return None
    return Block(_TOO_LATE, "answer", "My order has been sent to the wrong address. The parcel is on its way.")


def _no_new_day(order: Order, today: date) -> Block | None:
    reason = _immovable(order, today)
    return Block(reason, "hand_over", _MOVE) if reason else None


def _immovable(order: Order, today: date) -> str | None:
    if order.status not in ("received", "packing"):
        return _TOO_LATE
    if not order.large or order.delivery_day is None:
        return "Order {order} comes as a parcel; only the delivery of large items has a day that can be moved."
    if order.delivery_day - today < _NOTICE:
        return "Order {order} is due on {due}, and a delivery can be moved until two days before."
    return None if order.free_days else "Order {order} is due on {due}, and no other day is free."


TASKS: Mapping[str, Task] = {
    "cancel_order": Task(
        "cancel",
        "How do I cancel my order?",
        None,
        "",
        _no_cancelling,
        "Order {order} can still be cancelled. Shall I cancel it?",
        lambda orders, number, _: orders.cancel(number),
        "Done: order {order} is cancelled.",
    ),
    "change_delivery_address": Task(
        "(?:change|send|update|use)",
        "How do I change the delivery address of an order?",
        "address",
        "Where should order {order} go? Please write the whole address with its postcode.",
        _no_new_address,
        "Order {order} would go to: {address}. Is that right?",
        lambda orders, number, address: orders.change_address(number, address),
        "Done: order {order} goes to {address}.",
    ),
    "reschedule_delivery": Task(
        "(?:move|change|deliver|bring|book|take|reschedule)",
        _MOVE,
        "date",
        "Order {order} is due on {due}. These days are free: {free}. Which one suits you?",
        _no_new_day,
        "Order {order} would come on {day} instead of {due}. Is that right?",
        lambda orders, number, day: orders.reschedule(number, date.fromisoformat(day)),
        "Done: order {order} comes on {day}.",
    ),
}
