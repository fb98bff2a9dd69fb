"""The loop: exact resume after SIGKILL, one learning rate for each part, and what methods may touch."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from toys import toy_config, toy_splits
from verticals import backbones, checkpoints, methods, training
from verticals.errors import RunError, VerticalsError
from verticals.objectives import classify, encoder_classifier
from verticals.precision import InBfloat16
from verticals.token_rows import LengthGroupedSampler
from verticals.training import HEAD, recipe

STEP_KILLED = 9


def train(work: Path, backbone: Path, method: str, precision: str) -> dict[str, torch.Tensor]:
    """Train a toy classifier, sixteen steps with a checkpoint every three, and return its weights."""
    config = toy_config(method, backbone, epochs=4, batch_size=16, checkpoint_steps=3, precision=precision)
    fitted = classify.fit(toy_splits(), config, work).classifier
    assert isinstance(fitted, encoder_classifier.EncoderClassifier)
    return dict(fitted.module.state_dict())


def train_and_be_killed(work: Path, backbone: Path, method: str, precision: str) -> None:
    """Do the same, but SIGKILL this process in the middle of a step."""
    steps = 0

    def kill(module: torch.nn.Module, inputs: object) -> None:
        nonlocal steps
        steps += module.training
        if steps == STEP_KILLED:
            os.kill(os.getpid(), signal.SIGKILL)

    torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: kill(module, inputs) if isinstance(module, encoder_classifier.ClassifierModule) else None
    )
    train(work, backbone, method, precision)


@pytest.mark.parametrize(("method", "precision"), [("full", "float32"), ("full", "bfloat16"), ("lora", "float32")])
def test_a_killed_training_continues_and_ends_with_the_same_weights(
    tmp_path: Path, tiny_backbone: Path, method: str, precision: str
) -> None:
    work = tmp_path / "killed"
    program = "import sys, pathlib, test_training as t; t.train_and_be_killed(*map(pathlib.Path, sys.argv[1:3]), *sys.argv[3:])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", program, str(work), str(tiny_backbone), method, precision]
    assert subprocess.run(command, check=False, capture_output=True, env=environment).returncode == -signal.SIGKILL
    assert checkpoints.last(work) == work / "checkpoint-6"
    resumed = train(work, tiny_backbone, method, precision)
    whole = train(tmp_path / "undisturbed", tiny_backbone, method, precision)
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_a_checkpoint_cut_short_is_not_continued(tmp_path: Path) -> None:
    for step, complete in ((3, True), (6, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if complete:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}", encoding="utf-8")
    assert checkpoints.last(tmp_path) == tmp_path / "checkpoint-3"
    assert checkpoints.last(tmp_path / "nothing") is None


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt"])
def test_a_checkpoint_that_cannot_be_read_is_named_with_what_to_do(
    tiny_backbone: Path, tmp_path: Path, name: str
) -> None:
    train(tmp_path, tiny_backbone, "bitfit", "float32")
    damaged = checkpoints.last(tmp_path)
    assert damaged is not None
    os.truncate(damaged / name, 50)
    with pytest.raises(RunError, match=f"{damaged}: a checkpoint that cannot be read: .*remove the folder"):
        train(tmp_path, tiny_backbone, "bitfit", "float32")


def test_the_order_of_rows_depends_on_seed_and_epoch_alone() -> None:
    lengths = [n % 7 + 1 for n in range(100)]
    sampler, same = (LengthGroupedSampler(lengths, 8, seed=3) for _ in range(2))
    list(same)  # drawing once must not change what comes next
    assert list(sampler) == list(same)
    assert sorted(sampler) == list(range(100))
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_batches_hold_rows_of_similar_length() -> None:
    lengths = [n * 37 % 100 + 1 for n in range(512)]
    order = list(LengthGroupedSampler(lengths, 8, seed=0))
    spread = [max(batch) - min(batch) for batch in ([lengths[i] for i in order[s : s + 8]] for s in range(0, 512, 8))]
    assert sum(spread) / len(spread) < 20  # a random batch of eight spreads over about 78


@pytest.mark.parametrize(("method", "whole_backbone"), [("full", True), ("lora", False)])
def test_a_method_trains_what_it_says(tiny_backbone: Path, method: str, whole_backbone: bool) -> None:
    encoder = backbones.load_encoder(backbones.locate(str(tiny_backbone))).requires_grad_(False)
    row = methods.get(method)
    assert row.adapt is not None
    adapted = row.adapt(encoder, row.options())
    trained = {name for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert (len(trained) == len(dict(adapted.named_parameters()))) == whole_backbone
    assert whole_backbone or all("lora_" in name for name in trained)


def test_the_head_learns_at_its_own_rate_and_vectors_do_not_decay() -> None:
    module = torch.nn.ModuleDict({"encoder": torch.nn.Linear(4, 4), "head": torch.nn.Linear(4, 2)})
    plan = recipe(toy_config("full", Path("unused")).train, methods.get("full"))
    groups = training._groups(module, plan)
    assert HEAD == "head."
    assert {(group["lr"], group["weight_decay"]) for group in groups} == {
        (plan.learning_rate, plan.weight_decay),
        (plan.learning_rate, 0.0),
        (plan.head_learning_rate, plan.weight_decay),
        (plan.head_learning_rate, 0.0),
    }


def test_tuning_from_a_start_of_its_own_is_compared_with_the_probe_of_the_backbone_as_it_came(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    """Adapters that start at random spoil the vectors; what they leave of the probe's quality is not what tuning has to beat."""
    probe = classify.fit(toy_splits(), toy_config("probe", tiny_backbone), tmp_path / "probe")
    config = toy_config("adapter", tiny_backbone, epochs=1, learning_rate=1e-12, head_learning_rate=1e-12)
    spread = config.method.model_copy(update={"options": {"spread": 100.0}})
    spoilt = classify.fit(toy_splits(), config.model_copy(update={"method": spread}), tmp_path / "spoilt")
    assert spoilt.probe_validation_accuracy == probe.probe_validation_accuracy


def test_tuning_starts_from_the_probe(tiny_backbone: Path, tmp_path: Path) -> None:
    probe = classify.fit(toy_splits(), toy_config("probe", tiny_backbone), tmp_path)
    tuned = classify.fit(
        toy_splits(), toy_config("full", tiny_backbone, learning_rate=1e-12, head_learning_rate=1e-12), tmp_path
    )
    texts = toy_splits().test.texts
    assert abs(probe.classifier.score(texts).logits - tuned.classifier.score(texts).logits).max() < 1e-3


def test_bfloat16_is_the_arithmetic_of_products_alone() -> None:
    torch.manual_seed(0)
    exact = torch.nn.Linear(64, 8)
    texts = torch.randn(16, 64)
    rounded = InBfloat16(exact)(texts)
    rounded.square().mean().backward()
    assert exact.weight.grad is not None
    assert rounded.dtype == exact.weight.dtype == exact.weight.grad.dtype == torch.float32
    assert not torch.equal(rounded, exact(texts))
    assert torch.allclose(rounded, exact(texts), atol=0.02)


def test_the_precision_that_was_asked_for_is_kept_with_the_log(tiny_backbone: Path, tmp_path: Path) -> None:
    config = toy_config("full", tiny_backbone, epochs=1, precision="bfloat16")
    assert classify.fit(toy_splits(), config, tmp_path).log.precision == "bfloat16"


def test_the_seconds_before_an_interruption_count(tiny_backbone: Path, tmp_path: Path) -> None:
    config = toy_config("full", tiny_backbone, epochs=1)
    classify.fit(toy_splits(), config, tmp_path)
    checkpoint = checkpoints.last(tmp_path)
    assert checkpoint is not None
    (checkpoint / "seconds.json").write_text("1000.0", encoding="utf-8")
    log = classify.fit(toy_splits(), config, tmp_path).log
    assert log.earlier_seconds == 1000.0
    assert 1000.0 < log.seconds < 1100.0


@pytest.mark.parametrize("rate", [1e5, 1e30])
def test_a_training_that_diverges_says_so(tiny_backbone: Path, tmp_path: Path, rate: float) -> None:
    config = toy_config("full", tiny_backbone, learning_rate=rate)
    with pytest.raises(VerticalsError, match=r"diverged.*lower train\.learning_rate"):
        classify.fit(toy_splits(), config, tmp_path).classifier.logits(toy_splits().test.texts)
