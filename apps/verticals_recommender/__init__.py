"""A recommender for a shop or a news site: learns from behaviour and text, works for new people and items, and says why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verticals.config import Config, NoSettings
from verticals.vertical import Service, Suite, Vertical
from verticals_recommender.settings import Settings

if TYPE_CHECKING:
    from verticals.runs import Run


def _train(config: Config) -> "Run":
    from verticals_recommender import recipe

    return recipe.train(config)


def _evaluate(run: "Run", data: Path | None) -> dict[str, Any]:
    from verticals_recommender import recipe

    return recipe.evaluate(run, data)


def _predict(run: "Run", file: Path) -> list[dict[str, Any]]:
    from verticals_recommender import answers

    return answers.predict(run, file)


def _serve(run: "Run") -> Service:
    from verticals import access
    from verticals.config import home
    from verticals_recommender.api import build_api
    from verticals_recommender.following import Follower
    from verticals_recommender.opening import open_run, other_sample
    from verticals_recommender.ui import build_pages

    opened = open_run(run)
    other = other_sample(run)
    served = (opened,) if other is None else (opened, open_run(other))
    key = access.key_in(home() / "recommender.key")
    following = Follower([each.live for each in served])
    return Service(build_api(opened.live, key, opened.clock), build_pages(served), following)


def _suite(name: str, summary: str, quick: bool) -> Suite:
    def run(config: Config) -> list[dict[str, Any]]:
        from verticals_recommender import benchmark

        return benchmark.SUITES[name](config)

    return Suite(name, summary, quick, run)


app = Vertical(
    name="recommender",
    title={"en": "Recommender", "zh": "个性化推荐"},
    summary={
        "en": "Learns what people like from behaviour and item text, answers for new people and new items, and says why.",
        "zh": "从行为与物品文本中学习偏好，新用户与新物品也能即时推荐，并说明理由。",
    },
    defaults=Path(__file__).with_name("config.yaml"),
    settings=Settings,
    objective=NoSettings,
    train=_train,
    evaluate=_evaluate,
    predict=_predict,
    serve=_serve,
    suites=(
        _suite("shipped", "the shipped shop: every model on the same rows, and the index", quick=True),
        _suite("ml-100k", "films: full ranking, five random splits", quick=True),
        _suite("book-crossing", "books, a tenth of them new; text as it is and tuned on behaviour", quick=False),
        _suite(
            "million-items", "a million vectors: recall against the exact search, and time of one query", quick=False
        ),
        _suite("serving", "10,000 items over HTTP: fold-in, requests, and requests beside a writer", quick=False),
        _suite("shilling", "fake profiles push unpopular items: lift and alarm", quick=True),
        _suite("feedback-loop", "ten rounds of people who click what is recommended", quick=True),
    ),
)
