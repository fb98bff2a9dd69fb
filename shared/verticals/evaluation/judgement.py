"""What a model of any objective is worth on its test rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verticals.evaluation.metrics import Estimate, Float64Array, bootstrap, mean


@dataclass(frozen=True)
class Judgement:
    """Metrics by field name; the one by which models are compared, with its value for each test row; and series to draw."""

    metrics: dict[str, Estimate]
    compared: str
    by_row: Float64Array = field(repr=False)
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def gain_over(self, other: "Judgement") -> Estimate:
        """Return the mean difference on the same rows; pairing them makes the interval as narrow as it can be."""
        return bootstrap(mean, self.by_row - other.by_row)
