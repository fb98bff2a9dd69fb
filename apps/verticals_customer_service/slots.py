"""What a message names: order numbers, e-mail addresses, days, products, amounts and addresses, in a form that a program can use.

A tagger finds them in any wording; patterns find those that have a fixed form, and validators drop what only looks like one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from verticals import objectives, pilot, privacy
from verticals.config import Config, DataConfig, MethodConfig, TrainConfig
from verticals.data.tagged import Sentence
from verticals.objectives.tagger import Tagger
from verticals.runs import Run, open_run
from verticals_customer_service import dates

Kind = Literal["order_number", "email", "date", "product", "amount", "address"]
KINDS: tuple[str, ...] = get_args(Kind)
FOLDER = "slots"  # the tagger's own run inside the bot's
_LEAD = "\"'“‘(["
_TRAIL = ".,!?;:)]\"'”’…"
_ORDER = re.compile(r"(?<![\w@.])(?:BW[\s-]*|#\s?)\d(?:[\s-]?\d){4}(?![\d-])", re.IGNORECASE)
_BARE_ORDER = re.compile(r"(?<![\w£€$#.,-])\d(?:[ -]?\d){4}(?![\w-]|[.,]\d)")
_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_AMOUNT = re.compile(
    r"[£€$]\s?\d[\d,.]*\d|[£€$]\s?\d|\d[\d.,]*\s?(?:[£€$%]|(?:pounds?|euros?|quid|per ?cent)\b)", re.IGNORECASE
)
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE)
_HOUSE = (
    r"(?:\b(?:flat|unit|room|apartment|apt)\.?\s[\w/-]+(?:,\s*|\s+))?\b\d{1,4}[a-z]?(?:-\d{1,4}[a-z]?)?\s"
    r"[^\d,.!?;:]{3,40}(?:,\s*[^\d,.!?;:]{2,30})?"
)
_ADDRESS = re.compile(rf"{_HOUSE}[\s,]+{POSTCODE.pattern}|{POSTCODE.pattern}", re.IGNORECASE)
_HOUSE_ALONE = re.compile(_HOUSE, re.IGNORECASE)  # an answer that lacks nothing but its postcode
_BEFORE_ADDRESS = re.compile(
    r"\W*(?:(?:yes|yeah|ok(?:ay)?|sure|please|hi|hello|sorry|no|wait|thanks|thank you|it(?:['’]?s| is)|to|send it|"
    r"(?:(?:my|the|our) )?(?:new )?(?:address|postcode)(?: is)?)\b\W*)*",
    re.IGNORECASE,
)
_AFTER_ADDRESS = re.compile(r"\W*(?:\b(?:please|thanks|thank you|cheers)\W*)*$", re.IGNORECASE)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("order_number", _ORDER),
    ("email", _EMAIL),
    ("address", _ADDRESS),
    ("amount", _AMOUNT),
)


@dataclass(frozen=True)
class Entity:
    """Something that a message names; `value` is its canonical form, None where the words pin nothing down.

    Order numbers read BW-48213, days 2026-03-20, amounts £84.50 or 10%.
    """

    kind: Kind
    text: str
    value: str | None


def words(text: str) -> list[tuple[str, int]]:
    """Split a text at white space, and punctuation off both ends of each word; return tokens with their positions."""
    found: list[tuple[str, int]] = []
    for chunk in re.finditer(r"\S+", text):
        start, end, tail = chunk.start(), chunk.end(), list[tuple[str, int]]()
        while start < end and text[start] in _LEAD:
            found.append((text[start], start))
            start += 1
        while end > start and text[end - 1] in _TRAIL:
            end -= 1
            tail.append((text[end], end))
        found += [(text[start:end], start)] if end > start else []
        found += reversed(tail)
    return found


class SlotReader:
    """Reads what messages name, by a tagger and patterns, or by patterns alone."""

    def __init__(self, tagger: Tagger | None = None) -> None:
        self.tagger = tagger

    @classmethod
    def load(cls, run: Run) -> "SlotReader":
        """Load the tagger that a bot's run holds; without one the patterns serve alone."""
        folder = run.folder / FOLDER
        return cls(objectives.get("tag").load(open_run(folder)) if folder.is_dir() else None)

    def read(self, message: str, today: date) -> tuple[Entity, ...]:
        """Return what a message names, in order; of two readings that overlap, the longer counts, or else the pattern's.

        Args:
            message: what the customer wrote.
            today: what "tomorrow" is counted from.
        """
        spans = sorted((*_by_patterns(message), *self._by_tags(message)), key=lambda span: span[1] - span[2])
        kept: list[tuple[Kind, int, int]] = []
        for kind, start, end in spans:
            if all(end <= other[1] or start >= other[2] for other in kept):
                kept.append((kind, start, end))
        read = (canonical(kind, message[start:end], today) for kind, start, end in sorted(kept, key=lambda s: s[1]))
        return tuple(entity for entity in read if entity)

    def _by_tags(self, message: str) -> Iterator[tuple[Kind, int, int]]:
        tokens = words(message)
        if self.tagger is None or not tokens:
            return
        for entity in self.tagger.entities([Sentence(tuple(token for token, _ in tokens))])[0]:
            last, start = tokens[entity.stop - 1]
            kind = next((kind for kind in get_args(Kind) if kind == entity.type), None)
            if kind:
                yield kind, tokens[entity.start][1], start + len(last)


def _by_patterns(message: str) -> Iterator[tuple[Kind, int, int]]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(message):
            yield kind, *match.span()
    for start, end in dates.find(message):
        yield "date", start, end


def canonical(kind: Kind, text: str, today: date) -> Entity | None:
    """Return what a span means; None where it cannot be what it looks like, such as an order number of four digits."""
    value = _CANONICAL[kind](text, today) if kind in _CANONICAL else " ".join(text.split())
    return None if value is None and kind in ("order_number", "email") else Entity(kind, text, value)


def order_number(text: str) -> str | None:
    """Return an order number as BW- and five digits, None where it is none."""
    digits = re.sub(r"\D", "", text)
    return f"BW-{digits}" if len(digits) == 5 else None


def bare_order_number(message: str) -> str | None:
    """Return the one number of five digits in a message that answers the question for an order number."""
    found = {order_number(match[0]) for match in _BARE_ORDER.finditer(message)}
    return found.pop() if len(found) == 1 else None


def _email(text: str, today: date) -> str | None:
    return text.casefold() if _EMAIL.fullmatch(text) else None


def _date(text: str, today: date) -> str | None:
    found = dates.resolve(text, today)
    return found.isoformat() if found else None


def _amount(text: str, today: date) -> str | None:
    """Return an amount with its sign and a decimal point: `312,40 €` is `€312.40`, `ten percent` stays unresolved."""
    number = re.search(r"\d[\d., ]*\d|\d", text)
    if number is None:
        return None
    whole, _, cents = re.sub(r"[., ](?=\d{1,2}$)", "|", number[0]).partition("|")
    value = re.sub(r"\D", "", whole) + (f".{cents}" if cents else "")
    if re.search(r"%|per ?cent", text, re.IGNORECASE):
        return f"{value}%"
    sign = "€" if re.search("€|euro", text, re.IGNORECASE) else "$" if "$" in text else "£"
    return f"{sign}{value}"


_CANONICAL = {
    "order_number": lambda text, today: order_number(text),
    "email": _email,
    "date": _date,
    "amount": _amount,
}


def values(entities: tuple[Entity, ...]) -> Mapping[str, list[str]]:
    """Return the canonical values by kind, in the order of the message."""
    return {kind: [each.value for each in entities if each.kind == kind and each.value] for kind in KINDS}


def is_whole(address: str) -> bool:
    """Say whether an address has its postcode."""
    return bool(POSTCODE.search(address))


def address_after(before: str | None, message: str, entities: tuple[Entity, ...], asked: bool) -> str | None:
    """Return the address that is known once a message is read; None where it names two, or a part of another.

    One without its postcode is kept until the message that brings it.

    Args:
        before: the address that was known, None where none was.
        message: what the customer wrote.
        entities: what it names.
        asked: whether the message answers the question for the address, and is one as a whole.
    """
    written = list(dict.fromkeys(each.text for each in entities if each.kind == "address"))
    if asked and not is_whole(message) and _is_house(answer := _answered(message)):
        return " ".join(answer.split())
    if not written:
        return before
    whole = [text for text in written if is_whole(text) and not POSTCODE.fullmatch(text)]
    if len(written) == 1 and POSTCODE.fullmatch(written[0]) and before:
        return POSTCODE.sub(written[0], before) if is_whole(before) else f"{before} {written[0]}"
    if asked and len(POSTCODE.findall(message)) == 1:
        answered = _answered_address(message, whole[0] if whole else None)
        if before and answered and not re.search(r"\d", POSTCODE.sub("", answered)):
            return f"{before}, {answered}"  # the town and the postcode alone
        return answered
    if len(whole) == 1:
        return " ".join(whole[0].split())
    if before is None or not is_whole(before):
        return " ".join(written[0].split()) if len(written) == 1 and _names_a_street(written[0]) else before
    return before if all(text.casefold() in before.casefold() for text in written) else None


def _is_house(answer: str) -> bool:
    return bool(_HOUSE_ALONE.fullmatch(answer)) and any(found.kind == "address" for found in privacy.find(answer))


def _names_a_street(text: str) -> bool:
    return len(re.findall(r"[^\W\d_]{3,}", text)) > 1


def _answered_address(message: str, found: str | None) -> str | None:
    """Return the address that a message consists of: what was found in it, and what stands before that as a part of its own."""
    rest = _answered(message)
    prose = found is not None and not message.partition(found)[0].rstrip(" ").endswith((",", "\n"))
    whole = " ".join((found if prose and found else rest).split())
    return None if POSTCODE.fullmatch(whole) else whole


def _answered(message: str) -> str:
    """Return what a message says beside polite words around it."""
    return _AFTER_ADDRESS.sub("", message[_BEFORE_ADDRESS.match(message).end() :])  # type: ignore[union-attr] # it matches nothing too


def train(config: Config, samples: Path, method: str) -> Run:
    """Train a tagger on tagged messages, on the bot's backbone; it is a run of its own, proven like any other."""
    settings = Config(
        data=DataConfig(train=str(samples)),
        backbone=config.backbone,
        method=MethodConfig(name=method),
        train=TrainConfig(seed=config.train.seed, batch_size=16, epochs=None if method == "probe" else 10),
    )
    tag = objectives.get("tag")
    return pilot.train("customer-service-slots", tag, settings, tag.read(settings))
