"""A financial sentiment monitor: reads the stream, measures the mood by company, and warns early."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verticals.config import ClassifyConfig, Config
from verticals.vertical import Service, Suite, Vertical
from verticals_financial_sentiment.settings import Settings

if TYPE_CHECKING:
    from verticals.runs import Run


def _train(config: Config) -> "Run":
    from verticals_financial_sentiment import recipe

    return recipe.train(config)


def _evaluate(run: "Run", data: Path | None) -> dict[str, Any]:
    from verticals_financial_sentiment import recipe

    return recipe.evaluate(run, data)


def _predict(run: "Run", file: Path) -> list[dict[str, Any]]:
    from verticals.evaluation.predictor import predict_file

    return predict_file(run, file)


def _serve(run: "Run") -> Service:
    from verticals_financial_sentiment import channels, recipe
    from verticals_financial_sentiment.api import build_api
    from verticals_financial_sentiment.desk import Desk, open_store
    from verticals_financial_sentiment.linking import Linker
    from verticals_financial_sentiment.sentiment import Judge
    from verticals_financial_sentiment.ui import build_pages

    settings, symbols = Settings.model_validate(run.config.app), recipe.symbols(run)
    sent_on = channels.from_settings(settings.channels)
    desk = Desk(open_store(settings), Judge.load(run), Linker(symbols), settings, sent_on)
    return Service(build_api(desk, symbols), build_pages(desk, symbols, run), desk)


def _suite(name: str, summary: str, quick: bool) -> Suite:
    def run(config: Config) -> list[dict[str, Any]]:
        from verticals_financial_sentiment import benchmark

        return benchmark.SUITES[name](config)

    return Suite(name, summary, quick, run)


app = Vertical(
    name="financial-sentiment",
    title={"en": "Financial sentiment", "zh": "金融舆情监测"},
    summary={
        "en": "Reads headlines, judges them by company, folds copies into stories, and warns when something abnormal begins.",
        "zh": "读取财经标题，按公司判断情绪，合并重复报道，并在异常出现时及早预警。",
    },
    defaults=Path(__file__).with_name("config.yaml"),
    settings=Settings,
    objective=ClassifyConfig,
    train=_train,
    evaluate=_evaluate,
    predict=_predict,
    serve=_serve,
    suites=(
        _suite(
            "shipped", "sentiment of the shipped headlines, beside TF-IDF, a word list and the commonest class", True
        ),
        _suite("contrast", "pairs that differ in little and mean different things: both sides right", True),
        _suite("phrasebank-50agree", "Financial PhraseBank, at least half of the annotators agree", True),
        _suite("phrasebank-allagree", "Financial PhraseBank, all annotators agree", True),
        _suite("nab-realtweets", "anomalies in mentions of ten tickers, Numenta's score", True),
        _suite("flooding", "500 near-copies of a rumour against three independent stories", True),
        _suite("early-warning", "delay of the fortnight's six incidents, and alerts a day", True),
        _suite("throughput", "headlines a second from row to alert, and memory over a long replay", False),
    ),
)
