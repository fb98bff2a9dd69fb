"""Postal addresses, found by the words and codes that they are written with."""

from collections.abc import Iterator

import regex as re  # knows capital letters and scripts of every language

from verticals.privacy.found import Found

_STREET = r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|crescent|terrace|boulevard|blvd|highway|hwy)\b\.?"
_GROUND = r"(?:Close|Court|Ct|Way|Place|Pl|Square|Sq|Gardens|Hill|Grove|Row|Walk|Mews|Park|Parade|Quay|View|Rise|Green|Dr|Yard|Wharf|Steps)\b\.?"
_WORDS = r"(?:[\p{L}'’-]+\s){1,3}"
_CAPITALS = r"(?:\p{Lu}[\p{L}'’-]+\s){1,3}"
_PLACE = r"(?:,?\s*(?:(?:flat|apt|apartment|unit|suite|floor)\s*\w+|\p{Lu}\p{Ll}[\p{L}'’-]*(?:\s\p{Lu}\p{Ll}[\p{L}'’-]*){0,2}))"
_LOWER_CODE = (
    r"(?i:\b[a-z]{1,2}\d[a-z\d]?\s\d(?!(?:nd|rd|st|th|ft|hr|lb)\b)[abd-hjlnp-uw-z]{2}\b)"  # no postcode ends as "5 cm"
)
_CODE = r"(?:,?\s*(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|(?:[A-Z]{2}\s)?\d{4,5}(?:-\d{4})?(?:\s\p{Lu}[\w-]+){0,2}))"
_PIECE = r"(?:\d{1,5}[A-Za-z]?|\p{Lu}[\p{L}'’-]+)\b"
# all or nothing: given back piece by piece, a shouted message would take minutes
_CHUNK = rf"(?>{_PIECE}(?:\s{_PIECE})*+)"
_STREET_NAME = r"[\p{L}'’.-]++(?:\s[\p{L}'’.-]++){0,4}"
_INNER = r"(?:[^,;:!?\n.]|\.(?!\s|$)|(?<=\b\p{L}{1,2})\.)"
_TAIL = rf"(?:,\s?(?=\p{{Lu}}|\d|[дкг]\p{{L}}?\.){_INNER}{{1,30}}){{0,4}}"
PATTERN = re.compile(
    rf"\b\d{{1,4}}(?:\s?(?:bis|ter))?,?\s(?i:rue|avenue|boulevard|place|chemin|all[ée]e|impasse|quai)\s(?:[\p{{L}}'’-]+\s?){{1,5}}{_CODE}?"
    rf"|(?:(?i:flat|apt|apartment|unit)\s?\w+,?\s)?\b\d{{1,5}}[a-zA-Z]?,?\s(?:(?i:{_WORDS}{_STREET})|{_CAPITALS}{_GROUND})(?:{_PLACE}){{0,3}}{_CODE}?"
    rf"|\b(?:{_CHUNK},?\s){{1,4}}[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}}\b"
    rf"|\b(?:(?i:[\p{{L}}.-]+\s?(?:stra(?:ß|ss)e|str\.|straat))|\p{{Lu}}[\p{{L}}.-]+(?:weg|platz|allee|gasse|ufer|laan|kade|plein|gracht))\s?\d{{1,4}}\s?[a-z]?\b"
    rf"(?:,\s\d{{4}}\s[A-Z]{{2}}\s\p{{Lu}}[\p{{L}}-]+|{_CODE})?"
    rf"|\b(?:\p{{Lu}}[\p{{L}}.-]+\s){{1,3}}\d{{1,4}}\s?[a-z]?,\s\d{{5}}\s\p{{Lu}}[\p{{L}}-]+(?:\s\p{{Lu}}[\p{{L}}-]+)?"
    rf"|\b(?i:calle|avenida|plaza|paseo|camino|via|viale|piazza|corso|rua|travessa|praça|ul\.|al\.|ул\.|пр\.|улица)\s{_STREET_NAME}(?:,\sд\.)?\s?\d{_INNER}{{0,12}}{_TAIL}"
    r"|\p{Han}{2,12}(?:路|街|大道|巷|弄)\d+号?(?:\d+(?:栋|幢|号楼|单元|楼|室))*|\p{Han}{2,8}(?:省|市|区|县)\p{Han}{2,12}\d+号\S{0,8}"
    r"|〒\s?\d{3}-?\d{4}\s?[\p{Han}\p{Hiragana}\p{Katakana}ー]+[\d丁目番地号-]*"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"
    rf"|\b\d{{1,5}}[a-z]?,?\s(?i:{_WORDS}{_GROUND})(?:,?\s[\p{{L}}'’-]++){{0,4}},?\s{_LOWER_CODE}|{_LOWER_CODE}"
)


def addresses(text: str) -> Iterator[Found]:
    """Find postal addresses."""
    for match in PATTERN.finditer(text):
        yield Found("address", match.start(), match.start() + len(match[0].rstrip(" ,")))
