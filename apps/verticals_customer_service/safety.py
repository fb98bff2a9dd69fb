"""What strangers wrote, made harmless: messages that a page shows, and articles that the bot quotes.

An article is trusted up to its first suspicious place: hidden characters, markup, a link to a foreign host, an encoded text, a speaker's label,
or words addressed to the machine that reads it. The rest of it is never quoted, and `verticals check` names it. This is a list of patterns, and
somebody who knows it can write around it: it stands before, not instead of, replies that only quote and a check of generated ones.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from html import escape

import regex as re  # knows lookbehinds of any length

_MARKDOWN = re.compile(r"([!#$%()*+,\-./:=?@\[\\\]^_`{|}~])")
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_LINK = re.compile(r"(?:https?:)?//(?P<host>[\w.-]+\.\w+)", re.IGNORECASE)
_MACHINE = r"\b(?:ai|(?:ai )?(?:chat ?bots?|bots?|robots?|assistants?)|language models?|machine readers?)\b(?! (?:vacuum|mower|lawn))"
_SPOKEN_OF = (
    r"(?<!\b(?:our|the|an?|any|this|shop|sales)\s(?:\w+\s){0,2})"  # a bot of the shop's, not one that is spoken to
)
_SUSPICIOUS = (
    ("hidden characters", _HIDDEN),
    ("markup", re.compile(r"<\s*[a-z/!]|%3c|\{\{|<%|&#?\w{2,8};", re.IGNORECASE)),
    ("a link or picture in Markdown", re.compile(r"!?\[[^\]\n]*\]\s?[(\[]|^\s*\[[^\]\n]+\]:", re.MULTILINE)),
    ("an address that carries data", re.compile(r"\b(?:data|javascript|vbscript):\S", re.IGNORECASE)),
    ("a long encoded word", re.compile(r"\b(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])[\w+/]{24,}={0,2}")),
    (
        "a speaker's label",
        re.compile(r"^\W*(?:system|assistant|agent|user|customer|human|ai|bot)\s*:", re.IGNORECASE | re.MULTILINE),
    ),
    (
        "words to the machine",
        re.compile(
            rf"{_SPOKEN_OF}{_MACHINE}|\b(?:note|message|instruction|order)s? (?:to|for) (?:the|our|any|all|every)\s(?:\w+\s)?{_MACHINE}"
            rf"|{_MACHINE} (?:should|must|shall|has to|have to|is now|are now|will now|reading)\b"
            rf"|\b(?:authori[sz]|allow|permit|instruct|tell|told|ask)\w* (?:the|our|any) {_MACHINE} to\b"
            r"|\bsystem (?:update|prompt|message|override)\b|\bwhen you quote\b"
            r"|\byour (?:output|instructions|rules|prompt|configuration)\b"
            r"|\byour (?:reply|replies|answers?|responses?) (?:must|should|shall|has to|have to|needs? to|is to|always|begins?|ends?|starts?)\b"
            r"|\b(?:ignore|disregard|override|forget|overwrite)\b[^.!?]{0,40}\b(?:instructions?|rules?|guidance|prompts?|polic(?:y|ies))\b"
            r"|\b(?:ignorier|vergiss|oublie|ignorez?|olvida|ignora|dimentica|zapomnij|zignoruj|esquece)\w*\b[^.!?]{0,40}\b(?:anweisung|regel|consigne|"
            r"instruction|règle|regla|instruccion|regol|istruzion|zasad|instrukcj|regra|instruç)\w*"
            r"|игнориру|забудь|忽略|无视|無視|지시",
            re.IGNORECASE,
        ),
    ),
)
_WORD = re.compile(r"[^\W\d_]+")
_LOOK_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_SIGNS = "\u03bc\u03a9"  # Greek letters of units: micro and ohm
_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)]*(?=\s|\Z)|\n")


@dataclass(frozen=True)
class Suspicion:
    """Where an article stops being trusted, and why; `start` is a character position."""

    start: int
    why: str


def inert(text: str) -> str:
    """Return a text that a Markdown page shows as it is written: no HTML, link, picture, formula or list comes of it."""
    shown: str = _MARKDOWN.sub(r"\\\1", escape(_HIDDEN.sub("", text), quote=False))
    return shown


def suspicion(text: str, hosts: Collection[str] = ()) -> Suspicion | None:
    """Return the first suspicious place of an article, None where there is none; links to `hosts` are not suspicious."""
    found = [Suspicion(match.start(), why) for why, pattern in _SUSPICIOUS if (match := pattern.search(text))]
    foreign = (match for match in _LINK.finditer(text) if match["host"].lower() not in hosts)
    found += [Suspicion(match.start(), f"a link to {match['host']}") for match in foreign]
    found += [
        Suspicion(match.start(), "a word that mixes scripts")
        for match in _WORD.finditer(text)
        if _is_disguised(match[0])
    ]
    return min(found, key=lambda each: each.start, default=None)


def trusted(text: str, hosts: Collection[str] = ()) -> str:
    """Return an article up to the end of the last sentence before its first suspicious place."""
    place = suspicion(text, hosts)
    if place is None:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[: place.start])]
    return text[: ends[-1]].strip() if ends else ""


def _is_disguised(word: str) -> bool:
    """Say whether a word hides what it says from a search: letters of look-alike scripts in one, or of mathematics."""
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter not in _SIGNS}
    return len(scripts & _LOOK_ALIKE) > 1 or "MATHEMATICAL" in scripts
