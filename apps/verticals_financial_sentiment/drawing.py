"""What the page shows at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import groupby
from typing import Any, Final

import plotly.graph_objects as go

from verticals.errors import DataError
from verticals_financial_sentiment import alerts, overview, panels, views
from verticals_financial_sentiment.desk import Desk
from verticals_financial_sentiment.figures import timeline_figure
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.sentiment import company_view
from verticals_financial_sentiment.sources.intake import DROPPED
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import folded

SHOWN: Final = timedelta(days=14)  # of the time-line
_TILES = 12
_ALERTS = 50
_ITEMS = 60


@dataclass(frozen=True)
class View:
    """The page in one language: the desk that it shows, the companies, the words."""

    desk: Desk
    symbols: tuple[Symbol, ...]
    language: str
    texts: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        """Company names by ticker."""
        return {symbol.ticker: symbol.name for symbol in self.symbols}


def parts(view: View, company: str, alert: str, about: str, headline: str) -> dict[str, Any]:
    """Return what is to be shown of what is kept: HTML by part, a company where none is chosen, and for `figure` a key of what it draws.

    Args:
        view: the page.
        company: the ticker that was chosen, or nothing for the one that is most talked about.
        alert: the id of the alert that is shown.
        about: the ticker whose headlines are listed, or nothing for all.
        headline: the id of the headline that is shown.

    Raises:
        StorageError: the database cannot be read.
    """
    store, texts = view.desk.store, view.texts
    tiles = overview.tiles(store, view.symbols, view.desk.now())[:_TILES]
    ticker = company or (tiles[0].ticker if tiles else "")
    rows = store.headlines(ticker=about, most=_ITEMS)
    items = [list(group) for _, group in groupby(rows, key=lambda row: row["number"])]
    drawn = {
        "tiles": panels.tiles_html(tiles, ticker, texts),
        "figure": (ticker, *_extent(view, ticker)),
        "stories": panels.stories_html(overview.stories(store, ticker) if ticker else [], texts),
        "feed": panels.alerts_html(store.alerts(most=_ALERTS), alert, view.names, view.language, texts),
        "budget": budget(view),
        "items": panels.headlines_html(items, headline, view.names, texts),
    }
    # A choice that is sent back would undo the next one, made meanwhile.
    return drawn if company else {**drawn, "company": ticker or None}


def _extent(view: View, ticker: str) -> tuple[int, int]:
    """Return how much of a company there is to draw: the end of its index, and its alerts."""
    points = view.desk.store.points(ticker, int((view.desk.now() - overview.DAY).timestamp()))
    return points[-1][0] if points else 0, len(view.desk.store.alerts(ticker=ticker))


def figure(view: View, ticker: str) -> go.Figure:
    """Draw a company's time-line, its alerts with the title of their first story."""
    store = view.desk.store
    raised = store.alerts(ticker=ticker)
    first = overview.titles(store, [row["stories"][0] for row in raised if row["stories"]])
    titled = {name: story["title"] for name, story in first.items()}
    told = [{**row, "title": titled.get(row["stories"][0] if row["stories"] else "", "")} for row in raised]
    line = overview.timeline(store, ticker, view.desk.now() - SHOWN)
    return timeline_figure(line, told, view.language, view.texts)


def status(view: View) -> str:
    """Return the line that is always there: no advice, the age of the data, what the stream is doing, what was left out."""
    desk, texts = view.desk, view.texts
    parts = [f"<b>{texts['no_advice']}</b>", f"<span>{_age(view)}</span>"]
    if desk.pace.catching_up:
        done, of = desk.pace.catching_up
        parts.append(f"<span>{texts['catching_up'].format(done=done, of=of)}</span>")
    else:
        name = "ended" if desk.ended else "recorded" if desk.settings.recorded else "live"
        parts.append(f"<span class='muted'>{texts[name]}</span>")
    left_out = " · ".join(texts[name].format(count=desk.counts[name]) for name in DROPPED if desk.counts[name])
    if left_out:
        parts.append(f"<span>{texts['left_out'].format(rows=left_out)}</span>")
    return f"<div class='status' role='status'>{''.join(parts)}</div>{_trouble(view)}"


def problem(view: View, reason: str) -> str:
    """Return the status line of a page that cannot be drawn."""
    text = escape(view.texts["problem"].format(problem=reason))
    return f"<div class='status'><b>{view.texts['no_advice']}</b></div><p class='notice' role='alert'>{text}</p>"


def _trouble(view: View) -> str:
    desk, texts = view.desk, view.texts
    if desk.problem:
        return f"<p class='notice' role='alert'>{escape(texts['problem'].format(problem=desk.problem))}</p>"
    if desk.died:
        return f"<p class='notice' role='alert'>{texts['stopped']}</p>"
    return ""


def _age(view: View) -> str:
    newest, texts = view.desk.newest, view.texts
    if newest is None:
        return texts["no_items"]
    said = texts["newest"].format(time=panels.minute(newest))
    if view.desk.settings.recorded:
        return said  # by the recording's own time it is always fresh
    minutes = max(0, int((datetime.now(UTC) - newest).total_seconds() // 60))
    unit, count = ("minutes", minutes) if minutes < 120 else ("hours", minutes // 60)
    unit, count = (unit, count) if minutes < 2 * 1_440 else ("days", minutes // 1_440)
    return f"{said} · {texts['age'].format(age=texts[unit].format(count=count))}"


def budget(view: View) -> str:
    """Return in a sentence what an alert takes today, how many to expect, and how many there was no room for."""
    threshold, most, texts = view.desk.threshold, view.desk.settings.alerts.per_day, view.texts
    if threshold is None:
        return ""
    sentence = texts["budget" if threshold.days else "no_days"].format(
        threshold=threshold.value, expected=threshold.expected, days=threshold.days
    )
    limit = texts["limit"].format(most=most, held_back=view.desk.held_back) if most else ""
    return f"<p class='muted'>{sentence} {limit}</p>"


def alert(view: View, name: str) -> str:
    """Return one alert with the stories behind it."""
    try:
        row = view.desk.store.alert(name)
    except DataError:
        return f"<p class='muted'>{view.texts['gone']}</p>"
    found = overview.titles(view.desk.store, row["stories"])
    stories = [found[story] for story in row["stories"] if story in found]
    return panels.alert_html(row, stories, name_of(view, row["ticker"]), view.language, view.texts)


def headline(view: View, name: str) -> str:
    """Return one item judged as a whole and from the side of each company, with the words that decided."""
    judge, linker = view.desk.judge, view.desk.linker
    item = view.desk.store.item(name)
    if item is None:
        return panels.headline_html(None, "", [], view.texts)
    text = Headline(item["source"], item["published"], item["received"], item["title"], item["body"]).text
    plain = folded(text)
    links = linker.link(plain)
    sides: list[str | None] = [None, *links.tickers]
    shown = [company_view(plain, links, ticker) if ticker else views.whole(plain) for ticker in sides]
    opinions = [
        Opinion(ticker or "", good, flat, bad)
        for ticker, (bad, flat, good) in zip(sides, judge.probabilities(shown).tolist(), strict=True)
    ]
    told = [
        (
            name_of(view, ticker) if ticker else view.texts["as_whole"],
            opinion,
            judge.attributions(plain, links, ticker),
        )
        for ticker, opinion in zip(sides, opinions, strict=True)
    ]
    return panels.headline_html(item, text, told, view.texts)


def name_of(view: View, ticker: str) -> str:
    """Return the name of a company, or its ticker where the list no longer has it."""
    return view.names.get(ticker, ticker)


def noted(view: View, ticker: str, given: alerts.Answer, feedback: alerts.Feedback) -> str:
    """Say what an answer changed."""
    name = name_of(view, ticker)
    if given == "mute":
        until = panels.minute(datetime.fromtimestamp(feedback.muted_until, UTC))
        return view.texts["muted_until"].format(company=name, time=until)
    return view.texts["answered"].format(company=name, factor=feedback.caution)
