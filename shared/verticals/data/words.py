"""Running text as words, written the way tagged corpora write them."""

import re

_WORD = re.compile(
    r"""
    (?:[^\W\d_]\.)+(?!\w)       # U.N. and J. keep their dots
    | \w+(?:[-.,:/&]\w+)*       # well-known, 10,000, 2:30, AT&T
    | ['’]\w+                   # the 's of Oslo's
    | [^\w\s]                   # every other mark by itself
    """,
    re.VERBOSE,
)


def words_of(text: str) -> tuple[str, ...]:
    """Split a text into words and marks; nothing but white space is left out."""
    return tuple(_WORD.findall(text))
