"""Two processes that train one model: the steps, the rows and the metrics of one process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler

from toys import settings, toy_rows
from verticals import distributed
from verticals.errors import ConfigError
from verticals.objectives.tag_training import windows_a_step
from verticals.token_rows import LengthGroupedSampler
from verticals_customer_service import recipe

ROOT = Path(__file__).parent.parent
LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0")


def write_rows(path: Path) -> Path:
    rows = toy_rows(24)
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def tune(home: Path, backbone: Path, *launcher: str) -> subprocess.Popen[str]:
    """Start a training on the toy rows in processes of its own."""
    data = write_rows(home.with_suffix(".csv"))
    options = [
        "--method",
        "full",
        "--backbone",
        str(backbone),
        "--set",
        "train.epochs=3",
        "--set",
        "train.batch_size=16",
    ]
    command = [
        sys.executable,
        *launcher,
        "-m",
        "verticals",
        "tune",
        "classify",
        "--data",
        str(data),
        *options,
        "--json",
    ]
    paths = os.pathsep.join(str(ROOT / name) for name in ("shared", "apps"))
    environment = {**os.environ, "VERTICALS_HOME": str(home), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def result(process: subprocess.Popen[str]) -> tuple[dict[str, float], dict[str, int]]:
    """Return the accuracy and the training log of a finished training."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    row = json.loads(out)["results"][0]
    record = json.loads((Path(row["run"]) / "metrics.json").read_text(encoding="utf-8"))
    return row["metrics"]["accuracy"], record["training"]


def test_two_launched_processes_reach_the_metrics_of_one_in_as_many_steps(tmp_path: Path, tiny_backbone: Path) -> None:
    alone, together = tune(tmp_path / "alone", tiny_backbone), tune(tmp_path / "together", tiny_backbone, *LAUNCH)
    (one, log), (two, shared) = result(alone), result(together)
    assert shared["steps"] == log["steps"]
    assert two["value"] == pytest.approx(one["value"], abs=0.07)  # one of fifteen test rows
    assert two["value"] > 0.9
    assert len(list((tmp_path / "together").glob("classify/2*/manifest.json"))) == 1


def test_the_parts_of_two_processes_are_the_batches_of_one() -> None:
    lengths = [n * 7 % 13 + 1 for n in range(96)]
    whole = list(BatchSampler(LengthGroupedSampler(lengths, 16, seed=1), 16, drop_last=False))
    parts = [
        list(BatchSamplerShard(BatchSampler(LengthGroupedSampler(lengths, 16, seed=1), 8, drop_last=False), 2, process))
        for process in range(2)
    ]
    assert [first + second for first, second in zip(*parts, strict=True)] == whole


def test_a_batch_of_windows_is_rounded_up_to_what_can_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert windows_a_step(32, 0.3) == 10  # windows that hold 32 sentences
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert windows_a_step(32, 0.3) == 12
    assert distributed.share_of(windows_a_step(2, 0.1)) == 1


def test_a_batch_that_cannot_be_shared_evenly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert distributed.share_of(32) == 32
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert distributed.share_of(48) == 16
    with pytest.raises(ConfigError, match="use a multiple of 3"):
        distributed.share_of(32)


def test_a_bot_of_several_models_is_not_trained_by_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="a bot is several models"):
        recipe.train(settings())
