"""Articles as classes: learned from the ways of asking, and their say in the search."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toys import settings
from verticals.arrays import FloatArray
from verticals.methods.tfidf import TfidfClassifier
from verticals_customer_service import article_classes, retrieval
from verticals_customer_service.knowledge import LEAST_LIKELY, SEARCH_COUNTS, Article
from verticals_customer_service.retrieval import ArticleSearch, Threshold

WAYS = {"report": ("broken on arrival", "came in pieces"), "keep": ("keep the pieces", "send the broken one back")}


def article(name: str) -> Article:
    return Article(id=name, title=name, intents=("damage",), question=f"{name}?", asked=WAYS[name], text="It depends.")


def torn(messages: Sequence[str]) -> FloatArray:
    """Judge both articles alike."""
    return np.ones((len(messages), len(WAYS)), np.float32)


def test_where_the_search_is_torn_the_classes_decide_and_an_unlikely_article_loses_no_more_than_the_limit() -> None:
    texts = [text for ways in WAYS.values() for text in ways]
    classes = TfidfClassifier.fit(texts, np.array([0, 0, 1, 1]), tuple(WAYS), seed=0)
    search = ArticleSearch(torn, Threshold(0.0, 0.0), classes=classes)
    assert [search.relevance(text).best() for text in texts] == [0, 0, 1, 1]
    scores = search.relevance(texts[0]).scores
    assert (scores <= 1).all()
    assert (scores >= 1 + np.log(LEAST_LIKELY) / SEARCH_COUNTS).all()


def test_a_run_folder_gets_classes_that_load_in_the_order_of_its_articles(tiny_backbone: Path, tmp_path: Path) -> None:
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 32})
    articles = [article(name) for name in WAYS]
    assert article_classes.load(tmp_path, config, articles) is None
    article_classes.write(tmp_path, config, articles)
    classes = article_classes.load(tmp_path, config, articles)
    assert classes is not None
    assert classes.labels == tuple(WAYS)
    assert all(not reader.frozen for reader in classes.readers)
    retrieval.write(tmp_path, config, articles, ["it came in pieces"])
    search = retrieval.load(tmp_path, config, articles)
    assert search is not None
    assert len(search.readers) == 2
