"""What the monitor remembers between two batches, as plain JSON that comes back to the last bit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from verticals_financial_sentiment.alert_wording import Kind
from verticals_financial_sentiment.alerts import KINDS, AlertState, Feedback, Reported
from verticals_financial_sentiment.budget import BudgetState
from verticals_financial_sentiment.detection import State
from verticals_financial_sentiment.index import Bucket, IndexState


@dataclass
class TickerState:
    """One company: its index, one detector for each kind of alert, and the stories of the span that is judged.

    Attributes:
        index: of the company.
        detectors: by kind.
        recent: (bucket start, story, score) of the stories that grew, oldest first.
        changed: since it was last saved.
    """

    index: IndexState
    detectors: dict[Kind, State] = field(default_factory=lambda: {kind: State() for kind in KINDS})
    recent: list[tuple[int, str, float]] = field(default_factory=list)
    changed: bool = True

    def remember(self, bucket: Bucket, span: int) -> None:
        """Add a bucket's stories and forget those older than `span` seconds."""
        kept = [each for each in self.recent if each[0] > bucket.time - span]
        self.recent = [*kept, *((bucket.time, story, score) for story, score in bucket.stories)]

    def recent_stories(self) -> dict[str, float]:
        """Return the remembered stories, each with the score of what it said last."""
        return {story: score for _, story, score in self.recent}

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads; the lists in it are those of the state, so it is to be written at once."""
        detectors = {kind: vars(state) for kind, state in self.detectors.items()}
        return {"index": vars(self.index), "detectors": detectors, "recent": self.recent}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TickerState":
        """Restore what `to_json` gave."""
        detectors = {kind: State(**value["detectors"][kind]) for kind in KINDS}
        recent = [(int(time), str(story), float(score)) for time, story, score in value["recent"]]
        return cls(IndexState(**value["index"]), detectors, recent, changed=False)


def alerts_to_json(state: AlertState) -> dict[str, Any]:
    """Return what `alerts_from_json` reads; the threshold of the day is solved again at a start, by the settings of then."""
    return {**asdict(state), "budget": {"highest": state.budget.highest}}


def alerts_from_json(value: Mapping[str, Any] | None) -> AlertState:
    """Restore what `alerts_to_json` gave; nothing gives a fresh state."""
    if value is None:
        return AlertState()
    # JSON has no whole-number keys
    highest = {int(day): dict(scores) for day, scores in value["budget"]["highest"].items()}
    return AlertState(
        budget=BudgetState(highest),
        reported={ticker: Reported(**each) for ticker, each in value["reported"].items()},
        feedback={ticker: Feedback(**each) for ticker, each in value["feedback"].items()},
        day=value["day"],
        held_back=value["held_back"],
    )
