"""What the bot does itself: cancel an order, change its address, move its delivery; it asks, confirms, acts, and says so.

A flow is a frozen value inside the conversation. `advance` changes nothing: a step that was confirmed names its deed, which `carry_out`
does once it is certain that the bot may speak.
"""

from dataclasses import dataclass, replace
from datetime import date

from verticals_customer_service import assent, slots, wishes
from verticals_customer_service.filling import (
    Flow,
    asks_for_days,
    brings,
    filled,
    is_about_another_order,
    meant,
    several,
    with_day,
)
from verticals_customer_service.knowledge import Action
from verticals_customer_service.orders import Order, OrderBackend
from verticals_customer_service.slots import Entity
from verticals_customer_service.tasks import TASKS, Block

_MOST_ASKS = 3
_ASK_ORDER = (
    "Which order is it? Its number looks like BW-48213 and stands in your confirmation e-mail and in Account > Orders."
)
_UNKNOWN_ORDER = "I cannot find an order {order}. Could you check the number? It looks like BW-48213."
_ASK_POSTCODE = "What is the postcode of {address}?"
_GIVE_UP = "I cannot get any further with this, so I am handing you over to a colleague, who will answer here."
_WHICH_ORDER = "I can only do one order at a time. Which one is it: {orders}?"
LEFT = "All right, nothing has been changed. What else can I do for you?"
REFUSED = "Your order has changed in the meantime, and I could not do it. I am handing you over to a colleague."


@dataclass(frozen=True)
class Step:
    """What a flow does next.

    Attributes:
        action: what the reply does.
        reply: what is said.
        flow: the flow that goes on, None at its end.
        about: what an article has to be about to be quoted.
        deed: the flow whose task the customer has confirmed; it is not done yet.
    """

    action: Action
    reply: str
    flow: Flow | None
    about: str | None = None
    deed: Flow | None = None


def begins(intent: str, message: str, entities: tuple[Entity, ...], order: str | None = None) -> bool:
    """Say whether a message asks to have something done, rather than how it is done.

    One with an order number does, or with what is needed beside an `order` that is known already. None does that says what happened, or
    what is not to happen.
    """
    if intent not in TASKS or any(said(message, TASKS[intent].verb) for said in (wishes.reports, wishes.declines)):
        return False
    given = slots.values(entities)["order_number"] or (order and brings(intent, entities))
    return bool(given) or not wishes.asks(message)


def declines(intent: str, message: str) -> bool:
    """Say whether a message wants everything left as it is; "do not send it there" wants another place, and so does not."""
    task, asks = TASKS.get(intent), wishes.is_marked(message) or wishes.asks(message)
    return task is not None and task.slot is None and not asks and wishes.declines(message, task.verb)


def concerns(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message belongs to a flow: it agrees, refuses, asks which days are free, or brings something that the flow needs."""
    brought = several(flow, message, entities) or filled(flow, message, entities) != flow
    repeats = brings(flow.intent, entities) and not wishes.is_question(message)  # what it has brought already
    answers = _agrees(flow, message, entities) or _leaves(flow, message) or asks_for_days(flow, message)
    return bool(brought) or repeats or answers


def gives_way(flow: Flow, intent: str, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a flow ends with a message that is plainly of another intent: it is about another order, or about another task.

    A yes goes on with it, and so does a number that is only put right, or a no that asks for nothing else. Of two tasks that need
    something, the one whose need the message brings is meant.
    """
    if _agrees(flow, message, entities):
        return False
    if is_about_another_order(flow, message, entities):
        return True
    if intent not in TASKS or meant((intent, flow.intent), entities) == flow.intent:
        return False
    return begins(intent, message, entities) or not _leaves(flow, message)


def advance(flow: Flow, message: str, entities: tuple[Entity, ...], orders: OrderBackend, today: date) -> Step:
    """Return the next step of a flow."""
    brought = filled(flow, message, entities)
    task, order = TASKS[flow.intent], orders.find(brought.order) if brought.order else None
    if task.slot == "date" and order:
        brought = with_day(brought, flow, order, message, entities)
    if flow.asks and brought == flow and _leaves(flow, message):
        return Step("answer", LEFT, None)
    if order is None:
        unknown = _UNKNOWN_ORDER.format(order=brought.order) if brought.order else _ASK_ORDER
        numbers = several(flow, message, entities)
        which = _WHICH_ORDER.format(orders=" or ".join(numbers)) if numbers else unknown
        return _ask(replace(brought, order=None, confirming=False), flow, which)
    if order.status == "cancelled":
        return Step("answer", f"Order {order.number} has been cancelled already.", None)
    blocked = task.blocked(order, today)
    if blocked:
        return _blocked(replace(brought, blocked=True), order, blocked)
    brought = replace(brought, blocked=False)
    if task.slot == "date" and brought.day and date.fromisoformat(brought.day) not in order.free_days:
        taken = f"{_day(date.fromisoformat(brought.day))} is not free. "
        return _ask(replace(brought, day=None), brought, taken + _said(task.ask, brought, order))
    if task.slot == "address" and brought.address and not slots.is_whole(brought.address):
        return _ask(brought, flow, _ASK_POSTCODE.format(address=brought.address))
    if task.slot and not (brought.day if task.slot == "date" else brought.address):
        return _ask(brought, flow, _said(task.ask, brought, order))
    if flow.confirming and brought == flow and _agrees(flow, message, entities):
        return Step("done", _said(task.done, brought, order), None, deed=brought)
    return _ask(replace(brought, confirming=True), flow, _said(task.confirm, brought, order))


def carry_out(deed: Flow, orders: OrderBackend) -> None:
    """Do what was confirmed.

    Raises:
        OrderRefused: the order does not allow it any more; nothing was changed.
    """
    TASKS[deed.intent].act(orders, deed.order or "", deed.address or deed.day or "")


def reminder(flow: Flow, orders: OrderBackend) -> str:
    """Return the question that a flow is waiting with, for the end of an answer to something else."""
    order = orders.find(flow.order) if flow.order else None
    if order is None:
        return _ASK_ORDER
    task = TASKS[flow.intent]
    return _said(task.confirm if flow.confirming else task.ask or task.confirm, flow, order)


def _agrees(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message is a yes; that it names the order, the address or the day once more is no objection."""
    task = TASKS[flow.intent]
    for each in entities:
        if each.kind in ("order_number", task.slot):
            message = message.replace(each.text, " ")
    return assent.agrees(message, task.verb)


def _leaves(flow: Flow, message: str) -> bool:
    return assent.stops(message) or (flow.confirming and assent.refuses(message))


def _blocked(flow: Flow, order: Order, block: Block) -> Step:
    reply = _said(block.reason, flow, order)
    if block.action == "hand_over" or flow.asks + 1 > _MOST_ASKS:
        return Step(
            "hand_over",
            f"{reply} I am handing you over to a colleague, who will look at what is possible.",
            None,
            block.about,
        )
    return Step("answer", reply, replace(flow, asks=flow.asks + 1), block.about)


def _ask(after: Flow, before: Flow, reply: str) -> Step:
    """Ask; a flow that comes no further several times in a row is handed over."""
    same = replace(after, asks=0) == replace(before, asks=0)
    asks = before.asks + 1 if same else 1
    if asks > _MOST_ASKS:
        return Step("hand_over", _GIVE_UP, None)
    return Step("ask", reply, replace(after, asks=asks))


def _said(text: str, flow: Flow, order: Order) -> str:
    return text.format(
        order=order.number,
        status=order.status,
        address=flow.address,
        day=_day(date.fromisoformat(flow.day)) if flow.day else "",
        due=_day(order.delivery_day) if order.delivery_day else "",
        free=", ".join(_day(day) for day in order.free_days),
    )


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
