"""The monitor over REST: headlines in, opinions, indices, stories and alerts out."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from verticals.errors import DataError
from verticals.problems import problems
from verticals_financial_sentiment import alerts, overview, views
from verticals_financial_sentiment.delivery import as_alert, as_csv
from verticals_financial_sentiment.desk import Desk
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.rows import Row
from verticals_financial_sentiment.sources.intake import Batch, take_rows
from verticals_financial_sentiment.store import AlertAnswer
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import folded

MOST_ROWS = 1_000
_POSTED = "posted"
_ANSWERS: dict[str, alerts.Answer] = {
    "acknowledge": "acknowledge",
    "mute": "mute",
    "unmute": "unmute",
    "false-alarm": "false alarm",
}


class PostedHeadline(BaseModel):
    """One headline; a title or a body is enough."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=4_000)
    body: str = Field("", max_length=20_000)
    published: str = Field("", max_length=200, description="ISO 8601, RFC 2822 or seconds since 1970")
    source: str = Field("", max_length=200)
    url: str = Field("", max_length=2_000)


class Post(BaseModel):
    """Headlines that belong to one call."""

    model_config = ConfigDict(extra="forbid")

    headlines: list[PostedHeadline] = Field(min_length=1, max_length=MOST_ROWS)


Ticker = Annotated[str, Path(max_length=16)]
Name = Annotated[str, Path(max_length=64)]
Most = Annotated[int, Query(ge=1, le=1_000)]
_MISSING = problems(404)
_TABLE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


def build_api(desk: Desk, symbols: Sequence[Symbol]) -> APIRouter:
    """Return the routes under `/api/financial-sentiment`."""
    router = APIRouter()
    _add_headlines(router, desk)
    _add_companies(router, desk, symbols)
    _add_alerts(router, desk)
    return router


def _add_headlines(router: APIRouter, desk: Desk) -> None:
    @router.post("/judge")
    def judge(post: Post) -> dict[str, Any]:
        """Judge headlines as a whole and by company; nothing is kept."""
        batch = _batch(post, desk, datetime.now(UTC))
        return {"headlines": judged(desk, batch.headlines), "counts": batch.counts}

    @router.post("/headlines")
    def headlines(post: Post) -> dict[str, Any]:
        """Put headlines into the stream; one that was counted before is passed over."""
        batch = _batch(post, desk, desk.now())
        taken = desk.take(batch)
        raised = [alert.id for alert in taken.alerts]
        return {"new": taken.new, "known": taken.known, "alerts": raised, "counts": batch.counts}


def _batch(post: Post, desk: Desk, now: datetime) -> Batch:
    return take_rows([posted.model_dump() for posted in post.headlines], _POSTED, now, desk.settings.zone)


def judged(desk: Desk, headlines: Sequence[Headline]) -> list[dict[str, Any]]:
    """Return what each headline says, as a whole and about each company it is linked to."""
    texts = [folded(headline.text) for headline in headlines]
    links = [desk.linker.link(text) for text in texts]
    overall = desk.judge.probabilities([views.whole(text) for text in texts]).tolist()
    return [
        {
            "id": headline.id,
            "text": headline.text,
            "published": headline.published,
            "overall": _opinion(Opinion("", good, flat, bad)),
            "companies": {opinion.ticker: _opinion(opinion) for opinion in opinions},
            "abstained": [asdict(each) for each in found.abstained],
        }
        for headline, found, opinions, (bad, flat, good) in zip(
            headlines, links, desk.judge.opinions(texts, links), overall, strict=True
        )
    ]


def _opinion(opinion: Opinion) -> dict[str, Any]:
    shares = {name: value for name, value in asdict(opinion).items() if name != "ticker"}
    return {"sentiment": opinion.sentiment, "score": opinion.score, **shares}


def _add_companies(router: APIRouter, desk: Desk, symbols: Sequence[Symbol]) -> None:
    known = {symbol.ticker for symbol in symbols}

    @router.get("/tickers")
    def tickers() -> dict[str, Any]:
        """Name the companies that were talked about, the most talked about in the last 24 hours first."""
        found = [asdict(tile) for tile in overview.tiles(desk.store, symbols, desk.now())]
        return {"newest": desk.newest, "tickers": found}

    @router.get("/tickers/{ticker}/index", responses=_MISSING)
    def index(ticker: Ticker, since: Annotated[int, Query(ge=0, le=2**53)] = 0, most: Most = 1_000) -> dict[str, Any]:
        """Return the index of a company: closed buckets that begin at `since` (seconds since 1970) or later, the earliest first.

        One that left the symbol list keeps its index for as long as it is stored.
        """
        if ticker not in known and ticker not in overview.tickers(desk.store):
            raise HTTPException(404, f"no company '{ticker}' in the symbol list; GET tickers names those talked about")
        points = desk.store.points(ticker, since)[:most]
        return {"ticker": ticker, "points": [{"time": time, **values} for time, values in points]}

    @router.get("/stories/{story}", responses=_MISSING)
    def story(story: Name) -> Row:
        """Return a story with the items it was folded from, and what each added to the weight by company."""
        try:
            return overview.story(desk.store, story)
        except DataError as error:
            raise HTTPException(404, str(error)) from error


def _add_alerts(router: APIRouter, desk: Desk) -> None:
    @router.get("/alerts")
    def list_alerts(state: AlertAnswer | None = None, most: Most = 200) -> dict[str, Any]:
        """List alerts, the newest first."""
        return {"alerts": desk.store.alerts(state, most)}

    @router.get("/alerts.csv", response_class=Response, responses=_TABLE)
    def table(language: Literal["en", "zh"] = "en", most: Most = 1_000) -> Response:
        """Return alerts as a table for a spreadsheet."""
        rows = [as_alert(row) for row in desk.store.alerts(most=most)]
        return Response(as_csv(rows, language), media_type="text/csv")

    @router.post("/alerts/{alert}/{answer}", responses=_MISSING)
    def answer(alert: Name, answer: Literal["acknowledge", "mute", "unmute", "false-alarm"]) -> Row:
        """Answer an alert; false alarms raise the company's threshold, acknowledged ones lower it again."""
        try:
            desk.store.alert(alert)  # first, since an answer that fails makes the monitor begin from the store again
            desk.answer(alert, _ANSWERS[answer])
            return desk.store.alert(alert)
        except DataError as error:
            raise HTTPException(404, str(error)) from error
