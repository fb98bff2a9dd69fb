"""What the cells of a shop's export say: a price, whether there is stock, tags, and text that was written as HTML."""

import math
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any

from verticals.data.examples import as_text

_ON = {
    *("true", "yes", "y", "on", "in stock", "available", ""),
    *("有货", "有", "现货", "在售", "上架", "已上架", "是", "预售"),
}
_OFF = {
    *("false", "no", "n", "off", "sold out", "out of stock", "unavailable"),
    *("无货", "无", "缺货", "断货", "没货", "售罄", "已售罄", "售完", "停售", "下架", "已下架", "否"),
}
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")  # 1,299 and 1,299.50, but 12,50 is a decimal comma
_SIGN = "[$€£¥₩₹₽₺฿₫]"
_MONEY = re.compile(rf"(?:[A-Z]{{0,3}}{_SIGN}|[A-Z]{{3}}|人民币)?\s*(\d[\d.,]*)\s*(?:{_SIGN}|[A-Z]{{3}}|元|圆|円)?")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|&(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);", re.IGNORECASE)
_AFTER_A_CHINESE_MARK = re.compile("(?<=[，。、；：？！”》）]) ")
_INLINE = {"a", "b", "em", "font", "i", "mark", "small", "span", "strong", "sub", "sup", "u"}
_UNSEEN = {"script", "style"}


def price(value: Any) -> float | None:  # noqa: ANN401 - a cell of any file format
    """Return the number of a price, whatever currency stands beside it; None where there is no number of at least 0."""
    text = unicodedata.normalize("NFKC", as_text(value)).strip()
    money = _MONEY.fullmatch(text)
    digits = money[1] if money else text
    try:
        number = float(digits.replace(",", "") if _GROUPED.fullmatch(digits) else digits.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def available(value: Any) -> bool | None:  # noqa: ANN401 - a cell of any file format
    """Return whether there is stock, a number being how many there are; None where the cell says neither yes nor no."""
    text = as_text(value).strip().casefold()
    if text in _ON or text in _OFF:
        return text in _ON
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number > 0


def parts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a cell of any file format
    """Return the texts of a list, or those between commas, semicolons or bars, each once."""
    found = value if isinstance(value, list | tuple) else re.split("[,;|、，；]", as_text(value))
    return tuple(dict.fromkeys(as_text(part).strip() for part in found if as_text(part).strip()))


def has_markup(text: str) -> bool:
    """Say whether a text holds tags or character references of HTML."""
    return _MARKUP.search(text) is not None


def plain_text(text: str) -> str:
    """Return what a reader sees of a text that is HTML; any other text as it is."""
    if not has_markup(text):
        return text
    reader = _Seen()
    reader.feed(text)
    reader.close()
    return _AFTER_A_CHINESE_MARK.sub("", " ".join("".join(reader.pieces).split()))


class _Seen(HTMLParser):
    """Collects what a browser would show; tags that begin a line leave a blank."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))  # a stray end hides nothing
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append(" ")
