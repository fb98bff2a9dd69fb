"""What the bot does itself: cancel an order, change its address, move its delivery; it asks, confirms, acts, and says so.

A flow is a frozen value inside the conversation. `advance` changes nothing: a step that was confirmed names its deed, which `carry_out`
does once it is certain that the bot may speak.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import get_args

from verticals.privacy import Kind
from verticals_customer_service import assent, slots
from verticals_customer_service.knowledge import Action
from verticals_customer_service.orders import Order, OrderBackend
from verticals_customer_service.slots import Entity

_NOTICE = timedelta(days=2)  # a delivery that is nearer is in the hands of people
_MOST_ASKS = 3
_ASK_ORDER = (
    "Which order is it? Its number looks like BW-48213 and stands in your confirmation e-mail and in Account > Orders."
)
_UNKNOWN_ORDER = "I cannot find an order {order}. Could you check the number? It looks like BW-48213."
_GIVE_UP = "I cannot get any further with this, so I am handing you over to a colleague, who will answer here."
LEFT = "All right, nothing has been changed. What else can I do for you?"
REFUSED = "Your order has changed in the meantime, and I could not do it. I am handing you over to a colleague."
_QUESTION = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|excuse me|sorry|ok|and|so|but)\W+)*(?:how|where|what|when|which|why|until|does|did|are|"
    r"do (?:i|you)|is (?:it|there)|can i still|could i still|am i|will|would i (?:have|get)|if)\b",
    re.IGNORECASE,
)
_REPORTS = (
    r"\b(?:(?:did not|didn['’]?t|do not|don['’]?t|not|never)(?: (?:want|wish|need|ask))?(?: you)?(?: to)?(?: have)?) {verb}"
    r"|^\W*(?:(?:hi|hello|hey|sorry|ok|and|so|but)\W+)*(?:did|has|have|was|were|why)\b[^.?!]*\b{verb}"
    r"|\b(?:someone|somebody|who|you|i|was|been|got|says?|saying|is|already)(?: (?:else|have|has|had))?(?: \w+)? {verb}(?:l?ed|d)\b"
)  # what was done already, or is not wanted
_NOT_ORDERED_YET = re.compile(
    r"\b(?:when|before|if|once|as) (?:i|we) (?:come to )?(?:buy|order|place|pay|check ?out)\b", re.IGNORECASE
)
_REDACTED = re.compile(rf"\[(?:{'|'.join(get_args(Kind))})\]")


@dataclass(frozen=True)
class Flow:
    """How far a task has come; `asks` counts how often in a row the same was asked, `asides` questions in between."""

    intent: str
    order: str | None = None
    address: str | None = None
    day: str | None = None  # ISO 8601: what is kept is plain text
    confirming: bool = False
    asks: int = 0
    asides: int = 0


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


@dataclass(frozen=True)
class Task:
    """One thing that can be done to an order.

    Attributes:
        verb: a pattern of what customers call it.
        slot: the kind of entity that is needed beside the order, or nothing.
        ask: the question for it.
        blocked: why an order does not allow it: action and a question whose article explains it; None where it does.
        confirm: the question before anything is done.
        act: does it.
        done: what is said then.
    """

    verb: str
    slot: slots.Kind | None
    ask: str
    blocked: Callable[[Order, date], tuple[Action, str] | None]
    confirm: str
    act: Callable[[OrderBackend, Flow], None]
    done: str


def _no_cancelling(order: Order, today: date) -> tuple[Action, str] | None:
    return (
        None
        if order.status == "received"
        else ("answer", "My order is packing or has been sent. Can I still cancel it?")
    )


def _no_new_address(order: Order, today: date) -> tuple[Action, str] | None:
    if order.status == "received":
        return None
    return "answer", "My order has been sent to the wrong address. The parcel is on its way."


def _no_new_day(order: Order, today: date) -> tuple[Action, str] | None:
    movable = order.large and order.delivery_day and order.status in ("received", "packing")
    if movable and order.delivery_day - today >= _NOTICE and order.free_days:  # type: ignore[operator] # it is a day
        return None
    return "hand_over", "How do I move my furniture delivery to a different day?"


TASKS: Mapping[str, Task] = {
    "cancel_order": Task(
        "cancel",
        None,
        "",
        _no_cancelling,
        "Order {order} can still be cancelled. Shall I cancel it?",
        lambda orders, flow: orders.cancel(flow.order or ""),
        "Done: order {order} is cancelled.",
    ),
    "change_delivery_address": Task(
        "(?:change|send|update|use)",
        "address",
        "Where should order {order} go? Please write the whole address with its postcode.",
        _no_new_address,
        "Order {order} would go to: {address}. Is that right?",
        lambda orders, flow: orders.change_address(flow.order or "", flow.address or ""),
        "Done: order {order} goes to {address}.",
    ),
    "reschedule_delivery": Task(
        "(?:move|change|deliver|bring|book|take|reschedule)",
        "date",
        "Order {order} is due on {due}. These days are free: {free}. Which one suits you?",
        _no_new_day,
        "Order {order} would come on {day} instead of {due}. Is that right?",
        lambda orders, flow: orders.reschedule(flow.order or "", date.fromisoformat(flow.day or "")),
        "Done: order {order} comes on {day}.",
    ),
}


def begins(intent: str, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message asks to have something done, rather than how it is done; one with an order number does.

    None does that says what happened, or what is not to happen.
    """
    if intent not in TASKS or re.search(_REPORTS.format(verb=TASKS[intent].verb), message, re.IGNORECASE):
        return False
    asks = _QUESTION.search(message) or _NOT_ORDERED_YET.search(message)
    return bool(slots.values(entities)["order_number"]) or not asks


def concerns(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message belongs to a flow: it agrees, refuses, or brings something that the flow needs."""
    return _agrees(flow, message, entities) or _leaves(flow, message) or _filled(flow, message, entities) != flow


def advance(flow: Flow, message: str, entities: tuple[Entity, ...], orders: OrderBackend, today: date) -> Step:
    """Return the next step of a flow."""
    filled = _filled(flow, message, entities)
    if flow.asks and filled == flow and _leaves(flow, message):
        return Step("answer", LEFT, None)
    task, order = TASKS[flow.intent], orders.find(filled.order) if filled.order else None
    if order is None:
        unknown = _UNKNOWN_ORDER.format(order=filled.order)
        return _ask(replace(filled, order=None), flow, unknown if filled.order else _ASK_ORDER)
    if order.status == "cancelled":
        return Step("answer", f"Order {order.number} has been cancelled already.", None)
    blocked = task.blocked(order, today)
    if blocked:
        return _blocked(filled, order, *blocked)
    if task.slot == "date" and filled.day and date.fromisoformat(filled.day) not in order.free_days:
        taken = f"{_day(date.fromisoformat(filled.day))} is not free. "
        return _ask(replace(filled, day=None), filled, taken + _said(task.ask, filled, order))
    if task.slot and not (filled.day if task.slot == "date" else filled.address):
        return _ask(filled, flow, _said(task.ask, filled, order))
    if flow.confirming and filled == flow and _agrees(flow, message, entities):
        return Step("done", _said(task.done, filled, order), None, deed=filled)
    return _ask(replace(filled, confirming=True), flow, _said(task.confirm, filled, order))


def carry_out(deed: Flow, orders: OrderBackend) -> None:
    """Do what was confirmed.

    Raises:
        OrderRefused: the order does not allow it any more; nothing was changed.
    """
    TASKS[deed.intent].act(orders, deed)


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


def _blocked(flow: Flow, order: Order, action: Action, about: str) -> Step:
    reply = f"Order {order.number} is at “{order.status}”, so I cannot do that any more."
    if action == "hand_over" or flow.asks + 1 > _MOST_ASKS:
        return Step(
            "hand_over",
            f"{reply} I am handing you over to a colleague, who will look at what is possible.",
            None,
            about,
        )
    return Step("answer", reply, replace(flow, asks=flow.asks + 1), about)


def _ask(after: Flow, before: Flow, reply: str) -> Step:
    """Ask; a flow that comes no further several times in a row is handed over."""
    same = replace(after, asks=0) == replace(before, asks=0)
    asks = before.asks + 1 if same else 1
    if asks > _MOST_ASKS:
        return Step("hand_over", _GIVE_UP, None)
    return Step("ask", reply, replace(after, asks=asks))


def _filled(flow: Flow, message: str, entities: tuple[Entity, ...]) -> Flow:
    """Return the flow with what a message brings; what was redacted before it was stored is missing again."""
    known = slots.values(entities)
    number = next(reversed(known["order_number"]), None) or (None if flow.order else slots.bare_order_number(message))
    address, day = (None if value and _REDACTED.search(value) else value for value in (flow.address, flow.day))
    filled = replace(flow, address=address, day=day)
    if number:
        filled = replace(filled, order=number)
    slot = TASKS[flow.intent].slot
    if slot == "address" and known["address"]:
        filled = replace(filled, address=_corrected(filled.address, known["address"][-1]))
    if slot == "date" and known["date"]:
        filled = replace(filled, day=known["date"][-1])
    return filled


def _corrected(before: str | None, written: str) -> str:
    """Return the new address; a postcode by itself corrects the postcode of the address before."""
    alone = slots.POSTCODE.fullmatch(written)
    return slots.POSTCODE.sub(written, before) if alone and before and slots.POSTCODE.search(before) else written


def _said(text: str, flow: Flow, order: Order) -> str:
    return text.format(
        order=order.number,
        address=flow.address,
        day=_day(date.fromisoformat(flow.day)) if flow.day else "",
        due=_day(order.delivery_day) if order.delivery_day else "",
        free=", ".join(_day(day) for day in order.free_days),
    )


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
