"""Which companies a text is about. Where a name is also an ordinary word and nothing around it speaks of a company, the link abstains.

Every word is looked up in a table of first words (a flattened Aho-Corasick automaton over words), so the cost is that of the text, not of the list.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from verticals_financial_sentiment.lexicon import (
    ALWAYS_CAPITAL,
    COMMON_WORDS,
    COMPANY_VERBS,
    COMPANY_WORDS,
    CURRENCIES,
    EXCHANGES,
    LEGAL_FORMS,
    MONEY_WORDS,
    STOP_WORDS,
    TRADES,
)
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import key

Kind = Literal["distinctive", "phrase", "word", "ticker", "word ticker"]
_TOKEN = re.compile(r"\w+|&")
_SUFFIXES = "AS|AX|BR|CO|DE|HE|HK|KS|L|MC|MI|N|NS|O|OL|OQ|PA|SI|SS|ST|SW|SZ|T|TO|VI|WA"  # Reuters' exchange codes
_MARKED = re.compile(
    r"(?<![\w$])\$(?P<cash>[A-Za-z][A-Za-z0-9]{0,9}(?:[.\-][A-Za-z]{1,2})?)(?!\w)"
    r"|\b(?P<exchange>[A-Za-z]{3,8})\s?:\s?(?P<listed>[A-Z0-9][A-Z0-9.\-]{0,14})(?!\w)"
    rf"|\b(?P<ric>[A-Z0-9]{{1,6}})\.(?:{_SUFFIXES})(?!\w)"
)
_BREAK = re.compile(r"[.!?:;|\"“”—–(\[]")
_SMALL = LEGAL_FORMS | {"and", "of", "the"}  # words of a name that may be written without a capital
_NEAR = 4  # words
_AROUND = 30  # words that decide how a passage is capitalised


@dataclass(frozen=True, slots=True)
class Mention:
    """A company in a text; `start` and `end` are character positions, `evidence` says why it is one."""

    ticker: str
    start: int
    end: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """A name that may be a company (or one of several) and was not linked; `reason` says why."""

    tickers: tuple[str, ...]
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Links:
    """What was linked in one text, in order, and what was left alone."""

    mentions: tuple[Mention, ...] = ()
    abstained: tuple[Abstention, ...] = ()

    @property
    def tickers(self) -> tuple[str, ...]:
        """The companies, each once, in order of appearance."""
        return tuple(dict.fromkeys(mention.ticker for mention in self.mentions))


@dataclass(frozen=True, slots=True)
class _Name:
    keys: tuple[str, ...]
    kind: Kind
    tickers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Passage:
    """A text cut into words, with the positions and the comparable form of each."""

    text: str
    spans: list[tuple[int, int]]
    keys: list[str]

    def word(self, position: int) -> str:
        start, end = self.spans[position]
        return self.text[start:end]

    def gap_before(self, position: int) -> str:
        return self.text[self.spans[position - 1][1] : self.spans[position][0]] if position else "."

    def near(self, start: int, end: int, words: frozenset[str], distance: int = _NEAR) -> bool:
        return not words.isdisjoint(self.keys[max(0, start - distance) : start]) or not words.isdisjoint(
            self.keys[end : end + distance]
        )


class Linker:
    """Finds the companies of a symbol list in texts."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self.symbols = {symbol.ticker: symbol for symbol in symbols}
        self._names = _names_by_first_word(self.symbols.values())

    def link(self, text: str) -> Links:
        """Return the companies in a plain, folded text (`text.plain`, `text.folded`)."""
        marked = list(self._marked(text))
        passage = _cut(text)
        certain = {mention.ticker for mention in marked}
        mentions, abstained = list(marked), []
        taken = {place for mention in marked for place in range(mention.start, mention.end)}
        for name, start, end in self._candidates(passage):
            first, last = passage.spans[start][0], passage.spans[end - 1][1]
            if first in taken:
                continue
            sure = [ticker for ticker in name.tickers if ticker in certain]
            evidence, reason = ("marked elsewhere", "") if len(sure) == 1 else _weigh(name, passage, start, end)
            if evidence:
                mentions.append(Mention((sure or name.tickers)[0], first, last, evidence))
            else:
                abstained.append(Abstention(name.tickers, first, last, reason))
        linked = {mention.ticker for mention in mentions}
        open_ = (each for each in abstained if linked.isdisjoint(each.tickers))
        return Links(tuple(sorted(mentions, key=lambda mention: mention.start)), tuple(open_))

    def _marked(self, text: str) -> Iterator[Mention]:
        if "$" not in text and ":" not in text and "." not in text:
            return
        for match in _MARKED.finditer(text):
            cash, exchange, listed, ric = match.group("cash", "exchange", "listed", "ric")
            if exchange and exchange.casefold() not in EXCHANGES:
                continue
            ticker = (cash or listed or ric).upper().rstrip(".-")
            if ticker in self.symbols:
                yield Mention(
                    ticker,
                    match.start(),
                    match.end(),
                    "cashtag" if cash else "exchange" if listed else "exchange suffix",
                )

    def _candidates(self, passage: _Passage) -> Iterator[tuple[_Name, int, int]]:
        position = 0
        while position < len(passage.keys):
            found = self._longest(passage, position)
            if found:
                yield found, position, position + len(found.keys)
            position += len(found.keys) if found else 1

    def _longest(self, passage: _Passage, position: int) -> _Name | None:
        for name in self._names.get(passage.keys[position], ()):
            if tuple(passage.keys[position : position + len(name.keys)]) != name.keys:
                continue
            if name.kind not in ("ticker", "word ticker") or passage.word(position).isupper():
                return name
        return None


def _cut(text: str) -> _Passage:
    spans = [match.span() for match in _TOKEN.finditer(text)]
    return _Passage(text, spans, [_key(text[start:end]) for start, end in spans])


def _key(word: str) -> str:
    return "and" if word == "&" else key(word)


def _names_by_first_word(symbols: Iterable[Symbol]) -> dict[str, tuple[_Name, ...]]:
    owners: dict[tuple[tuple[str, ...], Kind], dict[str, None]] = defaultdict(dict)
    for symbol in symbols:
        for name in symbol.names:
            keys = tuple(_key(word) for word in _TOKEN.findall(name))
            if keys:
                owners[keys, _kind(keys)][symbol.ticker] = None
        keys = tuple(_key(word) for word in _TOKEN.findall(symbol.ticker))
        owners[keys, _ticker_kind(symbol.ticker)][symbol.ticker] = None
    table: dict[str, list[_Name]] = defaultdict(list)
    for (keys, kind), tickers in owners.items():
        table[keys[0]].append(_Name(keys, kind, tuple(tickers)))
    # longest first; of equal length, a name before a ticker
    return {
        first: tuple(sorted(names, key=lambda name: (-len(name.keys), "ticker" in name.kind)))
        for first, names in table.items()
    }


def _kind(keys: Sequence[str]) -> Kind:
    content = [word for word in keys if word not in LEGAL_FORMS and word != "and"] or list(keys)
    if not all(word in COMMON_WORDS or len(word) < 3 for word in content):
        return "distinctive"
    return "phrase" if len(keys) > 1 else "word"


def _ticker_kind(ticker: str) -> Kind:
    return "word ticker" if len(ticker) < 3 or ticker.casefold() in COMMON_WORDS else "ticker"


def _weigh(name: _Name, passage: _Passage, start: int, end: int) -> tuple[str, str]:
    """Return (evidence, "") where the name is a company here, else ("", reason)."""
    if len(name.tickers) > 1:
        return "", f"names {len(name.tickers)} companies: {', '.join(name.tickers)}"
    around = passage.keys[max(0, start - _AROUND) : end + _AROUND]
    style = _capitals(passage, start, end)
    if name.kind == "ticker":
        return _weigh_ticker(passage, start, end, style)
    if name.kind == "word ticker":
        return "", "the ticker is also a word; write it with a cashtag or an exchange"
    if name.kind == "distinctive":
        return _weigh_distinctive(passage, start, end, style)
    if style == "upper":
        return "", "an ordinary word where everything is in capitals"
    if not all(passage.word(n)[:1].isupper() or passage.keys[n] in _SMALL for n in range(start, end)):
        return "", "an ordinary word, without a capital"
    if name.kind == "phrase":
        return "full name", ""
    return _weigh_word(passage, start, end, style, not MONEY_WORDS.isdisjoint(around))


def _weigh_ticker(passage: _Passage, start: int, end: int, style: str) -> tuple[str, str]:
    length = passage.spans[end - 1][1] - passage.spans[start][0]
    if style == "upper" and length < 4:
        return "", "a short ticker where everything is in capitals"
    if length > 3 or passage.near(start, end, COMPANY_WORDS, _AROUND):
        return "ticker", ""
    return "", "a short ticker and no word of finance near it"


def _weigh_distinctive(passage: _Passage, start: int, end: int, style: str) -> tuple[str, str]:
    lower = passage.word(start).islower()
    if lower and style != "lower" and end - start == 1:
        return "", "written without a capital where others have one"
    return "name", ""


def _weigh_word(passage: _Passage, start: int, end: int, style: str, money: bool) -> tuple[str, str]:
    """Weigh a capitalised one-word name that is also an ordinary word, such as Harbor."""
    after = passage.keys[end] if end < len(passage.keys) else ""
    if after in LEGAL_FORMS and (after not in COMMON_WORDS or passage.word(end)[:1].isupper()):
        return "legal form", ""
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


def _joins_another_name(passage: _Passage, start: int, end: int, opens: bool) -> bool:
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


def _capitals(passage: _Passage, start: int, end: int) -> Literal["upper", "title", "lower", "sentence"]:
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
