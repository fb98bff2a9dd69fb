"""One message in, one structured turn out. The bot answers from an article, asks back, or hands over; it never invents."""

import time
from dataclasses import dataclass, field, replace

from verticals.evaluation.predictor import Prediction, Predictor
from verticals.runs import Run
from verticals_customer_service import knowledge
from verticals_customer_service.knowledge import Action, Knowledge, Source
from verticals_customer_service.settings import Settings

GREETING = "Hello, this is the Brindlewick assistant. What can I help you with?"
_NO_ARTICLE = "I think this is about “{intent}”, but I have no article about it. I am handing you over to a colleague."
HAND_OVER = "I am handing you over to a colleague, who will read this conversation and answer here."
_STILL_UNSURE = "I am still not sure what you need, so I am handing you over to a colleague, who will answer here."
_WAITING = "You are in the queue for a colleague; I have passed your message on."
_UNFAMILIAR = (
    "That does not look like something I can help with. I know about orders, deliveries, returns, payments, accounts and our products. "
    "Please say it in other words, or ask for a person."
)
_CLARIFY = "I am not sure that I understand. Is it about one of these?\n\n{options}\n\nPlease say it in other words, or ask for a person."


@dataclass(frozen=True)
class Alternative:
    """An intent that the message may have meant, with its calibrated probability."""

    intent: str
    name: str
    confidence: float


@dataclass(frozen=True)
class Turn:
    """The bot's answer to one message, as data: an integrator needs nothing else to act on it."""

    reply: str
    action: Action
    intent: str
    confidence: float
    alternatives: tuple[Alternative, ...]
    sources: tuple[Source, ...]
    latency_ms: float


@dataclass(frozen=True)
class Conversation:
    """What the bot remembers of one conversation."""

    unclear_in_a_row: int = 0
    handed_over: bool = False
    turns: tuple[tuple[str, Turn], ...] = field(default=(), repr=False)

    def after(self, message: str, turn: Turn) -> "Conversation":
        """Return the conversation with one more turn."""
        return replace(
            self,
            unclear_in_a_row=self.unclear_in_a_row + 1 if turn.action == "clarify" else 0,
            handed_over=self.handed_over or turn.action == "hand_over",
            turns=(*self.turns, (message, turn)),
        )


class Bot:
    """A trained classifier with intents and articles."""

    def __init__(self, predictor: Predictor, known: Knowledge) -> None:
        self.predictor = predictor
        self.knowledge = known

    @classmethod
    def load(cls, run: Run) -> "Bot":
        """Load the bot that a run holds."""
        settings = Settings.model_validate(run.config.app)
        return cls(Predictor.load(run), knowledge.read(run.folder, run.labels, settings.link_hosts))

    def turn(self, conversation: Conversation, message: str) -> tuple[Conversation, Turn]:
        """Answer one message."""
        started = time.perf_counter()
        prediction = self.predictor.predict([message])[0]
        action, reply, sources = self._respond(conversation, message, prediction)
        turn = Turn(
            reply=reply,
            action=action,
            intent=prediction.label,
            confidence=prediction.confidence,
            alternatives=self._alternatives(prediction),
            sources=sources,
            latency_ms=round((time.perf_counter() - started) * 1000, 2),
        )
        return conversation.after(message, turn), turn

    def _respond(
        self, conversation: Conversation, message: str, prediction: Prediction
    ) -> tuple[Action, str, tuple[Source, ...]]:
        if conversation.handed_over:
            return "hand_over", _WAITING, ()
        if not (prediction.familiar and prediction.sure):
            if conversation.unclear_in_a_row:
                return "hand_over", _STILL_UNSURE, ()
            options = _CLARIFY.format(options=self._options(prediction))
            return "clarify", options if prediction.familiar else _UNFAMILIAR, ()
        source = self.knowledge.article(prediction.label, message)
        if self.knowledge.intents[prediction.label].action == "hand_over":
            quoted = f"{source.text}\n\n" if source else ""
            return "hand_over", quoted + HAND_OVER, (source,) if source else ()
        if source is None:
            return "hand_over", _NO_ARTICLE.format(intent=self.knowledge.name(prediction.label, "en")), ()
        return "answer", source.text, (source,)

    def _options(self, prediction: Prediction) -> str:
        return "\n".join(f"- {self.knowledge.name(intent, 'en')}" for intent, _ in prediction.ranking[:3])

    def _alternatives(self, prediction: Prediction) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(intent, self.knowledge.name(intent, "en"), confidence)
            for intent, confidence in prediction.ranking[1:4]
        )
