"""Where pretrained weights come from, and what is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from verticals import backbones, coverage, precision
from verticals.backbones import Backbone
from verticals.errors import BackboneError
from verticals.inference.batches import unit_vectors
from verticals.objectives.generators import load_generator
from verticals.pooling import Pooling
from verticals.precision import reading_in


def test_the_builtin_backbone_is_the_published_one() -> None:
    """`locate` compares hashes; the vectors have the published width, and near sentences are nearer than far ones."""
    backbone = backbones.locate("builtin")
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_encoder(backbone).eval()
    batch = tokenizer(
        ["Where is my parcel?", "My delivery has not arrived", "How to bake bread"], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        hidden = encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        vectors = Pooling("mean")(hidden, batch["attention_mask"])
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2]


def test_many_texts_at_once_have_the_vectors_that_they_have_one_at_a_time() -> None:
    """More than one batch is read in bfloat16 where the processor has it; nobody who searches with the vectors may notice."""
    backbone = backbones.locate("builtin")
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_encoder(backbone)
    texts = [f"Order {number} came {'late' if number % 3 else 'broken'}, what now?" for number in range(40)]
    together = unit_vectors(encoder, tokenizer, texts, 64)
    alone = np.concatenate([unit_vectors(encoder, tokenizer, [text], 64) for text in texts])
    assert together.dtype == np.float32
    assert (together * alone).sum(axis=1).min() > 0.9995
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    with reading_in("float32"):
        np.testing.assert_allclose(unit_vectors(encoder, tokenizer, texts, 64), alone, atol=1e-5)


def test_weights_kept_in_bfloat16_point_where_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = backbones.locate("builtin")
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_encoder(backbone)
    texts = [f"Order {number} came {'late' if number % 3 else 'broken'}, what now?" for number in range(8)]
    before = unit_vectors(encoder, tokenizer, texts, 64)
    monkeypatch.setattr(precision, "_processor_has_bfloat16", lambda: True)  # elsewhere torch emulates it
    precision.keep_in_bfloat16(encoder)
    after = unit_vectors(encoder, tokenizer, texts, 64)
    assert not any(isinstance(module, torch.nn.Linear) for module in encoder.modules())
    assert after.dtype == np.float32
    assert (before * after).sum(axis=1).min() > 0.9995


def test_an_altered_builtin_backbone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / backbones.BUILTIN_PACKAGE
    shutil.copytree(backbones.locate("builtin").folder, package / "model")
    (package / "__init__.py").write_text("raise AssertionError('the package is never imported')", encoding="utf-8")
    with (package / "model" / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BackboneError, match=r"tokenizer\.json: SHA-256"):
        backbones.locate("builtin")


def test_without_the_package_the_hub_revision_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "BUILTIN_PACKAGE", "no_such_package")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BackboneError, match=backbones.BUILTIN_REVISION):
        backbones.locate("builtin")


def test_a_hub_id_without_network_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BackboneError, match="not in the local cache and the hub cannot be reached"):
        backbones.locate("nobody/no-such-model")


def test_a_hub_id_in_the_cache_is_found_without_network(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    cached = tmp_path / "models--nobody--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("a" * 40, encoding="utf-8")
    shutil.copytree(tiny_backbone, cached / "snapshots" / ("a" * 40))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    found = backbones.locate("nobody/tiny")
    assert (found.folder / "config.json").read_bytes() == (tiny_backbone / "config.json").read_bytes()


def test_a_folder_without_a_model_or_with_pickled_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"expected a model folder with config\.json"):
        backbones.locate(str(tmp_path))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(BackboneError, match="pickled weights are never loaded"):
        backbones.locate(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BackboneError, match=r"no tokenizer \(tokenizer\.json"):
        backbones.locate(str(tmp_path))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_a_damaged_file_of_a_backbone_is_one_line(tiny_backbone: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_backbone, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    backbone = backbones.locate(str(folder))
    loads: list[Callable[[Backbone], object]] = [backbones.load_tokenizer, backbones.load_encoder]
    if name == "model.safetensors":
        loads = [backbones.load_encoder, lambda found: load_generator(found.folder, backbones.load_tokenizer(found))]
    if name.startswith("tokenizer"):
        loads = [backbones.load_tokenizer]
    for load in loads:
        with pytest.raises(BackboneError, match=str(folder)):
            load(backbone)


@pytest.mark.parametrize("content", ["[]", "{}", "null"])
def test_a_tokenizer_of_another_shape_is_one_line(tiny_backbone: Path, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_backbone, folder)
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(BackboneError, match="cannot be loaded as a tokenizer") as refused:
        backbones.load_tokenizer(backbones.locate(str(folder)))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("changed", "random"), [({"num_hidden_layers": 3}, "layer.2"), ({"intermediate_size": 80}, "intermediate")]
)
def test_weights_that_would_leave_a_part_of_the_model_random_are_refused(
    tiny_backbone: Path, tmp_path: Path, changed: dict[str, int], random: str
) -> None:
    folder = shutil.copytree(tiny_backbone, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changed}), encoding="utf-8")
    tokenizer, said = (
        backbones.load_tokenizer(Backbone("copy", folder)),
        f"would be random: .* such as 'encoder.*{random}",
    )
    with pytest.raises(BackboneError, match=said):
        backbones.load_encoder(Backbone("copy", folder))
    with pytest.raises(BackboneError, match=said):
        load_generator(folder, tokenizer)


def test_a_tokenizer_with_more_tokens_than_the_weights_is_one_line(tiny_backbone: Path, tmp_path: Path) -> None:
    tokenizer = backbones.load_tokenizer(Backbone("tiny", tiny_backbone))
    shutil.copytree(tiny_backbone, tmp_path / "mixed")
    tokenizer.add_tokens(["another"])
    tokenizer.save_pretrained(tmp_path / "mixed")
    with pytest.raises(BackboneError, match=f"knows {len(tokenizer)} tokens and the weights {len(tokenizer) - 1}"):
        backbones.load_tokenizer(Backbone("mixed", tmp_path / "mixed"))


def test_padding_does_not_change_a_vector() -> None:
    hidden = torch.randn(1, 3, 4)
    padded = torch.cat([hidden, torch.full((1, 2, 4), 99.0)], dim=1)
    alone = Pooling("mean")(hidden, torch.ones(1, 3))
    assert torch.allclose(alone, Pooling("mean")(padded, torch.tensor([[1, 1, 1, 0, 0]])))


def test_text_that_the_tokenizer_does_not_know_is_measured() -> None:
    tokenizer = backbones.load_tokenizer(backbones.locate("builtin"))
    assert coverage.unknown_share(tokenizer, ["plain English words"]) == 0.0
    assert coverage.unknown_share(tokenizer, ["我想查询订单的物流信息谢谢"]) > 0.3


def test_a_backbone_that_nobody_changes_is_in_memory_once(tiny_backbone: Path) -> None:
    first = backbones.load_frozen(backbones.Backbone("one", tiny_backbone))
    assert backbones.load_frozen(backbones.Backbone("two", tiny_backbone)) is first
    assert not first.training
    assert not any(parameter.requires_grad for parameter in first.parameters())
    assert backbones.load_encoder(backbones.Backbone("one", tiny_backbone)) is not first
