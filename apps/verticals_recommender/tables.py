"""The tables of the recommender: events, lists that were shown, later changes of the catalogue, and digests of forgotten users.

Every row belongs to one catalogue, so that several share a database. A list is one row, since almost every request writes one.
"""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, UniqueConstraint

from verticals_recommender.items import LONGEST_ID

TABLES = MetaData()
EVENTS = Table(
    "recommender_events",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("user", String(LONGEST_ID), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("action", String(10), nullable=False),
    Column("at", Float, nullable=False),
    Index("recommender_events_by_user", "catalogue", "user", "number"),
    Index("recommender_events_by_item", "catalogue", "item"),
)
LISTS = Table(
    "recommender_lists",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("user", String(LONGEST_ID), nullable=False),
    Column("shown", String, nullable=False),  # ids as a JSON list, best first
    Column("at", Float, nullable=False),
    Index("recommender_lists_by_user", "catalogue", "user", "number"),
)
ITEMS = Table(
    "recommender_items",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("attributes", String, nullable=True),  # nothing: the item is gone
    Column("removed", Boolean, nullable=False),  # at some time, so that nothing that a run knew of it then comes back
    UniqueConstraint("catalogue", "item"),
)
RETURNED = Table(
    "recommender_returned",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("at", Float, nullable=False),  # what a run has learned of the item since counts again
    UniqueConstraint("catalogue", "item"),
)
OFFERS = Table(
    "recommender_offers",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("item", String(LONGEST_ID), nullable=False),
    Column("price", Float, nullable=True),
    Column("available", Boolean, nullable=False),
    Column("at", Float, nullable=False),  # what the files of a later training say counts again
    UniqueConstraint("catalogue", "item"),
)
FORGOTTEN = Table(
    "recommender_forgotten",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("catalogue", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
)
CHANGES = Table(
    "recommender_changes",
    TABLES,
    Column("catalogue", String(200), primary_key=True),
    Column("made", Integer, nullable=False),  # of items and forgotten users, so that other processes notice them
)
