"""The method table on every architecture: what is trained, what is kept, what is merged, and what is refused."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    DebertaConfig,
    DebertaModel,
    PreTrainedConfig,
    PreTrainedModel,
    T5Config,
    T5Model,
    ViTConfig,
    ViTModel,
    XLNetConfig,
    XLNetModel,
    set_seed,
)

from tiny_encoders import ARCHITECTURES, LONG, SHORT, batch, load_tiny_encoder, save_tiny_encoder
from toys import settings, toy_config
from verticals import methods, training
from verticals.adversarial import word_embeddings
from verticals.config import Config
from verticals.errors import ConfigError, MethodError, RunError
from verticals.methods import METHODS, saved
from verticals.methods.bottleneck import Bottleneck
from verticals.methods.low_rank import RankPruned
from verticals.methods.merging import merged
from verticals.methods.method import Method, Objective
from verticals.methods.tuned import Tuned

TUNING = tuple(name for name, method in METHODS.items() if method.adapt is not None)
VIRTUAL = ("prompt", "p-tuning", "prefix")
ALMOST = 1e-5


def supports(method: Method, architecture: str) -> bool:
    return method.architectures is None or architecture in method.architectures


PAIRS = [(name, each) for name in TUNING for each in ARCHITECTURES if supports(METHODS[name], each)]


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that writes a tiny encoder, once per session."""
    written: dict[str, Path] = {}

    def write(architecture: str) -> Path:
        if architecture not in written:
            written[architecture] = save_tiny_encoder(architecture, tmp_path_factory.mktemp("encoder"))
        return written[architecture]

    return write


def adapt(method: str, folder: Path, **options: object) -> nn.Module:
    row = METHODS[method]
    assert row.adapt is not None
    torch.manual_seed(1)
    return row.adapt(load_tiny_encoder(folder), row.options.model_validate(options)).eval()


def moved(encoder: nn.Module) -> nn.Module:
    """Move every tuned weight, as training would."""
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return encoder


def states(encoder: nn.Module, *rows: tuple[int, ...]) -> Tensor:
    with torch.no_grad():
        found = encoder(**batch(*rows)).last_hidden_state
    assert isinstance(found, Tensor)
    return found


def distance(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return float((one - other).abs().max())


@pytest.mark.parametrize(("method", "architecture"), PAIRS)
def test_every_tuned_weight_learns_and_no_other(
    folder_of: Callable[[str], Path], method: str, architecture: str
) -> None:
    encoder = moved(adapt(method, folder_of(architecture))).train()
    encoder(**batch(SHORT, LONG)).last_hidden_state.pow(2).sum().backward()
    trained = {name: each.grad for name, each in encoder.named_parameters() if each.requires_grad}
    assert trained
    unmoved = {name for name, grad in trained.items() if grad is None or not grad.abs().sum() > 0}
    assert not unmoved - {name for name in unmoved if "embedding" in name}  # full: positions that no row reaches
    assert not [name for name, each in encoder.named_parameters() if not each.requires_grad and each.grad is not None]


@pytest.mark.parametrize(("method", "architecture"), PAIRS)
def test_padding_changes_no_state_and_a_text_keeps_its_length(
    folder_of: Callable[[str], Path], method: str, architecture: str
) -> None:
    encoder = moved(adapt(method, folder_of(architecture)))
    alone, together = states(encoder, SHORT), states(encoder, SHORT, LONG)
    assert together.shape[1] == len(LONG)
    assert distance(alone[0], together[0, : len(SHORT)]) < ALMOST


@pytest.mark.parametrize(("method", "architecture"), PAIRS)
def test_what_is_saved_reloads_with_equal_states(
    folder_of: Callable[[str], Path], tmp_path: Path, method: str, architecture: str
) -> None:
    encoder = moved(adapt(method, folder_of(architecture)))
    saved.save(encoder, METHODS[method], tmp_path)
    reloaded = saved.load(tmp_path, toy_config(method, folder_of(architecture))).eval()
    assert distance(states(encoder, SHORT, LONG), states(reloaded, SHORT, LONG)) < ALMOST
    assert distance(states(encoder, LONG), states(load_tiny_encoder(folder_of(architecture)), LONG)) > 10 * ALMOST


@pytest.mark.parametrize("method", [name for name in TUNING if METHODS[name].stored_as == "adapter"])
def test_an_adapter_loads_in_plain_peft_with_equal_states(
    folder_of: Callable[[str], Path], tmp_path: Path, method: str
) -> None:
    from peft import PeftModel
    from transformers import AutoModel

    encoder = moved(adapt(method, folder_of("bert")))
    saved.save(encoder, METHODS[method], tmp_path)
    plain = PeftModel.from_pretrained(AutoModel.from_pretrained(folder_of("bert")), tmp_path / "adapter").eval()
    assert distance(states(encoder, LONG), states(plain, LONG)[:, -len(LONG) :]) < ALMOST


@pytest.mark.parametrize(("method", "architecture"), [pair for pair in PAIRS if pair[0] not in VIRTUAL])
def test_tuning_starts_from_what_the_backbone_computes(
    folder_of: Callable[[str], Path], method: str, architecture: str
) -> None:
    folder = folder_of(architecture)
    assert distance(states(adapt(method, folder), LONG), states(load_tiny_encoder(folder), LONG)) < 1e-3


@pytest.mark.parametrize(
    ("method", "options", "apart"),
    [
        ("lora", {"init": "gaussian"}, False),
        ("dora", {"init": "orthogonal"}, False),
        ("adapter", {"spread": 0.02}, True),
        ("prompt", {"init": "random"}, True),
        ("prefix", {"spread": 0.5}, True),
    ],
)
def test_another_start_is_another_model_that_computes_the_same_unless_it_says_otherwise(
    folder_of: Callable[[str], Path], method: str, options: dict[str, str | float], apart: bool
) -> None:
    usual, other = adapt(method, folder_of("bert")), adapt(method, folder_of("bert"), **options)
    assert (distance(states(usual, LONG), states(other, LONG)) > 1e-3) is apart
    assert distance(states(moved(usual), LONG), states(moved(other), LONG)) > 1e-3


@pytest.mark.parametrize(("method", "architecture"), [pair for pair in PAIRS if METHODS[pair[0]].merges])
def test_a_merged_encoder_is_plain_and_computes_the_same(
    folder_of: Callable[[str], Path], method: str, architecture: str
) -> None:
    folder = folder_of(architecture)
    encoder = moved(adapt(method, folder))
    before = states(encoder, SHORT, LONG)
    plain = merged(encoder)
    assert {name for name, _ in plain.named_parameters()} == {
        name for name, _ in load_tiny_encoder(folder).named_parameters()
    }
    assert distance(states(plain.eval(), SHORT, LONG), before) < ALMOST
    assert distance(states(encoder, SHORT, LONG), before) == 0


@pytest.mark.parametrize("method", [name for name in TUNING if not METHODS[name].merges])
def test_a_method_that_cannot_merge_says_so(folder_of: Callable[[str], Path], method: str) -> None:
    with pytest.raises(MethodError, match="cannot be merged"):
        merged(adapt(method, folder_of("bert")))


@pytest.fixture(scope="session")
def encoders(folder_of: Callable[[str], Path]) -> dict[str, PreTrainedModel]:
    """Return one encoder of each architecture, to look at."""
    return {architecture: load_tiny_encoder(folder_of(architecture)) for architecture in ARCHITECTURES}


@pytest.mark.parametrize("objective", ["classify", "tag", "match", "generate", "mask"])
@pytest.mark.parametrize("method", METHODS)
def test_every_pair_is_supported_or_refused_by_name_with_an_alternative(
    encoders: dict[str, PreTrainedModel], method: str, objective: methods.Objective
) -> None:
    row, config = METHODS[method], toy_config(method, Path("unused"))
    for architecture, encoder in encoders.items():
        if objective in row.objectives and supports(row, architecture):
            assert methods.check(config, objective, encoder) == row.options()
            continue
        with pytest.raises(MethodError, match=f"method '{method}' does not support") as caught:
            methods.check(config, objective, encoder)
        named = architecture if objective in row.objectives else objective
        assert f"'{named}'" in str(caught.value)
        assert "lora" in str(caught.value).partition("use one of: ")[2]


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        ("lora", {"rnak": 4}, "did you mean 'rank'"),
        ("adalora", {"rank": 4, "target_rank": 4}, "has to be below rank 4"),
        ("dora", {"rank": 3, "init": "orthogonal"}, "needs an even rank, not 3"),
        ("prompt", {"tokens": 0}, "setting method.options.tokens: .* found 0"),
        ("lora", {"targets": None}, "method.options.targets: Input should be a valid string; found None"),
        ("full", {"rank": 4}, "'full' has no settings of its own, found method.options: rank; leave them out"),
        ("prompt", {"tokens": 33}, "set backbone.max_tokens to at most 31"),
        ("prefix", {"tokens": 40}, "exceed this backbone's 64 positions"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_before_training(
    folder_of: Callable[[str], Path], method: str, options: dict[str, int | str | None], expected: str
) -> None:
    with pytest.raises((ConfigError, MethodError), match=expected):
        methods.check(
            _with_options(method, folder_of("bert"), options), "classify", load_tiny_encoder(folder_of("bert"))
        )


@pytest.mark.parametrize(("architecture", "room"), [("bert", 64), ("roberta", 62)])
def test_more_tokens_than_the_backbone_has_positions_are_refused_before_training(
    folder_of: Callable[[str], Path], architecture: str, room: int
) -> None:
    encoder = load_tiny_encoder(folder_of(architecture))
    for most in (room, room + 1):
        config = settings(method={"name": "probe"}, backbone={"max_tokens": most})
        with nullcontext() if most == room else pytest.raises(MethodError, match=f"max_tokens to at most {room}"):
            methods.check(config, "classify", encoder)


def _tiny(kind: type[PreTrainedModel], config: PreTrainedConfig) -> PreTrainedModel:
    set_seed(0)
    encoder: PreTrainedModel = kind(config).eval()
    return encoder


def test_a_backbone_that_reads_no_text_is_refused_by_name() -> None:
    picture = _tiny(ViTModel, ViTConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8))
    both = _tiny(T5Model, T5Config(vocab_size=9, d_model=8, d_kv=8, d_ff=8, num_layers=1, num_heads=1))
    for encoder, kind in ((picture, "vit"), (both, "t5")):
        with pytest.raises(MethodError, match=f"type '{kind}' read no text by themselves .* choose an encoder"):
            methods.check(settings(method={"name": "full"}, backbone={"max_tokens": 8}), "classify", encoder)


def test_a_backbone_that_cannot_be_read_in_bfloat16_is_refused_with_the_setting_that_helps() -> None:
    tiny = DebertaConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    for precision, refused in (("float32", False), ("bfloat16", True)):
        config = settings(method={"name": "full"}, backbone={"max_tokens": 8}, train={"precision": precision})
        with pytest.raises(MethodError, match="precision=float32") if refused else nullcontext():
            methods.check(config, "classify", _tiny(DebertaModel, tiny))


def test_a_backbone_that_numbers_no_positions_takes_texts_of_any_length() -> None:
    encoder = _tiny(XLNetModel, XLNetConfig(vocab_size=9, d_model=8, n_layer=1, n_head=1, d_inner=8))
    methods.check(settings(method={"name": "full"}, backbone={"max_tokens": 4096}), "classify", encoder)


def test_an_unknown_architecture_is_refused_with_those_that_the_method_knows(folder_of: Callable[[str], Path]) -> None:
    encoder = load_tiny_encoder(folder_of("modernbert"))
    with pytest.raises(MethodError, match="type 'modernbert', but bert, roberta, xlm-roberta; use one of: "):
        methods.check(toy_config("prefix", Path("unused")), "classify", encoder)


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        ("lora", {"targets": "query,valeu"}, "no linear layer is called 'valeu'; did you mean 'value'"),
        ("adalora", {"targets": "key,denze"}, "did you mean 'dense'"),
        ("partial", {"layers": 4}, "this backbone has 3; use full"),
    ],
)
def test_a_part_that_the_backbone_lacks_is_refused_by_name(
    folder_of: Callable[[str], Path], method: str, options: dict[str, str | int], expected: str
) -> None:
    row = METHODS[method]
    assert row.adapt is not None
    with pytest.raises(MethodError, match=expected):
        row.adapt(load_tiny_encoder(folder_of("bert")), row.options.model_validate(options))


def test_a_delta_of_another_size_is_not_loaded(folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    saved.save(adapt("adapter", folder_of("bert")), METHODS["adapter"], tmp_path)
    with pytest.raises(RunError, match="the settings that the run was trained with"):
        saved.load(tmp_path, _with_options("adapter", folder_of("bert"), {"size": 8}))
    (tmp_path / "backbone.json").unlink()  # as in runs of before they had it
    with pytest.raises(RunError, match="'architecture': 'roberta'"):
        saved.load(tmp_path, toy_config("adapter", folder_of("roberta")))


@pytest.mark.parametrize(("method", "places"), [("adapter", 2), ("adapter-pfeiffer", 1)])
def test_bottlenecks_stand_where_the_paper_has_them(folder_of: Callable[[str], Path], method: str, places: int) -> None:
    encoder = adapt(method, folder_of("bert"))
    names = [name for name, module in encoder.named_modules() if isinstance(module, Bottleneck)]
    assert len(names) == 3 * places
    assert sum("attention" in name for name in names) == 3 * (places - 1)


def test_weights_that_scale_activations_do_not_decay(folder_of: Callable[[str], Path]) -> None:
    model = nn.ModuleDict({"encoder": adapt("ia3", folder_of("bert"))})
    plan = training.recipe(toy_config("ia3", Path("unused")).train, METHODS["ia3"])
    assert {group["weight_decay"] for group in training._groups(model, plan)} == {0.0}


def test_the_orthogonality_term_is_zero_for_orthogonal_factors_alone(folder_of: Callable[[str], Path]) -> None:
    encoder = adapt("adalora", folder_of("bert"))
    assert isinstance(encoder, RankPruned)
    with torch.no_grad():
        assert float(encoder.penalty()) > 0.1
        for name, factor in encoder.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                nn.init.orthogonal_(factor)
        assert float(encoder.penalty()) < 1e-4


def test_methods_that_take_no_part_in_training_add_nothing_to_the_loss(folder_of: Callable[[str], Path]) -> None:
    encoder = adapt("prompt", folder_of("bert"))
    assert isinstance(encoder, Tuned)
    assert encoder.penalty() == 0.0


def test_adaloras_averages_follow_their_factors_to_another_device(folder_of: Callable[[str], Path]) -> None:
    encoder = adapt("adalora", folder_of("bert"))
    assert isinstance(encoder, RankPruned)
    encoder.to("meta")
    assert encoder.get_extra_state().device.type == "meta"  # what a continued training asks for before it begins
    encoder.begin(100, [])
    allocator = encoder._model.rankallocator
    kept = (allocator.ipt, allocator.exp_avg_ipt, allocator.exp_avg_unc)
    assert {each.device.type for memory in kept for each in memory.values()} == {"meta"}


@pytest.mark.parametrize(("method", "architecture"), PAIRS)
def test_the_table_says_which_methods_tune_the_word_embeddings(
    folder_of: Callable[[str], Path], method: str, architecture: str
) -> None:
    assert word_embeddings(adapt(method, folder_of(architecture))).requires_grad == METHODS[method].tunes_words


def test_every_row_of_the_table_is_whole() -> None:
    for method in METHODS.values():
        assert "https://" in method.paper
        assert method.objectives
        assert (method.adapt is None) == (method.epochs == 0) == (method.learning_rate == 0.0)
        assert method.limit or (len(method.objectives) == len(get_args(Objective)) and method.architectures is None)
        assert method.options() == methods.options_of(toy_config(method.name, Path("unused")).method)


def _with_options(method: str, folder: Path, options: Mapping[str, int | str | None]) -> Config:
    config = toy_config(method, folder)
    return config.model_copy(update={"method": config.method.model_copy(update={"options": options})})
