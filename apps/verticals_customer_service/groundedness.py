"""Whether a reply says only what its sources say: its numbers, days, addresses of the web and of e-mail, and names occur there.

What is checked is what a customer would act on. A reply may still be wrong in other words, so this is a floor, not a proof.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+?(?=[.,;:!?)]*(?:\s|$))", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: str(number) for number, word in enumerate(_COUNTS, 2)} | {
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
}
_DAYS = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|september|october|november|december)s?\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE = re.compile(r"(?:[.!?:]['\"”’)]*|\n)\s+|[\"“(]|^\W*|\n\W*")
_PRONOUN = re.compile(r"I(?:['’]\w+)?")


def facts(text: str) -> Iterator[str]:
    """Yield what in a text has to have a source, in one form for comparison."""
    addresses = [match[0].casefold() for match in _ADDRESS.finditer(text)]
    yield from addresses
    rest = _ADDRESS.sub(" ", text)
    for match in _NUMBER.finditer(rest):
        yield _plain(match[0])
    for match in _WORD.finditer(rest):
        if match[0].casefold() in _WORDS:
            yield _WORDS[match[0].casefold()]
    for match in _DAYS.finditer(rest):
        yield match[0].casefold().removesuffix("s")
    yield from _names(rest)


def _plain(number: str) -> str:
    """Return a number without its grouping commas and empty cents: 1,240.00 is 1240."""
    return re.sub(r"\.0+$", "", re.sub(r",(?=\d{3}(?:\D|$))", "", number))


def _names(text: str) -> Iterator[str]:
    """Yield capitalised words that do not open a sentence, where every word is."""
    opening = {match.end() for match in _SENTENCE.finditer(text)}
    for match in _WORD.finditer(text):
        word = match[0]
        if word[0].isupper() and match.start() not in opening and not _PRONOUN.fullmatch(word):
            yield _singular(word)


def _singular(word: str) -> str:
    return re.sub(r"['’]s$", "", word).casefold()


def ungrounded(reply: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Return the facts of a reply that none of its sources has, in order."""
    known = set(_known(sources))
    return tuple(dict.fromkeys(fact for fact in facts(reply) if fact not in known))


def _known(sources: Iterable[str]) -> Iterator[str]:
    for text in sources:
        yield from facts(text)
        yield from (_singular(match[0]) for match in _WORD.finditer(text))
