"""What the bot says to a greeting, to thanks and to a goodbye, in English or Chinese."""

import re

from verticals_customer_service import flows
from verticals_customer_service.phrases import Phrases
from verticals_customer_service.turns import Turn

# Chinese has no blanks between words: what is not listed is no small talk.
_THUMBS = "👍🙏👌😊❤"
_FILL_ZH = rf"(?:[^\w{_THUMBS}]|您|你|我|亲|大家|各位|了|啊|呀|哦|哈|呢|那|就|请问|客服)"
_GREETING_ZH = r"(?:[你您]好|哈[喽啰]|嗨|(?:早上|上午|中午|下午|晚上)好|早安|在(?:吗|不在|么)|有人(?:在)?吗)"
_THANK_ZH = rf"(?:(?:非常|十分|太|多)?(?:谢谢|感谢|谢)|好的|知道了|明白了|了解了?|懂了|收到|辛苦|解决了|可以了|再见|拜拜|(?:的)?帮[助忙]|[{_THUMBS}])"
_GREETING = re.compile(
    r"\W*(?:hi(?:ya)?|hello|hey|good (?:morning|afternoon|evening)|morning|evening|greetings|hi there|anybody there|dear \w+)"
    r"(?:\W+(?:there|all|team|everyone|hope you(?:'re| are) (?:well|fine)|how are you))*\W*"
    rf"|{_FILL_ZH}*{_GREETING_ZH}(?:{_GREETING_ZH}|{_FILL_ZH})*+",
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
    r"have a \w+ day))*\W*"
    rf"|{_FILL_ZH}*{_THANK_ZH}(?:{_THANK_ZH}|{_FILL_ZH})*+",
    re.IGNORECASE,
)
_ENDS = re.compile(
    rf"\W*(?:{_THANK}\W+)*(?:(?:no|nope|nah)\W+)?(?:(?:no|nope|nah)\W+(?:thanks|thank you|thx|cheers)|that'?s (?:all|it|everything)|"
    rf"(?:that )?(?:will|'?ll) be all|(?:nothing|not?thing) (?:else|more)|i'?m (?:good|fine|all set))(?:\W+(?:{_THANK}|for now|then))*\W*"
    rf"|(?:(?!再见|拜拜){_THANK_ZH}|{_FILL_ZH})*+(?:没有?(?:其他|别的)?(?:问题|事)?了|不用了|就这些|就这样|再见|拜拜)(?:{_THANK_ZH}|{_FILL_ZH})*+",
    re.IGNORECASE,
)
_PLAIN_NO = re.compile(r"\W*(?:no|nope|nah|nothing|没有?|没事|不用|无)\W*", re.IGNORECASE)


def reply(message: str, before: Turn | None, said: Phrases) -> str | None:
    """Return the answer to a message that is small talk and nothing else, given the turn before it; None for any other."""
    if _GREETING.fullmatch(message):
        return said.hello
    offered = before is not None and before.reply in (said.welcome, flows.LEFT)  # anything else
    if (offered and _PLAIN_NO.fullmatch(message)) or (
        before and before.action != "clarify" and _ENDS.fullmatch(message)
    ):
        return said.farewell
    return said.welcome if _THANKS.fullmatch(message) else None
