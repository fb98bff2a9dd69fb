"""The run folder: whole or not there, and checked whenever it is opened."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from toys import save_tiny_backbone, toy_config, toy_splits
from verticals import parity, pilot, runs
from verticals.errors import RunError
from verticals.evaluation.predictor import Predictor
from verticals.methods.saved import backbone_of
from verticals.objectives import classify, encoder_classifier
from verticals.runs import MANIFEST, Run, open_run, write_json

METHODS = ("tfidf", "probe", "full", "lora")


@pytest.mark.parametrize("method", METHODS)
def test_a_method_learns_separable_rows_and_reloads_as_saved(train_toy: Callable[[str], Run], method: str) -> None:
    run = open_run(train_toy(method).folder)
    predictions = Predictor.load(run).predict(toy_splits().test.texts)
    assert [prediction.label for prediction in predictions] == list(toy_splits().test.labels)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_holds_no_pickle(train_toy: Callable[[str], Run], method: str) -> None:
    endings = {path.suffix for path in train_toy(method).folder.rglob("*") if path.is_file()}
    assert endings <= {".json", ".yaml", ".md", ".safetensors", ".txt"}


def test_a_lora_adapter_loads_in_plain_peft_with_the_same_vectors(
    train_toy: Callable[[str], Run], tiny_backbone: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModel

    run = train_toy("lora")
    ours = classify.load(run.folder, run.labels, run.config)
    assert isinstance(ours, encoder_classifier.EncoderClassifier)
    theirs = PeftModel.from_pretrained(AutoModel.from_pretrained(tiny_backbone), run.folder / "adapter").eval()
    batch = ours.read.tokenizer(["where is my parcel"], return_tensors="pt")
    ids = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    with torch.inference_mode():
        difference = (theirs(**ids).last_hidden_state - ours.module.encoder(**ids).last_hidden_state).abs().max()
    assert difference < 1e-6


@pytest.mark.parametrize("method", ["probe", "lora", "adapter"])
def test_a_run_on_other_weights_than_it_was_trained_on_is_refused(tmp_path: Path, method: str) -> None:
    backbone = save_tiny_backbone(tmp_path / "backbone")
    run = pilot.train_classifier("toy", toy_config(method, backbone), toy_splits())
    Predictor.load(run)
    weights = load_file(backbone / "model.safetensors")
    save_file({name: value * 2 for name, value in weights.items()}, backbone / "model.safetensors")
    with pytest.raises(RunError, match=f"{backbone}: not the weights that the run"):
        Predictor.load(run)


def test_a_fully_tuned_model_loads_in_plain_transformers(train_toy: Callable[[str], Run]) -> None:
    from transformers import AutoModel

    assert AutoModel.from_pretrained(train_toy("full").folder / "model").config.hidden_size == 32


@pytest.mark.parametrize("damage", ["missing", "altered", "no manifest", "broken manifest", "manifest of nothing"])
def test_a_damaged_run_is_refused_by_name(train_toy: Callable[[str], Run], tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(train_toy("probe").folder, folder)
    victim = folder / (MANIFEST if "manifest" in damage else "labels.json")
    if damage in {"missing", "no manifest"}:
        victim.unlink()
    else:
        victim.write_text('{"files": {}}' if damage == "manifest of nothing" else "{", encoding="utf-8")
    expected = {
        "missing": "labels.json: is missing",
        "altered": "labels.json: was altered",
        "no manifest": "no manifest.json",
    }
    with pytest.raises(RunError, match=expected.get(damage, "not a manifest")):
        open_run(folder)


def test_a_run_of_a_version_with_other_settings_says_so(train_toy: Callable[[str], Run], tmp_path: Path) -> None:
    settings = (train_toy("probe").folder / "config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(settings.replace("warmup_share", "warmup_part"), encoding="utf-8")
    with pytest.raises(RunError, match="of another version: unknown setting train"):
        assert Run(tmp_path, {}).config


def test_a_run_whose_backbone_was_moved_names_both(tiny_backbone: Path, tmp_path: Path) -> None:
    config = toy_config("probe", tiny_backbone.with_name("moved"))
    with pytest.raises(RunError, match=f"{tmp_path}: the backbone .* not found from here: no backbone '.*moved'"):
        backbone_of(tmp_path, config)


def test_a_run_that_predicts_otherwise_is_not_proven(train_toy: Callable[[str], Run]) -> None:
    run = train_toy("tfidf")
    texts = toy_splits().test.texts[:4]
    logits = classify.load(run.folder, run.labels, run.config).score(texts).logits
    parity.prove_reload(run, texts, logits)
    with pytest.raises(RunError, match="logits differ by 1"):
        parity.prove_reload(run, texts, logits + 1.0)


def test_a_failed_proof_leaves_nothing_behind(tmp_path: Path, tiny_backbone: Path) -> None:
    def refuse(run: Run) -> None:
        raise RunError("not the same")

    config = toy_config("tfidf", tiny_backbone)
    with pytest.raises(RunError, match="not the same"):
        runs.save("toy", config, {"objective": "classify"}, lambda folder: write_json(folder / "file.json", {}), refuse)
    assert list((tmp_path / "runs" / "toy").iterdir()) == []


def test_two_runs_of_the_same_settings_are_saved_side_by_side_and_both_are_whole(tiny_backbone: Path) -> None:
    config = toy_config("tfidf", tiny_backbone)

    def write(number: int, folder: Path) -> None:
        write_json(folder / "file.json", number)
        if number == 0:  # meanwhile, another process saves its own
            saved.append(runs.save("toy", config, {"objective": "classify"}, partial(write, 1), lambda run: None))

    saved: list[Run] = []
    saved.append(runs.save("toy", config, {"objective": "classify"}, partial(write, 0), lambda run: None))
    assert [open_run(run.folder).read_json("file.json") for run in saved] == [1, 0]
    assert not list(saved[0].folder.parent.glob(".draft*"))
    assert saved[0].folder.stat().st_mode == saved[0].folder.parent.stat().st_mode


def test_the_newest_complete_run_is_found(train_toy: Callable[[str], Run], tmp_path: Path) -> None:
    source = train_toy("probe").folder
    for name in ("20250101T000000Z-aaaaaaaa", "20250102T000000Z-bbbbbbbb"):
        shutil.copytree(source, tmp_path / "runs" / "toy" / name)
    incomplete = tmp_path / "runs" / "toy" / "20250103T000000Z-cccccccc"
    incomplete.mkdir()
    newest = runs.latest("toy")
    assert newest is not None
    assert newest.folder.name == "20250102T000000Z-bbbbbbbb"
    assert runs.latest("another app") is None


def test_a_run_is_found_again_by_its_settings_and_rows_alone(
    train_toy: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_toy("probe")
    monkeypatch.setenv("VERTICALS_HOME", str(run.folder.parent.parent))
    rows = run.manifest["data"]["fingerprint"]
    other = run.config.model_copy(update={"objective": {"class_weights": "balanced"}})
    assert runs.trained_with("toy", run.config, rows) == run
    assert runs.trained_with("toy", run.config, "of other rows") is None
    assert runs.trained_with("toy", other, rows) is None


def test_a_damaged_run_of_other_settings_does_not_stand_in_the_way_of_one_that_is_looked_for(
    train_toy: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_toy("probe")
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    shutil.copytree(run.folder, tmp_path / "toy" / run.folder.name)
    for name in ("20990101T000000Z-aaaaaaaa", "20990102T000000Z-bbbbbbbb"):
        newer = shutil.copytree(run.folder, tmp_path / "toy" / name)
        runs.write_json(newer / runs.MANIFEST, {**run.manifest, "config_digest": "another"})
        (newer / "labels.json").write_text("[]")
    (newer / runs.MANIFEST).write_text("{")
    found = runs.trained_with("toy", run.config, run.manifest["data"]["fingerprint"])
    assert found is not None
    assert found.folder.name == run.folder.name


def test_a_run_is_found_by_its_settings_even_where_it_is_held_back(
    train_toy: Callable[[str], Run], tmp_path: Path
) -> None:
    held = shutil.copytree(train_toy("probe").folder, tmp_path / "runs" / "toy" / train_toy("probe").folder.name)
    runs.write_json(held / runs.VERDICT, {"promoted": False})
    assert runs.latest("toy") is None
    run = runs.open_run(held)
    assert runs.trained_with("toy", run.config, run.manifest["data"]["fingerprint"]) == run


def test_the_manifest_names_versions_seed_and_data(train_toy: Callable[[str], Run]) -> None:
    manifest = json.loads((train_toy("probe").folder / MANIFEST).read_text(encoding="utf-8"))
    assert {"torch", "transformers", "python"} <= set(manifest["versions"])
    assert manifest["data"]["fingerprint"] == toy_splits().fingerprint()
    assert manifest["seed"] == 0


def test_models_that_leave_their_backbone_as_it_came_hold_the_same_one(train_toy: Callable[[str], Run]) -> None:
    run = train_toy("probe")
    first, second = (encoder_classifier.load(run.folder, run.labels, run.config) for _ in range(2))
    assert first.module.encoder is second.module.encoder
