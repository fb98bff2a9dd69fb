"""Advice in words: a short table and two sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from verticals.advisor.expectations import Option
from verticals.advisor.trial import Trial
from verticals.evaluation.metrics import Estimate


@dataclass(frozen=True)
class TunedChoice:
    """The tuned method to weigh against the best cheap one: its gain in accuracy, whether that is worth it, and was measured."""

    method: str
    gain: Estimate
    worth: bool
    measured: bool


def reason(cheap: str, accuracy: Estimate, ahead: Estimate, tuned: TunedChoice | None) -> str:
    """Say which method, and what speaks for it.

    Args:
        cheap: the better of TF-IDF and the probe, or TF-IDF where they are not clearly apart.
        accuracy: of that method.
        ahead: accuracy of the probe less TF-IDF's, on the same rows.
        tuned: what tuning offers; None where nothing is known of it.
    """
    shown = f"{accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%})"
    if tuned is not None and tuned.worth:
        found = "gained in a short trial" if tuned.measured else "is expected to gain, from kept results,"
        return f"Use {tuned.method}: it {found} {_points(tuned.gain)} of accuracy over {cheap}, which reaches {shown}."
    if cheap == "probe":
        beside = f"the probe is enough: {shown}, {_points(ahead)} over tfidf"
    elif ahead.high < 0:
        beside = f"tfidf is enough: {shown}, and the probe is behind it by {_points(ahead)}"
    else:
        beside = f"tfidf is enough: {shown}; the probe is not clearly apart ({_points(ahead)}), so the cheaper wins"
    return f"Use {cheap}: {beside}{_against(tuned)}."


def _against(tuned: TunedChoice | None) -> str:
    if tuned is None:
        return "; tuning was not weighed, since nothing is known of its gain here"
    how = f"a short tuning of {tuned.method} shows" if tuned.measured else f"kept results of {tuned.method} show"
    return f"; {how} no gain worth its time ({_points(tuned.gain)})"


def _points(gain: Estimate) -> str:
    return f"{gain.value * 100:+.1f} points ({gain.low * 100:+.1f} to {gain.high * 100:+.1f})"


def prospect(trial: Trial, options: Sequence[Option], advised: str) -> str:
    """Say what training takes, and what more rows would bring."""
    option = next(each for each in options if each.method == advised)
    cost = (
        f"Training on all {trial.rows} rows takes about {duration(option.seconds)} and {option.memory_mb:.0f} MB here"
    )
    points = trial.curves["probe"].points
    first, last = points[0], points[-1]
    if len(points) == 1:
        return f"{cost}; the budget was too short for a learning curve."
    risen = (last.accuracy.value - first.accuracy.value) * 100
    grown = "clearly helped" if last.accuracy.low > first.accuracy.high else "did not clearly help"
    return f"{cost}; more rows {grown}: from {first.rows} to {last.rows} of them the probe went {risen:+.1f} points."


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def table(options: Sequence[Option], advised: str) -> list[str]:
    """Return the options as lines; a star marks the advised one."""
    rows = [("", "method", "accuracy", "training", "memory", "accuracy is"), *(_row(each, advised) for each in options)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(option: Option, advised: str) -> tuple[str, ...]:
    known = option.low is not None and option.high is not None
    accuracy = f"{option.low:.1%} to {option.high:.1%}" if known else "unknown"
    mark = "*" if option.method == advised else ""
    return mark, option.method, accuracy, duration(option.seconds), f"{option.memory_mb:.0f} MB", option.basis
