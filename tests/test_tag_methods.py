"""Every method that tags, on toy sentences: it learns, reloads, and goes on after an interruption as if there had been none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import ElectraConfig, ElectraModel, PreTrainedModel, XLNetConfig, XLNetModel, set_seed

from interruption import Stopped, stop_at
from tag_toys import save_tag_backbone, tag_config, toy_tagged_splits
from tiny_encoders import ARCHITECTURES, LONG, SHORT, WIDTH, batch, load_tiny_encoder, save_tiny_encoder
from verticals.config import Config
from verticals.errors import MethodError
from verticals.methods import METHODS, saved
from verticals.methods.entrance import adding
from verticals.objectives import Trained, tag
from verticals.objectives.tag_training import word_accuracy
from verticals.objectives.tagger import Tagger, TaggerModule
from verticals.runs import Run

SPLITS = toy_tagged_splits(64)
TAGGING = tuple(name for name, method in METHODS.items() if "tag" in method.objectives)
TUNING = tuple(name for name in TAGGING if METHODS[name].adapt is not None)
STEP_STOPPED = 14  # of twenty; checkpoints are written every five


def config_of(method: str, backbone: Path, **options: int) -> Config:
    train = {"epochs": 5, "batch_size": 16, "checkpoint_steps": 5, "learning_rate": None, "head_learning_rate": 1e-2}
    row = {"name": method, "options": options}
    return tag_config(method, backbone, method=row, train=train, objective={"transitions": True})


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tag_backbone(tmp_path_factory.mktemp("uncased"))


@pytest.fixture(scope="module")
def trained(backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained[Tagger]]:
    """Return a function that trains a method without interruption, once."""
    done: dict[str, Trained[Tagger]] = {}

    def once(method: str) -> Trained[Tagger]:
        if method not in done:
            done[method] = tag.fit(SPLITS, config_of(method, backbone), tmp_path_factory.mktemp("undisturbed"))
        return done[method]

    return once


def difference(one: Tagger, other: Tagger) -> float:
    texts = SPLITS.samples()
    return float(abs(one.outputs(texts) - other.outputs(texts)).max())


@pytest.mark.parametrize("method", TAGGING)
def test_letter_case_is_learned_and_a_saved_tagger_gives_the_same_logits(
    trained: Callable[[str], Trained[Tagger]], backbone: Path, tmp_path: Path, method: str
) -> None:
    model = trained(method).model
    assert word_accuracy(model, SPLITS.test) > 0.95
    model.save(tmp_path)
    (tmp_path / "config.yaml").write_text(config_of(method, backbone).to_yaml(), encoding="utf-8")
    reloaded = tag.load(Run(tmp_path, {}))
    assert difference(model, reloaded) < 1e-5
    assert reloaded.tags(SPLITS.test) == model.tags(SPLITS.test)
    assert bool(model.module.head.transitions.any()) == (method in TUNING)
    assert bool(model.module.head.shape_input.weight.any()) == (method in TUNING)
    assert json.loads((tmp_path / "labels.json").read_text(encoding="utf-8")) == list(SPLITS.labels)


@pytest.mark.parametrize("method", TUNING)
def test_an_interrupted_training_ends_with_the_same_bits(
    trained: Callable[[str], Trained[Tagger]], backbone: Path, tmp_path: Path, method: str
) -> None:
    plug = stop_at(STEP_STOPPED, TaggerModule)
    with pytest.raises(Stopped):
        tag.fit(SPLITS, config_of(method, backbone), tmp_path)
    plug.remove()
    resumed = tag.fit(SPLITS, config_of(method, backbone), tmp_path)
    assert resumed.log.resumed_from == 10
    ours, whole = resumed.model.module.state_dict(), trained(method).model.module.state_dict()
    assert ours.keys() == whole.keys()
    assert [name for name in whole if not torch.equal(ours[name], whole[name])] == []


def test_partial_with_kept_activations_learns_shapes_as_partial_without(backbone: Path, tmp_path: Path) -> None:
    kept, anew = (
        tag.fit(SPLITS, config_of("partial", backbone, layers=1, cache_mb=size), tmp_path / str(size)).model.module
        for size in (2048, 0)
    )
    assert kept.head.shape_input.weight.any()
    for (name, one), other in zip(kept.state_dict().items(), anew.state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-4), name


def other_backbone(backbone: Path, folder: Path, model: PreTrainedModel) -> Path:
    """Write another model under the words of a backbone."""
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(backbone / name, folder)
    return folder


def test_shapes_are_learned_where_word_embeddings_are_narrower_than_states(backbone: Path, tmp_path: Path) -> None:
    set_seed(0)
    model = ElectraModel(
        ElectraConfig(
            vocab_size=64,
            embedding_size=16,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    )
    config = config_of("full", other_backbone(backbone, tmp_path / "electra", model))
    tagger = tag.fit(SPLITS, config, tmp_path / "work").model
    assert tagger.module.head.shape_input.weight.shape[1] == 16
    assert tagger.module.head.shape_input.weight.any()
    (tmp_path / "run").mkdir()
    tagger.save(tmp_path / "run")
    (tmp_path / "run" / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    assert difference(tagger, tag.load(Run(tmp_path / "run", {}))) < 1e-5


def test_a_backbone_to_which_no_shapes_can_be_added_says_so_and_tags_without(backbone: Path, tmp_path: Path) -> None:
    model = XLNetModel(XLNetConfig(vocab_size=64, d_model=32, n_layer=1, n_head=2, d_inner=32))
    config = config_of("probe", other_backbone(backbone, tmp_path / "xlnet", model))
    with pytest.raises(MethodError, match=r"type 'xlnet' .* use --set objective\.shapes=false"):
        tag.fit(SPLITS, config, tmp_path / "work")
    without = config.model_copy(update={"objective": {**config.objective, "shapes": False}})
    assert tag.fit(SPLITS, without, tmp_path / "work").model.tags(SPLITS.test)


PAIRS = [
    (method, architecture)
    for method in TUNING
    for architecture in ARCHITECTURES
    if architecture in (METHODS[method].architectures or ARCHITECTURES)
]


@pytest.fixture(scope="module")
def encoder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], PreTrainedModel]:
    """Return a function that loads a tiny encoder, written once."""
    written: dict[str, Path] = {}

    def load(architecture: str) -> PreTrainedModel:
        if architecture not in written:
            written[architecture] = save_tiny_encoder(architecture, tmp_path_factory.mktemp("encoder"))
        return load_tiny_encoder(written[architecture])

    return load


def states(encoder: nn.Module, *rows: tuple[int, ...]) -> torch.Tensor:
    found = encoder(**batch(*rows)).last_hidden_state
    assert isinstance(found, torch.Tensor)
    return found


@pytest.mark.parametrize(("method", "architecture"), PAIRS)
def test_what_is_added_reaches_every_wrapping_of_every_architecture_and_learns(
    encoder_of: Callable[[str], PreTrainedModel], method: str, architecture: str
) -> None:
    row = METHODS[method]
    assert row.adapt is not None
    torch.manual_seed(0)
    encoder = row.adapt(encoder_of(architecture), row.options()).eval()
    before = states(encoder, SHORT, LONG)
    shift = torch.zeros(2, len(LONG), WIDTH)
    shift[1, 2] = torch.randn(WIDTH)  # a constant would be normalised away
    shift.requires_grad_(True)
    with adding(encoder, row.options(), shift):
        during = states(encoder, SHORT, LONG)
    assert torch.allclose(before[0, : len(SHORT)], during[0, : len(SHORT)], atol=1e-6)  # the other text
    assert (before[1] - during[1]).abs().amax(dim=1)[1:4].min() > 1e-5  # a token and its neighbours
    (during[1] * torch.randn_like(during[1])).sum().backward()
    assert shift.grad is not None
    assert shift.grad[1].abs().amax(dim=1).min() > 0
    assert torch.equal(states(encoder, SHORT, LONG), before)  # nothing is left behind


def test_a_partial_encoder_adds_at_the_same_place_in_training_in_use_and_reloaded(
    encoder_of: Callable[[str], PreTrainedModel], tmp_path: Path
) -> None:
    row = METHODS["partial"]
    assert row.adapt is not None
    encoder = row.adapt(encoder_of("bert"), row.options())
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    saved.save(encoder, row, tmp_path)
    shift = torch.randn(1, len(LONG), WIDTH)
    found = []
    for each in (encoder.train(), encoder.eval(), load_tiny_encoder(tmp_path / "model")):
        with adding(each, row.options(), shift), torch.no_grad():
            found.append(states(each, LONG))
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[1], found[2], atol=1e-5)
