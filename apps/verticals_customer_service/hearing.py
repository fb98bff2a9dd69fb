"""A message as the bot understands it, and the skills that it is understood and answered with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from verticals.evaluation.predictor import Prediction
from verticals_customer_service.alarm import Alarm, Trouble
from verticals_customer_service.orders import OrderBackend
from verticals_customer_service.responder import Responder, Template
from verticals_customer_service.retrieval import ArticleSearch, Relevance
from verticals_customer_service.slots import Entity, SlotReader


@dataclass(frozen=True)
class Heard:
    """A message as the bot understood it."""

    message: str
    prediction: Prediction
    entities: tuple[Entity, ...]
    search: ArticleSearch | None
    alarm: Alarm | None = None

    @cached_property
    def relevance(self) -> Relevance | None:
        """How relevant each article is; the search is asked where an answer depends on it, and once."""
        return self.search.relevance(self.message) if self.search else None

    @cached_property
    def trouble(self) -> Trouble | None:
        """What the message is like that a person has to read, if anything; heard once."""
        relevance = self.relevance.highest() if self.relevance else 0.0
        return self.alarm.trouble(self.message, relevance) if self.alarm else None

    @property
    def calm(self) -> bool:
        """Whether there is an alarm, and it hears no trouble."""
        return self.alarm is not None and self.trouble is None

    @property
    def numbered(self) -> bool:
        """Whether the message names an order."""
        return any(each.kind == "order_number" for each in self.entities)

    @property
    def clear(self) -> bool:
        """Whether the intent is known well enough to act on it."""
        return self.prediction.familiar and self.prediction.sure


@dataclass(frozen=True)
class Skills:
    """What a bot can do beside answering from articles.

    Attributes:
        search: the search over articles.
        slots: the reader of entities.
        orders: the shop's orders; without them nothing is done to any.
        responder: puts an article into words.
        today: the day that "tomorrow" is counted from.
        alarm: knows trouble that no rule names.
    """

    search: ArticleSearch | None = None
    slots: SlotReader = field(default_factory=SlotReader)
    orders: OrderBackend | None = None
    responder: Responder = field(default_factory=Template)
    today: Callable[[], date] = date.today
    alarm: Alarm | None = None

    def hear(self, message: str, prediction: Prediction) -> Heard:
        """Read what else there is in a message."""
        return Heard(message, prediction, self.slots.read(message, self.today()), self.search, self.alarm)
