"""A small stream with a provable shape: quiet days, then one company's burst; and a judge that needs no training."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from verticals_financial_sentiment import polarity
from verticals_financial_sentiment.alerts import AlertSettings
from verticals_financial_sentiment.detection import DetectionSettings
from verticals_financial_sentiment.index import IndexSettings
from verticals_financial_sentiment.linking import Linker, Links
from verticals_financial_sentiment.monitor import Monitor, MonitorSettings
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.symbols import Symbol

START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 54
COMPANIES = (
    *(Symbol("ARDF", "Ardent Foods"), Symbol("BRWM", "Brightwold Mining"), Symbol("QVN", "Quorvane Systems")),
    Symbol("LNDQ", "Lindquay Ports"),
)
LINKER = Linker(COMPANIES)
SETTINGS = MonitorSettings(
    index=IndexSettings(bucket=900), detection=DetectionSettings(bucket=900), alerts=AlertSettings(threshold=2.5)
)
_QUIET = ("opens an office in {}", "wins a small order from {}", "names an auditor for {}", "sees weak demand in {}")
_PLACES = ("Norway", "Chile", "Poland", "Kenya", "Japan", "Malta", "Oman", "Peru", "Spain", "Laos")
_BURST = (
    *("plunges as fraud probe begins", "chairman resigns over the accounts", "lenders freeze credit lines"),
    *("auditor withdraws its opinion", "suppliers halt deliveries after default", "police search the head office"),
    *("bond prices collapse on default fear", "regulator suspends trading in the shares"),
)


class WordListJudge:
    """The project's word list as a judge, sure of itself."""

    def opinions(self, texts: Sequence[str], links: Sequence[Links]) -> list[tuple[Opinion, ...]]:
        """Return the same opinion about every company of a text."""
        found = {"positive": (0.8, 0.1, 0.1), "neutral": (0.1, 0.8, 0.1), "negative": (0.1, 0.1, 0.8)}
        return [
            tuple(Opinion(ticker, *found[sentiment]) for ticker in each.tickers)
            for sentiment, each in zip(polarity.sentiments(texts), links, strict=True)
        ]


def headline(title: str, source: str, minutes: float) -> Headline:
    """Return an item that came so many minutes after the start."""
    at = START + timedelta(minutes=minutes)
    return Headline(source, at, at, title, stamp=at.isoformat())


def stream(seed: int = 0) -> list[Headline]:
    """Return two quiet days and a burst about Ardent Foods in the last hours, in order."""
    generator = Random(seed)
    told = []
    for minute in range(0, HOURS * 60, 20):
        company, place = generator.choice(COMPANIES).name, generator.choice(_PLACES)
        text = f"{company} {generator.choice(_QUIET).format(place)}"
        told += [
            headline(text, f"wire {generator.randrange(5)}", minute + copy)
            for copy in range(generator.choice((1, 1, 2)))
        ]
    burst = (HOURS - 4) * 60
    told += [headline(f"Ardent Foods {what}", f"paper {n}", burst + 5.5 * n) for n, what in enumerate(_BURST)]
    return sorted(told, key=lambda each: (each.received, each.id))


def monitor(store: Store) -> Monitor:
    """Return a monitor that goes on where the store was left."""
    return Monitor(store, WordListJudge(), LINKER, SETTINGS)


def batches(items: Sequence[Headline], cuts: Sequence[int], done: int = 0) -> list[Batch]:
    """Return the items from `done` on, cut at these positions, and the end of the last hour."""
    edges = [done, *(cut for cut in cuts if done < cut < len(items)), len(items)]
    pieces = [Batch("replay", tuple(items[start:end]), str(end)) for start, end in pairwise(edges) if end > start]
    return [*pieces, Batch("replay", offset=str(len(items)), now=START + timedelta(hours=HOURS))]
