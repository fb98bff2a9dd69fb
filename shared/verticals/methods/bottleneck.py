"""Bottleneck adapters: small networks inside frozen layers, ours because peft has none."""

from typing import cast

from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel

from verticals.config import Section
from verticals.methods.layouts import layers_of, layout_of, norms_of


class BottleneckOptions(Section):
    """Settings of bottleneck adapters."""

    size: int = Field(64, ge=1, description="width of the bottleneck")
    spread: float = Field(
        0.0,
        ge=0,
        description="standard deviation with which up-projections start; 0: the encoder is at first what it was",
    )


class Bottleneck(nn.Module):
    """A linear layer followed by down-projection, GELU and up-projection with a skip connection.

    The up-projection starts at zero or near it, so that the encoder is at first what it was; the other at random, since with both at zero
    neither learns.
    """

    def __init__(self, base: nn.Linear, options: BottleneckOptions) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.out_features, options.size)
        self.up = nn.Linear(options.size, base.out_features)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        if options.spread:
            nn.init.normal_(self.up.weight, std=options.spread)
        nn.init.zeros_(self.up.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the adapted output, [..., width]."""
        output = self.base(inputs)
        return cast(Tensor, output + self.up(nn.functional.gelu(self.down(output))))


def houlsby(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Adapt the output of attention and feed-forward in every layer, and tune the layer normalisations, as in the paper."""
    layout = layout_of(encoder)
    _insert(encoder, (layout.attention_output, layout.feedforward_output), cast(BottleneckOptions, options))
    for norm in norms_of(encoder).values():
        norm.requires_grad_(True)
    return encoder


def pfeiffer(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Adapt the output of the feed-forward part in every layer, and nothing else."""
    _insert(encoder, (layout_of(encoder).feedforward_output,), cast(BottleneckOptions, options))
    return encoder


def _insert(encoder: PreTrainedModel, paths: tuple[str, ...], options: BottleneckOptions) -> None:
    encoder.requires_grad_(False)
    for layer in layers_of(encoder):
        for path in paths:
            layer.set_submodule(path, Bottleneck(cast(nn.Linear, layer.get_submodule(path)), options))
