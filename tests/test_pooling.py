"""A backbone is read by the pooling that its folder states, wherever what was made of it is saved and loaded again."""

import json
import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from tiny_encoders import LONG, SHORT, batch
from toys import settings, toy_config, toy_splits
from verticals import backbones, export, pilot, pooling
from verticals.arrays import FloatArray
from verticals.backbones import Backbone
from verticals.errors import BackboneError
from verticals.inference.batches import unit_vectors
from verticals.methods import METHODS, saved
from verticals.methods.merging import merged
from verticals.objectives import calibrated, mask, match
from verticals.objectives.mask import Masker
from verticals.objectives.masked_module import MaskedModule, head_of
from verticals.runs import Run
from verticals_customer_service import retrieval
from verticals_customer_service.knowledge import Article
from verticals_recommender import text, words
from verticals_recommender.models.vectors import unit

TEXTS = list(toy_splits().test.texts[:5])
OLD = {f"pooling_mode_{name}": False for name in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}
CLS = {**OLD, "pooling_mode_cls_token": True}
TUNING = [name for name, method in METHODS.items() if method.uses_backbone]


def stating(backbone: Path, folder: Path, config: dict[str, Any]) -> Path:
    """Copy a backbone and state in the copy, as sentence-transformers does, how it is pooled."""
    shutil.copytree(backbone, folder)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture
def cls_backbone(tiny_backbone: Path, tmp_path: Path) -> Path:
    return stating(tiny_backbone, tmp_path / "cls-backbone", CLS)


def load(folder: Path) -> PreTrainedModel:
    encoder: PreTrainedModel = backbones.load_encoder(backbones.locate(str(folder))).requires_grad_(False).eval()
    return encoder


def vectors(encoder: nn.Module) -> Tensor:
    with torch.no_grad():
        return pooling.sentence_vectors(encoder.eval(), **batch(SHORT, LONG))


def expected(encoder: nn.Module, mode: str) -> Tensor:
    """Return the unit vectors of a mode, a text at a time."""
    with torch.no_grad():
        states = [encoder(**batch(row)).last_hidden_state[0] for row in (SHORT, LONG)]
    pooled = torch.stack([row[0] if mode == "cls" else row.mean(dim=0) for row in states])
    return nn.functional.normalize(pooled, dim=-1)


def first_states(folder: Path, texts: list[str]) -> FloatArray:
    """Return what plain transformers says of each text's first token, at unit length."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), backbones.load_tokenizer(Backbone("x", folder))
    with torch.no_grad():
        rows = [model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0, 0] for text in texts]
    return np.asarray(nn.functional.normalize(torch.stack(rows), dim=-1).numpy(), np.float32)


def same(one: Tensor | FloatArray, other: Tensor | FloatArray) -> bool:
    return bool(np.abs(np.asarray(one) - np.asarray(other)).max() < 1e-5)


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        (CLS, "cls"),
        ({"pooling_mode": "cls"}, "cls"),
        ({**OLD, "pooling_mode": ["cls"]}, "cls"),
        ({**OLD, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "mean"}, "mean"),
        ({"word_embedding_dimension": 32}, "mean"),
    ],
)
def test_a_text_is_read_by_the_pooling_that_the_folder_states(
    tiny_backbone: Path, tmp_path: Path, config: dict[str, Any], mode: str
) -> None:
    encoder = load(stating(tiny_backbone, tmp_path / "made", config))
    assert same(vectors(encoder), expected(encoder, mode))
    assert not same(vectors(encoder), expected(encoder, "cls" if mode == "mean" else "mean"))


def test_the_module_is_known_by_its_name_wherever_it_moved_to(cls_backbone: Path) -> None:
    newer = [{"path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"}]
    (cls_backbone / "modules.json").write_text(json.dumps(newer), encoding="utf-8")
    assert same(vectors(load(cls_backbone)), expected(load(cls_backbone), "cls"))


def test_a_folder_that_states_nothing_is_read_by_the_mean(tiny_backbone: Path) -> None:
    encoder = load(tiny_backbone)
    assert same(vectors(encoder), expected(encoder, "mean"))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({**OLD, "pooling_mode_max_tokens": True}, "max"),
        ({**OLD, "pooling_mode_weightedmean_tokens": True}, "weightedmean"),
        ({**CLS, "pooling_mode_mean_tokens": True}, r"cls\+mean"),
        ({"pooling_mode": ["mean", "max"]}, r"mean\+max"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
    ],
)
def test_another_pooling_is_refused_where_a_vector_is_wanted(
    tiny_backbone: Path, tmp_path: Path, config: dict[str, Any], named: str
) -> None:
    encoder = load(stating(tiny_backbone, tmp_path / "made", config))
    with pytest.raises(BackboneError, match=rf"made: asks for pooling '{named}', expected 'mean' or 'cls'"):
        vectors(encoder)


@pytest.mark.parametrize("content", ["[]", '{"pooling_mode": 7}', "no JSON"])
def test_what_states_a_pooling_and_cannot_be_read_is_named(cls_backbone: Path, content: str) -> None:
    (cls_backbone / "1_Pooling" / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(BackboneError, match="cannot be loaded as a sentence-transformers model"):
        load(cls_backbone)


def test_the_hub_is_asked_for_what_states_the_pooling() -> None:
    for file in ("modules.json", "1_Pooling/config.json"):
        assert any(fnmatch(file, pattern) for pattern in backbones._HUB_FILES)


def test_one_folder_read_in_two_ways_is_in_memory_once_for_each(cls_backbone: Path) -> None:
    by_mean = backbones.load_frozen(Backbone("x", cls_backbone, "mean"))
    by_cls = backbones.load_frozen(Backbone("x", cls_backbone))
    assert backbones.load_frozen(Backbone("y", cls_backbone, "cls")) is by_cls
    assert same(vectors(by_mean), expected(by_mean, "mean"))
    assert same(vectors(by_cls), expected(by_cls, "cls"))


@pytest.mark.parametrize("method", TUNING)
def test_every_method_is_saved_and_loaded_with_its_pooling(cls_backbone: Path, tmp_path: Path, method: str) -> None:
    row, encoder = METHODS[method], load(cls_backbone)
    tuned: nn.Module = row.adapt(encoder, row.options()) if row.adapt else encoder
    assert same(vectors(tuned), expected(tuned, "cls"))
    (tmp_path / "run").mkdir()
    saved.save(tuned, row, tmp_path / "run")
    again = saved.load(tmp_path / "run", toy_config(method, cls_backbone))
    assert torch.equal(vectors(again), vectors(tuned))


@pytest.mark.parametrize("method", ["probe", "lora", "adapter"])
def test_a_run_of_before_poolings_were_read_keeps_the_mean(cls_backbone: Path, tmp_path: Path, method: str) -> None:
    row, encoder = METHODS[method], load(cls_backbone)
    saved.save(row.adapt(encoder, row.options()) if row.adapt else encoder, row, tmp_path)
    said = json.loads((tmp_path / "backbone.json").read_text(encoding="utf-8"))
    assert said.pop("pooling") == "cls"
    (tmp_path / "backbone.json").write_text(json.dumps(said), encoding="utf-8")
    again = saved.load(tmp_path, toy_config(method, cls_backbone)).eval()
    assert same(vectors(again), expected(again, "mean"))


def test_a_carried_backbone_keeps_its_pooling(cls_backbone: Path, tmp_path: Path) -> None:
    row = METHODS["lora"]
    assert row.adapt is not None
    saved.save(row.adapt(load(cls_backbone), row.options()), row, tmp_path)
    saved.carry(merged(load(cls_backbone)), tmp_path)
    again = saved.load(tmp_path, toy_config("lora", Path("nowhere"))).eval()
    assert same(vectors(again), expected(again, "cls"))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_is_proven_and_exported_with_its_pooling(cls_backbone: Path, tmp_path: Path, method: str) -> None:
    run = pilot.train_classifier("toy", toy_config(method, cls_backbone), toy_splits())
    made = export.export(run, tmp_path / "plain")
    model = calibrated.load(run).classifier.readers[0].module
    assert same(vectors(model.encoder), expected(model.encoder, "cls"))
    again, tokenizer = load(made.folder), backbones.load_tokenizer(Backbone("x", made.folder))
    assert same(unit_vectors(again, tokenizer, TEXTS, 32), first_states(made.folder, TEXTS))
    assert "the state of its first token" in (made.folder / "README.md").read_text(encoding="utf-8")
    modules = json.loads((made.folder / "modules.json").read_text(encoding="utf-8"))
    assert [module["path"] for module in modules] == ["", "1_Pooling", "2_Normalize"]
    assert json.loads((made.folder / "1_Pooling" / "config.json").read_text(encoding="utf-8")) == {
        "word_embedding_dimension": 32,
        "pooling_mode": "cls",
    }


def test_pretraining_holds_and_saves_vectors_of_the_stated_pooling(cls_backbone: Path, tmp_path: Path) -> None:
    backbone, encoder = backbones.locate(str(cls_backbone)), load(cls_backbone)
    module = MaskedModule(encoder, head_of(backbone, encoder, ())).eval()
    with torch.no_grad():
        assert same(module.embed(**batch(SHORT, LONG)), expected(encoder, "cls"))
    model = Masker(module, backbones.load_tokenizer(backbone), toy_config("full", cls_backbone))
    model.save(tmp_path)
    assert same(vectors(load(tmp_path / mask.BACKBONE)), expected(encoder, "cls"))


def test_a_matcher_on_the_backbone_as_it_came_has_its_pooling(cls_backbone: Path) -> None:
    assert same(match.from_backbone(toy_config("probe", cls_backbone)).embed(TEXTS), first_states(cls_backbone, TEXTS))


def search_of(folder: Path, backbone: Path) -> Callable[[list[str]], FloatArray]:
    """Return what embeds for a bot's search that was written into a run folder."""
    return retrieval.matcher(folder, settings(backbone={"name": str(backbone), "max_tokens": 32})).embed


def meanings(folder: Path, backbone: Path) -> FloatArray:
    """Return the meaning part of the vectors by which a recommender whose text is not tuned reads, as unit vectors."""
    (folder / "config.yaml").write_text(
        json.dumps({"backbone": {"name": str(backbone), "max_tokens": 32}}), encoding="utf-8"
    )
    return unit(text.of_run(Run(folder, {"app": "recommender"}))(TEXTS)[:, : -words.WIDTH])


def test_the_search_of_a_bot_finds_its_backbone_again_as_it_was_read(
    cls_backbone: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    config = settings(backbone={"name": str(cls_backbone), "max_tokens": 32})
    article = Article(id="late", title="late parcel", intents=("parcel",), text="the parcel is late")
    retrieval.write(folder, config, [article], TEXTS)
    assert same(search_of(folder, cls_backbone)(TEXTS), first_states(cls_backbone, TEXTS))
    shutil.rmtree(folder / "search")  # as in runs of before
    by_mean = match.from_backbone(toy_config("probe", tiny_backbone)).embed(TEXTS)
    assert same(search_of(folder, cls_backbone)(TEXTS), by_mean)


def test_the_items_of_a_recommender_are_read_as_they_were(
    cls_backbone: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    by_mean = match.from_backbone(toy_config("probe", tiny_backbone)).embed(TEXTS)
    assert same(meanings(folder, cls_backbone), by_mean)  # as in runs of before
    saved.remember(backbones.locate(str(cls_backbone)), folder)
    assert same(meanings(folder, cls_backbone), first_states(cls_backbone, TEXTS))
