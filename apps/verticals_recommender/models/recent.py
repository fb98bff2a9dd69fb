"""A model that listens to recent items more."""

from dataclasses import dataclass, replace
from pathlib import Path

from verticals.arrays import FloatArray, IntArray
from verticals.runs import write_json
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Scored
from verticals_recommender.models.wrapper import Wrapper

KIND = "recent"


@dataclass(frozen=True)
class Recent(Wrapper):
    """A model that listens to recent items more: an item with `half_life` newer ones counts half."""

    NAME = KIND

    half_life: float

    def scores(self, histories: Histories) -> FloatArray:
        """Return the scores for decayed histories."""
        return self.model.scores(histories.decayed(self.half_life))

    def scored(self, history: Histories) -> Scored:
        """Return what the model within makes of the decayed history."""
        return self.model.scored(history.decayed(self.half_life))

    def extended(self, vectors: FloatArray) -> "Recent":
        """Return the model with new items."""
        return replace(self, model=self.model.extended(vectors))

    def erased(self, items: IntArray) -> "Recent":
        """Return the model without items."""
        return replace(self, model=self.model.erased(items))

    def save(self, folder: Path) -> None:
        """Write the model within and the half-life."""
        self.save_within(folder)
        write_json(folder / "model.json", {"kind": KIND, "half_life": self.half_life})
