"""The monitor over REST: headlines in, judged by company."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from verticals.evaluation.predictor import Prediction, Predictor
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.records import Headline, Judged, Opinion
from verticals_financial_sentiment.sources.intake import take_rows
from verticals_financial_sentiment.text import folded

MOST_ROWS = 1_000


class PostedHeadline(BaseModel):
    """One headline; a title or a body is enough."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=4_000)
    body: str = Field("", max_length=80_000)
    published: str = Field("", max_length=200, description="ISO 8601, RFC 2822 or seconds since 1970")
    source: str = Field("", max_length=200)
    url: str = Field("", max_length=2_000)


class Post(BaseModel):
    """Headlines that belong to one call."""

    model_config = ConfigDict(extra="forbid")

    headlines: list[PostedHeadline] = Field(min_length=1, max_length=MOST_ROWS)


def judge(predictor: Predictor, linker: Linker, headlines: Sequence[Headline]) -> list[Judged]:
    """Return what each headline says about each company it is linked to."""
    predictions = predictor.predict([headline.text for headline in headlines])
    return [
        Judged(headline, tuple(_opinion(ticker, prediction) for ticker in linker.link(folded(headline.text)).tickers))
        for headline, prediction in zip(headlines, predictions, strict=True)
    ]


def _opinion(ticker: str, prediction: Prediction) -> Opinion:
    shares = dict(prediction.ranking)
    return Opinion(ticker, shares.get("positive", 0.0), shares.get("neutral", 0.0), shares.get("negative", 0.0))


def build_api(predictor: Predictor, linker: Linker, zone: str) -> APIRouter:
    """Return the routes under `/api/financial-sentiment`."""
    router = APIRouter()

    @router.post("/judge")
    def judge_headlines(post: Post) -> dict[str, Any]:
        """Judge headlines by company; nothing is kept."""
        rows = [posted.model_dump() for posted in post.headlines]
        batch = take_rows(rows, "posted", datetime.now(UTC), zone)
        judged = judge(predictor, linker, batch.headlines)
        return {
            "headlines": [
                {
                    "id": each.headline.id,
                    "text": each.headline.text,
                    "published": each.headline.published.isoformat(),
                    "companies": {
                        opinion.ticker: {**asdict(opinion), "score": opinion.score, "sentiment": opinion.sentiment}
                        for opinion in each.opinions
                    },
                }
                for each in judged
            ],
            "counts": batch.counts,
        }

    return router
