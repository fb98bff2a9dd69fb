"""Results side by side, across apps: what a method gained over its baseline, and what it cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verticals.errors import DataError
from verticals.evaluation import results

PRIMARY = (
    "accuracy",
    "subset_accuracy",
    "entity_f1",
    "ndcg_at_10",
    "mrr",
    "nab_score",
    "pairs_right",
    "outcome_accuracy",
    "found_incidents",
    "recall_at_50",
    "passed",
    "chrf",
    "masked_accuracy",
)
"""The metric that stands for a result: the first of these that it has with an interval. More is better in each of them."""
OWN_CLASSES = "accuracy_among_own_classes"
"""Stands for a transferred classifier: it knows its source's classes too, its baseline those of the target's rows alone."""
_PERFECT = {"nab_score": 100.0, "chrf": 100.0}


Name = tuple[str, str, str, int]


@dataclass(frozen=True)
class Line:
    """One result as the comparison shows it; None where a figure was not measured.

    Attributes:
        name: app, suite, method and seed.
        variant: what tells it from others of that name: the folder, a chain's step, what was set by `--set`.
        metric: the name of the primary metric.
        value: of the primary metric, with its interval in `low` and `high`.
        baseline: the baseline's value on the same rows.
        gap_closed: share of the way from the baseline to perfect.
        seconds_per_thousand: of one prediction after another.
        seconds_per_point: training seconds for each point gained over the baseline.
    """

    name: Name
    variant: str
    metric: str
    value: float
    low: float
    high: float
    baseline: float | None
    gap_closed: float | None
    train_seconds: float | None
    seconds_per_thousand: float | None
    seconds_per_point: float | None

    @property
    def key(self) -> tuple[Name, str, str]:
        """What finds the same result in another set."""
        return self.name, self.variant, self.metric


@dataclass(frozen=True)
class Change:
    """One result in two sets; it is a loss where the intervals do not overlap and the newer is the lower one."""

    name: Name
    variant: str
    metric: str
    before: float
    after: float
    lost: bool


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the result rows of a folder's files, each with the `folder` in it where its file lies.

    Raises:
        DataError: there is no result in it, or a file is not one.
    """
    rows, problems = read_what_can_be(folder)
    if problems:
        raise DataError(problems[0])
    if not rows:
        raise DataError(f"{folder}: no results; measure some with: verticals benchmark --results {folder}")
    return rows


def read_what_can_be(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows as `read` does, of the files that are results, and what is wrong with each of the others."""
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        place = path.parent.relative_to(folder).as_posix()
        try:
            rows += [{**row, "folder": place} for row in results.read(path)]
        except DataError as error:
            problems.append(str(error))
    return rows, problems


def lines(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return what is compared: each row that has a metric of `PRIMARY`, in the order of its name."""
    found = [_line(row, metric) for row in rows if (metric := _primary(row))]
    return sorted(found, key=lambda line: line.key)


def left_out(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many rows of which app and suite have no metric of `PRIMARY`: times, and values that settings are chosen by."""
    return dict(sorted(Counter(f"{row['app']} {row['suite']}" for row in rows if not _primary(row)).items()))


def changes(before: Sequence[Line], after: Sequence[Line]) -> list[Change]:
    """Return what stands in both sets, the losses first.

    Raises:
        DataError: nothing stands in both, or one set has a result twice.
    """
    old, new = _by_key(before, "older"), _by_key(after, "newer")
    both = [(old[key], new[key]) for key in new if key in old]
    if not both:
        raise DataError(
            "nothing to compare: no older result has the app, suite, method, seed, metric, folder and --set of a newer one"
        )
    found = [Change(*late.key, early.value, late.value, late.high < early.low) for early, late in both]
    return sorted(found, key=lambda change: (not change.lost, change.name, change.variant))


def _by_key(lines: Sequence[Line], which: str) -> dict[tuple[Name, str, str], Line]:
    found = {line.key: line for line in lines}
    if len(found) < len(lines):
        (name, variant, metric), times = Counter(line.key for line in lines).most_common(1)[0]
        words = " ".join(filter(None, (*map(str, name), variant, metric)))
        raise DataError(f"{words}: {times} of the {which} results; keep one, or each in a folder of its own")
    return found


def _primary(row: Mapping[str, Any]) -> str | None:
    return next((name for name in PRIMARY if row["metrics"].get(name, {}).get("low") is not None), None)


def _variant(row: Mapping[str, Any]) -> str:
    parts = (row.get("folder", "."), row.get("step", ""), *row.get("assignments", ()))
    return ", ".join(part for part in parts if part not in {"", "."})


def _line(row: Mapping[str, Any], metric: str) -> Line:
    own, cost = _among_own_classes(row) if metric == "accuracy" else None, row["cost"]
    estimate = own or row["metrics"][metric]
    beside = row["baseline"].get("metrics", {}).get(metric)
    baseline = beside["value"] if beside else None
    gained = None if baseline is None else estimate["value"] - baseline
    perfect = _PERFECT.get(metric, 1.0)
    seconds = cost.get("train_seconds")
    points = None if gained is None else 100 * gained / perfect
    return Line(
        name=(row["app"], row["suite"], row["method"], row["seed"]),
        variant=_variant(row),
        metric=OWN_CLASSES if own else metric,
        value=estimate["value"],
        low=estimate["low"],
        high=estimate["high"],
        baseline=baseline,
        gap_closed=None if gained is None or baseline == perfect else gained / (perfect - (baseline or 0.0)),
        train_seconds=seconds,
        seconds_per_thousand=cost.get("p50_ms"),
        seconds_per_point=seconds / points if seconds is not None and points is not None and points > 0 else None,
    )


def _among_own_classes(row: Mapping[str, Any]) -> dict[str, float] | None:
    """Return a transferred run's accuracy among the classes of the target's rows; None where it was not measured."""
    record = row.get("transfer", {"sweep": ()})
    return next((each.get("target_own") for each in record["sweep"] if each["strength"] == record["strength"]), None)


HEADER = (
    "app",
    "suite",
    "method",
    "seed",
    "variant",
    "metric",
    "value",
    "baseline",
    "gap closed",
    "training",
    "1000 answers",
    "a point",
)


def cells(line: Line) -> tuple[str, ...]:
    """Return a line as words."""
    app, suite, method, seed = line.name
    return (
        *(app, suite, method, str(seed), line.variant, line.metric.replace("_", " ")),
        f"{line.value:.3f} ({line.low:.3f} to {line.high:.3f})",
        _number(line.baseline, "{:.3f}"),
        _number(line.gap_closed, "{:.0%}"),
        _number(line.train_seconds, "{:.0f} s"),
        _number(line.seconds_per_thousand, "{:.1f} s"),
        _number(line.seconds_per_point, "{:.1f} s"),
    )


def _number(value: float | None, style: str) -> str:
    return "" if value is None else style.format(value)
