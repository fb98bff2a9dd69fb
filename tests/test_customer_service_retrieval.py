"""Search over articles: what each part adds, where the line is drawn, and the reader of StackFAQ."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bots import Hears
from toys import settings
from verticals.arrays import FloatArray
from verticals.errors import DataError
from verticals.evaluation.calibration import Calibration
from verticals.evaluation.predictor import Predictor
from verticals.inference.batches import Scores
from verticals.methods.one_pass import Reader
from verticals_customer_service import benchmark_stackfaq, retrieval
from verticals_customer_service.alarm import Alarm
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.hearing import Skills
from verticals_customer_service.knowledge import Article, Intent, Knowledge
from verticals_customer_service.retrieval import ArticleSearch, Entry, HybridIndex, Relevance, Threshold, Weights
from verticals_customer_service.turns import Conversation

VOCABULARY = ("refund", "card", "lamp", "sofa", "days", "colour")
ENTRIES = (
    Entry(("refund card",), ("lamp",)),
    Entry(("lamp",), ("sofa", "colour days")),
    Entry(("sofa colour",), ("refund",)),
)


def bag(texts: Sequence[str]) -> FloatArray:
    """Return unit vectors that count known words; a text without any points nowhere."""
    counts = np.array([[text.split().count(word) for word in VOCABULARY] for text in texts], np.float32)
    return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9), np.float32)


def test_the_score_is_the_question_and_half_of_the_best_text() -> None:
    index = HybridIndex(ENTRIES, bag, Weights(1.0, 0.5, 0.0))
    assert index.scores(["lamp", "days"]) == pytest.approx(
        np.array([[0.5, 1.0, 0.0], [0.0, 0.5 / np.sqrt(2), 0.0]]), abs=1e-6
    )


def test_of_several_ways_to_ask_the_nearest_one_counts() -> None:
    entries = (Entry(("lamp", "sofa days"), ("card",)), Entry(("sofa",), ("card",)))
    index = HybridIndex(entries, bag, Weights(1.0, 0.0, 0.0))
    assert index.scores(["sofa days"])[0].tolist() == pytest.approx([1.0, np.sqrt(0.5)], abs=1e-6)


def test_words_decide_where_meaning_sees_no_difference() -> None:
    twins = (Entry(("sofa AX-1",), ("colour",)), Entry(("sofa AX-2",), ("colour",)))
    assert HybridIndex(twins, bag).scores(["the sofa ax-2"])[0].argmax() == 1
    plain = HybridIndex(twins, bag, Weights(1.0, 0.5, 0.0)).scores(["the sofa ax-2"])[0]
    assert plain[0] == plain[1]


def test_at_most_the_given_share_of_in_scope_texts_stays_below_the_line() -> None:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(VOCABULARY, generator.integers(1, 6))) for _ in range(200)]
    index = HybridIndex(ENTRIES, bag)
    line = retrieval.threshold(index.scores, texts, 0.3)
    refused = [not ArticleSearch(index.scores, line).relevance(text).any() for text in texts]
    assert 0.1 < np.mean(refused) <= 0.3


def test_a_line_is_drawn_with_one_article_alone() -> None:
    index = HybridIndex(ENTRIES[:1], bag, Weights(1.0, 0.0, 0.0))
    line = retrieval.threshold(index.scores, ["refund card", "refund card", "lamp"], 0.5)
    assert (line.relevant, line.lead) == pytest.approx((1.0, 0.0))
    assert ArticleSearch(index.scores, line).relevance("refund card").any()


def test_a_message_about_nothing_known_finds_no_article() -> None:
    search = ArticleSearch(HybridIndex(ENTRIES, bag).scores, Threshold(0.4, 0.1))
    nothing = search.relevance("weather tomorrow")
    assert not nothing.any()
    assert nothing.clear() is None


def test_a_lead_is_clear_only_over_the_second_best() -> None:
    search = ArticleSearch(HybridIndex(ENTRIES, bag, Weights(1.0, 0.0, 0.0)).scores, Threshold(0.4, 0.1))
    assert search.relevance("lamp").clear() == 1
    assert search.relevance("refund card lamp sofa colour").clear() is None


def test_the_line_is_drawn_at_training_and_read_back(tiny_backbone: Path, tmp_path: Path) -> None:
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 16})
    articles = [
        Article(id="a", title="parcel late", intents=("track",), text="where is the parcel"),
        Article(id="b", title="money back", intents=("refund",), text="the refund goes to the bank"),
    ]
    assert retrieval.load(tmp_path, config, articles) is None
    retrieval.write(tmp_path, config, articles, ["my parcel is late", "money back please"])
    search = retrieval.load(tmp_path, config, articles)
    assert search is not None
    assert search.relevance("parcel late").scores.argmax() == 0
    assert search.relevance("money back").scores.argmax() == 1


class Sure:
    """A classifier that is sure of `gift` where the text says card, and knows nothing else."""

    labels: tuple[str, ...] = ("gift", "other")
    readers: tuple[Reader, ...] = ()

    def score(self, texts: Any, progress: str | None = None) -> Scores:
        logits = np.array([[9.0 * ("card" in text), 0.0] for text in texts], np.float32)
        return Scores(logits, np.array([0.1 if "weather" in text else 0.9 for text in texts], np.float32))

    def logits(self, texts: Any) -> FloatArray:
        return self.score(texts).logits

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def bot() -> Bot:
    articles = [
        Article(id="card", title="card", intents=("gift",), text="A card is bought."),
        Article(id="days", title="days", intents=("gift",), text="It lasts many days."),
        Article(id="sofa", title="sofa colour", intents=("other",), text="A sofa has a colour."),
    ]
    intents = {name: Intent(en=name, zh=name, action="answer") for name in Sure.labels}
    search = ArticleSearch(HybridIndex(retrieval.entries(articles), bag).scores, Threshold(0.4, 0.1))
    predictor = Predictor(Sure(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.6))
    return Bot(predictor, Knowledge(intents, articles), Skills(search))


def test_an_unclear_follow_up_stays_with_the_subject(bot: Bot) -> None:
    conversation, first = bot.turn(Conversation(), "a card please")
    _, second = bot.turn(conversation, "and for how many days")
    assert [(turn.action, turn.sources[0].id) for turn in (first, second)] == [("answer", "card"), ("answer", "days")]
    alone = bot.turn(Conversation(), "and for how many days")[1]
    assert alone.action == "clarify"


def test_intents_and_search_choose_the_article_together(bot: Bot) -> None:
    """The classifier is sure of `gift`; only a search that leads by far puts the article of another intent before its own."""
    sure = [("gift", 1.0)]
    for lead, article in ((0.2, "card"), (0.5, "sofa")):
        relevance = Relevance(np.array([1.0, 0.5, 1.0 + lead], np.float32), Threshold(0.4, 0.1))
        assert bot.knowledge.likeliest(sure, "which colour", relevance)[0].id == article
    torn = Relevance(np.array([1.0, 0.5, 1.1], np.float32), Threshold(0.4, 0.1))
    assert bot.knowledge.likeliest([("gift", 0.55), ("other", 0.45)], "which colour", torn)[0].id == "sofa"


def test_a_clearly_relevant_article_is_offered_by_its_title_and_opened_by_a_yes(bot: Bot) -> None:
    conversation, offer = bot.turn(Conversation(), "the sofa has which colour")
    assert offer.action == "clarify"
    assert "sofa colour" in offer.reply
    _, answer = bot.turn(conversation, "yes please")
    assert (answer.action, answer.reply) == ("answer", "A sofa has a colour.")


def test_where_the_search_is_sure_its_article_answers_although_the_intent_is_unclear(bot: Bot) -> None:
    search = bot.skills.search
    assert search is not None
    plain, sure = "the sofa has which colour", Threshold(0.4, 0.1, float(search.relevance("sofa colour").scores.max()))
    bot.skills = replace(
        bot.skills, search=ArticleSearch(HybridIndex(retrieval.entries(bot.knowledge.articles), bag).scores, sure)
    )
    assert bot.turn(Conversation(), "sofa colour")[1].sources[0].id == "sofa"
    assert bot.turn(Conversation(), f"{plain}, and which days")[1].action == "clarify"


@pytest.mark.parametrize(
    ("heard", "action"),
    [
        (Alarm(Hears("complaint"), np.inf, np.inf), "answer"),
        (Alarm(Hears("complaint"), np.inf, 0.0), "hand_over"),
        (None, "hand_over"),
    ],
)
def test_where_the_intent_always_goes_to_a_person_a_sure_search_answers_only_if_an_alarm_is_silent(
    bot: Bot, heard: Alarm | None, action: str
) -> None:
    known = bot.knowledge
    intents = {**known.intents, "gift": Intent(en="gift", zh="gift", action="hand_over")}
    index = HybridIndex(retrieval.entries(known.articles), bag)
    skills = replace(bot.skills, search=ArticleSearch(index.scores, Threshold(0.1, 0.1, 0.1)), alarm=heard)
    turn = Bot(bot.predictor, Knowledge(intents, known.articles), skills).turn(Conversation(), "sofa colour card?")[1]
    assert turn.action == action


@pytest.mark.parametrize(("message", "action"), [("how does a card work", "answer"), ("a card", "hand_over")])
def test_an_article_that_goes_with_a_person_is_told_to_a_question_and_not_to_a_wish(
    bot: Bot, message: str, action: str
) -> None:
    known = bot.knowledge
    intents = {**known.intents, "gift": Intent(en="gift", zh="gift", action="hand_over")}
    index, silent = HybridIndex(retrieval.entries(known.articles), bag), Alarm(Hears("complaint"), np.inf, np.inf)
    skills = replace(bot.skills, search=ArticleSearch(index.scores, Threshold(0.1, 0.1, 0.1)), alarm=silent)
    turn = Bot(bot.predictor, Knowledge(intents, known.articles), skills).turn(Conversation(), message)[1]
    assert (turn.action, turn.sources[0].id) == (action, "card")


def test_an_offer_is_forgotten_when_it_is_not_taken(bot: Bot) -> None:
    conversation, _ = bot.turn(Conversation(), "the sofa has which colour")
    conversation, answer = bot.turn(conversation, "a card please")
    assert answer.sources[0].id == "card"
    assert conversation.offered == ()


@pytest.fixture
def torn() -> Bot:
    """A bot with two articles on one intent that are as relevant as each other to `a card`."""
    articles = [
        Article(id="buy", title="card sofa", intents=("gift",), text="A card is bought."),
        Article(id="pay", title="card days", intents=("gift",), text="A card pays."),
    ]
    intents = {name: Intent(en=name, zh=name, action="answer") for name in Sure.labels}
    search = ArticleSearch(HybridIndex(retrieval.entries(articles), bag).scores, Threshold(0.4, 0.1))
    predictor = Predictor(Sure(), Calibration(1.0, (0.5, 1.0), (0.0, 1e9), 0.0, 0.6))
    return Bot(predictor, Knowledge(intents, articles), Skills(search))


def test_of_two_articles_none_is_opened_by_a_message_that_sounds_like_trouble(torn: Bot) -> None:
    """`the card days one` takes the second article; with an alarm that hears trouble in it, a person is called."""
    conversation, _ = torn.turn(Conversation(), "a card")
    torn.skills = replace(torn.skills, alarm=Alarm(Hears("complaint"), 1.0, 0.0))
    assert torn.turn(conversation, "the card days one")[1].action == "hand_over"
    assert torn.turn(conversation, "the second one")[1].sources[0].id == "pay"


@pytest.mark.parametrize(
    ("said", "article"),
    [
        ("the first one", "buy"),
        ("the latter please", "pay"),
        ("yes, the second one", "pay"),
        ("sure, the latter", "pay"),
        ("the card days one", "pay"),
        ("the 1st", "buy"),
        ("1", "buy"),
        ("the 2nd one", "pay"),
        ("number two please", "pay"),
    ],
)
def test_of_two_articles_nearly_as_likely_the_customer_chooses(torn: Bot, said: str, article: str) -> None:
    conversation, asked = torn.turn(Conversation(), "a card")
    assert (asked.action, asked.sources) == ("clarify", ())
    assert "“card sofa”" in asked.reply and "“card days”" in asked.reply
    assert torn.turn(conversation, said)[1].sources[0].id == article


def test_both_of_two_articles_are_quoted_where_the_customer_wants_both(torn: Bot) -> None:
    conversation, _ = torn.turn(Conversation(), "a card")
    turn = torn.turn(conversation, "both please")[1]
    assert [source.id for source in turn.sources] == ["buy", "pay"]
    assert turn.reply == "A card is bought.\n\nA card pays."


def test_of_two_articles_none_is_opened_by_a_message_that_none_is_about(torn: Bot) -> None:
    conversation, _ = torn.turn(Conversation(), "a card")
    assert torn.turn(conversation, "hm, whatever")[1].action == "hand_over"


def test_neither_of_two_articles_is_a_matter_for_a_person(torn: Bot) -> None:
    conversation, _ = torn.turn(Conversation(), "a card")
    assert torn.turn(conversation, "no, neither")[1].action == "hand_over"


def test_a_message_that_is_plainly_about_one_article_is_answered_at_once(torn: Bot) -> None:
    assert torn.turn(Conversation(), "card days")[1].sources[0].id == "pay"


THREAD = """<qapair><rephr>*</rephr><rephr> How do I
  sing? </rephr><rephr>singing?</rephr><question>How to sing</question><answer>Loudly.</answer><answer>Softly.</answer></qapair>"""
OTHER = "<qapair><rephr>Singing?</rephr><rephr>dance</rephr><question>Dance</question><answer>Twirl.</answer></qapair>"


def test_threads_are_read_with_placeholders_and_repeats_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "faq.xml").write_text(f"<root>{THREAD}{OTHER}</root>", encoding="utf-8")
    threads = benchmark_stackfaq.read(tmp_path / "faq.xml")
    assert threads.queries == ("How do I sing?", "singing?", "dance")
    assert threads.thread.tolist() == [0, 0, 1]
    assert threads.dropped == 1
    assert threads.entries[0] == Entry(("How to sing",), ("Loudly.", "Softly."))


@pytest.mark.parametrize("text", ["<root>", "<root><qapair><question>Q</question></qapair></root>"])
def test_a_damaged_file_of_threads_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "faq.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"faq\.xml"):
        benchmark_stackfaq.read(tmp_path / "faq.xml")


def test_no_thread_is_in_training_and_held_out_at_once() -> None:
    entries = tuple(Entry((f"question {n}",), (f"answer {n}", f"other {n}")) for n in range(12))
    queries = tuple(f"query {n} {form}" for n in range(12) for form in range(3))
    threads = benchmark_stackfaq.Threads(entries, queries, np.repeat(np.arange(12), 3), 0)
    parts = benchmark_stackfaq.folds(threads, 0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(12))
    for held in parts:
        pairs = benchmark_stackfaq.training_pairs(threads, held)
        assert len(pairs.train) + len(pairs.test) == len(queries)
        assert not {text.split()[1] for text in pairs.train.left} & {text.split()[1] for text in pairs.test.left}
        assert all(a.split()[1] == b.split()[1] for a, b in zip(pairs.train.left, pairs.train.right, strict=True))


def test_the_only_relevant_thread_is_a_querys_own() -> None:
    threads = benchmark_stackfaq.Threads(ENTRIES, ("a", "b"), np.array([0, 2]), 0)
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.7]], np.float32)
    judged = benchmark_stackfaq.judge(scores, threads)
    assert judged["mrr"].value == judged["map"].value == pytest.approx(0.75)
    assert judged["precision_at_5"].value == pytest.approx(0.2)


def test_the_suite_puts_every_search_beside_bm25(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"n{number}" for number in range(10)]
    threads = "".join(
        f"<qapair><rephr>please {word}</rephr><rephr>where {word}</rephr><question>{word}</question>"
        f"<answer>the {word} parcel</answer></qapair>"
        for word in words
    )
    (tmp_path / "stackfaq").mkdir()
    (tmp_path / "stackfaq" / "stackExchange-FAQ.xml").write_text(f"<root>{threads}</root>", encoding="utf-8")
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path))
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 16})
    rows = benchmark_stackfaq.run(config) + benchmark_stackfaq.run_matched(config)
    assert [row["method"] for row in rows] == ["bm25", "questions", "hybrid", "answers", "answers-matched"]
    assert rows[0]["metrics"]["mrr"]["value"] == 1
    assert all(row["baseline"]["metrics"] == rows[0]["metrics"] for row in rows)
    assert rows[0]["data"]["split"] == {"queries": 20, "threads": 10, "folds": 5, "dropped": 0}
