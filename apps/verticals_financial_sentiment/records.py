"""What flows through the monitor: headlines, opinions on companies, and the two together. All times are UTC and aware."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Sentiment = Literal["positive", "neutral", "negative"]
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Headline:
    """One item as it came from a source, its text made plain.

    Attributes:
        source: who published it; independence is counted by this name.
        published: when, as the source says, or `received` where the source says nothing credible.
        received: when it reached the monitor; the time of the stream.
        title: plain text.
        body: plain text, often empty.
        url: an http(s) address, or empty.
        stamp: the time of publication as the source wrote it, empty where it wrote none; part of the identity.
        id: content id; the same item fetched again, before or after a restart, has the same one.
    """

    source: str
    published: datetime
    received: datetime
    title: str
    body: str = ""
    url: str = ""
    stamp: str = ""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        for name, time in (("published", self.published), ("received", self.received)):
            if time.utcoffset() is None:
                raise ValueError(f"{name}: expected a time with its zone, found {time.isoformat()}")
        object.__setattr__(self, "published", self.published.astimezone(UTC))
        object.__setattr__(self, "received", self.received.astimezone(UTC))
        object.__setattr__(self, "id", content_id(self.source, self.url, self.stamp, self.title, self.body))

    @property
    def text(self) -> str:
        """Title and body as one text, which is what is judged and linked."""
        return f"{self.title}. {self.body}" if self.body and self.title else self.title or self.body


def content_id(*parts: str) -> str:
    """Return 32 hexadecimal digits that name this content: BLAKE2b over the parts, each with its length."""
    digest = hashlib.blake2b(digest_size=_ID_BYTES)
    for part in parts:
        encoded = part.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a headline says about one company: calibrated probabilities of the three sentiments."""

    ticker: str
    positive: float
    neutral: float
    negative: float

    @property
    def score(self) -> float:
        """P(positive) - P(negative), in [-1, 1]."""
        return self.positive - self.negative

    @property
    def sentiment(self) -> Sentiment:
        """The likeliest of the three; a tie goes to neutral."""
        if self.neutral >= max(self.positive, self.negative) or self.positive == self.negative:
            return "neutral"
        return "positive" if self.positive > self.negative else "negative"


@dataclass(frozen=True, slots=True)
class Judged:
    """A headline with what it says about each company it is linked to."""

    headline: Headline
    opinions: tuple[Opinion, ...]

    @property
    def by_ticker(self) -> Mapping[str, Opinion]:
        """The opinions by the company they are about."""
        return {opinion.ticker: opinion for opinion in self.opinions}
