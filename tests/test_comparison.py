"""Results side by side: gap, cost, frontier, what changed, and what is not a result."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from toys import Outcome, toy_rows
from verticals import comparison
from verticals.comparison_page import frontier, page_html
from verticals.data.examples import Examples
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


def test_a_transferred_run_is_judged_among_the_classes_that_its_baseline_knows() -> None:
    sweep = [
        {"strength": strength, "target_own": {"value": value, "low": value - 0.01, "high": value + 0.01}}
        for strength, value in ((0.0, 0.95), (1.0, 0.9))
    ]
    (line,) = comparison.lines([{**row("full", 0.7), "transfer": {"strength": 1.0, "sweep": sweep}}])
    assert (line.metric, line.value, line.baseline) == (comparison.OWN_CLASSES, 0.9, 0.8)
    assert line.gap_closed == pytest.approx(0.5)


def test_what_has_no_metric_with_an_interval_is_not_compared_and_counted() -> None:
    timing = results.row("toy", "turns", "full", {}, {}, {"p50_ms": 3.0}, {"name": "toy"}, 0, None)
    chosen_by = {**row("full", 0.9), "suite": "sweep", "metrics": {"accuracy": {"value": 0.9}}}
    assert comparison.lines([timing, chosen_by, timing]) == []
    assert comparison.left_out([timing, chosen_by, timing]) == {"toy sweep": 1, "toy turns": 2}


def test_a_loss_is_one_beyond_the_intervals() -> None:
    before = comparison.lines([row("full", 0.9), row("lora", 0.9)])
    found = comparison.changes(before, comparison.lines([row("full", 0.87), row("lora", 0.895), row("probe", 0.5)]))
    assert [(change.name[2], change.lost) for change in found] == [("full", True), ("lora", False)]


def test_the_kept_results_beside_themselves_lose_no_line_and_show_no_change() -> None:
    kept = comparison.lines(comparison.read(Path(__file__).parent.parent / "benchmarks" / "results"))
    found = comparison.changes(kept, kept)
    assert len(found) == len(kept) > 100
    assert [each for each in found if each.before != each.after or each.lost] == []


def test_a_result_is_told_from_others_of_its_name_by_metric_step_folder_and_what_was_set(tmp_path: Path) -> None:
    plain, slots = (
        row("full", 0.9),
        {**row("full", 0.9), "metrics": {"entity_f1": {"value": 0.7, "low": 0.6, "high": 0.8}}},
    )
    folder = keep(
        tmp_path / "kept", plain, slots, {**plain, "step": "A to B"}, {**plain, "assignments": ["train.epochs=2"]}
    )
    keep(folder / "blended", plain)
    found = comparison.lines(comparison.read(folder))
    assert {(line.variant, line.metric) for line in found} == {
        ("", "accuracy"), ("", "entity_f1"), ("A to B", "accuracy"), ("train.epochs=2", "accuracy"), ("blended", "accuracy")
    }  # fmt: skip
    assert len(comparison.changes(found, found)) == 5


def test_a_result_that_stands_twice_is_an_error() -> None:
    twice = comparison.lines([row("full", 0.9), row("full", 0.8)])
    with pytest.raises(DataError, match="toy colours full 0 accuracy: 2 of the older results"):
        comparison.changes(twice, twice[:1])


def test_the_frontier_keeps_what_nothing_beats() -> None:
    assert frontier([(1.0, 0.2), (2.0, 0.5), (3.0, 0.4), (2.0, 0.5)]) == [0, 1, 3]


def test_the_command_prints_a_table_and_writes_a_page(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    folder = keep(tmp_path / "kept", row("full", 0.9))
    assert "50%" in verticals("compare", folder, "--page", tmp_path / "page.html").out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Comparison across apps" in page
    assert not re.search(
        r"<(script|link|img)[^>]*\s(src|href)=", page.replace('<link rel="icon" href="data:,">', "", 1)
    )
    beside = verticals("compare", folder, "--before", folder, "--page", tmp_path / "other.html")
    assert (beside.code, (tmp_path / "other.html").is_file()) == (0, True)


def test_the_gate_fails_on_a_loss_only(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    old, new = keep(tmp_path / "old", row("full", 0.9)), keep(tmp_path / "new", row("full", 0.8))
    lost = verticals("compare", new, "--before", old)
    assert (lost.code, "LOST" in lost.out) == (1, True)
    kept = verticals("compare", old, "--before", new)
    assert (kept.code, "1 compared; 0 older and 0 newer" in kept.err) == (0, True)


def test_what_cannot_be_compared_is_counted_by_suite_in_words_and_in_json(
    verticals: Callable[..., Outcome], tmp_path: Path
) -> None:
    timing = results.row("toy", "turns", "full", {}, {}, {"p50_ms": 3.0}, {"name": "toy"}, 0, None)
    timings, both = keep(tmp_path / "timings", timing), keep(tmp_path / "both", row("full", 0.9), timing)
    alone = verticals("compare", timings)
    assert (alone.code, alone.out) == (0, "")
    assert "results left out, without a metric to compare by (1): toy turns (1)" in alone.err
    assert "nothing to compare" in alone.err
    assert json.loads(verticals("compare", both, "--json").out)["left_out"] == {"toy turns": 1}
    gate = verticals("compare", both, "--before", both, "--json")
    assert "older results left out" in gate.err
    assert json.loads(gate.out)["left_out"] == {"older": {"toy turns": 1}, "newer": {"toy turns": 1}}
    assert json.loads(gate.out)["alone"] == {"older": 0, "newer": 0}


def test_what_two_trainings_print_is_compared(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    wrong = {"parcel": "refund", "refund": "colour", "colour": "parcel"}

    def write(name: str, rows: Examples, labels: Sequence[str]) -> Path:
        lines = [f"{text},{label}" for text, label in zip(rows.texts, labels, strict=True)]
        (tmp_path / name).write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
        return tmp_path / name

    train, held_out = toy_rows(20), toy_rows(8, 200)
    test = write("test.csv", held_out, held_out.labels)
    for name, labels in (("old", train.labels), ("new", [wrong[label] for label in train.labels])):
        rows = write("rows.csv", train, labels)
        done = verticals("train", "customer-service", "--data", rows, "--test", test, "--method", "tfidf", "--json")
        (tmp_path / name).mkdir()
        (tmp_path / name / "pilot.json").write_text(done.out, encoding="utf-8")
    gate = verticals("compare", tmp_path / "new", "--before", tmp_path / "old")
    assert (gate.code, "LOST" in gate.out) == (1, True)


def test_the_gate_does_not_pass_where_nothing_is_compared(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    old, new = keep(tmp_path / "old", row("full", 0.9)), keep(tmp_path / "new", row("lora", 0.9))
    passed = verticals("compare", new, "--before", old)
    assert (passed.code, passed.out) == (2, "")
    assert "nothing to compare" in passed.err


def test_an_empty_folder_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no results"):
        comparison.read(tmp_path)
    for content in (b"{}", b'{"results": [', b'{"results": [7]}', b"\xff\xfe"):
        (tmp_path / "x.json").write_bytes(content)
        with pytest.raises(DataError, match=r"x\.json: not a result document"):
            comparison.read(tmp_path)
    (tmp_path / "x.json").write_text('{"results": [{"app": "toy"}]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.json: not a result document of schema 1: schema: Field required"):
        comparison.read(tmp_path)


def test_the_page_says_below_the_plot_which_suites_have_no_point_and_why() -> None:
    timed, untimed, alone = (
        {**row("full", 0.9), "suite": "timed"},
        {**row("full", 0.9), "suite": "untimed", "cost": {}},
        {**row("full", 0.9), "suite": "alone", "baseline": {}},
    )
    rows = [timed, {**timed, "method": "rule", "baseline": {}}, untimed, alone]
    page = page_html(comparison.lines(rows), {}, (), "")
    assert "no time of one answer: toy untimed." in page
    assert "no baseline: toy alone." in page
    assert "没有基线，因而未出现在图中：toy alone。" in page_html(comparison.lines(rows), {}, (), "", "zh")


def test_a_page_without_results_says_what_to_do() -> None:
    assert "verticals benchmark" in page_html([], {}, (), "", "zh")
