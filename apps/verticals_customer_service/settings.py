"""The app's own settings."""

from pydantic import Field

from verticals.config import Section


class Settings(Section):
    """What the bot answers from, when it is trained on your rows rather than on the samples."""

    articles: str | None = Field(None, description="JSONL file: id, title, intents, question, text")
    intents: str | None = Field(None, description="YAML file: label -> {en, zh, action: answer or hand_over}")
