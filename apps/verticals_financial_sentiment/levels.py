"""Figures ranked: says beside each figure whether it is the high or the low one of those it can be compared with.

A small encoder reads words well and digits badly: that 6,100 is less than 6,900 is not in its vectors. Told which is the low one, it
can find in the words which of them is today's and whether low is good. "Churn is 1.9 per cent, having been 1.2 per cent" becomes
"Churn is 1.9 per cent (high), having been 1.2 per cent (low)".
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from verticals_financial_sentiment.amounts import SAME, Figure, alike, near

_LETTERS = re.compile(r"(?<=\d)[a-z]+", re.IGNORECASE)


def with_levels(text: str, listed: Sequence[Figure]) -> str:
    """Return the text with `(high)`, `(low)`, `(middle)` or `(same)` behind each figure that another one counts the same thing as."""
    marks = sorted((_end(text, figure), level) for group in _groups(listed) for figure, level in _levels(group))
    if not marks:
        return text
    ends = [0, *(end for end, _ in marks), len(text)]
    parts = [text[start:end] for start, end in pairwise(ends)]
    return "".join([*(f"{part} ({level})" for part, (_, level) in zip(parts, marks, strict=False)), parts[-1]])


def _end(text: str, figure: Figure) -> int:
    glued = _LETTERS.match(text, figure.end)  # the unit of 43.2p
    return glued.end() if glued else figure.start + len(text[figure.start : figure.end].rstrip())


def _groups(listed: Sequence[Figure]) -> list[list[tuple[Figure, float]]]:
    """Return figures that count the same thing, each with how much more it is than the first of its group, as a share of that."""
    groups: list[list[tuple[Figure, float]]] = []
    for figure in listed:
        for group in groups:
            pair = alike(group[0][0], figure)
            if pair and (figure.unit or near(*pair)):
                group.append((figure, (pair[1] - pair[0]) / (abs(pair[0]) or 1)))
                break
        else:
            groups.append([(figure, 0.0)])
    return [group for group in groups if len(group) > 1]


def _levels(group: list[tuple[Figure, float]]) -> list[tuple[Figure, str]]:
    low, high = min(more for _, more in group), max(more for _, more in group)
    if high - low <= SAME:
        return [(figure, "same") for figure, _ in group]
    return [(figure, "low" if more == low else "high" if more == high else "middle") for figure, more in group]
