"""Which companies a text is about. Where a name is also an ordinary word and nothing around it speaks of a company, the link abstains.

Every word is looked up in a table of first words (a flattened Aho-Corasick automaton over words), so the cost is that of the text, not of the list.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from verticals_financial_sentiment.lexicon import COMMON_WORDS, EXCHANGES, LEGAL_FORMS
from verticals_financial_sentiment.name_evidence import TOKEN, Kind, Name, Passage, cut, weigh, word_key
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import HAN

# Reuters' exchange codes, and SH as China writes Shanghai
_SUFFIXES = "AS|AX|BJ|BR|CO|DE|HE|HK|KS|L|MC|MI|N|NS|O|OL|OQ|PA|SH|SI|SS|ST|SW|SZ|T|TO|TW|VI|WA"
_BEGIN, _END = rf"(?<![^\W{HAN}])", rf"(?![^\W{HAN}])"  # of a word, beside which Han characters may stand
_MARKED = re.compile(
    rf"(?<!\$){_BEGIN}\$(?P<cash>[A-Za-z][A-Za-z0-9]{{0,9}}(?:[.\-][A-Za-z]{{1,2}})?){_END}"
    rf"|{_BEGIN}(?P<exchange>[A-Za-z]{{2,8}})\s?:\s?(?P<listed>[A-Z0-9][A-Z0-9.\-]{{0,14}}){_END}"
    rf"|{_BEGIN}(?P<ric>[A-Z0-9]{{1,6}})\.(?:{_SUFFIXES}){_END}"
    rf"|(?:{_BEGIN}(?:SH|SZ|BJ)|\((?=\d+\)))(?P<code>\d{{5,6}}){_END}"  # SH600519, and (600519) behind a name
)


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


class Linker:
    """Finds the companies of a symbol list in texts."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self.symbols = {symbol.ticker: symbol for symbol in symbols}
        self._names = _names_by_first_word(self.symbols.values())

    def link(self, text: str) -> Links:
        """Return the companies in a plain, folded text (`text.plain`, `text.folded`)."""
        marked = list(self._marked(text))
        passage = cut(text)
        certain = {mention.ticker for mention in marked}
        mentions, abstained = list(marked), []
        taken = {place for mention in marked for place in range(mention.start, mention.end)}
        for name, start, end in self._candidates(passage):
            first, last = passage.spans[start][0], passage.spans[end - 1][1]
            if first in taken:
                continue
            sure = [ticker for ticker in name.tickers if ticker in certain]
            evidence, reason = ("marked elsewhere", "") if len(sure) == 1 else weigh(name, passage, start, end)
            if evidence:
                mentions.append(Mention((sure or name.tickers)[0], first, last, evidence))
            else:
                abstained.append(Abstention(name.tickers, first, last, reason))
        linked = {mention.ticker for mention in mentions}
        open_ = (each for each in abstained if linked.isdisjoint(each.tickers))
        return Links(tuple(sorted(mentions, key=lambda mention: mention.start)), tuple(open_))

    def _marked(self, text: str) -> Iterator[Mention]:
        for match in _MARKED.finditer(text):
            cash, exchange, listed, ric, code = match.group("cash", "exchange", "listed", "ric", "code")
            if exchange and exchange.casefold() not in EXCHANGES:
                continue
            ticker = (cash or listed or ric or code).upper().rstrip(".-")
            if ticker in self.symbols:
                evidence = "cashtag" if cash else "exchange" if listed else "exchange suffix" if ric else "code"
                yield Mention(ticker, match.start(), match.end(), evidence)

    def _candidates(self, passage: Passage) -> Iterator[tuple[Name, int, int]]:
        position = 0
        while position < len(passage.keys):
            found = self._longest(passage, position)
            if found:
                yield found, position, position + len(found.keys)
            position += len(found.keys) if found else 1

    def _longest(self, passage: Passage, position: int) -> Name | None:
        for name in self._names.get(passage.keys[position], ()):
            if tuple(passage.keys[position : position + len(name.keys)]) != name.keys:
                continue
            word = passage.word(position)
            if name.kind not in ("ticker", "word ticker") or word == word.upper():  # digits have no capitals
                return name
        return None


def _names_by_first_word(symbols: Iterable[Symbol]) -> dict[str, tuple[Name, ...]]:
    owners: dict[tuple[tuple[str, ...], Kind], dict[str, None]] = defaultdict(dict)
    for symbol in symbols:
        for name in symbol.names:
            keys = tuple(word_key(word) for word in TOKEN.findall(name))
            if keys:
                owners[keys, _kind(keys)][symbol.ticker] = None
        keys = tuple(word_key(word) for word in TOKEN.findall(symbol.ticker))
        owners[keys, _ticker_kind(symbol.ticker)][symbol.ticker] = None
    table: dict[str, list[Name]] = defaultdict(list)
    for (keys, kind), tickers in owners.items():
        table[keys[0]].append(Name(keys, kind, tuple(tickers)))
    # longest first; of equal length, a name before a ticker
    return {
        first: tuple(sorted(names, key=lambda name: (-len(name.keys), "ticker" in name.kind)))
        for first, names in table.items()
    }


def _kind(keys: Sequence[str]) -> Kind:
    content = [word for word in keys if word not in LEGAL_FORMS and word != "and"] or list(keys)
    if not all(word in COMMON_WORDS or len(word) < 3 for word in content):
        return "distinctive"
    if len(content) < len(keys) and not LEGAL_FORMS.isdisjoint(keys):
        return "phrase"
    if all(word[0].isdigit() for word in content):
        return "figure"
    return "phrase" if len(keys) > 1 else "word"


def _ticker_kind(ticker: str) -> Kind:
    also_a_word = len(ticker) < 3 or ticker.isdecimal() or ticker.casefold() in COMMON_WORDS
    return "word ticker" if also_a_word else "ticker"
