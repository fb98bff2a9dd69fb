"""Figures compared: says in words which way a figure moved, which a small encoder cannot read from the digits.

"Operating profit was EUR 5.1 mn, compared with EUR 7.0 mn a year earlier" gets "; figures: lower". A loss or a cost that fell is
said to be smaller, because its fall is good news.
"""

import re
from dataclasses import dataclass

_NUMBER = r"\d+(?:[ ,]\d{3})*(?: ?[.,] ?\d+)?"
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_CURRENCIES = {"€": "eur", "$": "usd", "£": "gbp", "dol": "usd", "pou": "gbp"}
_CURRENCIES |= {code: code for code in ("eur", "usd", "gbp", "sek", "dkk", "nok")}
_FIGURE = re.compile(
    rf"(?P<before>eur|usd|gbp|sek|dkk|nok|[€$£])? ?(?P<number>-?{_NUMBER}) ?(?P<scale>k|thousand|mn|mln|million|m|bn|billion)?\b"
    r" ?(?P<after>euros?|eur|usd|dollars?|pounds?|sek|dkk|nok|%|per ?cent|pct|percentage points)?",
    re.IGNORECASE,
)
_THEN_NOW = re.compile(r"\bfrom\b(?:(?!\bto\b).){0,40}$", re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:from|compared|comparing|against|versus|vs|while|year[ -]ago|earlier|previous(?:ly)?|corresponding|"
    r"same (?:period|quarter|time)|last year|comparison)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\b(?:(?P<loss>loss(?:es)?|deficit)|profits?|earnings|income|surplus)\b", re.IGNORECASE)
_BAD = re.compile(
    r"\b(?:costs?|expens\w+|debts?|liabilit\w+|gearing|impairments?|write-?downs?|churn|delays?|unemploy\w*)\b",
    re.IGNORECASE,
)
_GAP = 120  # characters between two figures that are compared
_HEAD = 60  # characters before a figure that say what it counts


@dataclass(frozen=True)
class Figure:
    """A figure in a text: its value in units, what it counts, and where it stands."""

    value: float
    unit: str
    start: int
    end: int


def figures(text: str) -> list[Figure]:
    """Return the figures that carry a currency, a scale or a percent sign, and plain decimals; years and dates are left out."""
    found = []
    for match in _FIGURE.finditer(text):
        unit, scale = _unit(match), (match["scale"] or "").lower()
        digits = match["number"].replace(" ", "")
        decimal = bool(re.search(r"[.,]\d{1,2}$", digits))
        if not unit and not scale and not decimal:
            continue
        found.append(
            Figure(_value(digits) * _SCALES.get(scale, 1.0), unit or ("scaled" if scale else ""), *match.span())
        )
    return found


def _unit(match: re.Match[str]) -> str:
    after = (match["after"] or "").lower()
    if after == "%" or after.startswith(("per", "pct")):
        return "%"
    return _CURRENCIES.get((match["before"] or after).lower()[:3], "")


def _value(digits: str) -> float:
    whole, point, rest = digits.rpartition("." if "." in digits else ",")
    if point and (point == "." or len(rest) != 3):
        return float(f"{whole.replace(',', '')}.{rest}")
    return float(digits.replace(",", ""))


def movements(text: str) -> list[str]:
    """Return, for each pair of compared figures, which way it moved: higher or lower, a loss or a cost larger or smaller."""
    by_unit: dict[str, list[Figure]] = {}
    for figure in figures(text):
        by_unit.setdefault(figure.unit, []).append(figure)
    found: list[tuple[int, str]] = []
    for listed in by_unit.values():
        found += _compared_pairs(text, listed)
    return [moved for _, moved in sorted(found)]


def _compared_pairs(text: str, listed: list[Figure]) -> list[tuple[int, str]]:
    found, position = [], 0
    while position + 1 < len(listed):
        first, second = listed[position : position + 2]
        before, between = text[max(0, first.start - _HEAD) : first.start], text[first.end : second.start]
        start, end = first.value * _sign(before, 1), second.value * _sign(between, _sign(before, 1))
        backwards = _THEN_NOW.search(before) and re.search(r"\bto\b", between)
        compared = len(between) <= _GAP and (backwards or _COMPARED.search(between))
        if compared:
            now, then = (end, start) if backwards else (start, end)
            found.append((first.start, _direction(now, then, bool(_BAD.search(before)))))
        position += 2 if compared else 1
    return found


def _sign(text: str, default: int) -> int:
    """Return -1 where the last word on a result is a loss, 1 where it is a profit."""
    named = list(_RESULT.finditer(text))
    return default if not named else -1 if named[-1]["loss"] else 1


def _direction(now: float, then: float, bad: bool) -> str:
    if now == then:
        return "unchanged"
    if now < 0 and then < 0:
        return "smaller loss" if now > then else "larger loss"
    if bad:
        return "larger cost" if now > then else "smaller cost"
    return "higher" if now > then else "lower"


def with_cues(text: str) -> str:
    """Return the text with the movements of its figures in words at the end; unchanged where nothing is compared."""
    moved = list(dict.fromkeys(movements(text)))
    return f"{text} figures: {', '.join(moved)}." if moved else text
