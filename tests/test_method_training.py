"""Every method trained on the toy rows: what it learns, what a run keeps of it, and what an interruption changes (nothing)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import nn
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from transformers.models.bert.modeling_bert import BertLayer

from interruption import Stopped, stop_at
from toys import settings, toy_splits
from verticals import backbones, checkpoints
from verticals.backbones import Backbone
from verticals.config import Config
from verticals.errors import MethodError, RunError
from verticals.inference.batches import predict_batches
from verticals.methods import METHODS
from verticals.methods.low_rank import RankPruned
from verticals.methods.merging import merged
from verticals.objectives import classify, encoder_classifier

TUNING = tuple(name for name, method in METHODS.items() if method.adapt is not None)
STEP_STOPPED = 14  # in the fourth epoch of five, when AdaLoRA has pruned and has not finished
TEXTS = toy_splits().test.texts


@dataclass(frozen=True)
class Trained:
    """What training left in memory and in its work folder."""

    model: encoder_classifier.EncoderClassifier
    resumed_from: int
    config: Config


def train(method: str, backbone: Path, work: Path, options: dict[str, Any] | None = None, **changes: Any) -> Trained:
    """Train on the toy rows: sixty rows in batches of sixteen, four steps an epoch, a checkpoint every five steps."""
    config = settings(
        method={"name": method, "options": options or {}},
        backbone={"name": str(backbone), "max_tokens": 32},
        train={"epochs": 5, "batch_size": 16, "checkpoint_steps": 5, **changes},
    )
    fitted = classify.fit(toy_splits(), config, work)
    assert isinstance(fitted.classifier, encoder_classifier.EncoderClassifier)
    return Trained(fitted.classifier, fitted.log.resumed_from, config)


@pytest.fixture(scope="session")
def trained(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """Return a function that trains a method without interruption, once per session."""
    done: dict[str, Trained] = {}

    def once(method: str) -> Trained:
        if method not in done:
            done[method] = train(method, tiny_backbone, tmp_path_factory.mktemp("undisturbed"))
        return done[method]

    return once


@pytest.mark.parametrize("method", TUNING)
def test_separable_rows_are_learned_and_reload_with_equal_logits(
    trained: Callable[[str], Trained], tmp_path: Path, method: str
) -> None:
    done = trained(method)
    logits = done.model.score(TEXTS).logits
    right = [
        done.model.labels[row.argmax()] == label for row, label in zip(logits, toy_splits().test.labels, strict=True)
    ]
    assert all(right)
    done.model.save(tmp_path)
    reloaded = classify.load(tmp_path, done.model.labels, done.config)
    assert abs(reloaded.score(TEXTS).logits - logits).max() < 1e-5
    kept = {path.parent.name for path in tmp_path.rglob("*.safetensors")} - {tmp_path.name}
    assert kept == {METHODS[method].stored_as}


@pytest.mark.parametrize("method", TUNING)
def test_an_interrupted_training_ends_with_the_same_bits(
    trained: Callable[[str], Trained], tiny_backbone: Path, tmp_path: Path, method: str
) -> None:
    plug = stop_at(STEP_STOPPED, encoder_classifier.ClassifierModule)
    with pytest.raises(Stopped):
        train(method, tiny_backbone, tmp_path)
    plug.remove()
    resumed = train(method, tiny_backbone, tmp_path)
    assert resumed.resumed_from == 10
    ours, whole = resumed.model.module.state_dict(), trained(method).model.module.state_dict()
    assert ours.keys() == whole.keys()
    assert [name for name in whole if not torch.equal(ours[name], whole[name])] == []


def test_adalora_prunes_to_its_budget_and_a_continued_training_prunes_the_same(
    trained: Callable[[str], Trained], tiny_backbone: Path, tmp_path: Path
) -> None:
    plug = stop_at(STEP_STOPPED, encoder_classifier.ClassifierModule)
    with pytest.raises(Stopped):
        train("adalora", tiny_backbone, tmp_path / "work")
    plug.remove()
    resumed = train("adalora", tiny_backbone, tmp_path / "work").model.module.encoder
    whole = trained("adalora").model.module.encoder
    assert isinstance(resumed, RankPruned)
    assert isinstance(whole, RankPruned)
    assert resumed.ranks == whole.ranks
    assert sum(whole.ranks.values()) == 8 * len(whole.ranks)  # half of what it started with
    assert len(set(whole.ranks.values())) > 1
    left = {name: int(value.ne(0).sum()) for name, value in whole.named_parameters() if "lora_E" in name}
    assert sum(left.values()) <= sum(whole.ranks.values())


def test_adalora_keeps_the_orthogonality_term_though_its_loss_comes_from_logits(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    penalties = []
    for weight in (0.0, 1.0):
        options = {"orthogonality": weight}
        done = train("adalora", tiny_backbone, tmp_path / str(weight), options, learning_rate=2e-2)
        encoder = done.model.module.encoder
        assert isinstance(encoder, RankPruned)
        encoder._config.orth_reg_weight = 1.0
        with torch.no_grad():
            penalties.append(float(encoder.penalty()))
    assert penalties[1] < 0.9 * penalties[0]


def test_adalora_with_too_few_steps_to_prune_is_refused(tiny_backbone: Path, tmp_path: Path) -> None:
    with pytest.raises(MethodError, match="at least 10 optimizer steps to prune ranks, found 4"):
        train("adalora", tiny_backbone, tmp_path, epochs=1)


def test_adalora_names_a_layer_that_the_backbone_does_not_use(tiny_backbone: Path) -> None:
    row = METHODS["adalora"]
    assert row.adapt is not None
    encoder = row.adapt(backbones.load_encoder(Backbone("tiny", tiny_backbone)), row.options())
    assert isinstance(encoder, RankPruned)
    with pytest.raises(MethodError, match=r"does not use, '.*query': .* method\.options\.targets"):
        encoder.after_step(1)  # nothing has a gradient


@pytest.mark.parametrize("method", [name for name in TUNING if METHODS[name].merges])
def test_a_merged_model_gives_the_logits_of_the_tuned_one(trained: Callable[[str], Trained], method: str) -> None:
    done = trained(method).model
    plain = encoder_classifier.ClassifierModule(merged(done.module.encoder), done.module.head)
    exported = predict_batches(plain.eval(), done.read.tokenizer, TEXTS, max_tokens=32)
    assert abs(exported - done.score(TEXTS).logits).max() < 1e-4


def test_a_checkpoint_holds_what_is_trained_and_nothing_else(tiny_backbone: Path, tmp_path: Path) -> None:
    train("lora", tiny_backbone, tmp_path)
    newest = checkpoints.last(tmp_path)
    assert newest is not None
    with safe_open(newest / "model.safetensors", "pt") as stored:
        names = set(stored.keys())
    assert {name for name in names if "lora_" not in name} == {"head.weight", "head.bias"}


def test_a_checkpoint_of_another_method_is_refused(tiny_backbone: Path, tmp_path: Path) -> None:
    train("lora", tiny_backbone, tmp_path)
    with pytest.raises(RunError, match="a checkpoint of another model"):
        train("dora", tiny_backbone, tmp_path)


@pytest.fixture(scope="session")
def steady_backbone(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backbone like the tiny one, with three layers and without dropout."""
    folder = tmp_path_factory.mktemp("steady")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny_backbone)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_partial_with_kept_activations_equals_partial_without(
    steady_backbone: Path, tmp_path: Path, layers: int
) -> None:
    kept, anew = (
        train("partial", steady_backbone, tmp_path / str(size), options, precision="float32").model.module
        for size, options in ((size, {"layers": layers, "cache_mb": size}) for size in (2048, 0))
    )
    assert kept.encoder._cache
    assert not anew.encoder._cache
    for (name, one), other in zip(kept.state_dict().items(), anew.state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-5), name


def test_partial_changes_the_top_layers_alone(steady_backbone: Path, tmp_path: Path) -> None:
    after = merged(train("partial", steady_backbone, tmp_path, {"layers": 1}).model.module.encoder).state_dict()
    before = BertModel.from_pretrained(steady_backbone).state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith("encoder.layer.2.") for name in moved)


@pytest.mark.parametrize(("size", "per_epoch"), [(2048, 0), (0, 4)])
def test_the_frozen_layers_run_once_per_training_not_once_per_epoch(
    steady_backbone: Path, tmp_path: Path, size: int, per_epoch: int
) -> None:
    runs = []
    for epochs in (2, 5):
        calls = 0

        def count(module: nn.Module, inputs: object) -> None:
            nonlocal calls
            calls += isinstance(module, BertLayer) and not module.training

        hook = nn.modules.module.register_module_forward_pre_hook(count)
        train("partial", steady_backbone, tmp_path / f"{size}-{epochs}", {"cache_mb": size, "layers": 2}, epochs=epochs)
        hook.remove()
        runs.append(calls)
    assert runs[1] - runs[0] == 3 * per_epoch
