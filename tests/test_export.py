"""A run as one plain transformers folder: equal logits with plain transformers alone, and refusals by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from toys import Outcome, toy_config, toy_splits
from verticals import backbones, export, pilot
from verticals.errors import ConfigError, MethodError
from verticals.objectives import calibrated
from verticals.pooling import Pooling
from verticals.runs import Run

Command = Callable[..., Outcome]
TEXTS = list(toy_splits().test.texts)


@pytest.mark.parametrize("method", ["probe", "full", "lora"])
def test_plain_transformers_and_the_head_give_the_runs_logits(
    train_toy: Callable[[str], Run], tmp_path: Path, method: str
) -> None:
    run = train_toy(method)
    made = export.export(run, tmp_path / "plain")
    assert made.difference < 1e-4
    model, tokenizer = AutoModel.from_pretrained(made.folder).eval(), AutoTokenizer.from_pretrained(made.folder)
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    head = load_file(made.folder / "head.safetensors")
    with torch.inference_mode():
        states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    logits = Pooling("mean")(states, batch["attention_mask"]) @ head["weight"].T + head["bias"]
    assert np.abs(logits.numpy() - calibrated.load(run).outputs(TEXTS)).max() < 1e-4
    assert json.loads((made.folder / "labels.json").read_text(encoding="utf-8")) == list(run.labels)
    assert backbones.locate(str(made.folder)).folder == made.folder


def test_of_a_blended_run_only_the_backbone_is_exported(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path / "runs"))
    config = toy_config("full", tiny_backbone).model_copy(update={"objective": {"blend": True}})
    made = export.export(pilot.train_classifier("toy", config, toy_splits()), tmp_path / "plain")
    assert backbones.locate(str(made.folder)).folder == made.folder
    assert not (made.folder / "head.safetensors").exists()
    assert "not a classifier" in (made.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("method", "expected"),
    [("tfidf", "'tfidf' has no backbone to export"), ("prompt", "'prompt' cannot be merged")],
)
def test_a_method_that_cannot_merge_says_so_by_name(
    train_toy: Callable[[str], Run], tmp_path: Path, method: str, expected: str
) -> None:
    with pytest.raises(MethodError, match=expected):
        export.export(train_toy(method), tmp_path / "plain")
    assert not list(tmp_path.glob("plain*"))


def test_what_is_no_encoder_and_what_is_there_already_are_refused(
    train_toy: Callable[[str], Run], tmp_path: Path
) -> None:
    run = train_toy("full")
    with pytest.raises(MethodError, match="it learned to generate, which is more than an encoder"):
        export.export(replace(run, manifest={**run.manifest, "objective": "generate"}), tmp_path / "plain")
    with pytest.raises(ConfigError, match="is there already"):
        export.export(run, tmp_path)


def test_the_command_names_the_difference(verticals: Command, train_toy: Callable[[str], Run], tmp_path: Path) -> None:
    outcome = verticals("export", train_toy("lora").folder, tmp_path / "plain", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["difference"] < 1e-4
    assert "is there already" in verticals("export", train_toy("lora").folder, tmp_path / "plain").error
