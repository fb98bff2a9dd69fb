"""What the bot says to a greeting, to thanks and to a goodbye."""

import re

from verticals_customer_service import flows
from verticals_customer_service.turns import Turn

_HELLO = "Hello! What can I help you with?"
_WELCOME = "You're welcome. Is there anything else?"
_FAREWELL = "All right. Have a good day."
COURTESIES = (_HELLO, _WELCOME, _FAREWELL)
_GREETING = re.compile(
    r"\W*(?:hi(?:ya)?|hello|hey|good (?:morning|afternoon|evening)|morning|evening|greetings|hi there|anybody there|dear \w+)"
    r"(?:\W+(?:there|all|team|everyone|hope you(?:'re| are) (?:well|fine)|how are you))*\W*",
    re.IGNORECASE,
)
_THANK = (
    r"(?:(?:many )?thanks|thank you|thx|ta|cheers|bye|goodbye|great|perfect|lovely|brilliant|super|ok(?:ay)?|cool|got it|"
    r"ty|brill|nice one|(?:all )?(?:done|sorted|fixed)(?: it| that)?|"
    r"(?:i(?:'?ve| have)?|we(?:'?ve| have)?) (?:done|did|sorted|fixed|found) (?:it|that)(?: now)?|"
    r"i (?:see|understand)|(?:that|this|it) (?:really )?(?:helps|helped|worked))"
)
_PRAISE = (
    r"(?:you(?:'?(?:ve|re)| have| are) (?:been )?(?:(?:so|very|really|most|all|a|an|the|such a|absolutely) )*"
    r"(?:helpful|kind|great|lovely|brilliant|amazing|wonderful|patient|best|star|help|(?:great|big|real|huge) help))"
)
_THANKS = re.compile(
    rf"\W*{_THANK}(?:\W+(?:{_THANK}|{_PRAISE}|a lot|so much|very much|that was (?:(?:so|very|really) )?\w+|that'?s (?:all|it|great)|you|mate|"
    r"for (?:all )?(?:your|the) help|"
    r"have a \w+ day))*\W*",
    re.IGNORECASE,
)
_ENDS = re.compile(
    rf"\W*(?:{_THANK}\W+)*(?:(?:no|nope|nah)\W+)?(?:(?:no|nope|nah)\W+(?:thanks|thank you|thx|cheers)|that'?s (?:all|it|everything)|"
    rf"(?:that )?(?:will|'?ll) be all|(?:nothing|not?thing) (?:else|more)|i'?m (?:good|fine|all set))(?:\W+(?:{_THANK}|for now|then))*\W*",
    re.IGNORECASE,
)
_PLAIN_NO = re.compile(r"\W*(?:no|nope|nah|nothing)\W*", re.IGNORECASE)


def reply(message: str, before: Turn | None) -> str | None:
    """Return the answer to a message that is small talk and nothing else, given the turn before it; None for any other."""
    if _GREETING.fullmatch(message):
        return _HELLO
    offered = before is not None and before.reply in (_WELCOME, flows.LEFT)  # anything else
    if (offered and _PLAIN_NO.fullmatch(message)) or (
        before and before.action != "clarify" and _ENDS.fullmatch(message)
    ):
        return _FAREWELL
    return _WELCOME if _THANKS.fullmatch(message) else None
