"""The scripts of `benchmarks/`: what they keep, that they go on where they stopped, and the tables made of it."""

import importlib.util
import json
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import DEFAULT_CALLBACKS

from toys import toy_config, toy_rows, toy_splits

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def script(name: str) -> ModuleType:
    """Import a script, which is no part of any package."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, BENCHMARKS / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = toy_rows(16)
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path = tmp_path / "labelled.csv"
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def kept(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["results"])


def test_methods_are_measured_once_each_and_a_failure_is_told(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    methods, folder = script("methods.py"), tmp_path / "results"
    arguments = [str(labelled), "--methods", "tfidf", "--seeds", "1", "--results", str(folder)]
    assert methods.main(arguments) == 0
    path = folder / "classify-labelled-tfidf-seed0.json"
    (row,) = kept(path)
    assert (row["method"], row["seed"]) == ("tfidf", 0)
    assert row["settings"] == {"blend": False, "class_weights": "none"}
    assert {"train_seconds", "peak_memory_mb", "trained_parameters", "artefact_bytes"} <= row["cost"].keys()
    written = path.stat().st_mtime_ns
    assert methods.main(arguments) == 0
    assert path.stat().st_mtime_ns == written
    assert methods.main([*arguments, "--set", "train.epochs=none"]) == 1
    assert re.search(r"classify-labelled-tfidf-\w{8}-seed0: error: setting train\.epochs", capsys.readouterr().err)
    assert methods.main([*arguments, "--set", "train.epochs=2"]) == 0
    (other,) = (each for each in folder.iterdir() if each != path)
    assert kept(other)[0]["assignments"] == ["train.epochs=2"]


def test_a_sweep_judges_on_validation_rows_and_goes_on_where_it_stopped(
    labelled: Path, tmp_path: Path, tiny_backbone: Path
) -> None:
    sweep, path = script("learning_rates.py"), tmp_path / "lora-labelled.json"
    settings = [f"backbone.name={tiny_backbone}", "backbone.max_tokens=32", "train.epochs=1"]
    options = ["--data", str(labelled), "--rows", "24", "--results", str(tmp_path)]
    options += [word for each in settings for word in ("--set", each)]
    sweep.main(["lora", "1e-3", *options])
    (first,) = kept(path)
    sweep.main(["lora", "1e-3", "1e-2", *options])
    rows = kept(path)
    assert rows[0] == first
    assert [row["settings"]["learning_rate"] for row in rows] == [1e-3, 1e-2]
    assert {name for row in rows for name in row["metrics"]} == {"validation_accuracy"}
    assert rows[0]["data"]["split"]["train"] == 24
    assert rows[0]["data"]["fingerprint"] == rows[1]["data"]["fingerprint"]
    sweep.main(["lora", "1e-3", *options, "--set", "train.batch_size=8"])
    assert [row["assignments"][3:] for row in kept(path)] == [[], [], ["train.batch_size=8"]]


def test_epochs_are_timed_in_one_run_as_ratios_to_the_first_method(
    labelled: Path, tmp_path: Path, tiny_backbone: Path
) -> None:
    settings = [f"backbone.name={tiny_backbone}", "backbone.max_tokens=32"]
    arguments = [str(labelled), "--methods", "full", "bitfit", "--rows", "24", "--results", str(tmp_path)]
    script("epochs.py").main([*arguments, *(word for each in settings for word in ("--set", each))])
    full, bitfit = kept(tmp_path / "epochs-labelled.json")
    assert (full["method"], bitfit["method"]) == ("full", "bitfit")
    assert full["cost"]["times_as_fast"] == 1.0
    assert full["data"]["split"]["train"] == 24


def test_the_watch_stops_at_the_target_and_judges_only_every_few_steps() -> None:
    peer = script("peers/plain_trainer.py")
    found = iter([0.2, 0.9])
    watch = peer.Watch(lambda model: next(found), target=0.8, every=2)
    arguments, control = TrainingArguments(report_to=[]), TrainerControl()
    for step in range(1, 5):
        assert not control.should_training_stop
        state = TrainerState(global_step=step)
        watch.on_step_end(arguments, state, control, model=nn.Linear(1, 1))
    assert control.should_training_stop
    assert watch.reached
    assert watch.best == 0.9
    watch.on_train_end(arguments, TrainerState(), control)
    ended = watch.seconds
    time.sleep(0.01)
    assert 0 < ended == watch.seconds


def test_the_peer_is_timed_beside_ours_in_one_run(
    labelled: Path, tmp_path: Path, tiny_backbone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [f"backbone.name={tiny_backbone}", "backbone.max_tokens=32", "train.epochs=1"]
    arguments = [str(labelled), "--epochs", "1", "--every", "1", "--results", str(tmp_path)]
    peer, before = script("peers/plain_trainer.py"), list(DEFAULT_CALLBACKS)
    peer.main([*arguments, *(word for each in settings for word in ("--set", each))])
    assert before == DEFAULT_CALLBACKS
    (row,) = kept(tmp_path / "plain-trainer-labelled-full.json")
    assert (row["method"], row["seed"], row["backbone"]) == ("full", 0, str(tiny_backbone))
    seconds, accuracy = row["compared"]
    assert accuracy["ratio"] is None
    assert f"{seconds['what']:<52}ours" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ours", "plain", "words", "ratio"),
    [
        (True, True, "training to 81.0% on validation rows", 3.0),
        (True, False, "training to 81.0% on validation rows; plain did not get there", None),
        (False, False, "; neither got there, and these are the times until they ended", None),
    ],
)
def test_times_to_a_target_have_a_ratio_only_where_both_got_there(
    tmp_path: Path, tiny_backbone: Path, ours: bool, plain: bool, words: str, ratio: float | None
) -> None:
    peer = script("peers/plain_trainer.py")
    times = {"ours": (ours, 2.0), "plain": (plain, 6.0)}
    found = {
        name: peer.Watch(lambda model: 0.0, 0.81, 1, reached=reached, seconds=seconds)
        for name, (reached, seconds) in times.items()
    }
    peer.report(tmp_path, toy_splits(), toy_config("probe", tiny_backbone, seed=7), 0.8, found)
    (row,) = kept(tmp_path / "plain-trainer-toy-probe.json")
    assert row["seed"] == 7
    assert row["compared"][0]["what"].endswith(words)
    assert row["compared"][0]["ratio"] == ratio


def test_the_headline_is_the_mean_over_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = script("tables.py")
    monkeypatch.setattr(sys.modules["table.cells"], "RESULTS", tmp_path)
    for seed, value in ((0, 0.9), (1, 0.8)):
        estimate = {"value": value, "low": value - 0.1, "high": value + 0.1}
        beside = {"method": "tfidf", "metrics": {"accuracy": {"value": value - 0.2}}}
        about = {"suite": "banking77", "method": "full", "seed": seed, "cost": {"train_seconds": 10.0 + 20 * seed}}
        row = {**about, "metrics": {"accuracy": estimate}, "baseline": beside}
        (tmp_path / f"customer-service-banking77-full-{seed}.json").write_text(json.dumps({"results": [row]}))
    (line,) = tables.headline.headline("en").splitlines()[2:]
    assert "| **85.0% (75.0%–95.0%)** full, mean of 2 seeds | 65.0% tfidf | +20.0 | 20 s |" in line


def test_the_table_of_methods_is_the_mean_over_seeds_with_the_gain_over_the_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = script("tables.py")
    monkeypatch.setattr(sys.modules["table.cells"], "RESULTS", tmp_path)
    (tmp_path / "methods").mkdir()
    cost = {"train_seconds": 60.0, "peak_memory_mb": 900.0, "artefact_bytes": 2_000_000, "trained_parameters": 1000}
    for method, seed, accuracy in (("probe", 0, 0.8), ("probe", 1, 0.8), ("lora", 0, 0.9), ("lora", 1, 0.88)):
        metrics = {"accuracy": {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}}
        row = {"data": {"name": "toy"}, "method": method, "seed": seed, "metrics": metrics, "cost": cost}
        (tmp_path / "methods" / f"classify-toy-{method}-seed{seed}.json").write_text(json.dumps({"results": [row]}))
    assigned = {**row, "assignments": ["train.epochs=9"]}
    (tmp_path / "methods" / "classify-toy-lora-0a1b2c3d-seed0.json").write_text(json.dumps({"results": [assigned]}))
    *_, probe, lora, longer = tables.core.measured_methods("en").splitlines()
    assert probe.startswith("| toy | `probe` | 80.0% (79.0%–81.0%) |  | 2 |")
    assert lora == "| toy | `lora` | 89.0% (88.0%–90.0%) | +9.0 | 2 | 1,000 | 60 s | 900 MB | 2.0 MB |"
    assert longer.startswith("| toy | `lora`, train.epochs=9 | 88.0% (87.0%–89.0%) | +8.0 | 1 |")


def test_a_blended_model_is_no_evidence_of_tuning_beside_a_probe_that_is_not_blended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains, results = script("gains.py"), tmp_path / "benchmarks" / "results"
    monkeypatch.setattr(gains, "ROOT", tmp_path)
    monkeypatch.setattr(gains, "RESULTS", results)
    results.mkdir(parents=True)

    def keep(name: str, method: str, accuracy: float, **settings: bool) -> None:
        about = {"backbone": "builtin", "data": {"name": "toy", "fingerprint": "f"}, "seed": 0, "settings": settings}
        row = {"method": method, "metrics": {"accuracy": {"value": accuracy}}, **about}
        (results / f"{name}.json").write_text(json.dumps({"results": [row]}), encoding="utf-8")

    keep("customer-service-shipped-full", "full", 0.95)  # of before the settings were recorded
    keep("probe", "probe", 0.8, blend=False)
    keep("lora", "lora", 0.9, blend=False)
    assert [(each["method"], each["probe"]) for each in gains.gains()] == [("lora", 0.8)]
    keep("blended-probe", "probe", 0.85, blend=True)
    assert [(each["method"], each["probe"]) for each in gains.gains()] == [("full", 0.85), ("lora", 0.8)]
