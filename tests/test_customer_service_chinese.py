"""A bot with Chinese articles: it speaks Chinese, and understands how customers agree, refuse, greet, and call for help."""

import pytest

from bots import Keywords
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.predictor import Predictor
from verticals_customer_service import assent, choices, escalation, phrases, voice, wishes
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.knowledge import Article, Knowledge, unnamed_intents
from verticals_customer_service.phrases import ZH
from verticals_customer_service.settings import Settings
from verticals_customer_service.turns import Conversation, Turn

ARTICLES = (
    Article(id="r1", title="退款多久到账", intents=("退款",), question="退款什么时候到账？", text="三天内原路退回。"),
    Article(id="r2", title="退款到别的卡", intents=("退款",), question="能退到另一张银行卡吗？", text="只能原路退回。"),
    Article(id="t1", title="查物流", intents=("物流",), question="包裹到哪了？", text="请点“查看物流”。"),
)


class Chinese(Keywords):
    labels: tuple[str, ...] = ("退款", "物流", "发票")


@pytest.fixture
def bot() -> Bot:
    known = Knowledge(unnamed_intents(Chinese.labels), ARTICLES)
    return Bot(Predictor(Chinese(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.5)), known)


def said(bot: Bot, *messages: str) -> Turn:
    conversation = Conversation()
    for message in messages:
        conversation, turn = bot.turn(conversation, message)
    return turn


@pytest.mark.parametrize(
    ("messages", "action", "reply"),
    [
        (["你好"], "ask", ZH.hello),
        (["您好！在吗？"], "ask", ZH.hello),
        (["物流", "好的，谢谢您的帮助"], "ask", ZH.welcome),
        (["物流", "👍"], "ask", ZH.welcome),
        (["物流", "谢谢，再见"], "ask", ZH.farewell),
        (["谢谢", "没有了"], "ask", ZH.farewell),
        (["xyzzy"], "clarify", ZH.unfamiliar.format(known="")),
        (["xyzzy", "xyzzy"], "hand_over", ZH.still_unsure),
        (["物流", "物流"], "clarify", ZH.again.format(title="查物流")),
        (["物流", "物流还是不懂？"], "answer", "请点“查看物流”。"),
        (["物流", "答非所问"], "clarify", ZH.rejected),
        (["发票"], "hand_over", ZH.no_article.format(intent="发票")),
        (["我要投诉你们的物流"], "hand_over", ZH.hand_over),
        (["孩子被退款的壶烫伤了"], "hand_over", ZH.danger + ZH.hand_over),
    ],
)
def test_a_bot_with_chinese_articles_speaks_chinese(bot: Bot, messages: list[str], action: str, reply: str) -> None:
    turn = said(bot, *messages)
    assert (turn.action, turn.reply) == (action, reply)


def test_a_bot_with_chinese_articles_greets_in_chinese_unless_the_settings_say_otherwise(bot: Bot) -> None:
    assert bot.voice.greeting == ZH.greeting
    own = voice.of(Settings(greeting="欢迎光临", topics="退货"), ZH, samples=False)
    assert (own.greeting, "我了解的是：退货。" in own.unfamiliar) == ("欢迎光临", True)


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Where is my order?", "Our 茶 is green."], "en"),
        (["请看 https://shop.example/help 或 VIP 专区，第 3 步选择“申请售后”"], "zh"),
        (["2026", "?"], "en"),
    ],
)
def test_the_language_is_that_of_most_letters(texts: list[str], language: str) -> None:
    assert phrases.language_of(texts) == language


@pytest.mark.parametrize(
    ("message", "article"), [("退款什么时候能到账", "r1"), ("退款能退到我另一张卡吗", "r2"), ("退款", "r1")]
)
def test_the_article_of_an_intent_is_chosen_by_the_characters_of_a_message(
    bot: Bot, message: str, article: str
) -> None:
    assert [source.id for source in said(bot, message).sources] == [article]


@pytest.mark.parametrize(
    ("message", "agrees"),
    [
        ("是的", True),
        ("好的，谢谢", True),
        ("嗯嗯 看看吧", True),
        ("麻烦您发过来", True),
        ("不是", False),
        ("好的？", False),
        ("不好", False),
        ("是不是", False),
        ("好的，但是我要改地址", False),
        ("谢谢", False),
    ],
)
def test_a_chinese_yes_is_one_only_where_nothing_else_is_said(message: str, agrees: bool) -> None:
    assert assent.agrees(message) is agrees


@pytest.mark.parametrize(
    ("message", "place"),
    [("第一个", 0), ("我要第二个吧", 1), ("前者", 0), ("后面那个。", 1), ("第三个", None), ("第二个怎么退", None)],
)
def test_a_chinese_choice_of_two_is_one_by_its_place(message: str, place: int | None) -> None:
    assert choices.place(message, 2) == place


@pytest.mark.parametrize(
    ("message", "asks"), [("拆封了能退吗", True), ("多久", True), ("ok？", True), ("我要退货", False)]
)
def test_a_chinese_question_is_one_without_a_mark_and_with_a_wide_one(message: str, asks: bool) -> None:
    assert wishes.is_question(message) is asks


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("壶着火了", "danger"),
        ("老公被碎片划伤了", "danger"),
        ("我爸去世了，订单不要了", "distress"),
        ("再不退钱就起诉", "law"),
        ("我的卡被盗刷了", "account"),
        ("快递员态度太恶劣", "complaint"),
        ("叫你们经理来", "person"),
        ("防烫伤手套有货吗", None),
        ("带漏电保护吗", None),
        ("把手划伤了能换吗", None),
        ("茶几号发货", None),
        ("开发票", None),
    ],
)
def test_chinese_words_that_a_person_has_to_read_are_heard(message: str, reason: str | None) -> None:
    assert escalation.reason(message) == reason


@pytest.mark.parametrize(
    "message", ["👍" * 3999 + "x", "谢谢" * 1999 + "x", "看" * 3999 + "x", "嗯" * 3999 + "x"], ids=lambda text: text[0]
)
def test_long_messages_of_one_word_are_read_at_once(bot: Bot, message: str) -> None:
    assert said(bot, message).action == "clarify"
