"""What the bot does itself: cancel an order, change its address, move its delivery; it asks, confirms, acts, and says so.

A flow is a frozen value inside the conversation. `advance` changes nothing: a step that was confirmed names its deed, which `carry_out`
does once it is certain that the bot may speak.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from verticals.privacy import Kind
from verticals_customer_service import assent, slots, wishes
from verticals_customer_service.knowledge import Action
from verticals_customer_service.orders import Order, OrderBackend
from verticals_customer_service.slots import Entity
from verticals_customer_service.tasks import TASKS, Block

_MOST_ASKS = 3
_ASK_ORDER = (
    "Which order is it? Its number looks like BW-48213 and stands in your confirmation e-mail and in Account > Orders."
)
_UNKNOWN_ORDER = "I cannot find an order {order}. Could you check the number? It looks like BW-48213."
_GIVE_UP = "I cannot get any further with this, so I am handing you over to a colleague, who will answer here."
_WHICH_ORDER = "I can only do one order at a time. Which one is it: {orders}?"
LEFT = "All right, nothing has been changed. What else can I do for you?"
REFUSED = "Your order has changed in the meantime, and I could not do it. I am handing you over to a colleague."
_ALSO = re.compile(r"\b(?:also|too|both|as well|and|plus)\b", re.IGNORECASE)
_NAMES_AN_ORDER = re.compile(  # what stands beside a number that is given, or put right
    r"\W*(?:\b(?:no|nope|sorry|oops|oh|wait|ok(?:ay)?|yes|sure|actually|rather|instead|but|and|also|please|pls|thanks|i|you|we|gave|give|said|"
    r"meant?|mean|wrote|it|is|was|be|should|s|here|this|that|the|my|an?|wrong|right|correct|other|another|different|order|orders?|number|one|not|of)"
    r"\b\W*)*",
    re.IGNORECASE,
)
_REDACTED = re.compile(rf"\[(?:{'|'.join(get_args(Kind))})\]")


@dataclass(frozen=True)
class Flow:
    """How far a task has come.

    `blocked` says that the order does not allow it, `asks` counts how often in a row the same was asked, `asides` questions in between.
    """

    intent: str
    order: str | None = None
    address: str | None = None
    day: str | None = None  # ISO 8601: what is kept is plain text
    confirming: bool = False
    blocked: bool = False
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


def begins(intent: str, message: str, entities: tuple[Entity, ...], order: str | None = None) -> bool:
    """Say whether a message asks to have something done, rather than how it is done.

    One with an order number does, or with what is needed beside an `order` that is known already. None does that says what happened, or
    what is not to happen.
    """
    if intent not in TASKS or wishes.reports(message, TASKS[intent].verb):
        return False
    given = slots.values(entities)["order_number"] or (order and brings(intent, entities))
    return bool(given) or not wishes.asks(message)


def concerns(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message belongs to a flow: it agrees, refuses, or brings something that the flow needs."""
    brings = _several(flow, message, entities) or _filled(flow, message, entities) != flow
    return bool(brings) or _agrees(flow, message, entities) or _leaves(flow, message)


def gives_way(flow: Flow, intent: str, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a flow ends with a message that is plainly of another intent: it is about another order, or about another task.

    A yes goes on with it, and so does a number that is only put right, or a no that asks for nothing else. Of two tasks that need
    something, the one whose need the message brings is meant.
    """
    if _agrees(flow, message, entities):
        return False
    if _is_about_another_order(flow, message, entities):
        return True
    if intent not in TASKS or (brings(flow.intent, entities) and not brings(intent, entities) and TASKS[intent].slot):
        return False
    return begins(intent, message, entities) or not _leaves(flow, message)


def brings(intent: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message brings what a task needs beside the order."""
    slot = TASKS[intent].slot
    return slot is not None and bool(slots.values(entities)[slot])


def advance(flow: Flow, message: str, entities: tuple[Entity, ...], orders: OrderBackend, today: date) -> Step:
    """Return the next step of a flow."""
    filled = _filled(flow, message, entities)
    if flow.asks and filled == flow and _leaves(flow, message):
        return Step("answer", LEFT, None)
    task, order = TASKS[flow.intent], orders.find(filled.order) if filled.order else None
    if order is None:
        unknown = _UNKNOWN_ORDER.format(order=filled.order) if filled.order else _ASK_ORDER
        several = _several(flow, message, entities)
        which = _WHICH_ORDER.format(orders=" or ".join(several)) if several else unknown
        return _ask(replace(filled, order=None, confirming=False), flow, which)
    if order.status == "cancelled":
        return Step("answer", f"Order {order.number} has been cancelled already.", None)
    blocked = task.blocked(order, today)
    if blocked:
        return _blocked(replace(filled, blocked=True), order, blocked)
    filled = replace(filled, blocked=False)
    if task.slot == "date":
        filled = replace(filled, day=_free_day(order, entities) or filled.day)
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


def _is_about_another_order(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message speaks of another order than the flow's; who only gives a number, or puts one right, does not."""
    numbers = [each.text for each in entities if each.kind == "order_number"]
    if not numbers or flow.order in slots.values(entities)["order_number"]:
        return False
    for number in numbers:
        message = message.replace(number, " ")
    return not _NAMES_AN_ORDER.fullmatch(message) and (flow.order is not None or wishes.is_question(message))


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


def _several(flow: Flow, message: str, entities: tuple[Entity, ...]) -> tuple[str, ...]:
    """Return the orders that a message asks for where they are more than one."""
    before = [flow.order] if flow.order and _ALSO.search(message) else []
    numbers = tuple(dict.fromkeys([*before, *slots.values(entities)["order_number"]]))
    return numbers if len(numbers) > 1 else ()


def _free_day(order: Order, entities: tuple[Entity, ...]) -> str | None:
    """Return the only free day that a message names, as where it says from which day to which."""
    free = {day.isoformat() for day in order.free_days} & {*slots.values(entities)["date"]}
    return free.pop() if len(free) == 1 else None


def _filled(flow: Flow, message: str, entities: tuple[Entity, ...]) -> Flow:
    """Return the flow with what a message brings.

    What a message leaves open by naming two is missing, as is what was redacted before it was stored.
    """
    known, slot = slots.values(entities), TASKS[flow.intent].slot
    address, day = (None if value and _REDACTED.search(value) else value for value in (flow.address, flow.day))
    number = flow.order or slots.bare_order_number(message)
    if known["order_number"]:
        number = None if _several(flow, message, entities) else known["order_number"][0]
    if slot == "address":
        address = slots.address_after(
            address, message, entities, asked=flow.asks > 0 and flow.order is not None and flow.address is None
        )
    if slot == "date" and known["date"]:
        day = known["date"][0] if len(set(known["date"])) == 1 else None
    return replace(flow, order=number, address=address, day=day)


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
