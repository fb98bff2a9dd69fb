"""What a message takes of several things that it was offered: one by its place among them, or all."""

import re

_LEAD = (
    r"\W*(?:(?:yes|yeah|no|ok(?:ay)?|sure|oh|well|sorry|please|then|it'?s|i mean|i'?ll (?:take|have)|i'?d (?:like|prefer)|i (?:want|prefer)|"
    r"let'?s (?:take|do|say)|make it|number|option|on)\W+)*+(?:the )?"
)
_TAIL = r"(?:,? (?:one|of them|of the two|please|pls|thing|question|day|date|option|then|thanks|thank you|is (?:fine|good|ok)))*+\W*"
_TAKE_ZH = r"(?:我?[要选看问]的?是?)?"
_ORDINALS = (
    r"first|former|top|1st|1|(?<=number )one|(?<=option )one|" + _TAKE_ZH + r"(?:第[一1]个|前者|前面(?:的|那个))吧?",
    r"second|2nd|2|(?<=number )two|(?<=option )two|" + _TAKE_ZH + r"第[二2]个吧?",
    r"third|3rd|3|(?<=number )three|(?<=option )three|" + _TAKE_ZH + r"第[三3]个吧?",
)
_LAST = r"(?:very )?last|latter|bottom|" + _TAKE_ZH + r"(?:后者|后面(?:的|那个)|最后一?个)吧?"
_PLACE = re.compile(
    rf"{_LEAD}(?:{'|'.join(f'(?P<p{n}>{words})' for n, words in enumerate(_ORDINALS))}|(?P<last>{_LAST})){_TAIL}",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"{_LEAD}(?P<number>\d{{1,2}})(?:st|nd|rd|th)?{_TAIL}", re.IGNORECASE)
_ALL = re.compile(rf"{_LEAD}(?:both|all (?:two|three)|(?:两个)?都(?:要|是|想看|看看?|有)){_TAIL}", re.IGNORECASE)


def place(message: str, count: int) -> int | None:
    """Return the position, from 0, of the one of `count` things that a message takes and says nothing else; None where it takes none."""
    match = _PLACE.fullmatch(message)
    if match is None or count < 1:
        return None
    position = count - 1 if match["last"] else next(n for n in range(len(_ORDINALS)) if match[f"p{n}"])
    return position if position < count else None


def number(message: str) -> int | None:
    """Return the number of one or two digits that a message is, beside polite words."""
    match = _NUMBER.fullmatch(message)
    return int(match["number"]) if match else None


def takes_all(message: str) -> bool:
    """Say whether a message takes all that was offered, and says nothing else."""
    return bool(_ALL.fullmatch(message))
