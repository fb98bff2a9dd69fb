"""What a trial measures: records without behaviour, so that advice can be derived from any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from verticals.arrays import BoolArray
from verticals.data.examples import Note
from verticals.evaluation.metrics import Estimate

CAUTION = 1.5  # a step may take this many times what was expected of it


@dataclass
class Budget:
    """Seconds that may pass; counting begins when it is made."""

    seconds: float
    clock: Callable[[], float]
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def spent(self) -> float:
        """Return the seconds that have passed."""
        return self.clock() - self.started

    def left(self) -> float:
        """Return the seconds that remain."""
        return self.seconds - self.spent()


@dataclass(frozen=True)
class Point:
    """One point of a learning curve: how many rows were learned from, and which rows of the sample came out right."""

    rows: int
    accuracy: Estimate
    right: BoolArray = field(repr=False)


@dataclass(frozen=True)
class Curve:
    """The learning curve of a cheap method, by rising rows, and the seconds that one fit on one row takes."""

    points: tuple[Point, ...]
    seconds_per_row: float


@dataclass(frozen=True)
class StepCost:
    """What one optimizer step takes, and the peak of this process' memory after some of them."""

    seconds: float
    memory_mb: float
    epochs: int


@dataclass(frozen=True)
class TunedTrial:
    """A tuned model and the cheap ones: which of the same rows came out right, all having learned from the same others."""

    method: str
    rows: int
    right: BoolArray = field(repr=False)
    cheap: Mapping[str, BoolArray] = field(repr=False)


@dataclass(frozen=True)
class Trial:
    """Everything that was measured.

    Attributes:
        rows: rows to learn from, in all.
        sampled: how many of them took part.
        embed_seconds: for one row, once through the backbone.
        memory_mb: the peak before anything was tuned.
        curves: by cheap method, `tfidf` and `probe`.
        steps: what an optimizer step costs, by tuned method.
        batch_size: rows in such a step.
        refused: methods that do not fit this backbone.
        tuned: a short tuning, where the budget allowed one.
        spent: seconds.
        budget: seconds.
        notes: what the backbone does not read of the sample.
    """

    rows: int
    sampled: int
    embed_seconds: float
    memory_mb: float
    curves: Mapping[str, Curve]
    steps: Mapping[str, StepCost]
    batch_size: int
    refused: tuple[str, ...]
    tuned: TunedTrial | None
    spent: float
    budget: float
    notes: tuple[Note, ...] = ()


def tuning_seconds(cost: StepCost, rows: int, batch_size: int, embed_seconds: float) -> float:
    """Return what tuning on so many rows is expected to take: the probe that it starts from, the steps, the vectors anew."""
    return 2 * rows * embed_seconds + cost.epochs * -(-rows // batch_size) * cost.seconds
