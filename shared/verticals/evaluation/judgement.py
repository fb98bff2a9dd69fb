"""What a model of any objective is worth on its test rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from verticals.arrays import Float64Array
from verticals.evaluation.metrics import Estimate, bootstrap, mean


@dataclass(frozen=True)
class Judgement:
    """Metrics by field name; the one by which models are compared; and series to draw.

    Attributes:
        metrics: by field name.
        compared: the metric by which models are compared.
        by_row: its value for each test row, or the counts that it is made of, [rows] or [rows, counts].
        details: what else `metrics.json` keeps.
        score: turns `by_row` into the metric.
    """

    metrics: dict[str, Estimate]
    compared: str
    by_row: Float64Array = field(repr=False)
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    score: Callable[[Float64Array], float] = mean

    def gain_over(self, other: "Judgement") -> Estimate:
        """Return the difference on the same rows; pairing them makes the interval as narrow as it can be."""
        return bootstrap(lambda ours, theirs: self.score(ours) - self.score(theirs), self.by_row, other.by_row)
