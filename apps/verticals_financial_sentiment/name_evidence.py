"""Whether a name in a text is the company: what stands around it, and how the passage is capitalised."""

import re
from dataclasses import dataclass
from typing import Literal

from verticals_financial_sentiment.lexicon import (
    ALWAYS_CAPITAL,
    COMMON_WORDS,
    COMPANY_VERBS,
    COMPANY_WORDS,
    CURRENCIES,
    LEGAL_FORMS,
    MONEY_WORDS,
    STOP_WORDS,
    TRADES,
)
from verticals_financial_sentiment.text import HAN, key

Kind = Literal["distinctive", "phrase", "word", "figure", "ticker", "word ticker"]
TOKEN = re.compile(rf"[{HAN}]|[^\W{HAN}]+|&")  # each Han character is a token: where a word ends, nothing shows
_BREAK = re.compile(r"[.!?:;|\"“”—–(\[]")
_SMALL = LEGAL_FORMS | {"and", "of", "the"}  # words of a name that may be written without a capital
_AMOUNT = re.compile(r"\d+(?:[kmb]|[bm]n)")
_CURRENCY_SIGNS = ("$", "€", "£", "¥")
_NEAR = 4  # words
_AROUND = 30  # words that decide how a passage is capitalised


@dataclass(frozen=True, slots=True)
class Passage:
    """A text cut into words, with the positions and the comparable form of each."""

    text: str
    spans: list[tuple[int, int]]
    keys: list[str]

    def word(self, position: int) -> str:
        """Return a word as it is written."""
        start, end = self.spans[position]
        return self.text[start:end]

    def gap_before(self, position: int) -> str:
        """Return what stands between a word and the one before it; a full stop at the start."""
        return self.text[self.spans[position - 1][1] : self.spans[position][0]] if position else "."

    def near(self, start: int, end: int, words: frozenset[str], distance: int = _NEAR) -> bool:
        """Say whether one of the words stands within a distance before `start` or after `end`."""
        return not words.isdisjoint(self.keys[max(0, start - distance) : start]) or not words.isdisjoint(
            self.keys[end : end + distance]
        )


@dataclass(frozen=True, slots=True)
class Name:
    """A name or ticker as a sequence of comparable words, with the companies that bear it."""

    keys: tuple[str, ...]
    kind: Kind
    tickers: tuple[str, ...]


def cut(text: str) -> Passage:
    """Cut a text into words."""
    spans = [match.span() for match in TOKEN.finditer(text)]
    return Passage(text, spans, [word_key(text[start:end]) for start, end in spans])


def word_key(word: str) -> str:
    """Return what the spellings of a word share."""
    return "and" if word == "&" else key(word)


def weigh(name: Name, passage: Passage, start: int, end: int) -> tuple[str, str]:
    """Return (evidence, "") where the name is a company here, else ("", reason)."""
    if len(name.tickers) > 1:
        return "", f"names {len(name.tickers)} companies: {', '.join(name.tickers)}"
    around = passage.keys[max(0, start - _AROUND) : end + _AROUND]
    style = _capitals(passage, start, end)
    if name.kind == "ticker":
        return _weigh_ticker(passage, start, end, style)
    if name.kind == "word ticker":
        return "", "the ticker is also a word or a number; write it with a cashtag or an exchange"
    if name.kind == "distinctive":
        return _weigh_distinctive(passage, start, end, style)
    if not all(_is_written_as_a_name(passage.word(n)) or passage.keys[n] in _SMALL for n in range(start, end)):
        return "", "an ordinary word or an amount, without a capital"
    if name.kind == "phrase":
        return "full name", ""
    if name.kind == "figure":
        return _weigh_figure(passage, start, end)
    return _weigh_word(passage, start, end, style, not MONEY_WORDS.isdisjoint(around))


def _weigh_ticker(passage: Passage, start: int, end: int, style: str) -> tuple[str, str]:
    length = passage.spans[end - 1][1] - passage.spans[start][0]
    if style == "upper" and length < 4:
        return "", "a short ticker where everything is in capitals"
    if length > 3 or passage.near(start, end, COMPANY_WORDS, _AROUND):
        return "ticker", ""
    return "", "a short ticker and no word of finance near it"


def _weigh_distinctive(passage: Passage, start: int, end: int, style: str) -> tuple[str, str]:
    lower = passage.word(start).islower()
    if lower and style != "lower" and end - start == 1:
        return "", "written without a capital where others have one"
    return "name", ""


def _weigh_word(passage: Passage, start: int, end: int, style: str, money: bool) -> tuple[str, str]:
    """Weigh a capitalised one-word name that is also an ordinary word, such as Harbor."""
    after = passage.keys[end] if end < len(passage.keys) else ""
    if after in LEGAL_FORMS and (after not in COMMON_WORDS or (style != "upper" and passage.word(end)[:1].isupper())):
        return "legal form", ""
    if style == "upper":
        return "", "an ordinary word where everything is in capitals"
    opens = bool(_BREAK.search(passage.gap_before(start)))
    if style == "sentence" and _joins_another_name(passage, start, end, opens):
        return "", "part of another name"
    if passage.near(start, end, COMPANY_WORDS):
        return "words of finance near it", ""
    if after in COMPANY_VERBS:
        return "does what companies do", ""
    if after == "s" and passage.near(start, end, MONEY_WORDS, 2 * _NEAR):
        return "owns what companies own", ""
    if style == "sentence" and not opens and (money or ALWAYS_CAPITAL.isdisjoint(passage.keys[start:end])):
        return "capital inside a sentence", ""
    return "", "an ordinary word, and nothing near it speaks of a company"


def _weigh_figure(passage: Passage, start: int, end: int) -> tuple[str, str]:
    """Weigh a name that may also be an amount, such as 3M: it must open a passage, and what a company has or does must follow."""
    position = end + (passage.keys[end : end + 1] == ["s"])
    after = passage.keys[position] if position < len(passage.keys) else ""
    sum_of_money = passage.text[: passage.spans[start][0]].endswith(_CURRENCY_SIGNS)
    if after in LEGAL_FORMS and after not in COMMON_WORDS:
        return "legal form", ""
    if not sum_of_money and _BREAK.search(passage.gap_before(start)) and after in COMPANY_VERBS | COMPANY_WORDS:
        return "a figure with what companies have or do", ""
    return "", "a figure, and nothing after it speaks of a company"


def _is_written_as_a_name(word: str) -> bool:
    return not word[:1].islower() and not _AMOUNT.fullmatch(word)


def _joins_another_name(passage: Passage, start: int, end: int, opens: bool) -> bool:
    """Say whether a capitalised neighbour makes this another name: Pearl Harbor, Harbor Freight, the Harbor Commission."""
    follows = (
        end < len(passage.keys)
        and not passage.gap_before(end).strip()
        and passage.word(end)[:1].isupper()
        and passage.keys[end] not in COMPANY_WORDS | CURRENCIES
    )
    if follows:
        return True
    if opens or passage.gap_before(start).strip():
        return False
    before = passage.keys[start - 1]
    if before == "the":
        return True
    return passage.word(start - 1)[:1].isupper() and before not in STOP_WORDS | MONEY_WORDS | TRADES


def _capitals(passage: Passage, start: int, end: int) -> Literal["upper", "title", "lower", "sentence"]:
    """Say how the words around a name are capitalised; the name itself and words of under four letters do not count."""
    around = [*range(max(0, start - _AROUND), start), *range(end, min(len(passage.keys), end + _AROUND))]
    words = [word for word in map(passage.word, around) if len(word) > 3 and word.isalpha()]
    capital = sum(word[0].isupper() for word in words)
    if words and all(word.isupper() for word in words):
        return "upper"
    if not capital:
        first_upper = passage.spans and passage.text[passage.spans[0][0]].isupper()
        return "sentence" if first_upper or passage.word(start)[:1].isupper() else "lower"
    return "title" if len(words) > 2 and capital >= 0.7 * len(words) else "sentence"
