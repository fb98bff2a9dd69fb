"""Tags of tokens: `O` outside, `B-LOC` and `I-LOC` at the beginning and inside of an entity, and the dialects of that notation.

IOB2: every entity begins with B. IOB1: B only where an entity touches another of its type. BIOES: E ends an entity, S is one of a single
token; BILOU says L and U instead. Inside this product tags are IOB2 (Ramshaw and Marcus 1995, https://arxiv.org/abs/cmp-lg/9505040).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from verticals.errors import DataError

Scheme = Literal["IOB1", "IOB2", "BIOES"]
Tags = tuple[str, ...]
OUTSIDE = "O"
_PREFIXES = "BIESLU"
_AS_BIOES = str.maketrans("LU", "ES")


@dataclass(frozen=True)
class Span:
    """An entity: its type, its first token, and the token behind its last."""

    type: str
    start: int
    stop: int


def check_tag(tag: str) -> str:
    """Return the tag, with BILOU's letters as BIOES'.

    Raises:
        DataError: it is not a tag; the message has no file and line, the reader adds them.
    """
    if tag == OUTSIDE:
        return tag
    prefix, dash, kind = tag.partition("-")
    if len(prefix) != 1 or prefix not in _PREFIXES or not dash or not kind:
        raise DataError(f"'{tag}' is not a tag; expected O, or B-, I-, E- or S- and a type, such as B-LOC")
    return f"{prefix.translate(_AS_BIOES)}-{kind}"


def follows_iob2(previous: str, tag: str) -> bool:
    """Say whether IOB2 allows `tag` behind `previous`: I continues an entity of its own type."""
    return tag[0] != "I" or (previous[0] in "BI" and previous[2:] == tag[2:])


def _follows_iob1(previous: str, tag: str) -> bool:
    return tag[0] != "B" or (previous[0] in "BI" and previous[2:] == tag[2:])


def _follows_bioes(previous: str, tag: str) -> bool:
    return (previous[0] in "BI") == (tag[0] in "IE") and (tag[0] not in "IE" or previous[2:] == tag[2:])


_FOLLOWS = {"IOB1": _follows_iob1, "IOB2": follows_iob2, "BIOES": _follows_bioes}


def impossible(tags: Sequence[str], scheme: Scheme) -> list[int]:
    """Return the tokens whose tag the scheme does not allow behind the one before; len(tags) where the end cuts an entity."""
    padded = [OUTSIDE, *tags, OUTSIDE]
    return [position for position in range(len(tags) + 1) if not _FOLLOWS[scheme](*padded[position : position + 2])]


def recognise(sentences: Sequence[Sequence[str]]) -> Scheme:
    """Return the scheme of a file: BIOES where E or S occur, else IOB2 or IOB1, whichever forbids fewer of its tags."""
    if any(tag[0] in "ES" for tags in sentences for tag in tags):
        return "BIOES"
    forbidden = {scheme: sum(len(impossible(tags, scheme)) for tags in sentences) for scheme in ("IOB2", "IOB1")}
    return "IOB2" if forbidden["IOB2"] <= forbidden["IOB1"] else "IOB1"


def spans(tags: Sequence[str]) -> tuple[Span, ...]:
    """Return the entities of any of the schemes, in order."""
    found: list[Span] = []
    start = 0
    padded = [OUTSIDE, *tags, OUTSIDE]
    for position, (previous, tag) in enumerate(pairwise(padded)):
        touches = previous != OUTSIDE and tag[0] in "IE" and previous[0] in "BI" and previous[2:] == tag[2:]
        if previous != OUTSIDE and not touches:
            found.append(Span(previous[2:], start, position))
        if tag != OUTSIDE and not touches:
            start = position
    return tuple(found)


def to_iob2(tags: Sequence[str]) -> Tags:
    """Write the entities of any scheme in IOB2."""
    return _written(spans(tags), len(tags), "IOB2")


def from_iob2(tags: Sequence[str], scheme: Scheme) -> Tags:
    """Write IOB2 tags in another scheme."""
    return _written(spans(tags), len(tags), scheme)


def _written(entities: Sequence[Span], count: int, scheme: Scheme) -> Tags:
    tags = [OUTSIDE] * count
    before: Span | None = None
    for span in entities:
        touches = before is not None and (before.stop, before.type) == (span.start, span.type)
        for position in range(span.start, span.stop):
            tags[position] = f"{_letter(span, position, touches, scheme)}-{span.type}"
        before = span
    return tuple(tags)


def _letter(span: Span, position: int, touches: bool, scheme: Scheme) -> str:
    first, last = position == span.start, position == span.stop - 1
    if scheme == "BIOES" and last:
        return "S" if first else "E"
    return "B" if first and (scheme != "IOB1" or touches) else "I"
