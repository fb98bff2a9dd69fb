"""The app's own settings."""

from pydantic import Field

from verticals.config import Section


class Settings(Section):
    """What the bot answers from, when it is trained on your rows rather than on the samples."""

    articles: str | None = Field(None, description="JSONL file: id, title, intents, question, text")
    intents: str | None = Field(None, description="YAML file: label -> {en, zh, action: answer or hand_over}")
    extra_rows: str | None = Field(
        None, description="CSV file of text,intent that training adds, such as the rows learned from use"
    )
    link_hosts: tuple[str, ...] = Field(
        (),
        description="hosts that articles may link to, such as shop.example; an article is quoted up to any other link",
    )
    longest_message: int = Field(4000, ge=1, description="characters of a message")
    messages_per_minute: int = Field(20, ge=1, description="messages that one conversation may send in a minute")
