"""Between what the monitor works with and the rows of its tables."""

import sys
from dataclasses import dataclass
from typing import Any

from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.stories import Placement, Story, Thread

Row = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """A headline as it is kept: what it says of each company, and where it was put."""

    headline: Headline
    opinions: tuple[Opinion, ...]
    placement: Placement


def item_row(kept: Kept) -> Row:
    """Return the row of an item."""
    headline, placement = kept.headline, kept.placement
    return {
        "id": headline.id,
        "source": headline.source,
        "published": headline.published,
        "received": headline.received,
        "title": headline.title,
        "body": headline.body,
        "url": headline.url,
        "stamp": headline.stamp,
        "story": placement.story,
        "thread": placement.thread,
        "relation": placement.relation,
        "vote": placement.vote,
        "gains": dict(placement.gains),
    }


def opinion_row(kept: Kept, opinion: Opinion) -> Row:
    """Return the row of an opinion."""
    return {
        "item": kept.headline.id,
        "ticker": opinion.ticker,
        "positive": opinion.positive,
        "neutral": opinion.neutral,
        "negative": opinion.negative,
    }


def story_row(story: Story) -> Row:
    """Return the row of a story."""
    return {
        "id": story.id,
        "thread": story.thread,
        "title": story.title,
        "words": sorted(story.words),
        "facts": sorted(story.facts),
        "tickers": sorted(story.tickers),
        "first_seen": story.first_seen,
        "last_seen": story.last_seen,
        "number": story.number,
        "touched": story.touched,
        "items": story.items,
        "sources": sorted(story.sources),
        "weights": dict(story.weights),
    }


def story(row: Row) -> Story:
    """Return the story of a row."""
    sets = {name: frozenset(row[name]) for name in ("words", "facts", "tickers")}
    return Story(**{**row, **sets, "sources": frozenset(map(sys.intern, row["sources"]))})


def thread_row(thread: Thread) -> Row:
    """Return the row of a thread."""
    return {"id": thread.id, "first_seen": thread.first_seen, "votes": dict(thread.votes)}
