"""The search of a tuned bot: a backbone of its own learns which article customers mean, from the ways in which they ask for each."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from verticals import objectives, pilot
from verticals.config import Config, MethodConfig, TrainConfig
from verticals.data.examples import Examples
from verticals.data.pairs import Pairs, PairSplits
from verticals.data.splits import carve
from verticals_customer_service import retrieval
from verticals_customer_service.knowledge import Article

APP = "customer-service-search"  # of the runs that are moved into a bot's
_FEWEST = 8  # ways of asking for an article, on the average
_HELD_SHARE = 0.1
_EPOCHS = 6  # chosen on the development conversations


def write(folder: Path, config: Config, articles: Sequence[Article]) -> None:
    """Tune the search of a run folder, and keep it there if it finds held-out ways of asking better than the backbone as it came."""
    splits = pairs(articles, config.train.seed)
    if splits is None:
        return
    run = pilot.train(APP, objectives.get("match"), settings(config), splits)
    if gained(run.metrics):
        run.folder.rename(folder / retrieval.MATCHER)
    else:
        shutil.rmtree(run.folder)


def enough(articles: Sequence[Article]) -> bool:
    """Say whether there are enough ways of asking to learn from."""
    return sum(len(article.asked) for article in articles) >= _FEWEST * len(articles)


def pairs(articles: Sequence[Article], seed: int) -> PairSplits | None:
    """Return each way of asking with the title and question of its article, some held out; None where there are too few."""
    if not enough(articles):
        return None
    asked = [(text, article) for article in articles for text in article.asked]
    answers = {article.id: f"{article.title}\n{article.question}".strip() for article in articles}
    rows = Examples(tuple(text for text, _ in asked), tuple(article.id for _, article in asked))
    train, held = carve(rows, _HELD_SHARE, seed)
    return PairSplits("articles", _pairs(train, answers), _pairs(held, answers))


def _pairs(rows: Examples, answers: dict[str, str]) -> Pairs:
    right = tuple(answers[label] for label in rows.labels)
    return Pairs(rows.texts, right, tuple(() for _ in right), tuple(range(1, len(right) + 1)))


def settings(config: Config) -> Config:
    """Return what the search is tuned with: the bot's backbone, all of it."""
    return Config(
        backbone=config.backbone.model_copy(update={"max_tokens": retrieval.MAX_TOKENS}),
        method=MethodConfig(name="full"),
        train=TrainConfig(seed=config.train.seed, epochs=_EPOCHS),
    )


def gained(measured: Mapping[str, Any]) -> bool:
    """Say whether a tuned search ranks held-out ways of asking better than the backbone as it came."""
    beside = (measured["baseline"], *measured["references"])
    untuned = next(each for each in beside if each["method"] == "untuned")
    return bool(measured["metrics"]["mrr"]["value"] > untuned["metrics"]["mrr"]["value"])
