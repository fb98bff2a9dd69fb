"""The tuned part of a backbone on disk, in the format that the libraries of the field load.

`model/` is a transformers model and `adapter/` a peft adapter. `delta/`, for methods that no library stores, holds the tuned tensors
under their names in the adapted encoder, and which method and architecture they belong to. `backbone/` is a transformers model, where
what was tuned sits on a backbone that is found nowhere else; otherwise `backbone.json` says which weights it sits on, and how their token
states are pooled.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from verticals import backbones, pooling
from verticals.backbones import Backbone
from verticals.config import Config
from verticals.errors import BackboneError, RunError
from verticals.methods import Method, get, options_of
from verticals.methods.prompts import RealTokens
from verticals.methods.tuned import Tuned

_MODEL, _ADAPTER, _DELTA, _BACKBONE, _WEIGHTS = "model", "adapter", "delta", "backbone", "backbone.json"
PARTS = (_MODEL, _ADAPTER, _DELTA, _BACKBONE, _WEIGHTS)
_POOLING = "pooling"
_TENSORS, _FACTS = "delta.safetensors", "delta.json"


def save(encoder: nn.Module, method: Method, folder: Path) -> None:
    """Write what the method changed: `model/`, `adapter/`, `delta/`, or nothing; and what backbone it sits on."""
    plain = cast(PreTrainedModel, encoder.encoder if isinstance(encoder, Tuned) else encoder)
    if method.stored_as == "model":
        backbones.save(plain, folder / _MODEL)
    else:
        source = Path(str(plain.name_or_path))
        remember(Backbone(str(source), source, pooling.of(plain).mode), folder)
    if method.stored_as == "adapter":
        plain.save_pretrained(folder / _ADAPTER)
    elif method.stored_as == "delta":
        _save_delta(plain, method, folder / _DELTA)


def load(folder: Path, config: Config) -> nn.Module:
    """Read what `save` wrote; the backbone of `config` is found again where the run does not hold it.

    Raises:
        RunError: the stored tensors are not those of this method and backbone, or the backbone's weights are others by now.
    """
    method = get(config.method.name)
    if method.stored_as == "model":
        return backbones.load_encoder(Backbone(str(folder), folder / _MODEL))
    if method.stored_as == "nothing":
        return backbones.load_frozen(backbone_of(folder, config))
    encoder = backbones.load_encoder(backbone_of(folder, config))
    if method.stored_as == "adapter":
        return _load_adapter(encoder, folder / _ADAPTER)
    if method.stored_as == "delta" and method.adapt is not None:
        return _load_delta(method.adapt(encoder, options_of(config.method)), _facts(method, encoder), folder / _DELTA)
    return encoder


def remember(backbone: Backbone, folder: Path) -> None:
    """Write what `backbone_of` needs in order to find the same backbone again."""
    _write(folder / _WEIGHTS, {**backbones.digests(backbone.folder), _POOLING: backbones.pooling_of(backbone)})


def carry(backbone: PreTrainedModel, folder: Path) -> None:
    """Write the backbone that the tuned part sits on, where no name finds it."""
    backbones.save(backbone, folder / _BACKBONE)
    (folder / _WEIGHTS).unlink(missing_ok=True)


def carries(folder: Path) -> bool:
    """Say whether a run holds the backbone that its tuned part sits on."""
    return (folder / _BACKBONE).is_dir()


def backbone_of(folder: Path, config: Config) -> Backbone:
    """Return what the tuned part sits on: the run's own backbone, or the one of `config`, found again.

    Raises:
        RunError: it is not found, or its weights are not those that the run was trained on.
    """
    if carries(folder):
        return Backbone(str(folder), folder / _BACKBONE)
    try:
        found = backbones.locate(config.backbone.name)
    except BackboneError as error:
        raise RunError(f"{folder}: the backbone that the run was trained on is not found from here: {error}") from error
    weights = folder / _WEIGHTS  # older runs have none, or one without pooling, which was the mean
    remembered: dict[str, str] = json.loads(weights.read_text(encoding="utf-8")) if weights.is_file() else {}
    mode = remembered.pop(_POOLING, pooling.MEAN)
    if remembered and remembered != backbones.digests(found.folder):
        raise RunError(
            f"{found.folder}: not the weights that the run {folder} was trained on; put those back, or train it again"
        )
    return replace(found, pooling=mode)


def _load_adapter(encoder: PreTrainedModel, folder: Path) -> nn.Module:
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(encoder, folder)
    return RealTokens(adapted) if adapted.active_peft_config.is_prompt_learning else adapted


def _save_delta(encoder: PreTrainedModel, method: Method, folder: Path) -> None:
    folder.mkdir()
    save_file({name: value.detach().contiguous() for name, value in _tuned(encoder).items()}, folder / _TENSORS)
    _write(folder / _FACTS, _facts(method, encoder))


def _load_delta(encoder: nn.Module, facts: dict[str, str], folder: Path) -> nn.Module:
    found = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    stored, tuned = load_file(folder / _TENSORS), _tuned(encoder)
    wanted = {name: value.shape for name, value in tuned.items()}
    if found != facts or {name: value.shape for name, value in stored.items()} != wanted:
        raise RunError(
            f"{folder}: holds {len(stored)} tensors for {found}, expected {len(wanted)} for {facts} in the shapes of "
            "this backbone; use the backbone and the settings that the run was trained with"
        )
    with torch.no_grad():
        for name, value in tuned.items():
            value.copy_(stored[name])
    return encoder


def _write(path: Path, facts: dict[str, str]) -> None:
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _facts(method: Method, encoder: PreTrainedModel) -> dict[str, str]:
    return {"method": method.name, "architecture": str(encoder.config.model_type)}


def _tuned(encoder: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in encoder.named_parameters() if parameter.requires_grad}
