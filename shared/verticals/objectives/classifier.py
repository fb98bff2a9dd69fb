"""What a classifier is to everything that uses one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from verticals.arrays import FloatArray
from verticals.data.examples import Note
from verticals.inference.batches import Scores
from verticals.methods.one_pass import Reader
from verticals.training import TrainingLog


class Classifier(Protocol):
    """What every fitted classifier can do, whatever the method."""

    labels: tuple[str, ...]

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What in it reads with a backbone."""

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts."""

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return the unnormalised scores alone, [texts, classes]."""

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder."""


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, what training took, and what it noticed in the data.

    `tuned_validation_accuracy` is that of the tuned backbone alone, where something was blended into it.
    """

    classifier: Classifier
    log: TrainingLog
    probe_validation_accuracy: float | None
    notes: tuple[Note, ...]
    tuned_validation_accuracy: float | None = None
