"""The monitor's tables. Times are UTC; `index_points.time` is the start of a bucket in seconds since 1970, as the index has it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from verticals.storage import UtcTime

metadata = MetaData()

items = Table(
    "sentiment_items",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order in which they were counted
    Column("id", String(32), nullable=False, unique=True),  # the content id: each counts exactly once
    Column("source", Text, nullable=False),
    Column("published", UtcTime, nullable=False),
    Column("received", UtcTime, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("story", String(32), nullable=False, index=True),
    Column("thread", String(32), nullable=False),
    Column("relation", String(16), nullable=False),
    Column("vote", Double, nullable=False),
    Column("gains", JSON, nullable=False),  # by ticker: the audit trail of the index
)

forgotten = Table(
    "sentiment_forgotten",  # ids of deleted items: a source that still lists one does not bring it back
    metadata,
    Column("id", String(32), primary_key=True),
)

opinions = Table(
    "sentiment_opinions",
    metadata,
    Column("item", String(32), ForeignKey("sentiment_items.id", ondelete="CASCADE"), primary_key=True),
    Column("ticker", String(16), primary_key=True, index=True),
    Column("positive", Double, nullable=False),
    Column("neutral", Double, nullable=False),
    Column("negative", Double, nullable=False),
)

stories = Table(
    "sentiment_stories",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("thread", String(32), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("words", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("tickers", JSON, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False, index=True),
    Column("number", BigInteger, nullable=False),
    Column("touched", BigInteger, nullable=False),
    Column("items", Integer, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("weights", JSON, nullable=False),
)

threads = Table(
    "sentiment_threads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("first_seen", UtcTime, nullable=False),
    Column("votes", JSON, nullable=False),
)

index_points = Table(
    "sentiment_index_points",
    metadata,
    Column("ticker", String(16), primary_key=True),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("values", JSON, nullable=False),
)

alerts = Table(
    "sentiment_alerts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("ticker", String(16), nullable=False),
    Column("time", UtcTime, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("score", Double, nullable=False),
    Column("reason", JSON, nullable=False),  # by language
    Column("stories", JSON, nullable=False),
    Column("single_source", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Index("sentiment_alerts_by_ticker", "ticker", "time"),
)

deliveries = Table(
    "sentiment_deliveries",
    metadata,
    Column("alert", String(64), ForeignKey("sentiment_alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(200), primary_key=True),
)

offsets = Table(
    "sentiment_offsets",
    metadata,
    Column("origin", String(5_000), primary_key=True),  # a feed's address, or the path of a file or folder
    Column("offset", Text, nullable=False),
)

steps = Table(
    "sentiment_steps",  # one row: how often something was written, by which several processes notice each other
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("written", BigInteger, nullable=False),
)

states = Table(
    "sentiment_states",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", JSON, nullable=False),
)
