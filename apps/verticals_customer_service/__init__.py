"""A customer-service bot: knows the intent, quotes the article, and hands over when it is not sure."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verticals.config import ClassifyConfig, Config
from verticals.vertical import Check, Checked, Service, Suite, Vertical
from verticals_customer_service.settings import Settings

if TYPE_CHECKING:
    from verticals.data.splits import Splits
    from verticals.runs import Run


def _train(config: Config) -> "Run":
    from verticals_customer_service import recipe

    return recipe.train(config)


def _evaluate(run: "Run", data: Path | None) -> dict[str, Any]:
    from verticals_customer_service import recipe

    return recipe.evaluate(run, data)


def _predict(run: "Run", file: Path) -> list[dict[str, Any]]:
    from verticals.evaluation.predictor import predict_file

    return predict_file(run, file)


def _serve(run: "Run") -> Service:
    from verticals import access
    from verticals.config import home
    from verticals.storage import database_url, open_database
    from verticals_customer_service import data, tables
    from verticals_customer_service.api import build_api
    from verticals_customer_service.conversations import Limits
    from verticals_customer_service.desk import Desk
    from verticals_customer_service.dialogue import Bot
    from verticals_customer_service.ui import build_pages

    settings = Settings.model_validate(run.config.app)
    engine = open_database(database_url("customer-service"), tables.metadata)
    limits = Limits(settings.longest_message, settings.messages_per_minute, seconds=60)
    orders = None
    if data.from_samples(run):
        from verticals_customer_service.orders import demo_orders

        orders = demo_orders(f"sqlite:///{home() / 'customer-service-orders.sqlite'}", date.today())
    desk = Desk(Bot.load(run, orders), engine, home() / "customer-service-learned.csv", limits)
    key = access.key_in(home() / "customer-service.key")
    return Service(build_api(desk, key), build_pages(desk, run, key))


def _rows(config: Config) -> "Splits":
    from verticals_customer_service import data

    return data.splits(config)


def _suite(name: str, summary: str, quick: bool) -> Suite:
    def run(config: Config) -> list[dict[str, Any]]:
        from verticals_customer_service import benchmark

        return benchmark.SUITES[name](config)

    return Suite(name, summary, quick, run)


def _check(name: str, summary: str) -> Check:
    def run(of: "Run") -> Checked:
        from verticals_customer_service import checks

        return checks.CHECKS[name](of)

    return Check(name, summary, run)


app = Vertical(
    name="customer-service",
    title={"en": "Customer service", "zh": "智能客服"},
    summary={
        "en": "Understands what a customer wants, answers from your help articles, and hands over when it is not sure.",
        "zh": "识别客户意图，依据帮助文章作答，拿不准时转人工。",
    },
    defaults=Path(__file__).with_name("config.yaml"),
    settings=Settings,
    objective=ClassifyConfig,
    train=_train,
    evaluate=_evaluate,
    predict=_predict,
    serve=_serve,
    suites=(
        _suite("shipped", "intents and refusals on the shipped samples", quick=True),
        _suite("turns", "time of one whole turn of the shipped bot", quick=True),
        _suite("banking77", "77 intents of a bank's customers", quick=True),
        _suite(
            "scripted-conversations",
            "held-out conversations with gold outcomes, by the shipped bot",
            quick=True,
        ),
        _suite(
            "hard-conversations",
            "conversations that are hard to read, held out until the bot was mended on them",
            quick=False,
        ),
        _suite("development-conversations", "the conversations that the bot was mended on", quick=False),
        _suite("load", "50 customers at once against the real server, for two minutes", quick=False),
        _suite("dialogues", "replies generated on held-out dialogues, and whether they are grounded", quick=False),
        _suite("stackfaq", "paraphrased questions find their thread, by questions, answers, or both", quick=True),
        _suite("stackfaq-matched", "the same by answers alone, tuned on other threads", quick=False),
        _suite("snips", "intents and slots of seven tasks", quick=False),
        _suite("clinc150", "150 intents and out-of-scope questions", quick=False),
    ),
    rows=_rows,
    checks=(
        _check("personal-data", "200 messages with personal data leave none in database, exports, counts or logs"),
        _check("canaries", "hostile messages and articles are neither obeyed nor echoed"),
        _check("articles", "the run's own articles hold nothing that is not quoted"),
        _check("limits", "too long and too many messages are refused"),
        _check("silence", "the bot says nothing while a person has the conversation"),
    ),
)
