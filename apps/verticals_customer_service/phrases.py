"""The fixed sentences of the bot, in each language that it speaks; it speaks the one of its articles (`Knowledge.language`).

What it says of an order stands in `tasks` and `flows`, whose orders are those of the English samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Phrases:
    """What the bot says when it quotes no article; braces are filled in.

    Attributes:
        greeting: its first words, where the settings have none.
        unfamiliar: to a message unlike any that it learned from; `known` says what it helps with.
        topics: what it helps with, inside `unfamiliar`.
        hello, welcome, farewell: small talk.
        hand_over, danger, waiting, still_unsure, no_article: a person is called, comes first in danger, or is waited for.
        clarify, offer, which, doubt, nothing: it asks back.
        again, rejected, still_rejected, not_undone: the customer has read the answer, or does not want it.
    """

    greeting: str
    unfamiliar: str
    topics: str
    hello: str
    welcome: str
    farewell: str
    hand_over: str
    danger: str
    waiting: str
    still_unsure: str
    no_article: str
    clarify: str
    offer: str
    which: str
    doubt: str
    nothing: str
    again: str
    rejected: str
    still_rejected: str
    not_undone: str

    @property
    def courtesies(self) -> tuple[str, ...]:
        """The answers to small talk."""
        return (self.hello, self.welcome, self.farewell)


EN = Phrases(
    greeting="Hello, this is the assistant. What can I help you with?",
    unfamiliar="That does not look like something I can help with.{known} Please say it in other words, or ask for a person.",
    topics=" I know about {topics}.",
    hello="Hello! What can I help you with?",
    welcome="You're welcome. Is there anything else?",
    farewell="All right. Have a good day.",
    hand_over="I am handing you over to a colleague, who will read this conversation and answer here.",
    danger="If anybody is hurt or in danger, please call the emergency services first. ",
    waiting="You are in the queue for a colleague; I have passed your message on.",
    still_unsure="I am still not sure what you need, so I am handing you over to a colleague, who will answer here.",
    no_article="I think this is about “{intent}”, but I have no article about it. I am handing you over to a colleague.",
    clarify="I am not sure that I understand. Is it about one of these?\n\n{options}\n\nPlease say it in other words, or ask for a person.",
    offer="I am not sure that I understand. Is it about “{title}”? Say yes and I will show you what I know, or say it in other words.",
    which="Is it about “{first}” or about “{second}”? Please say which, or say it in other words.",
    doubt="This may be for a colleague. Shall I show you my article on “{title}”? Say yes, or ask for a person.",
    nothing="I think this is about “{intent}”, but no article of mine answers it. Please say it in other words, or ask for a person.",
    again="That is what my article “{title}” is about, and I know no more than it says. What is different with you? A colleague can help, too: "
    "just ask for a person.",
    rejected="I am sorry, that was not what you meant. Please tell me in other words what you need, or ask for a person.",
    still_rejected="I am sorry that I could not help. I am handing you over to a colleague, who will answer here.",
    not_undone="I cannot undo what I have done. I am handing you over to a colleague, who will see what is possible.",
)
ZH = Phrases(
    greeting="您好，这里是智能客服，请问有什么可以帮您？",
    unfamiliar="抱歉，这个问题我可能帮不上忙。{known}请换个说法，或者说“转人工”。",
    topics="我了解的是：{topics}。",
    hello="您好！请问有什么可以帮您？",
    welcome="不客气，还有其他可以帮您的吗？",
    farewell="好的，祝您生活愉快！",
    hand_over="正在为您转接人工客服，同事会看到这段对话，并在这里回复您。",
    danger="如果有人受伤或有危险，请先拨打急救或报警电话。",
    waiting="您已在人工客服的队列中，消息已一并转达。",
    still_unsure="我还是没能确定您的需要，正在为您转接人工客服，同事会在这里回复您。",
    no_article="您问的可能是“{intent}”，但我没有这方面的资料，正在为您转接人工客服。",
    clarify="我不太确定您的意思。您问的是下面哪一项？\n\n{options}\n\n请换个说法，或者说“转人工”。",
    offer="我不太确定您的意思。您问的是“{title}”吗？回复“是”，我就把相关内容发给您；也可以换个说法。",
    which="您问的是“{first}”，还是“{second}”？请告诉我是哪一个，或者换个说法。",
    doubt="这件事也许需要人工客服。要先看看“{title}”的内容吗？回复“是”，或者说“转人工”。",
    nothing="您问的可能是“{intent}”，但我的资料里没有答案。请换个说法，或者说“转人工”。",
    again="“{title}”的内容就是上面这些，我知道的只有这么多。您的情况有什么不同？需要同事帮忙，请说“转人工”。",
    rejected="抱歉，没有答到您的问题。请换个说法告诉我您的需要，或者说“转人工”。",
    still_rejected="抱歉没能帮上您，正在为您转接人工客服，同事会在这里回复您。",
    not_undone="已办理的事项我无法撤销，正在为您转接人工客服，同事会看看还能怎么处理。",
)
_ALL: dict[Language, Phrases] = {"en": EN, "zh": ZH}


def language_of(texts: Sequence[str]) -> Language:
    """Return the language of texts; Chinese ones hold some Latin letters, English ones next to no Chinese characters."""
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    return "zh" if 4 * sum("\u4e00" <= letter <= "\u9fff" for letter in letters) > len(letters) else "en"


def of(language: Language) -> Phrases:
    """Return the sentences of a language."""
    return _ALL[language]
