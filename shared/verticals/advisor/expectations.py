"""What to expect of each method: accuracy, seconds and memory, from what a trial measured and from kept results."""

from dataclasses import dataclass

import numpy as np

from verticals.advisor.gains import Gain, removed_range
from verticals.advisor.trial import Trial, TunedTrial, tuning_seconds
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
    high = 1 - (1 - point.accuracy.high) * _errors_left(trial, name, point.rows)
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
    """Return the probe's range less the errors that the method removes: in the short tuning, else in kept results."""
    probe, short = cheap_option(trial, "probe"), trial.tuned
    if short is not None and short.method == name:
        removed: tuple[float, float] | None = _removed(short)
        source = f"here, learning from {short.rows} rows"
    else:
        removed, source = removed_range(gains, name), "in kept results"
    if removed is None or probe.low is None or probe.high is None:
        return None, None, "not measured yet"
    low, high = (
        1 - (1 - accuracy) * (1 - share) for accuracy, share in zip((probe.low, probe.high), removed, strict=True)
    )
    return low, high, f"expected: it removed {removed[0]:.0%} to {removed[1]:.0%} of the probe's errors {source}"


def _removed(short: TunedTrial) -> tuple[float, float]:
    """Return the share of the probe's errors that the short tuning removed, as an interval; it may have added some."""
    probe = short.cheap["probe"]
    gain = bootstrap(mean, short.right.astype(float) - probe.astype(float))
    errors = max(1 - mean(probe), 1 / len(probe))
    return gain.low / errors, min(1.0, gain.high / errors)


def _errors_left(trial: Trial, name: str, learned_from: int) -> float:
    """Return the share of the errors that would be left with all rows: each doubling removes as many as the last one did.

    Errors fall by a power of the rows (Hestness et al. 2017, https://arxiv.org/abs/1712.00409).
    """
    points = trial.curves[name].points
    if len(points) < 2 or points[-2].rows == points[-1].rows:
        return 1.0
    before, after = (1 - point.accuracy.value for point in points[-2:])
    ratio = min(1.0, after / before) if before else 1.0
    doublings = np.log2(max(1.0, trial.rows / learned_from)) / np.log2(points[-1].rows / points[-2].rows)
    return float(ratio**doublings)
