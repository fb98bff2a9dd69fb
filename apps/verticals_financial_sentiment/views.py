"""How a text is shown to the model: from the side of one company, with what its figures did in words."""

from collections.abc import Iterable

from verticals_financial_sentiment.amounts import figures
from verticals_financial_sentiment.cues import cue
from verticals_financial_sentiment.levels import with_levels

ASKED, OTHER = "this company", "another company"  # plain words, so that any backbone knows them

Span = tuple[int, int]


def whole(text: str) -> str:
    """Return the view for the sentiment of a text as a whole."""
    return _explained(text)


def about(text: str, asked: Iterable[Span], others: Iterable[Span]) -> str:
    """Return the view for the sentiment towards one company: its names replaced by `ASKED`, those of others by `OTHER`.

    Names carry no sentiment, so hiding them keeps the model from learning whose news was good in the training rows.

    Args:
        text: the text.
        asked: character positions, start and end, where the company is named.
        others: the same of all other companies.
    """
    named = sorted([*((span, ASKED) for span in asked), *((span, OTHER) for span in others)])
    parts, position = [], 0
    for (start, end), word in named:
        parts += [text[position:start], word]
        position = end
    return _explained("".join([*parts, text[position:]]))


def _explained(text: str) -> str:
    listed = figures(text)
    return with_levels(text, listed) + cue(text, listed)
