"""Results as they are read from their files, and figures as they are shown."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results"
Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    """Return every row of the result files whose name fits a pattern such as `recommender-*`, by name of the file."""
    return [
        row
        for path in sorted(RESULTS.glob(f"{name}.json"))
        for row in json.loads(path.read_text(encoding="utf-8"))["results"]
    ]


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; nothing where there are no lines."""
    every = [header, ("---",) * len(header), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in every) if lines else ""


def share(estimate: Mapping[str, float]) -> str:
    """Return a share with its interval, in per cent."""
    return f"{estimate['value']:.1%} ({estimate['low']:.1%}–{estimate['high']:.1%})"


def points(estimate: Mapping[str, float]) -> str:
    """Return a gain with its interval, in hundredths."""
    return f"{estimate['value'] * 100:+.1f} ({estimate['low'] * 100:+.1f} to {estimate['high'] * 100:+.1f})"


def plain(estimate: Mapping[str, float], digits: int) -> str:
    """Return a figure that is no share, with its interval."""
    value, low, high = (f"{estimate[name]:.{digits}f}" for name in ("value", "low", "high"))
    return f"{value} ({low}–{high})"


def seconds(value: float | None) -> str:
    """Return a length of time as people say it; nothing where it was not measured."""
    if value is None:
        return ""
    return f"{value:.0f} s" if value < 300 else f"{value / 60:.0f} min"


def megabytes(value: float) -> str:
    """Return a size of memory."""
    return f"{value / 1000:.2f} GB" if value >= 1000 else f"{value:.0f} MB"
