"""The tables behind the bot: conversations, their messages, what people said of the replies, and what was not answered.

Every text in them is redacted before it gets here; deleting a conversation deletes everything that hangs on it.
"""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from verticals.storage import UtcTime

metadata = MetaData()

conversations = Table(
    "service_conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("epoch", Integer, nullable=False),  # how often the state has changed
    Column("turns", Integer, nullable=False),  # how often the bot has replied
    Column("memory", JSON(none_as_null=True)),  # what the bot remembers; nothing at the start and after a hand-back
    Column("opened_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),  # when it came into its state
    Column("written_at", UtcTime, nullable=False),  # when somebody last wrote
    CheckConstraint("state IN ('bot', 'queued', 'agent', 'resolved')", name="service_known_state"),
    Index("service_by_state", "state", "changed_at"),
)


def _conversation() -> Column[str]:
    return Column(
        "conversation",
        String(32),
        ForeignKey("service_conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    )


messages = Table(
    "service_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    _conversation(),
    Column("sender", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("turn", JSON(none_as_null=True)),  # the bot's structured turn
    Column("written_at", UtcTime, nullable=False),
    CheckConstraint("sender IN ('customer', 'bot', 'agent')", name="service_known_sender"),
    sqlite_autoincrement=True,  # an id is never given twice, even after a deletion
)

feedback = Table(
    "service_feedback",
    metadata,
    Column("message", Integer, ForeignKey("service_messages.id", ondelete="CASCADE"), primary_key=True),
    _conversation(),
    Column("thumb", String(4), nullable=False),
    Column("given_at", UtcTime, nullable=False),
    CheckConstraint("thumb IN ('up', 'down')", name="service_known_thumb"),
)

questions = Table(
    "service_questions",
    metadata,
    Column("message", Integer, ForeignKey("service_messages.id", ondelete="CASCADE"), primary_key=True),
    _conversation(),
    Column("text", Text, nullable=False),
    Column("reason", String(10), nullable=False),
    Column("suggested", String(200), nullable=False),  # the bot's best guess, or the intent that a person chose
    Column("intent", String(200)),  # what it was settled as; nothing means set aside
    Column("asked_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    CheckConstraint("reason IN ('unanswered', 'thumb_down', 'corrected')", name="service_known_reason"),
    sqlite_autoincrement=True,
)
