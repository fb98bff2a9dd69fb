"""How far a task has come, and what a message brings to it: the order, and the address or the day that it needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from verticals.privacy import Kind
from verticals_customer_service import choices, slots, wishes
from verticals_customer_service.orders import Order
from verticals_customer_service.slots import Entity
from verticals_customer_service.tasks import TASKS

_ALSO = re.compile(r"\b(?:also|too|both|as well|and|plus)\b", re.IGNORECASE)
_NAMES_AN_ORDER = re.compile(  # what stands beside a number that is given, or put right
    r"\W*(?:\b(?:no|nope|sorry|oops|oh|wait|ok(?:ay)?|yes|sure|actually|rather|instead|but|and|also|please|pls|thanks|i|you|we|gave|give|said|"
    r"meant?|mean|wrote|it|is|was|be|should|s|here|this|that|the|my|an?|wrong|right|correct|other|another|different|order|orders?|number|one|not|of)"
    r"\b\W*)*+",
    re.IGNORECASE,
)
_REDACTED = re.compile(rf"\[(?:{'|'.join(get_args(Kind))})\]")
_DAYS = r"\b[^.!?]{0,40}\b(?:days?|dates?|slots?)\b"
_OTHER_DAYS = re.compile(
    rf"\b(?:other|another|different|else|more|earliest|soonest){_DAYS}"
    rf"|\b(?:which|what){_DAYS}[^.!?]{{0,40}}\b(?:free|available|possible|left|offer|have|choose)\b",
    re.IGNORECASE,
)


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


def meant(intents: Sequence[str], entities: tuple[Entity, ...]) -> str:
    """Return the likelier of some intents, the likeliest first; of tasks that need something, the one whose need the message brings."""
    needy = [intent for intent in intents if intent in TASKS and TASKS[intent].slot]
    brought = [intent for intent in needy if brings(intent, entities)]
    return brought[0] if brought and intents[0] in needy else intents[0]


def brings(intent: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message brings what a task needs beside the order."""
    slot = TASKS[intent].slot
    return slot is not None and bool(slots.values(entities)[slot])


def is_about_another_order(flow: Flow, message: str, entities: tuple[Entity, ...]) -> bool:
    """Say whether a message speaks of another order than the flow's; who only gives a number, or puts one right, does not."""
    numbers = [each.text for each in entities if each.kind == "order_number"]
    if not numbers or flow.order in slots.values(entities)["order_number"]:
        return False
    for number in numbers:
        message = message.replace(number, " ")
    return not _NAMES_AN_ORDER.fullmatch(message) and (flow.order is not None or wishes.is_question(message))


def several(flow: Flow, message: str, entities: tuple[Entity, ...]) -> tuple[str, ...]:
    """Return the orders that a message asks for where they are more than one."""
    before = [flow.order] if flow.order and _ALSO.search(message) else []
    numbers = tuple(dict.fromkeys([*before, *slots.values(entities)["order_number"]]))
    return numbers if len(numbers) > 1 else ()


def filled(flow: Flow, message: str, entities: tuple[Entity, ...]) -> Flow:
    """Return the flow with what a message brings.

    What a message leaves open by naming two is missing, as is what was redacted before it was stored.
    """
    known, slot = slots.values(entities), TASKS[flow.intent].slot
    address, day = (None if value and _REDACTED.search(value) else value for value in (flow.address, flow.day))
    number = flow.order or slots.bare_order_number(message)
    if known["order_number"]:
        number = None if several(flow, message, entities) else known["order_number"][0]
    if slot == "address":
        asked = flow.asks > 0 and flow.order is not None and not (flow.address and slots.is_whole(flow.address))
        address = slots.address_after(address, message, entities, asked)
    if slot == "date" and known["date"]:
        day = known["date"][0] if len(set(known["date"])) == 1 else None
    return replace(flow, order=number, address=address, day=day)


def with_day(flow: Flow, before: Flow, order: Order, message: str, entities: tuple[Entity, ...]) -> Flow:
    """Return a filled flow with the free day that a message chooses: by its date, by its number, or by its place among those that were told.

    Who asks for other days than the one to be confirmed has chosen none yet.
    """
    free = {day.isoformat() for day in order.free_days} & {*slots.values(entities)["date"]}
    if len(free) == 1:  # the only one, as where a message says from which day to which
        return replace(flow, day=free.pop())
    chosen = _chosen_day(order, message) if before.asks and before.order == flow.order else None
    if chosen:
        return replace(flow, day=chosen.isoformat())
    return replace(flow, day=None) if before.day == flow.day and asks_for_days(flow, message) else flow


def asks_for_days(flow: Flow, message: str) -> bool:
    """Say whether a message asks for another free day, or for all of them."""
    return TASKS[flow.intent].slot == "date" and flow.order is not None and bool(_OTHER_DAYS.search(message))


def _chosen_day(order: Order, message: str) -> date | None:
    number, place = choices.number(message), choices.place(message, len(order.free_days))
    numbered = [day for day in order.free_days if day.day == number]
    if len(numbered) == 1:
        return numbered[0]
    return order.free_days[place] if place is not None else None
