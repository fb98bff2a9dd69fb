"""Results side by side: gap, cost, frontier, what changed, and what is not a result."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toys import Outcome
from verticals import comparison
from verticals.comparison_page import frontier, page_html
from verticals.errors import DataError
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate


def row(method: str, value: float, width: float = 0.01, baseline: float = 0.8) -> dict[str, Any]:
    metrics = {"accuracy": Estimate(value, value - width, value + width)}
    beside = {"method": "tfidf", "metrics": results.estimates({"accuracy": Estimate(baseline, 0.0, 1.0)})}
    cost = {"train_seconds": 50.0, "p50_ms": 12.0}
    return results.row("toy", "colours", method, metrics, beside, cost, {"name": "colours"}, 0, None)


def keep(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "toy.json").write_text(json.dumps(results.document(rows)), encoding="utf-8")
    return folder


def test_the_gap_is_the_share_of_the_way_to_perfect_and_a_point_has_its_price() -> None:
    (line,) = comparison.lines([row("full", 0.9)])
    assert line.gap_closed == pytest.approx(0.5)
    assert line.seconds_per_point == pytest.approx(5.0)
    assert line.seconds_per_thousand == 12.0


def test_a_timing_has_no_place_in_the_comparison() -> None:
    timing = results.row("toy", "turns", "full", {}, {}, {"p50_ms": 3.0}, {"name": "toy"}, 0, None)
    assert comparison.lines([timing]) == []


def test_a_loss_is_one_beyond_the_intervals() -> None:
    before = comparison.lines([row("full", 0.9), row("lora", 0.9)])
    found = comparison.changes(before, comparison.lines([row("full", 0.87), row("lora", 0.895), row("probe", 0.5)]))
    assert [(change.name[2], change.lost) for change in found] == [("full", True), ("lora", False)]


def test_the_frontier_keeps_what_nothing_beats() -> None:
    assert frontier([(1.0, 0.2), (2.0, 0.5), (3.0, 0.4), (2.0, 0.5)]) == [0, 1, 3]


def test_the_command_prints_a_table_and_writes_a_page(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    folder = keep(tmp_path / "kept", row("full", 0.9))
    assert "50%" in verticals("compare", folder, "--page", tmp_path / "page.html").out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Comparison across apps" in page
    assert "src=" not in page.partition("<main")[0]


def test_the_gate_fails_on_a_loss_only(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    old, new = keep(tmp_path / "old", row("full", 0.9)), keep(tmp_path / "new", row("full", 0.8))
    lost = verticals("compare", new, "--before", old)
    assert (lost.code, "LOST" in lost.out) == (1, True)
    assert verticals("compare", old, "--before", new).code == 0


def test_an_empty_folder_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no results"):
        comparison.read(tmp_path)
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.json: not a result document"):
        comparison.read(tmp_path)


def test_a_page_without_results_says_what_to_do() -> None:
    assert "verticals benchmark" in page_html([], "", "zh")
