"""Tables of what the customer-service bot does beside classifying: whole conversations, search, and many customers at once."""

import json
from pathlib import Path
from typing import Any

Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]  # header and lines
_ENDS = ("containment", "hand_over_precision", "hand_over_recall", "wrong_answers", "tasks_done")
_SHOWN = {"scripted-conversations": "held out", "development-conversations": "development"}
_COUNTS = ("requests", "errors", "mixed_up")


def conversations(results: Path) -> Rows:
    """How scripted conversations end."""
    header = (
        "conversations",
        "bot",
        "finished of those that need nobody",
        "hand-over precision",
        "hand-over recall",
        "wrong among answered",
        "tasks done",
    )
    lines = [
        (_SHOWN[row["suite"]], row["method"], *(_share(row["metrics"][name]) for name in _ENDS))
        for suite in _SHOWN
        for row in _rows(results, suite)
    ]
    return header, lines


def search(results: Path) -> Rows:
    """How high paraphrased questions rank their own thread."""
    names = ("mrr", "map", "precision_at_5")
    lines = [
        (row["method"], *(f"{row['metrics'][name]['value']:.3f}" for name in names))
        for row in _rows(results, "stackfaq")
    ]
    return ("search", "MRR", "MAP", "P@5"), lines


def load(results: Path) -> Rows:
    """What came of many customers at once."""
    lines = [
        (
            str(row["data"]["split"]["customers"]),
            f"{row['data']['split']['seconds']:.0f} s",
            *(str(row["cost"][name]) for name in _COUNTS),
            f"{row['cost']['p50_ms']:.0f} ms, {row['cost']['p95_ms']:.0f} ms",
        )
        for row in _rows(results, "load")
    ]
    return ("customers", "for", "requests", "errors", "mixed up", "median and 95th percentile"), lines


def _rows(results: Path, suite: str) -> list[dict[str, Any]]:
    """Return the rows of every result file of a suite, whatever the method."""
    files = sorted(results.glob(f"customer-service-{suite}*.json"))
    return [row for path in files for row in json.loads(path.read_text(encoding="utf-8"))["results"]]


def _share(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.1%} ({estimate['low']:.1%}–{estimate['high']:.1%})"
