"""What to expect of each method: accuracy, seconds and memory, from what a trial measured and from kept results."""

from dataclasses import dataclass

import numpy as np

from verticals.advisor.gains import Gain, removed_range
from verticals.advisor.trial import Trial, tuning_seconds
from verticals.evaluation.metrics import bootstrap, mean

_PROBE_FITS = 2  # strengths tried in training


@dataclass(frozen=True)
class Option:
    """One method: expected accuracy, seconds of training and memory; a range of None was not measured anywhere.

    `basis` says where the range comes from.
    """

    method: str
    low: float | None
    high: float | None
    basis: str
    seconds: float
    memory_mb: float


def options(trial: Trial, gains: tuple[Gain, ...]) -> tuple[Option, ...]:
    """Return what to expect of each method that was measured or timed, the cheapest first."""
    return (*(cheap_option(trial, name) for name in trial.curves), *_tuned_options(trial, gains))


def cheap_option(trial: Trial, name: str) -> Option:
    """Return what to expect of `tfidf` or `probe`."""
    point, seconds = trial.curves[name].points[-1], trial.curves[name].seconds_per_row * trial.rows
    if name == "probe":
        seconds = _PROBE_FITS * seconds + trial.embed_seconds * trial.rows
    high = min(1.0, point.accuracy.high + _still_to_come(trial, name, point.rows))
    basis = f"measured, learning from {point.rows} rows"
    return Option(name, point.accuracy.low, high, basis, seconds, trial.memory_mb)


def _tuned_options(trial: Trial, gains: tuple[Gain, ...]) -> list[Option]:
    options = []
    for name, cost in trial.steps.items():
        low, high, basis = _tuned_range(trial, name, gains)
        seconds = tuning_seconds(cost, trial.rows, trial.batch_size, trial.embed_seconds)
        options.append(Option(name, low, high, basis, seconds, cost.memory_mb))
    return options


def _tuned_range(trial: Trial, name: str, gains: tuple[Gain, ...]) -> tuple[float | None, float | None, str]:
    """Return the expected accuracy: of the short tuning, else the probe's range less the errors that tuning removed elsewhere."""
    probe = cheap_option(trial, "probe")
    if trial.tuned is not None and trial.tuned.method == name:
        measured = bootstrap(mean, trial.tuned.right)
        high = min(1.0, measured.high + _still_to_come(trial, "probe", trial.tuned.rows))
        return measured.low, high, f"measured, learning from {trial.tuned.rows} rows"
    removed = removed_range(gains, name)
    if removed is None or probe.low is None or probe.high is None:
        return None, None, "not measured yet"
    low, high = (
        1 - (1 - accuracy) * (1 - share) for accuracy, share in zip((probe.low, probe.high), removed, strict=True)
    )
    return (
        low,
        high,
        f"expected: tuning removed {removed[0]:.0%} to {removed[1]:.0%} of the probe's errors in kept results",
    )


def _still_to_come(trial: Trial, name: str, learned_from: int) -> float:
    """Return the accuracy that all rows may add to what was learned from some: as much per doubling as the last one added."""
    points = trial.curves[name].points
    if len(points) < 2:
        return 0.0
    doublings = np.log2(points[-1].rows / points[-2].rows)
    slope = (points[-1].accuracy.value - points[-2].accuracy.value) / doublings if doublings else 0.0
    return max(0.0, float(slope * np.log2(max(1.0, trial.rows / learned_from))))
