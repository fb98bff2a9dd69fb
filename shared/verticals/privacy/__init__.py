"""Personal data in text: found and replaced before anything is stored, logged, or shown to a model.

Seven kinds: e-mail, phone, payment card, bank account (IBAN), the number of a Chinese identity card, postal address, and names that a
person gives as their own. Structured kinds are validated (libraries `python-stdnum` and `phonenumbers`); names and addresses are found by
what stands around them. What has no cue is not found.
"""

from collections.abc import Callable, Iterator
from typing import Any

import regex as re
from pydantic import JsonValue

from verticals.privacy.found import Found, Kind
from verticals.privacy.introductions import apposed, names
from verticals.privacy.postal import addresses
from verticals.privacy.structured import cards, emails, ibans, identities, phones

__all__ = ["Found", "Kind", "find", "redact", "redact_json"]

_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (emails, ibans, cards, identities, phones, names, addresses)


def find(text: str) -> list[Found]:
    """Return the personal data in a text, in order, without overlaps; of two that overlap the one that starts first counts."""
    every = [each for finder in _FINDERS for each in finder(text)]
    if every:  # a name between commas is one where other personal data stands beside it; else it may be a product
        every += apposed(text)
    kept: list[Found] = []
    for each in sorted(every, key=lambda each: (each.start, -each.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:  # an overlap is hidden whole
            kept[-1] = Found(kept[-1].kind, kept[-1].start, each.end)
    return kept


def redact(text: str, public: str = "") -> str:
    """Return the text with each piece of personal data replaced by its kind, such as `[email]`.

    A piece that stands word for word in `public` is kept: the shop's own address, in a reply that quotes an article.
    """
    if text in public:
        return text
    parts, position = [], 0
    for each in find(text):
        if not _stands_in(text[each.start : each.end], public):
            parts += [text[position : each.start], f"[{each.kind}]"]
            position = each.end
    return "".join([*parts, text[position:]])


def _stands_in(piece: str, public: str) -> bool:
    return piece in public and bool(re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", public))


def redact_json(value: JsonValue, public: str = "") -> Any:  # noqa: ANN401 - the same shape as the value
    """Return a JSON value with every text in it redacted; the names of its fields stay."""
    if isinstance(value, str):
        return redact(value, public)
    if isinstance(value, list):
        return [redact_json(each, public) for each in value]
    if isinstance(value, dict):
        return {name: redact_json(each, public) for name, each in value.items()}
    return value
