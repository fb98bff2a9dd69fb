"""How the bot introduces itself: as the samples' shop, in the words of the settings, or plainly."""

from dataclasses import dataclass

from verticals_customer_service.settings import Settings


@dataclass(frozen=True)
class Voice:
    """What the bot says of itself.

    Attributes:
        greeting: its first words.
        topics: what it helps with, as a customer would say it; may be empty.
    """

    greeting: str = "Hello, this is the assistant. What can I help you with?"
    topics: str = ""

    @property
    def unfamiliar(self) -> str:
        """The answer to a message unlike any that the bot learned from."""
        known = f" I know about {self.topics}." if self.topics else ""
        return f"That does not look like something I can help with.{known} Please say it in other words, or ask for a person."


SAMPLES = Voice(
    "Hello, this is the Brindlewick assistant. What can I help you with?",
    "orders, deliveries, returns, payments, accounts and our products",
)


def of(settings: Settings, samples: bool) -> Voice:
    """Return the voice of a bot; what the settings leave open is the samples' where it learned from them, else plain."""
    usual = SAMPLES if samples else Voice()
    return Voice(
        usual.greeting if settings.greeting is None else settings.greeting,
        usual.topics if settings.topics is None else settings.topics,
    )
