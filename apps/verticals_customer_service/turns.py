"""What passes between a customer and the bot: a move, the turn that is made of it, and the conversation that remembers."""

from dataclasses import dataclass, field, replace

from verticals_customer_service.filling import Flow
from verticals_customer_service.flows import REFUSED
from verticals_customer_service.knowledge import Action, Source
from verticals_customer_service.slots import Entity

_REMEMBERED_TURNS = 4


@dataclass(frozen=True)
class Move:
    """What the bot says and does.

    `flow` is the task that goes on, `offered` the article that a yes would open, or two to choose from, `deed` the task to carry out.
    """

    action: Action
    reply: str
    sources: tuple[Source, ...] = ()
    flow: Flow | None = None
    offered: tuple[str, ...] = ()
    fell_back: bool = False
    deed: Flow | None = None


@dataclass(frozen=True)
class Alternative:
    """An intent that the message may have meant, with its calibrated probability."""

    intent: str
    name: str
    confidence: float


@dataclass(frozen=True)
class Turn:
    """The bot's answer to one message, as data: an integrator needs nothing else to act on it.

    `entities` are what the message names; `fell_back` says that a generated reply was not grounded, and the article answers instead.
    """

    reply: str
    action: Action
    intent: str
    confidence: float
    alternatives: tuple[Alternative, ...]
    sources: tuple[Source, ...]
    latency_ms: float
    entities: tuple[Entity, ...] = ()
    fell_back: bool = False


@dataclass(frozen=True)
class Conversation:
    """What the bot remembers of one conversation: a task that is under way, and the articles that were offered, among them."""

    unclear_in_a_row: int = 0
    handed_over: bool = False
    flow: Flow | None = None
    offered: tuple[str, ...] = ()
    turns: tuple[tuple[str, Turn], ...] = field(default=(), repr=False)

    @property
    def quoted(self) -> frozenset[str]:
        """The articles that the customer has read here, by their ids."""
        return frozenset(source.id for _, turn in self.turns if turn.action == "answer" for source in turn.sources)

    def after(self, message: str, turn: Turn, move: Move) -> "Conversation":
        """Return the conversation with one more turn; only the last few turns are kept."""
        return replace(
            self,
            unclear_in_a_row=self.unclear_in_a_row + 1 if turn.action == "clarify" else 0,
            handed_over=self.handed_over or turn.action == "hand_over",
            flow=move.flow,
            offered=move.offered,
            turns=(*self.turns, (message, turn))[-_REMEMBERED_TURNS:],
        )


@dataclass(frozen=True)
class Thought:
    """What the bot would remember, say, and do to an order: nothing of it has happened yet."""

    memory: Conversation
    turn: Turn
    deed: Flow | None = None

    def refused(self) -> "Thought":
        """Return what follows instead where the order does not allow the deed any more: a person is called."""
        turn = replace(self.turn, reply=REFUSED, action="hand_over")
        *before, (message, _) = self.memory.turns
        return Thought(replace(self.memory, handed_over=True, turns=(*before, (message, turn))), turn)
