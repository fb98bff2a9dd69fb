"""Text from strangers made plain: no markup, no invisible characters, no letters that only look like Latin ones."""

import html
import re
import unicodedata
from html.parser import HTMLParser
from typing import Final

_LOOKALIKES: Final = dict(
    zip(
        # Cyrillic, then Greek, then Armenian and Latin letters that are drawn like others (after Unicode's confusables.txt)
        "АВЕЅІЈКМНОРСТУХҮԁԛԜаеіјѕорсухһԝѵӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχγ" + "օսհոքցɑɡıƖǀ",
        "ABESIJKMHOPCTYXYdqWaeijsopcyxhwvl" + "ABEZHIKMNOPTYXaikvoptuxy" + "ouhnqgagill",
        strict=True,
    )
)
_TRANSLATION: Final = str.maketrans(_LOOKALIKES)
HAN: Final = (
    "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # a range of characters, written without spaces between words
)
_FOREIGN = re.compile(r"[\u0370-\u058f]")  # Greek, Cyrillic and Armenian
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"[<&]")
_TAG_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")
_SILENT = ("script", "style", "template", "iframe", "object", "svg", "noscript")
_ROUNDS = 3  # markup may be escaped, and escaped again
_MOST_UNCLOSED = 20  # tags that never close; the parser reads on to the end of the text for each of them


class _TextOnly(HTMLParser):
    """Collects what a reader would see; what stands inside silent elements is dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def without_markup(text: str) -> str:
    """Return what a reader of an HTML fragment sees; nothing in the result opens a tag, however often it was escaped."""
    for _ in range(_ROUNDS):
        if not _MARKUP.search(text):
            return text
        stripped = _strip_tags(text) if "<" in text else html.unescape(text)
        if stripped == text:
            break
        text = stripped
    return _TAG_OPENING.sub("‹", text)


def _strip_tags(text: str) -> str:
    parser = _TextOnly()
    try:
        _feed(parser, text)
    except AssertionError:  # CPython's parser gives up on some broken markup declarations
        return text
    return "".join(parser.parts)


def _feed(parser: _TextOnly, text: str) -> None:
    """Give text to a parser. A tag that never closes is text; after `_MOST_UNCLOSED` of them everything is, so that time stays linear."""
    for _ in range(_MOST_UNCLOSED):
        parser.feed(text)
        rest = parser.rawdata  # what it did not understand without more to come
        if parser.cdata_elem or not _TAG_OPENING.match(rest):
            parser.close()
            return
        end = rest.find(">") + 1 or rest.find("<", 1)
        end = end if end > 0 else len(rest)
        parser.handle_data(html.unescape(rest[:end]))
        parser.rawdata, text = "", rest[end:]
    parser.handle_data(html.unescape(text))


def plain(text: str) -> str:
    """Return text as people read it: NFKC, markup gone, invisible and control characters gone, one space between words."""
    text = without_markup(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", _TAG_OPENING.sub("‹", printable(text))).strip()  # again: NFKC turns a fullwidth '<' into '<'


def printable(text: str) -> str:
    """Return text that every database and page takes: invisible and control characters and lone surrogates gone."""
    return text if text.isprintable() else "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in (
        "Cf",
        "Cs",
        "Cn",
        "Co",
    ):  # zero-width, bidirectional overrides, lone surrogates, unassigned, private
        return ""
    return " " if category[0] in "CZ" else character


def folded(text: str) -> str:
    """Return plain text with look-alike letters replaced by the Latin ones they imitate; its length is unchanged.

    A word that mixes scripts is folded, and in a mostly Latin text every word made of look-alikes alone; Russian or Greek text stays.
    """
    if text.isascii():
        return text
    mostly_latin = len(_LATIN.findall(text)) > len(_FOREIGN.findall(text))
    return _WORD.sub(lambda match: _folded_word(match.group(), mostly_latin), text)


def _folded_word(word: str, mostly_latin: bool) -> str:
    if word.isascii():
        return word
    latin = word.translate(_TRANSLATION)
    return latin if not _FOREIGN.search(latin) and (mostly_latin or _LATIN.search(word)) else word


def key(word: str) -> str:
    """Return what two spellings of a word share: case and accents removed (`Järnvik` and `JARNVIK` give `jarnvik`)."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
