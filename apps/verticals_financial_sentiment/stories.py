"""Near-copies folded into stories, online and in bounded memory; a story weighs by its independent sources, and never more than LIMIT.

At a Jaccard similarity of COPY and without new facts a text belongs to a story; above RELATED it is a follow-up: a story of its own in the same
thread. All stories of a thread draw on one budget of weight per company: neither copies nor follow-ups of a rumour move an index by more than LIMIT
independent stories would: the gains of a thread are the steps of `weight`, which starts at 0, grows, and stays below LIMIT.
"""

import math
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Literal

from verticals_financial_sentiment.essence import LEAST_WORDS, Essence, essence, prefix
from verticals_financial_sentiment.linking import Links
from verticals_financial_sentiment.records import Headline

LIMIT: Final = 2.75  # independent stories: a flood stays under three, whatever the rounding
SAME_TEXT: Final = 0.25  # the vote of a source that repeats another's words
VERBATIM, COPY, RELATED = 0.85, 0.6, 0.4  # Jaccard similarities
Relation = Literal["new", "copy", "follow_up"]

_MOST_SOURCES = 64  # remembered per story; by then a vote weighs less than 1e-10
_MOST_COMPARED = 200  # stories per word and company, the latest
_ANY_COMPANY, _NO_COMPANY = "*", ""
_Place = tuple[str, str]  # a company and a word


def weight(votes: float) -> float:
    """Return the weight of a thread: LIMIT (1 - (1 - 1/LIMIT)^votes), which is 0 at 0, 1 at 1, and at most LIMIT."""
    return LIMIT * (1.0 - math.pow(1.0 - 1.0 / LIMIT, votes))


@dataclass(slots=True)
class Story:
    """A story that is remembered, with its weight so far by company.

    `number` and `touched` count stories made and items folded; they order what is equally old.
    """

    id: str
    thread: str
    title: str
    words: frozenset[str]
    facts: frozenset[str]
    tickers: frozenset[str]
    first_seen: datetime
    last_seen: datetime
    number: int
    touched: int
    items: int = 0
    sources: frozenset[str] = frozenset()
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Thread:
    """A story with its follow-ups; `votes` are those given so far, by company."""

    id: str
    first_seen: datetime
    votes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an item was put, and what it adds.

    Attributes:
        story: id of its story, which is the id of the story's first item.
        thread: id of the thread, which is the id of the thread's first story.
        relation: whether it opened a thread, repeated a story, or followed one up.
        vote: 1 for a source of its own, SAME_TEXT where it repeats another's words, 0 where this source has told the story before.
        sources: sources of the story so far.
        items: items of the story so far, this one included.
        gains: by company, what the item adds to the weight of the thread; over a thread they sum to less than LIMIT.
        weights: by company of this item, what the story weighs so far: the sum of its items' gains.
    """

    story: str
    thread: str
    relation: Relation
    vote: float
    sources: int
    items: int
    gains: Mapping[str, float]
    weights: Mapping[str, float]


class StoryBook:
    """Stories of the last `window`; with `stories` and `threads` as they were, it goes on where another left off."""

    def __init__(
        self,
        window: timedelta = timedelta(hours=48),
        most: int = 200_000,
        stories: Iterable[Story] = (),
        threads: Iterable[Thread] = (),
    ) -> None:
        self._window = window
        self._most = most
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self._threads = {thread.id: thread for thread in threads}
        self._alive: Counter[str] = Counter()  # stories by thread
        self._by_place: defaultdict[_Place, dict[str, None]] = defaultdict(dict)
        for story in sorted(stories, key=lambda story: story.number):
            self._remember(story)
        for story in sorted(self._stories.values(), key=lambda story: story.touched):
            self._stories.move_to_end(story.id)
        self._number = max((story.number for story in self._stories.values()), default=0)
        self._touched = max((story.touched for story in self._stories.values()), default=0)
        self._clock = max((story.last_seen for story in self._stories.values()), default=None)
        self._threads = {name: thread for name, thread in self._threads.items() if self._alive[name]}
        self._changed: dict[str, tuple[Story, Thread]] = {}

    def __len__(self) -> int:
        return len(self._stories)

    def fold(self, headline: Headline, links: Links) -> Placement:
        """Put an item where it belongs; `links` are those of `folded(headline.text)`. Items come in the order they are received."""
        now = self._clock = max(self._clock or headline.received, headline.received)
        self._forget(now)
        told = essence(headline, links)
        story, relation = self._nearest(told)
        if story is None or relation == "follow_up":
            story = self._open(headline, told, story, now)
            relation = "new" if story.thread == story.id else "follow_up"
        vote = _vote(story, headline.source, told)
        self._touch(story, headline.source, now)
        gains = _gains(self._threads[story.thread], told.tickers, vote)
        for ticker, gain in gains.items():
            story.weights[ticker] = story.weights.get(ticker, 0.0) + gain
        weights = {ticker: story.weights[ticker] for ticker in gains}
        return Placement(story.id, story.thread, relation, vote, len(story.sources), story.items, gains, weights)

    def get(self, story: str) -> Story | None:
        """Return a story that is remembered."""
        return self._stories.get(story)

    def changes(self) -> list[tuple[Story, Thread]]:
        """Return the stories, each with its thread, that changed since this was last asked; what a restart needs is in them."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def _nearest(self, told: Essence) -> tuple[Story | None, Relation]:
        best: tuple[bool, float, int] | None = None
        nearest: Story | None = None
        for story in self._candidates(told):
            similarity = told.similarity(story.words)
            if similarity < RELATED or not _same_subject(told, story):
                continue
            rank = (similarity >= COPY and _nothing_new(told, story), similarity, -story.number)
            if best is None or rank > best:
                best, nearest = rank, story
        return nearest, "new" if best is None else "copy" if best[0] else "follow_up"

    def _candidates(self, told: Essence) -> list[Story]:
        wanted = (*told.tickers, _NO_COMPANY) if told.tickers else (_ANY_COMPANY,)
        found: dict[str, None] = {}
        for word in prefix(told.words, RELATED):
            for ticker in wanted:
                found.update(dict.fromkeys(islice(reversed(self._by_place.get((ticker, word), {})), _MOST_COMPARED)))
        return [self._stories[story] for story in found]

    def _open(self, headline: Headline, told: Essence, before: Story | None, now: datetime) -> Story:
        thread = self._threads[before.thread] if before else None
        if thread is None or now - thread.first_seen > self._window:
            thread = self._threads[headline.id] = Thread(headline.id, now)
        self._number += 1
        story = Story(
            id=headline.id,
            thread=thread.id,
            title=headline.title or headline.body,
            words=told.words,
            facts=told.facts,
            tickers=told.tickers,
            first_seen=now,
            last_seen=now,
            number=self._number,
            touched=self._touched,
        )
        self._remember(story)
        return story

    def _touch(self, story: Story, source: str, now: datetime) -> None:
        self._touched += 1
        story.touched, story.last_seen = self._touched, now
        story.items += 1
        if len(story.sources) < _MOST_SOURCES:
            story.sources |= {sys.intern(source)}  # thousands of stories have the same few sources
        self._stories.move_to_end(story.id)
        self._changed[story.id] = story, self._threads[story.thread]

    def _remember(self, story: Story) -> None:
        self._stories[story.id] = story
        self._alive[story.thread] += 1
        for place in _places(story):
            self._by_place[place][story.id] = None

    def _forget(self, now: datetime) -> None:
        while self._stories:
            story = next(iter(self._stories.values()))
            if now - story.last_seen <= self._window and len(self._stories) < self._most:
                return
            del self._stories[story.id]
            self._alive[story.thread] -= 1
            if not self._alive[story.thread]:
                del self._alive[story.thread], self._threads[story.thread]
            for place in _places(story):
                del self._by_place[place][story.id]
                if not self._by_place[place]:
                    del self._by_place[place]


def _places(story: Story) -> Iterator[_Place]:
    """Yield where a story is found: at its rarest words, for each of its companies."""
    for word in prefix(story.words, RELATED):
        for ticker in (*(story.tickers or (_NO_COMPANY,)), _ANY_COMPANY):
            yield ticker, word


def _same_subject(told: Essence, story: Story) -> bool:
    """Say whether two texts may tell of one event: a company in common, or enough words where one of them names none."""
    shared = told.words & story.words
    least = min(LEAST_WORDS, len(told.words), len(story.words))
    if told.tickers and story.tickers:
        return bool(told.tickers & story.tickers) and len(shared) >= least
    return len(shared) >= min(LEAST_WORDS + 1, len(told.words), len(story.words))


def _nothing_new(told: Essence, story: Story) -> bool:
    return told.tickers <= story.tickers and told.adds_nothing_to(story.words, story.facts)


def _vote(story: Story, source: str, told: Essence) -> float:
    if source in story.sources or len(story.sources) >= _MOST_SOURCES:
        return 0.0
    return SAME_TEXT if story.items and told.similarity(story.words) >= VERBATIM else 1.0


def _gains(thread: Thread, tickers: Iterable[str], vote: float) -> dict[str, float]:
    """Give the vote to each company, and return by how much the thread's weight grew: steps of one bounded function."""
    gains = {}
    for ticker in sorted(tickers):
        before = thread.votes.get(ticker, 0.0)
        thread.votes[ticker] = before + vote
        gains[ticker] = weight(before + vote) - weight(before)
    return gains
