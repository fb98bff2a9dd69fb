"""Which article a message means, learned as one class each from the ways in which customers ask for it: a second opinion for the search.

The search knows an article by the nearest way of asking, which may be near in its words alone; classes are learned from all of them against
those of all other articles. Where both agree, a wrong answer is rare: of the plain questions of the development conversations, half as many at
the same share of answers as by search and intent (a trial, which is not kept).
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from verticals.config import Config, MethodConfig, TrainConfig
from verticals.data.examples import Examples
from verticals.data.splits import Splits, carve
from verticals.objectives import classify
from verticals.objectives.classifier import Classifier
from verticals_customer_service.knowledge import Article

_FOLDER = "article-classes"
_HELD_SHARE = 0.1  # on which tuning is compared with its start


def write(folder: Path, config: Config, articles: Sequence[Article]) -> None:
    """Learn the classes with a backbone of their own, into a run folder."""
    asked = [(text, article.id) for article in articles for text in (article.title, article.question, *article.asked)]
    texts, labels = zip(*((text, label) for text, label in asked if text), strict=True)
    train, held = carve(Examples(texts, labels, tuple(range(1, len(texts) + 1))), _HELD_SHARE, config.train.seed)
    with TemporaryDirectory() as work:
        fitted = classify.fit(Splits("articles", _names(articles), train, held, held), _settings(config), Path(work))
    (folder / _FOLDER).mkdir()
    fitted.classifier.save(folder / _FOLDER)


def load(folder: Path, config: Config, articles: Sequence[Article]) -> Classifier | None:
    """Read what `write` wrote, its classes in the order of these articles; None where a run has none.

    Raises:
        RunError: a file of it is missing.
    """
    path = folder / _FOLDER
    return classify.load(path, _names(articles), _settings(config)) if path.is_dir() else None


def _names(articles: Sequence[Article]) -> tuple[str, ...]:
    return tuple(article.id for article in articles)


def _settings(config: Config) -> Config:
    return Config(
        backbone=config.backbone,
        method=MethodConfig(name="full"),
        train=TrainConfig(seed=config.train.seed, epochs=8, batch_size=16, learning_rate=1e-4),
    )
