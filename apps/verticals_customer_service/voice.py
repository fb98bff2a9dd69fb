"""How the bot introduces itself: as the samples' shop, in the words of the settings, or plainly."""

from dataclasses import dataclass

from verticals_customer_service.phrases import Phrases
from verticals_customer_service.settings import Settings

_SAMPLES_GREETING = "Hello, this is the Brindlewick assistant. What can I help you with?"
_SAMPLES_TOPICS = "orders, deliveries, returns, payments, accounts and our products"


@dataclass(frozen=True)
class Voice:
    """What the bot says of itself.

    Attributes:
        said: its fixed sentences.
        greeting: its first words.
        topics: what it helps with, as a customer would say it; may be empty.
    """

    said: Phrases
    greeting: str
    topics: str

    @property
    def unfamiliar(self) -> str:
        """The answer to a message unlike any that the bot learned from."""
        known = self.said.topics.format(topics=self.topics) if self.topics else ""
        return self.said.unfamiliar.format(known=known)


def of(settings: Settings, said: Phrases, samples: bool) -> Voice:
    """Return the voice of a bot; what the settings leave open is the samples' where it learned from them, else plain."""
    greeting, topics = (_SAMPLES_GREETING, _SAMPLES_TOPICS) if samples else (said.greeting, "")
    return Voice(
        said,
        greeting if settings.greeting is None else settings.greeting,
        topics if settings.topics is None else settings.topics,
    )
