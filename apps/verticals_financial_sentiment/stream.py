"""The recorded fortnight of the demo: the shipped headlines as outlets would have told them, with incidents among them.

When and by whom a headline is told is drawn by a seed; what it says was written. Nothing of the stream is labelled: the model reads it as news.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from verticals_financial_sentiment.data import SAMPLES, read_headlines
from verticals_financial_sentiment.records import Headline

START: Final = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
DAYS: Final = 14
LIVE_FROM: Final = START + timedelta(
    days=11, hours=6
)  # Friday morning: from here on the demo is played at a pace that can be watched
OUTLETS: Final = (
    *(
        "Northwire",
        "Meridian Newswire",
        "The Ledger Post",
        "Kontor Daily",
        "Harbour Street Journal",
        "Exchange Morning",
    ),
    *("Quayside Markets", "Sector Brief", "Tradefloor", "The Evening Bourse", "Capital Notes", "Deskline"),
)
_HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 5, 9, 10, 9, 8, 7, 6, 7, 8, 9, 8, 6, 4, 3, 2, 2, 1, 1], float
)  # news by hour of a working day
_WEEKEND = 0.25  # of a working day's news
_REPEATS = (0.62, 0.25, 0.13)  # share of headlines told by one, two, three outlets


@dataclass(frozen=True)
class Incident:
    """Something that happens to a company in the fortnight: when it begins, and what is told, in minutes after that."""

    company: str
    title: str
    begins: datetime
    items: tuple[tuple[int, str, str], ...]


def fortnight(seed: int = 0) -> list[Headline]:
    """Return the headlines of the fortnight in the order in which they reach the monitor."""
    generator = np.random.default_rng(seed)
    told: list[Headline] = []
    for labelled in read_headlines(SAMPLES / "headlines.jsonl"):
        first = _moment(generator)
        outlets = generator.permutation(OUTLETS)[: 1 + int(generator.choice(len(_REPEATS), p=_REPEATS))]
        delays = np.cumsum([0, *generator.integers(2, 45, len(outlets) - 1)])
        told += [
            _headline(str(outlet), first + timedelta(minutes=int(delay)), labelled.text)
            for outlet, delay in zip(outlets, delays, strict=True)
        ]
    for incident in incidents():
        told += [
            _headline(source, incident.begins + timedelta(minutes=minute), text)
            for minute, source, text in incident.items
        ]
    within = [headline for headline in told if headline.received < START + timedelta(days=DAYS)]
    return sorted(within, key=lambda headline: (headline.received, headline.id))


def incidents(path: Path = SAMPLES / "incidents.jsonl") -> list[Incident]:
    """Return the incidents, spread over the second week."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        begins = START + timedelta(days=7 + number, hours=9 + 2 * (number % 3), minutes=11 * number)
        items = tuple((item["minute"], item["source"], item["text"]) for item in row["items"])
        found.append(Incident(row["company"], row["title"], begins, items))
    return found


def _moment(generator: np.random.Generator) -> datetime:
    days = np.array([1.0 if (START + timedelta(days=day)).weekday() < 5 else _WEEKEND for day in range(DAYS)])
    day = int(generator.choice(DAYS, p=days / days.sum()))
    hour = int(generator.choice(24, p=_HOURS / _HOURS.sum()))
    return START + timedelta(days=day, hours=hour, seconds=int(generator.integers(3_600)))


def _headline(source: str, time: datetime, text: str) -> Headline:
    return Headline(source, time, time, text, stamp=time.isoformat())
