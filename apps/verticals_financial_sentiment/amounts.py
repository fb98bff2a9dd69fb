"""Figures in a text: read as values with what they count, and told apart from dates."""

import re
from dataclasses import dataclass

_NUMBER = r"\d+(?:[ ,]\d{3})*(?: ?\.\d+|,\d+)?"
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_CODES = ("eur", "usd", "gbp", "sek", "dkk", "nok", "chf", "aud", "cad", "jpy", "eek", "rub", "inr", "pln")
_CURRENCIES = {"€": "eur", "$": "usd", "us$": "usd", "£": "gbp", "dol": "usd", "pou": "gbp"} | {
    code: code for code in _CODES
}
_MINUS = r"(?:-|minus |negative )"
_GLUED = r"(?=(?!(?:st|nd|rd|th|g|d)\b)[a-z]{1,3}\b)"  # 43.2p and 9.4pct, but not 4th and 5G
_FIGURE = re.compile(
    rf"(?<![\w.])(?P<minus>{_MINUS}?(?:(?P<before>{'|'.join(_CODES)}|[€£]|(?:us)?\$) ?)?{_MINUS}?)"
    rf"(?P<number>{_NUMBER})(?![.,]?\d)(?: ?(?P<scale>k|thousand|mn|mln|million|m|bn|billion)\b|\b|{_GLUED})"
    rf" ?(?P<after>euros?|dollars?|pounds?|{'|'.join(_CODES)}|%|per ?cent|pct|percentage points)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_MONTH_BEFORE, _MONTH_AFTER = re.compile(rf"\b{_MONTH}\.? $", re.IGNORECASE), re.compile(rf" {_MONTH}\b", re.IGNORECASE)
_DAY = re.compile(r"[0-3]?\d")
SAME = 0.005  # share of a figure that is no movement
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
    month = _MONTH_BEFORE.search(before) or _MONTH_AFTER.match(text, end)
    return bool(_YEAR.fullmatch(match["number"]) or (month and _DAY.fullmatch(match["number"])))


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


def alike(first: Figure, second: Figure) -> tuple[float, float] | None:
    """Return the values in one unit, or None where the figures count different things; a bare number takes the other's scale."""
    if first.unit and second.unit and first.unit != second.unit:
        return None
    one, other = first.value, second.value
    if first.scale == second.scale:
        return (one, other) if first.unit == second.unit or near(one, other) else None
    if second.scale == 1 and near(one, other * first.scale):
        return one, other * first.scale
    if first.scale == 1 and near(one * second.scale, other):
        return one * second.scale, other
    spelled = first.unit == second.unit and 1 not in (first.scale, second.scale)
    return (one, other) if spelled or near(one, other) else None


def near(one: float, other: float) -> bool:
    """Say whether two values are of about the same size, so that they may count the same thing."""
    low, high = sorted((abs(one), abs(other)))
    return high <= _MOST * low
