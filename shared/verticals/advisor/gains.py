"""What tuning added to the probe where both were measured on the same test rows.

`gains.json` is written from the kept results by `benchmarks/gains.py`; each entry names its source.
"""

import json
from dataclasses import dataclass
from pathlib import Path

GAINS = Path(__file__).with_name("gains.json")


@dataclass(frozen=True)
class Gain:
    """One kept measurement: the accuracy of the probe and of the tuned model on one test set, between 0 and 1."""

    method: str
    data: str
    probe: float
    tuned: float
    source: str

    @property
    def errors_removed(self) -> float:
        """Share of the probe's errors that tuning removed; unlike points of accuracy it carries over to harder data."""
        return (self.tuned - self.probe) / (1 - self.probe)


def kept_gains() -> tuple[Gain, ...]:
    """Return every kept measurement."""
    return tuple(Gain(**each) for each in json.loads(GAINS.read_text(encoding="utf-8")))


def removed_range(gains: tuple[Gain, ...], method: str) -> tuple[float, float] | None:
    """Return the smallest and the largest share of errors that a method removed; None where it was not measured."""
    shares = [gain.errors_removed for gain in gains if gain.method == method]
    return (min(shares), max(shares)) if shares else None
