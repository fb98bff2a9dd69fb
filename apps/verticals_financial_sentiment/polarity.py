"""A small word list of our own: the baseline that needs no training rows at all."""

import re
from collections.abc import Sequence
from typing import Final

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GOOD: Final = _words(
    """
    accelerated achieved advance advances awarded beat beats best boost boosts boosted bullish buyback clears cleared climbed climbs double doubled
    doubles exceed exceeded exceeds expand expanded expansion favourable gain gained gains good grew grow grows growth higher improve improved
    improvement improves increase increased increases jump jumped jumps lifts lifted milestone narrowed optimistic outperform outperformed
    outpaced overweight popular positive profitable profitability progress raised raises rally rallied rebound rebounded record recover
    recovered recovery rise risen rises robust rose secured soar soared soars solid strengthen strengthened strong stronger succeed success
    successful surge surged surges surpassed topped tops upbeat upgrade upgraded upgrades upside upswing win wins winning won
    """
)
BAD: Final = _words(
    """
    accident adverse allegations bankruptcy bearish below blocked blocks breach cancelled cancels closure collapse concern concerns crisis cut
    cuts damage decline declined declines decrease decreased decreases default deficit delay delayed delays deteriorated disappointing
    disappoints dispute dismiss downgrade downgraded downgrades downturn drop dropped drops fail failed fails fall fallen falling falls fell
    fine fined fraud halt halted halts hit hurt impairment insolvency investigation lawsuit lay-offs layoffs lose loses losing loss losses lost
    lower lowered lowers miss missed misses negative outage penalty plunge plunged plunges poor probe problems recall recalled recalls
    redundancies resigns shortage shrank shrinks shut sinks slashed slid slides slipped slow slowdown slower slump slumped slumps strike sued
    sues suspended suspends tumble tumbled tumbles warned warning warns weak weaker weakness widened worse worsened worst write-down
    """
)
_TURNS: Final = _words("not no never without less fewer avoids avoided denies denied despite narrowed smaller")
_REACH = 3  # words before a word of the list in which a turning word counts


def sentiments(texts: Sequence[str]) -> list[str]:
    """Return positive or negative where more words of one kind stand, neutral where neither does."""
    return [_sentiment(text) for text in texts]


def _sentiment(text: str) -> str:
    words = _WORD.findall(text.casefold())
    total = 0
    for position, word in enumerate(words):
        value = (word in GOOD) - (word in BAD)
        turned = not _TURNS.isdisjoint(words[max(0, position - _REACH) : position])
        total += -value if turned else value
    return "positive" if total > 0 else "negative" if total < 0 else "neutral"
