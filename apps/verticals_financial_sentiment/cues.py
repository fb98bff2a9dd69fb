"""Figures compared: says in words which way a figure moved, which a small encoder cannot read from the digits.

"Operating profit was EUR 5.1 mn, compared with EUR 7.0 mn a year earlier" gets "; figures: lower". A loss or a cost that fell is
said to be smaller, because its fall is good news. Beside what was expected, a figure is above or below the forecast.
"""

import re
from dataclasses import dataclass

_NUMBER = r"\d+(?:[ ,]\d{3})*(?: ?\.\d+|,\d+)?"
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_CODES = ("eur", "usd", "gbp", "sek", "dkk", "nok", "chf", "aud", "cad", "jpy", "eek", "rub", "inr", "pln")
_CURRENCIES = {"€": "eur", "$": "usd", "us$": "usd", "£": "gbp", "dol": "usd", "pou": "gbp"} | {
    code: code for code in _CODES
}
_MINUS = r"(?:-|minus |negative )"
_FIGURE = re.compile(
    rf"(?<![\w.])(?P<minus>{_MINUS}?(?:(?P<before>{'|'.join(_CODES)}|[€£]|(?:us)?\$) ?)?{_MINUS}?)"
    rf"(?P<number>{_NUMBER}) ?(?P<scale>k|thousand|mn|mln|million|m|bn|billion)?\b"
    rf" ?(?P<after>euros?|dollars?|pounds?|{'|'.join(_CODES)}|%|per ?cent|pct|percentage points)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_MONTH_BEFORE, _MONTH_AFTER = re.compile(rf"\b{_MONTH}\.? $", re.IGNORECASE), re.compile(rf" {_MONTH}\b", re.IGNORECASE)
_THEN_NOW = re.compile(r"\bfrom\b(?:(?!\bto\b).){0,40}$", re.IGNORECASE)
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
_SAME = 0.005  # share of a figure that is no movement
_MANY = 10  # a bare number in brackets that is smaller is a footnote
_MOST = 20  # times one figure may be the other, where only one of them says its scale


@dataclass(frozen=True)
class Figure:
    """A figure in a text: its value in units, what it counts, and where it stands; a bare number counts nothing by itself."""

    value: float
    unit: str
    scale: float
    start: int
    end: int


def figures(text: str) -> list[Figure]:
    """Return the figures of a text; years and days are left out."""
    found = []
    for match in _FIGURE.finditer(text):
        if _is_date(text, match):
            continue
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        sign = -1 if re.search(_MINUS, match["minus"], re.IGNORECASE) else 1
        found.append(
            Figure(sign * _value(match["number"].replace(" ", "")) * scale, _unit(match), scale, *match.span())
        )
    return found


def _is_date(text: str, match: re.Match[str]) -> bool:
    if match["before"] or match["after"] or match["scale"]:
        return False
    before, end = text[max(0, match.start() - 12) : match.start()], match.end("number")
    return bool(_YEAR.fullmatch(match["number"]) or _MONTH_BEFORE.search(before) or _MONTH_AFTER.match(text, end))


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
    found, listed, first = [], figures(text), 0
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
    pair = _alike(first, second)
    if pair is None or len(between) > _GAP:
        return None
    start, end = pair[0] * _sign(before, 1), pair[1] * _sign(between, _sign(before, 1))
    bad = bool(_BAD.search(before))
    if _EXPECTED.search(between + text[second.end : second.end + _TAIL]):
        fell = -1 if first.unit == "%" and _FELL.search(before) else 1
        return _beside_forecast(fell * start, fell * end, bad)
    backwards = _THEN_NOW.search(before) and re.search(r"\bto\b", between)
    if not backwards and (_THEN_NOW.search(before) or not _are_compared(text, first, second, between)):
        return None
    return _direction(end, start, bad) if backwards else _direction(start, end, bad)


def _alike(first: Figure, second: Figure) -> tuple[float, float] | None:
    """Return the values in one unit, or None where the figures count different things; a bare number takes the other's scale."""
    if first.unit and second.unit and first.unit != second.unit:
        return None
    one, other = first.value, second.value
    if first.scale == second.scale:
        return (one, other) if first.unit == second.unit or _near(one, other) else None
    if second.scale == 1 and _near(one, other * first.scale):
        return one, other * first.scale
    if first.scale == 1 and _near(one * second.scale, other):
        return one * second.scale, other
    return (one, other) if first.unit == second.unit and 1 not in (first.scale, second.scale) else None


def _near(one: float, other: float) -> bool:
    low, high = sorted((abs(one), abs(other)))
    return high <= _MOST * low


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
    if abs(found - expected) <= _SAME * abs(expected):
        return "as forecast"
    better = (found > expected) != bad
    return "better than forecast" if better else "worse than forecast"


def _direction(now: float, then: float, bad: bool) -> str:
    if abs(now - then) <= _SAME * abs(then):
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
