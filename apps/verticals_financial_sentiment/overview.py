"""What pages and REST show of what is kept: companies with their mood and its band, stories with their items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import case, func, select

from verticals import storage
from verticals.arrays import Float64Array, IntArray
from verticals.errors import DataError
from verticals_financial_sentiment import tables
from verticals_financial_sentiment.rows import Row
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.symbols import Symbol

BAND: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Tile:
    """One company now.

    Attributes:
        ticker: of the company, with its name and sector.
        mood: the index, in (-1, 1); its newest value.
        low: mean minus one standard deviation of the index over `BAND`, and `high` plus one.
        volume: weight of what was said in the last 24 hours.
        alerts: raised in the last 24 hours, or later, and not answered.
    """

    ticker: str
    name: str
    sector: str
    mood: float
    low: float
    high: float
    volume: float
    alerts: int


def tiles(store: Store, symbols: Sequence[Symbol], now: datetime) -> list[Tile]:
    """Return the companies that were talked about, the most talked about in the last 24 hours first."""
    seconds = int(now.timestamp())
    point = tables.index_points.c
    mood, volume = point["values"]["mood"].as_float(), point["values"]["volume"].as_float()
    recent = case((point.time >= seconds - DAY.total_seconds(), volume), else_=0.0)
    newest = select(point.ticker, func.max(point.time).label("time")).group_by(point.ticker).subquery()
    since = point.time >= seconds - BAND.total_seconds()
    spread = (
        select(point.ticker, func.avg(mood), func.avg(mood * mood), func.sum(recent))
        .where(since)
        .group_by(point.ticker)
    )
    last = select(point.ticker, mood).join(newest, (newest.c.ticker == point.ticker) & (newest.c.time == point.time))
    with storage.transaction(store.engine) as connection:
        moods = dict(tuple(row) for row in connection.execute(last))
        rows = [tuple(row) for row in connection.execute(spread)]
    known, open_alerts = {symbol.ticker: symbol for symbol in symbols}, _open_alerts(store, now - DAY)
    found = [
        _tile(known.get(ticker, Symbol(ticker, ticker)), moods[ticker], mean, square, said, open_alerts.get(ticker, 0))
        for ticker, mean, square, said in rows
    ]
    return sorted(found, key=lambda tile: (-tile.volume, tile.ticker))


def tickers(store: Store) -> list[str]:
    """Return the companies that have an index, those that the symbol list no longer has too."""
    with storage.transaction(store.engine) as connection:
        return [*connection.scalars(select(tables.index_points.c.ticker).distinct().order_by("ticker"))]


def _tile(symbol: Symbol, mood: float, mean: float, square: float, volume: float, alerts: int) -> Tile:
    deviation = max(square - mean * mean, 0.0) ** 0.5
    return Tile(symbol.ticker, symbol.name, symbol.sector, mood, mean - deviation, mean + deviation, volume, alerts)


def _open_alerts(store: Store, since: datetime) -> Mapping[str, int]:
    row = tables.alerts.c
    query = select(row.ticker, func.count()).where(row.state == "new", row.time >= since).group_by(row.ticker)
    with storage.transaction(store.engine) as connection:
        return dict(tuple(row) for row in connection.execute(query))


@dataclass(frozen=True)
class Timeline:
    """The index of one company: times in seconds since 1970, the mood, its band from the past alone, and the volume of each bucket."""

    times: IntArray
    mood: Float64Array
    low: Float64Array
    high: Float64Array
    volume: Float64Array


def timeline(store: Store, ticker: str, since: datetime) -> Timeline:
    """Return the index of a company from a moment on; the band of each point is mean and deviation of the `BAND` before it."""
    start = int(since.timestamp())
    points = store.points(ticker, start - int(BAND.total_seconds()))
    times = np.array([time for time, _ in points], np.int64)
    mood = np.array([values["mood"] for _, values in points], float)
    volume = np.array([values["volume"] for _, values in points], float)
    first = np.searchsorted(times, times - int(BAND.total_seconds()))
    sums, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (mood, mood**2))
    end = np.arange(1, len(times) + 1)
    mean = (sums[end] - sums[first]) / (end - first)
    deviation = np.sqrt(np.maximum((squares[end] - squares[first]) / (end - first) - mean**2, 0.0))
    shown = times >= start
    return Timeline(times[shown], mood[shown], (mean - deviation)[shown], (mean + deviation)[shown], volume[shown])


def stories(store: Store, ticker: str, most: int = 20) -> list[Row]:
    """Return the stories about a company, the last told first: id, title, first and last seen, sources, items, weight for the company."""
    told = tables.items.join(tables.opinions, tables.opinions.c.item == tables.items.c.id)
    about = select(tables.items.c.story).select_from(told).where(tables.opinions.c.ticker == ticker)
    query = select(tables.stories).where(tables.stories.c.id.in_(about))
    query = query.order_by(tables.stories.c.last_seen.desc(), tables.stories.c.number.desc()).limit(most)
    with storage.transaction(store.engine) as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [{**_story(row), "weight": row["weights"].get(ticker, 0.0)} for row in rows]


def titles(store: Store, ids: Sequence[str]) -> dict[str, Row]:
    """Return those of the stories that are kept, by id."""
    query = select(tables.stories).where(tables.stories.c.id.in_(ids))
    with storage.transaction(store.engine) as connection:
        return {row["id"]: _story(dict(row)) for row in connection.execute(query).mappings()}


def story(store: Store, name: str) -> Row:
    """Return a story with the items it was folded from, and what each added to the weight by company: the audit trail of the index.

    Raises:
        DataError: there is no such story.
    """
    found = titles(store, [name])
    if not found:
        raise DataError(f"no story '{name}'; it may be older than what is kept")
    item = tables.items.c
    query = select(tables.items).where(item.story == name).order_by(item.number)
    with storage.transaction(store.engine) as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    names = ("id", "source", "published", "received", "title", "body", "url", "relation", "vote", "gains")
    return {**found[name], "told": [{key: row[key] for key in names} for row in rows]}


def _story(row: Row) -> Row:
    names = ("id", "thread", "title", "first_seen", "last_seen", "items", "tickers", "weights")
    return {**{name: row[name] for name in names}, "sources": list(row["sources"])}
