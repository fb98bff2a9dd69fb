"""A financial sentiment monitor: reads the stream, measures the mood by company, and warns early."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verticals.config import ClassifyConfig, Config
from verticals.vertical import Service, Vertical
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
    from verticals.evaluation.predictor import Predictor
    from verticals_financial_sentiment import recipe
    from verticals_financial_sentiment.api import build_api
    from verticals_financial_sentiment.linking import Linker

    settings = Settings.model_validate(run.config.app)
    return Service(build_api(Predictor.load(run), Linker(recipe.symbols(run)), settings.zone), {})


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
)
