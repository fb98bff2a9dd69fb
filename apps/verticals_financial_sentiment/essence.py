"""What a headline tells, apart from how and by whom: its content words, its facts, its companies."""

import math
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

from verticals_financial_sentiment.lexicon import (
    ATTRIBUTION_WORDS,
    COMMON_WORDS,
    LEGAL_FORMS,
    MONEY_WORDS,
    STOP_WORDS,
    TURNS,
)
from verticals_financial_sentiment.linking import Links
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.text import HAN, folded, key

LEAST_WORDS: Final = 3  # a text with fewer is known again by being equal
_MOST_WORDS = 40  # of a text; what follows adds nothing to knowing it again
_SCALE = {
    "%": "%",
    "percent": "%",
    "pct": "%",
    "bn": "bn",
    "bln": "bn",
    "billion": "bn",
    "b": "bn",
    "mn": "mn",
    "mln": "mn",
    "million": "mn",
    "m": "mn",
}
_WORD = re.compile(
    r"(?<!\w)(?P<number>\d[\d.,]*)\s?(?P<scale>%|(?:percent|pct|bn|bln|billion|mn|mln|million|[bm])\b)?|(?P<word>\w+)"
)
_NOT = re.compile(r"\b\w+n['’]t\b", re.IGNORECASE)
_NEGATING = ("un", "in", "im", "il", "ir", "dis")  # unsafe, insolvent, illegal
_HEAD = re.compile(r"(?:(?:UPDATE|WRAPUP|RPT|REFILE|CORRECTED)(?: \d+)? ?-|RT @\w+:)\s*")
_TAIL = re.compile(r" (?:[-–—|] |\(|via @?)(?P<outlet>[^\d()|]{1,60})\)?$")
_OUTLET_WORDS = 4
_HAN = re.compile(f"[{HAN}]")
_MOST_IN_ORDER = 5  # companies
_SILENT = STOP_WORDS | ATTRIBUTION_WORDS | LEGAL_FORMS
_FREQUENT = COMMON_WORDS | MONEY_WORDS


@dataclass(frozen=True, slots=True)
class Essence:
    """Content words; facts: numbers, turns of events, names, and which company comes before which; companies by ticker."""

    words: frozenset[str]
    facts: frozenset[str]
    tickers: frozenset[str]

    def similarity(self, words: frozenset[str]) -> float:
        """Jaccard similarity of the content words."""
        shared = len(self.words & words)
        return shared / (len(self.words) + len(words) - shared)

    def adds_nothing_to(self, words: frozenset[str], facts: frozenset[str]) -> bool:
        """Say whether a text of such words and facts had told this: every figure and name, and neither text turns what the other says.

        What is left out is nothing new, unless it is a turn: without its `not` a headline says the opposite.
        """
        new = self.facts - _TURN.keys() - facts - words
        return not new and _turns(self.facts) == _turns(facts) and not _negates(self.words, words)


def essence(headline: Headline, links: Links) -> Essence:
    """Return what a headline tells; `links` are those of `folded(headline.text)`. The body counts where there is no title."""
    text = folded(headline.title or headline.body)
    mentions = [(mention.start, mention.end) for mention in links.mentions if mention.end <= len(text)]
    words, facts = _read(_without_outlet(_without(text, mentions)))
    tickers = frozenset(links.tickers)
    # who beats whom stands in the order alone
    facts |= {f"{first}>{second}" for first, second in combinations(links.tickers[:_MOST_IN_ORDER], 2)}
    if len(words) < LEAST_WORDS:
        words = frozenset([" ".join(["=", *sorted(words | facts | tickers)])])
    return Essence(words, facts, tickers)


def _turns(facts: frozenset[str]) -> frozenset[str]:
    return frozenset(_TURN[fact] for fact in facts & _TURN.keys())


def _negates(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether a word of one text is a word of the other with a negating prefix: safe and unsafe."""
    apart = [frozenset(word.rstrip("e") for word in words) for words in (one - other, other - one)]
    return any(f"{prefix}{word}" in apart[not side] for side in (0, 1) for word in apart[side] for prefix in _NEGATING)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{'.' * (end - start)}{text[end:]}"
    return text


def _without_outlet(text: str) -> str:
    """Return a headline without what its outlet put around it, such as "UPDATE 1-" and " - The Ledger Post"."""
    text = text[head.end() :] if (head := _HEAD.match(text)) else text
    tail = _TAIL.search(text)
    if not tail or _capitals(re.findall(r"\w+", text[: tail.start()])) > 0.5:
        return text
    return text[: tail.start()] if _is_outlet(tail["outlet"].split()) else text


def _is_outlet(words: list[str]) -> bool:
    """Say whether words behind a headline in which a capital means a name are one: a few, all with a capital, none that turns an event."""
    stems = [_stem(key(word)) for word in words]
    return len(words) <= _OUTLET_WORDS and all(word[0].isupper() for word in words) and _TURN.keys().isdisjoint(stems)


def _read(text: str) -> tuple[frozenset[str], frozenset[str]]:
    matches = list(_WORD.finditer(_NOT.sub("not", text)))[: 2 * _MOST_WORDS]
    shows_names = 0 < _capitals([match["word"] for match in matches if match["word"]]) <= 0.5
    words: dict[str, None] = {}
    facts: set[str] = set()
    for match in matches:
        if match["number"]:
            facts.add(_number(match["number"], match["scale"]))
            continue
        word = key(match["word"])
        stem = _stem(word)
        named = shows_names and match["word"][0].isupper() and match.start() > 0 and word not in COMMON_WORDS
        silent = word in _SILENT or len(word) == 1
        # what turns a clause of Chinese stands inside it: one that was not told before is new
        if stem in _TURN or (named and not silent) or _HAN.search(word):
            facts.add(stem)
        if not silent:
            words[stem] = None
    return frozenset(list(words)[:_MOST_WORDS]), frozenset(facts)


def _capitals(words: list[str]) -> float:
    """Return the share of long words that have a capital, the first one aside: where it is over a half, a capital does not mean a name."""
    long = [word for word in words[1:] if len(word) > 3]
    return sum(word[0].isupper() for word in long) / len(long) if long else 1.0


def _number(digits: str, scale: str | None) -> str:
    plain = digits.replace(",", "").rstrip(".")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain + (_SCALE[scale] if scale else "")


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """Remove -s, -ed and -ing where enough of a word remains: `raises`, `raised` and `raising` give `rais`."""
    for suffix, least in (("ing", 7), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(suffix) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(suffix)].rstrip("e")
    return word.rstrip("e") if len(word) > 4 else word


_TURN = {_stem(form): forms[0] for forms in TURNS for form in forms}


def prefix(words: frozenset[str], least: float) -> list[str]:
    """Return words of which two sets with a Jaccard similarity of `least` share at least one (prefix filtering).

    With both sets in one fixed order, the shared words number at least ceil(least |x|), so one is among the first |x| - ceil(least |x|) + 1
    (Chaudhuri et al., ICDE 2006; Bayardo et al., WWW 2007). Rare words come first, so that few sets meet at each.
    """
    return sorted(words, key=_rank)[: len(words) - math.ceil(least * len(words)) + 1]


@lru_cache(maxsize=65_536)
def _rank(word: str) -> tuple[bool, int, str]:
    return word in _FREQUENT, zlib.crc32(word.encode("utf-8", "replace")), word
