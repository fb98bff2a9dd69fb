"""Whether a message is a yes or a no. What is done cannot be undone: a yes is one only where nothing else is said beside it."""

import re
from functools import cache

from verticals_customer_service import wishes

_LEAD = r"(?:^|[,.;:!]|\b(?:ok(?:ay)?|but|and|actually|please|yes|yeah|sure|oh|no|sorry|perfect|then|just)\b)\W*"
_IS = r"(?:(?:that|it|this)(?:['’]?s| is))"
_RIGHT = r"(?:right|correct|perfect|great|good|lovely|brilliant|excellent)"
_THING = r"(?:(?:(?:the|my|this|that) )?(?:whole |entire |new |right |correct )?(?:order|address|delivery|day|date|one|place|thing|change))"
_WHO = r"(?:me|us|him|her|them|where (?:i|we|he|she|they) (?:live|stay|work)s?)"
_NO_MATTER = (
    r"(?:it(?:['’]?s| is)|i(?:['’]?m| am)) (?:ok(?:ay)?|fine|good|alright|all right)"  # alone it means: leave it
)
_AGREES = (
    r"y|ye[sp]+|yeah|yup|aye|ok(?:ay)?|sure|absolutely|definitely|certainly|of course|exactly|indeed|perfect|correct|fine|alright|all right|spot on|"
    r"(?:i |i can )?confirm(?:ed)?|i agree|agreed|i(?:['’]?m| am) (?:very |quite |absolutely )?sure|please do|proceed|do (?:it|that|this|so)|"
    rf"go (?:ahead|for (?:it|that)|on)|by all means|{_IS} (?:now )?(?:{_RIGHT}|fine|it|{_THING})|(?:that |it )?(?:sounds|looks) {_RIGHT}|"
    rf"(?:that )?(?:works|suits)(?: me| us| fine)?|(?:is|would be|will be|['’]ll be) (?:{_RIGHT}|fine|ok(?:ay)?)|that(?: wi|['’]?)ll do|let['’]?s"
)
_POLITE = (
    r"please|pls|plz|thank you|thanks?|thx|ty|ta|cheers|very much|so much|a lot|many|mate|sorry|oh|ah|well|so|and|do|all|very|quite|really|"
    r"then|now|just|only|actually|"
    rf"today|right away|straight away|asap|(?:for|with|by) me|{_RIGHT}|{_IS}(?: {_WHO})?|number|i (?:do|am|want|would|would like)|i['’]d like|"
    rf"you (?:can|may)|that|this|it|there|the|to|on|{_THING}"
)
_REFUSES = re.compile(
    rf"{_LEAD}(?:(?<!\boh )no|nope|nah)(?:\W*$|\s*[,.;:!]|\s+(?:that|it|this|i|not|thanks?|please|way|wrong|wait|do|don|the|but|sorry|never|just)"
    rf"(?:['’]?[st])?\b)|^\W*(?:do not|don['’]?t)(?: do)?(?: it| that)?(?:,? (?:please|thanks))?\W*$"
    r"|^\W*(?:不(?:是|对|用|要|需要|行)?|否|没有)(?:的|了|啊|吧)?\W*$",
    re.IGNORECASE,
)
_POLITE_ZH = r"\W|请|谢谢|麻烦|那|就|您|你|我|了|啊|呀|吧|哦|嘛"
_YES_ZH = r"是的?|对的?|好的?|行|可以的?|嗯|没错|确[定认]|同意|需要|要的?|看(?:看|一下)?|发(?:过来|给我)"
_AGREES_ZH = re.compile(rf"(?:{_POLITE_ZH})*(?:{_YES_ZH})(?:{_POLITE_ZH}|{_YES_ZH})*+")
_STOPS = re.compile(
    rf"{_LEAD}(?:stop(?! (?:the|my|this) (?:order|delivery|parcel))|wait|hold on|forget (?:it|that|about)|leave (?:it|everything|things)|"
    r"keep (?:it|them|everything|the|my|this|that|BW))\b|\bnever ?mind\b|\bchanged? my mind\b|\brather not\b"
    r"|\b(?:do not|don['’]?t|not to) (?:cancel|change|move|do)\b|^\W*(?:no|nope|nah)(?:\W+(?:no|thanks|thank you|please|sorry))*\W*$",
    re.IGNORECASE,
)
_UNDOES = re.compile(
    r"\b(?:undo|revert|reverse|restore|reinstate|un-?cancel|(?:put|take) (?:it|that) back)\b", re.IGNORECASE
)


def agrees(message: str, verb: str = "do") -> bool:
    """Say whether a message is a plain yes, with nothing beside it but polite words; asking again does no harm.

    Args:
        message: what the customer wrote.
        verb: a pattern of what the deed may be called, as in "cancel it".
    """
    if wishes.is_marked(message):
        return False
    words = _words(verb)
    said = any(match["yes"] for match in words.finditer(message))
    return bool(_AGREES_ZH.fullmatch(message)) or (said and not re.search(r"\w", words.sub("", message)))


def refuses(message: str) -> bool:
    """Say whether a message says no to what was asked or told; "no idea" and "no number came" do not."""
    return bool(_REFUSES.search(message))


def stops(message: str) -> bool:
    """Say whether a message wants a task to be left, whatever was asked."""
    return bool(_STOPS.search(message))


def undoes(message: str) -> bool:
    """Say whether a message wants back what was done."""
    return bool(_UNDOES.search(message))


@cache
def _words(verb: str) -> re.Pattern[str]:
    yes = rf"{_AGREES}|please {verb}|{verb} (?:it|this|them|{_THING})"
    return re.compile(rf"\b(?:{_NO_MATTER}|(?P<yes>{yes})|{_POLITE}|{verb})\b", re.IGNORECASE)
