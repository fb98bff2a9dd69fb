"""Personal data in text: found and replaced before anything is stored, logged, or shown to a model.

Six kinds: e-mail, phone, payment card, bank account (IBAN), postal address, and names that a person gives as their own. Structured kinds
are validated by their check digits or numbering plans (libraries `python-stdnum` and `phonenumbers`), so that order numbers survive;
names and addresses are found by what stands around them, in English, German and French. What has no cue is not found.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from stdnum import iban, luhn

Kind = Literal["email", "phone", "card", "iban", "address", "name"]
REGIONS = ("GB", "US", "DE", "FR", "CN")  # numbering plans for numbers without a country code

_EMAIL = re.compile(
    r"[\w.+'-]+\s?(?:@|＠|\(at\)|\[at\]|\s+at\s+(?=\S+\s?(?:\.|\(dot\)|\[dot\]|\s+dot\s+)))\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\]|\s+dot\s+)\s?[\w-]+)+",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE_LIKE = re.compile(r"(?<!\w)[+(]?\d[\d\s()./-]{7,20}\d(?!\w)")
_NAME = r"[A-ZÀ-ÖØ-Þ][\w'’-]+"
_FULL_NAME = rf"{_NAME}(?: (?:(?:van|von|de|der|den|la|le|da|di|del|bin|al|el)\s)*{_NAME}){{0,3}}"
_NAMED = re.compile(
    r"(?:\b(?i:my (?:full )?name(?:'s| is)|name is|name:|(?:this|it) is(?= [A-Z])|i am(?= [A-Z])|i['’]?m(?= [A-Z])|"
    r"in the name of|under the name(?: of)?|account holder(?: is|:)?|addressed to|signed(?: by)?|speaking to|"
    r"mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|mon nom est|au nom de|"
    r"mr|mrs|ms|miss|dr|herr|frau|madame|monsieur)\.?,?\s+)"
    rf"(?P<name>{_FULL_NAME})"
    r"|(?i:\b(?:regards|thanks|thank you|cheers|best|sincerely|yours|gr(?:ü|ue)(?:ß|ss)e|cordialement),?\s*[\n,]?\s*)"
    rf"(?P<signed>{_FULL_NAME})\s*$"
    r"|(?:我叫|我是|姓名[:：]\s*)(?P<chinese>[\u4e00-\u9fff]{2,4})"
)
_STREET = r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|crescent|terrace|boulevard|blvd|highway|hwy)\b\.?"
_GROUND = r"(?:Close|Court|Ct|Way|Place|Pl|Square|Sq|Gardens|Hill|Grove|Row|Walk|Mews|Park|Parade|Quay|View|Rise|Green|Dr)\b\.?"
_WORDS = r"(?:[A-Za-zÀ-ÿ'’-]+\s){1,3}"
_CAPITALS = r"(?:[A-ZÀ-Þ][A-Za-zÀ-ÿ'’-]+\s){1,3}"
_PLACE = (
    r"(?:,?\s*(?:(?:flat|apt|apartment|unit|suite|floor)\s*\w+|[A-ZÀ-Þ][a-zà-ÿ'’-]+(?:\s[A-ZÀ-Þ][a-zà-ÿ'’-]+){0,2}))"
)
_CODE = r"(?:,?\s*(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|(?:[A-Z]{2}\s)?\d{4,5}(?:-\d{4})?(?:\s[A-ZÀ-Þ][\wÀ-ÿ-]+){0,2}))"
_ADDRESS = re.compile(
    rf"(?:(?i:flat|apt|apartment|unit)\s?\w+,?\s)?\b\d{{1,5}}[a-zA-Z]?,?\s(?i:{_WORDS}{_STREET})(?:{_PLACE}){{0,3}}{_CODE}?"
    rf"|\b(?i:[A-Za-zÄÖÜäöüß.-]+\s?(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|ufer))\s?\d{{1,4}}\s?[a-z]?\b{_CODE}?"
    rf"|\b\d{{1,4}}(?:\s?(?:bis|ter))?,?\s(?i:rue|avenue|boulevard|place|chemin|all[ée]e|impasse|quai)\s(?:[\wÀ-ÿ'’-]+\s?){{1,5}}{_CODE}?"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"
)


@dataclass(frozen=True)
class Found:
    """A piece of personal data in a text; `start` and `end` are character positions."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Return the personal data in a text, in order, without overlaps; of two that overlap the one that starts first counts."""
    every = sorted((each for finder in _FINDERS for each in finder(text)), key=lambda each: (each.start, -each.end))
    kept: list[Found] = []
    for each in every:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:  # an overlap is hidden whole
            kept[-1] = Found(kept[-1].kind, kept[-1].start, each.end)
    return kept


def redact(text: str) -> str:
    """Return the text with each piece of personal data replaced by its kind, such as `[email]`."""
    parts, position = [], 0
    for each in find(text):
        parts += [text[position : each.start], f"[{each.kind}]"]
        position = each.end
    return "".join([*parts, text[position:]])


def _emails(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        yield Found("email", *match.span())


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        ends = (end for end in range(len(match[0]), 14, -1) if match[0][end - 1] not in " -")
        length = next((end for end in ends if iban.is_valid(match[0][:end])), None)
        if length:
            yield Found("iban", match.start(), match.start() + length)


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub(r"\D", "", match[0])):
            yield Found("card", *match.span())


def _phones(text: str) -> Iterator[Found]:
    if not _PHONE_LIKE.search(text):
        return
    for region in REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE):
            written = match.raw_string
            if "+" in written or written.lstrip("(").startswith("0") or phonenumbers.is_valid_number(match.number):
                yield Found("phone", match.start, match.end)


def _names(text: str) -> Iterator[Found]:
    for match in _NAMED.finditer(text):
        group = match.lastgroup or "name"
        if match[group].split()[0] not in _NO_NAMES:
            yield Found("name", *match.span(group))


def _addresses(text: str) -> Iterator[Found]:
    for match in _ADDRESS.finditer(text):
        yield Found("address", match.start(), match.start() + len(match[0].rstrip(" ,")))


_NO_NAMES = {
    *("I", "The", "A", "An", "My", "Your", "This", "That", "It", "Is", "Not", "Sorry", "Still", "Just", "Very", "So"),
    *("Really", "And", "But", "If", "Please", "Order", "OK", "Hi", "Hello"),
}
_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (_emails, _ibans, _cards, _phones, _names, _addresses)
