"""Figures compared: says in words which way a figure moved, which a small encoder cannot read from the digits.

"Operating profit was EUR 5.1 mn, compared with EUR 7.0 mn a year earlier" gets "; figures: lower". A loss or a cost that fell is
said to be smaller, because its fall is good news. Beside what was expected, a figure is above or below the forecast.
"""

import re
from collections.abc import Sequence

from verticals_financial_sentiment.amounts import SAME, Figure, alike

_THEN_NOW = re.compile(r"\bfrom\b(?:(?!\b(?:to|was|were|is|came|at)\b)[^:;,]){0,40}$", re.IGNORECASE)
_NOW = re.compile(
    r"\b(?:ago|earlier|before|last \w+|the (?:previous|prior) \w+)\b.*"
    r"\b(?:now|it is|this (?:year|quarter|half|month|week|time|spring|summer|autumn|winter)|came in|actual)\b",
    re.IGNORECASE | re.DOTALL,
)
_COMPARED = re.compile(
    r"\b(?:from|compared|comparing|against|versus|vs?|while|year[ -]ago|ago|earlier|previous(?:ly)?|corresponding|prior|after|"
    r"same (?:period|quarter|time|months?)|last (?:year|quarter|month|spring|summer|autumn|winter)|(?:year|months?) before|comparison)\b",
    re.IGNORECASE,
)
_HELD_AGAINST = re.compile(r"\b(?:from|compared|against|versus|vs?|after)\b", re.IGNORECASE)
_EXPECTED = re.compile(
    r"\b(?:consensus|forecasts?|expect\w+|estimate[sd]?|guidance|guided|predicted|pencilled|feared|hoped)\b",
    re.IGNORECASE,
)
_FELL = re.compile(
    r"\b(?:fell|falls?|fallen|dropped|drops?|declin\w+|decreas\w+|down|shrank|slipped|slid)\b", re.IGNORECASE
)
_RESULT = re.compile(r"\b(?:(?P<loss>loss(?:es)?|deficit)|profits?|earnings|income|surplus)\b", re.IGNORECASE)
_BAD = re.compile(
    r"\b(?:costs?|expens\w+|debts?|liabilit\w+|gearing|impairments?|write-?downs?|churn|delays?|unemploy\w*|provisions?|scrap|"
    r"cancell\w+|complaints?|claims?|vacanc\w+|combined ratio|cost-income|loan loss|bad loans|fines?|lost|faults?|off-hire)\b",
    re.IGNORECASE,
)
_GAP = 120  # characters between two figures that are compared
_HEAD = 60  # characters before a figure that say what it counts
_TAIL = 60  # characters after the second figure that say what it was
_MANY = 10  # a bare number in brackets that is smaller is a footnote


def movements(text: str, listed: Sequence[Figure]) -> list[str]:
    """Return, for each pair of compared figures, which way it moved: higher or lower, a loss or a cost larger or smaller."""
    found, first = [], 0
    while first + 1 < len(listed):
        moved = None
        for second in range(first + 1, min(first + 3, len(listed))):
            if second > first + 1 and listed[first + 1].unit in ("", listed[first].unit):
                break  # only a figure in another currency may stand between
            moved = _movement(text, listed[first], listed[second])
            if moved:
                found.append(moved)
                first = second
                break
        first += 1
    return found


def _movement(text: str, first: Figure, second: Figure) -> str | None:
    """Return how one figure stands to the next, or None where they are not compared."""
    before, between = text[max(0, first.start - _HEAD) : first.start], text[first.end : second.start]
    pair = alike(first, second)
    if pair is None or len(between) > _GAP:
        return None
    start, end = pair[0] * _sign(before, 1), pair[1] * _sign(between, _sign(before, 1))
    bad = bool(_BAD.search(before))
    behind = text[second.end : second.end + _TAIL]
    if _EXPECTED.search(between + behind):
        fell = -1 if first.unit == "%" and _FELL.search(before) else 1
        return _beside_forecast(fell * start, fell * end, bad)
    backwards = _is_old_first(before, between, behind)
    if not backwards and (_THEN_NOW.search(before) or not _are_compared(text, first, second, between)):
        return None
    return _direction(end, start, bad) if backwards else _direction(start, end, bad)


def _is_old_first(before: str, between: str, behind: str) -> bool:
    """Say whether the first figure is the old one: "from 3 to 5", "7% a year ago and 10% now"."""
    return bool(_THEN_NOW.search(before) and re.search(r"\bto\b", between)) or bool(_NOW.search(between + behind))


def _are_compared(text: str, first: Figure, second: Figure, between: str) -> bool:
    if "(" in between and ")" not in between and text[second.end : second.end + 2].lstrip().startswith(")"):
        return bool(first.unit) >= bool(second.unit) and (bool(first.unit) or min(first.value, second.value) >= _MANY)
    if first.unit or second.unit or first.scale > 1 or second.scale > 1:
        return bool(_COMPARED.search(between))
    return bool(_HELD_AGAINST.search(between) or re.search(r"\b(?:last|prior|previous) (?:year|quarter)\b", between))


def _sign(text: str, default: int) -> int:
    """Return -1 where the last word on a result is a loss, 1 where it is a profit."""
    named = list(_RESULT.finditer(text))
    return default if not named else -1 if named[-1]["loss"] else 1


def _beside_forecast(found: float, expected: float, bad: bool) -> str:
    if abs(found - expected) <= SAME * abs(expected):
        return "as forecast"
    better = (found > expected) != bad
    return "better than forecast" if better else "worse than forecast"


def _direction(now: float, then: float, bad: bool) -> str:
    if abs(now - then) <= SAME * abs(then):
        return "unchanged"
    if now < 0 and then < 0:
        return "smaller loss" if now > then else "larger loss"
    if bad:
        return "larger cost" if now > then else "smaller cost"
    return "higher" if now > then else "lower"


def cue(text: str, listed: Sequence[Figure]) -> str:
    """Return the movements of a text's figures as a sentence to put behind it; empty where nothing is compared."""
    moved = list(dict.fromkeys(movements(text, listed)))
    return f" figures: {', '.join(moved)}." if moved else ""
