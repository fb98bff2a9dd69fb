"""The app's own settings."""

from typing import Literal

from pydantic import Field

from verticals.config import Section


class Settings(Section):
    """What the bot answers from, when it is trained on your rows rather than on the samples."""

    articles: str | None = Field(None, description="JSONL file: id, title, intents, question, text")
    intents: str | None = Field(None, description="YAML file: label -> {en, zh, action: answer or hand_over}")
    greeting: str | None = Field(
        None, description="the bot's first words; nothing means the samples', or a plain hello on your own rows"
    )
    topics: str | None = Field(
        None,
        description="what it helps with, as customers say it (orders, returns and refunds); it says so when it is lost",
    )
    extra_rows: str | None = Field(
        None, description="CSV file of text,intent that training adds, such as the rows learned from use"
    )
    link_hosts: tuple[str, ...] = Field(
        (),
        description="hosts that articles may link to, such as shop.example; an article is quoted up to any other link",
    )
    longest_message: int = Field(4000, ge=1, description="characters of a message")
    messages_per_minute: int = Field(20, ge=1, description="messages that one conversation may send in a minute")
    slots: str | None = Field(
        None, description="JSONL file of tokens and IOB2 tags; nothing means the samples', or none"
    )
    slots_method: str | None = Field(
        None, description="how the tagger of slots is tuned; nothing means probe where the bot is a probe, else full"
    )
    escalations: str | None = Field(
        None,
        description="CSV file of text,kind: messages that need a person, and the like; nothing: the samples', or none",
    )
    matcher: str | None = Field(
        None,
        description="run folder of `verticals tune match`, which the run takes in; nothing means the backbone as it came",
    )
    most_wrong: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="share of wrong intents among single messages that the bot is sure of, with 95 % confidence; nothing: 0.04 if it can be promised",
    )
    responder: Literal["template", "seq2seq", "chat"] = Field(
        "template", description="who puts articles into words: nobody, a tuned model, or a chat model"
    )
    responder_model: str | None = Field(
        None, description="seq2seq: run folder of `verticals tune generate`; chat: folder, hub id, or http://host/v1"
    )
    responder_name: str = Field("default", description="the chat model's name on its server")
