"""Suites: which are chosen, that a result is measured once, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toys import Outcome, settings
from verticals import benchmark, registry
from verticals.benchmark import Case
from verticals.config import Config
from verticals.errors import ConfigError, DataError
from verticals.evaluation import results
from verticals.vertical import Suite


def _counting(measured: list[int]) -> Suite:
    def run(config: Config) -> list[dict[str, Any]]:
        measured.append(config.train.seed)
        return [results.row("toy", "count", "none", {}, {}, {"seconds": 1.0}, {"name": "toy"}, config.train.seed, None)]

    return Suite("count", "counts its calls", True, run)


def test_what_has_a_result_is_not_measured_again(tmp_path: Path) -> None:
    measured: list[int] = []
    case = Case("toy-count", _counting(measured), settings())
    first = benchmark.run([case], tmp_path)
    assert benchmark.run([case], tmp_path) == first
    assert measured == [settings().train.seed]
    (tmp_path / "toy-count.json").write_text('{"results": [', encoding="utf-8")
    with pytest.raises(DataError, match=r"toy-count\.json: not a result document"):
        benchmark.run([case], tmp_path)
    (tmp_path / "toy-count.json").unlink()
    benchmark.run([case], tmp_path)
    assert len(measured) == 2


def test_a_kept_result_names_its_run_without_the_folders_of_a_machine(tmp_path: Path) -> None:
    row = results.row("toy", "count", "none", {}, {}, {}, {"name": "toy"}, 0, None)
    results.write(tmp_path / "kept.json", [{**row, "run": str(tmp_path / "toy" / "a-run")}, row])
    assert [each["run"] for each in json.loads((tmp_path / "kept.json").read_text())["results"]] == ["a-run", None]
    committed = Path(__file__).parent.parent / "benchmarks" / "results"
    runs = [each["run"] for path in committed.rglob("*.json") for each in json.loads(path.read_text())["results"]]
    assert [name for name in runs if name and "/" in name] == []


def test_committed_results_are_of_the_published_format_and_others_are_refused_by_field(tmp_path: Path) -> None:
    committed = list((Path(__file__).parent.parent / "benchmarks" / "results").rglob("*.json"))
    assert min(len(results.read(path)) for path in committed) > 0
    row = results.row("toy", "count", "none", {}, {}, {}, {"name": "toy"}, 0, None)
    for wrong, field in (
        ({"schema": 99, "results": [row]}, r"schema: Input should be 1"),
        ({"schema": 1, "results": [{**row, "metrics": {"accuracy": 0.9}}]}, r"results\.0\.metrics\.accuracy"),
    ):
        (tmp_path / "other.json").write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(DataError, match=rf"other\.json: not a result document of schema 1: {field}"):
            results.read(tmp_path / "other.json")


def test_a_suite_whose_data_are_not_there_is_passed_over_and_named_or_an_error_where_it_was_asked_for(
    tmp_path: Path,
) -> None:
    def nothing(config: Config) -> list[dict[str, Any]]:
        raise DataError("no folder of public data sets")

    cases = [Case("lost", Suite("lost", "", True, nothing), settings()), Case("toy-count", _counting([]), settings())]
    told: list[str] = []
    rows = benchmark.run(cases, tmp_path, lambda case, error: told.append(f"{case.name}: {error}"))
    assert told == ["lost: no folder of public data sets"]
    assert [row["suite"] for row in rows] == ["count"]
    with pytest.raises(DataError, match="no folder"):
        benchmark.run(cases, tmp_path)


def test_each_seed_has_a_result_of_its_own() -> None:
    chosen = benchmark.select(["customer-service"], ["banking77"], "quick")
    found = benchmark.cases(chosen, "full", 3, [])
    assert [each.name for each in found] == [
        "customer-service-banking77-full",
        "customer-service-banking77-full-seed2",
        "customer-service-banking77-full-seed3",
    ]
    assert [each.config.train.seed for each in found] == [0, 1, 2]
    assert {each.config.method.name for each in found} == {"full"}


def test_what_was_set_has_a_result_of_its_own_that_names_it(tmp_path: Path) -> None:
    chosen = [(registry.get("customer-service"), _counting([]))]
    plain, short, long = (
        benchmark.cases(chosen, None, 1, given) for given in ([], ["train.epochs=1"], ["train.epochs=2"])
    )
    assert [each.config.train.epochs for each in (*short, *long)] == [1, 2]
    assert len({each.name for each in (*plain, *short, *long)}) == 3
    rows = benchmark.run([*plain, *short, *long], tmp_path)
    assert [row.get("assignments") for row in rows] == [None, ["train.epochs=1"], ["train.epochs=2"]]


def test_the_app_s_own_method_is_one_case_named_or_not() -> None:
    chosen = benchmark.select(["customer-service"], ["banking77"], "quick")
    plain, named = (benchmark.cases(chosen, method, 1, []) for method in (None, "probe"))
    assert plain == named
    assert [each.name for each in plain] == ["customer-service-banking77"]


def test_assignments_make_one_case_in_any_order_unless_one_lies_over_another() -> None:
    chosen = benchmark.select(["customer-service"], ["banking77"], "quick")

    def made(*assignments: str) -> list[Case]:
        return benchmark.cases(chosen, None, 1, assignments)

    assert made("train.epochs=3", "objective.blend=false") == made("objective.blend=false", "train.epochs=3")
    twice, over = ("train.epochs=3", "train.epochs=2"), ("train={epochs: 3}", "train.epochs=2")
    for given in (twice, over):
        (first,), (second,) = made(*given), made(*reversed(given))
        assert first.name != second.name
        assert [first.config.train.epochs, second.config.train.epochs] == [2, 3]


def test_the_committed_results_are_found_under_their_names() -> None:
    committed = Path(__file__).parent.parent / "benchmarks" / "results"
    chosen = benchmark.select(["financial-sentiment"], ["phrasebank-50agree", "throughput"], "quick")
    backbone = benchmark.cases(chosen[:1], "full", 3, ["backbone.name=headlines-backbone"])
    million = benchmark.cases(chosen[1:], "tfidf", 1, ["app.benchmark_items=1000000"])
    assert [each.name for each in (*backbone, *million) if not (committed / f"{each.name}.json").is_file()] == []


def test_a_quick_profile_leaves_out_the_long_suites() -> None:
    quick = {suite.name for _, suite in benchmark.select(["customer-service"], (), "quick")}
    full = {suite.name for _, suite in benchmark.select(["customer-service"], (), "full")}
    assert "clinc150" in full - quick
    assert quick < full


def test_an_unknown_suite_or_profile_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'banking77'"):
        benchmark.select((), ["banking7"], "quick")
    with pytest.raises(ConfigError, match="did you mean 'quick'"):
        benchmark.select((), (), "quik")


def test_the_command_lists_suites_and_prints_kept_results(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    listed = verticals("benchmark", "customer-service", "--list", "--profile", "full")
    assert "clinc150" in listed.out
    as_json = json.loads(verticals("benchmark", "customer-service", "--list", "--suite", "clinc150", "--json").out)
    (suite,) = as_json["suites"]
    assert (suite["app"], suite["suite"], suite["profile"]) == ("customer-service", "clinc150", "full")
    row = results.row("customer-service", "turns", "probe", {}, {}, {"p50_ms": 3.0}, {"name": "shipped"}, 0, None)
    (tmp_path / "customer-service-turns.json").write_text(json.dumps(results.document([row])), encoding="utf-8")
    kept = verticals("benchmark", "customer-service", "--suite", "turns", "--results", tmp_path, "--json")
    assert json.loads(kept.out)["results"] == [row]
