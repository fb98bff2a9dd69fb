"""What models around another one have in common: `Recent`, `Expanded` and `Borrowing`."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from verticals.arrays import FloatArray
from verticals_recommender.models.model import Model


@dataclass(frozen=True)
class Wrapper:
    """A model within another one that changes its scores, and leaves its items and their likeness as they are."""

    NAME: ClassVar[str]

    model: Model

    @property
    def kind(self) -> str:
        """Name of the model within, and what was added."""
        return f"{self.NAME}-{self.model.kind}"

    @property
    def size(self) -> int:
        """Number of items."""
        return self.model.size

    def similar(self, item: int) -> FloatArray:
        """Return the likeness that the model within sees."""
        return self.model.similar(item)

    def save_within(self, folder: Path) -> None:
        """Write the model within into a folder of its own."""
        (folder / "model").mkdir()
        self.model.save(folder / "model")
