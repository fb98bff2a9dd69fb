"""LoRA: low-rank updates beside frozen linear layers, by the peft library."""

from typing import cast

from pydantic import Field
from torch import nn
from transformers import PreTrainedModel

from verticals.config import Section


class LoraOptions(Section):
    """Settings of LoRA."""

    rank: int = Field(16, ge=1, description="width of the two factors")
    alpha: int = Field(32, gt=0, description="the update is scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: str = Field("all-linear", description="module names, comma-separated, or all-linear")


def adapt(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and add low-rank updates to its linear layers."""
    from peft import LoraConfig, get_peft_model

    chosen = cast(LoraOptions, options)
    targets = chosen.targets if chosen.targets == "all-linear" else [name.strip() for name in chosen.targets.split(",")]
    return get_peft_model(
        encoder,
        LoraConfig(r=chosen.rank, lora_alpha=chosen.alpha, lora_dropout=chosen.dropout, target_modules=targets),
    )
