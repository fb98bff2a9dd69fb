"""Whether a message wishes to have something done to an order, or asks about it, or tells what happened."""

import re

_QUESTION = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|excuse me|sorry|ok|and|so|but)\W+)*(?:how|where|what|when|which|why|until|does|did|are|"
    r"do (?:i|you)|is (?:it|there)|am i|will|would i (?:have|get)|if)\b",
    re.IGNORECASE,
)
_QUESTION_LATER = re.compile(
    r"[,.;:!?]\W*(?:(?:and|so|but|or) )?"
    r"(?:(?:how|where|when)(?: \w+){0,4}? (?:do|did|would|can|could|should|long)|what if|up to (?:what|when)|until when|for how long)\b",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"\b(?:can|could|do|does|did|is|are|was|will|would|should|shall|may|must|have|has) (?:i|you|we|they|it|that|this|the|there|my|your)\b",
    re.IGNORECASE,
)
_UNWANTED = (
    r"\b(?:(?:do not|don['’]?t|not|never)(?: (?:want|wish|need|ask))?(?: you)?(?: to)?(?: have)?) {verb}"
    r"|\b(?:should|must|shall|need|ought|want|wants)(?: not|n['’]t)(?: it)?(?: to)? be {verb}"
)
_REPORTS = (
    r"\b(?:did not|didn['’]?t)(?: (?:want|wish|need|ask))?(?: you)?(?: to)?(?: have)? {verb}"
    r"|^\W*(?:(?:hi|hello|hey|sorry|ok|and|so|but)\W+)*(?:did|has|have|was|were(?= (?:you|we|they|my|the|our)\b)|why)\b[^.?!]*\b{verb}"
    r"|(?<!\bone )(?<!\bday )(?<!\bdate )(?<!\bslot )"
    r"\b(?:someone|somebody|who|you|i|was|been|got|says?|saying|is|already)(?: (?:else|have|has|had))?(?: \w+)? {verb}(?:l?ed|d)\b"
)  # what was done already, or not
_MARK = re.compile("[?？]")
_QUESTION_ZH = re.compile(
    r"吗|呢\W*$|什么|怎么|怎样|如何|多久|多少|几[个天号点块次]|哪|谁|为何|是否|能不能|可不可以|可以不|要不要|是不是|有没有"
)
_STILL = re.compile(r"\b(?:can|could) (?:i|you|we) still\b", re.IGNORECASE)
_NOT_ORDERED_YET = re.compile(
    r"\b(?:when|before|if|once|as) (?:i|we) (?:come to )?(?:buy|order|place|pay|check ?out)\b"
    r"|\b(?:not|n['’]?t) (?:ordered|bought|paid)(?: \w+)? yet\b",
    re.IGNORECASE,
)


def asks(message: str) -> bool:
    """Say whether a message asks how a thing is done, or speaks of an order that is not placed yet."""
    return any(pattern.search(message) for pattern in (_QUESTION, _QUESTION_LATER, _STILL, _NOT_ORDERED_YET))


def is_question(message: str) -> bool:
    """Say whether a message asks anything."""
    return any(pattern.search(message) for pattern in (_MARK, _QUESTION_ZH, _INVERTED)) or asks(message)


def is_marked(message: str) -> bool:
    """Say whether a question mark stands in a message, of either width."""
    return bool(_MARK.search(message))


def declines(message: str, verb: str) -> bool:
    """Say whether a message does not want something done; `verb` is a pattern of what the deed is called."""
    return bool(re.search(_UNWANTED.format(verb=verb), message, re.IGNORECASE))


def reports(message: str, verb: str) -> bool:
    """Say whether a message tells or asks what was done already; `verb` is a pattern of what the deed is called."""
    return bool(re.search(_REPORTS.format(verb=verb), message, re.IGNORECASE))
