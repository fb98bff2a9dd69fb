"""The tuned part of a backbone on disk, in the format that the libraries of the field load."""

from pathlib import Path
from typing import cast

from torch import nn
from transformers import PreTrainedModel

from verticals import backbones
from verticals.backbones import Backbone
from verticals.config import Config
from verticals.methods import Method, get

_MODEL, _ADAPTER = "model", "adapter"


def save(encoder: nn.Module, method: Method, folder: Path) -> None:
    """Write what the method changed: `model/` (transformers), `adapter/` (peft), or nothing."""
    if method.stored_as != "nothing":
        target = _MODEL if method.stored_as == "model" else _ADAPTER
        cast(PreTrainedModel, encoder).save_pretrained(folder / target)


def load(folder: Path, config: Config) -> nn.Module:
    """Read what `save` wrote; the backbone of `config` is found again where the run does not hold it."""
    stored_as = get(config.method.name).stored_as
    if stored_as == "model":
        return backbones.load_encoder(Backbone(str(folder), folder / _MODEL))
    encoder = backbones.load_encoder(backbones.locate(config.backbone.name))
    if stored_as == "nothing":
        return encoder
    from peft import PeftModel

    return cast(nn.Module, PeftModel.from_pretrained(encoder, folder / _ADAPTER))
