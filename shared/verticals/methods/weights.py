"""Methods that tune weights which the backbone already has: all of them, the top layers, or the biases."""

import copy
from collections.abc import Sequence
from typing import Self, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from verticals.config import Section
from verticals.errors import MethodError
from verticals.methods.layouts import layers_of, layout_of
from verticals.methods.tuned import Tuned

_BATCH = 32


class PartialOptions(Section):
    """Settings of partial tuning."""

    layers: int = Field(2, ge=1, description="how many of the top layers are tuned")
    cache_mb: int = Field(
        2048, ge=0, description="memory for the frozen layers' activations; rows beyond it are computed anew"
    )


def full(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Tune every weight."""
    return encoder.requires_grad_(True)


def bitfit(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Tune the biases (Ben Zaken et al. 2021, https://arxiv.org/abs/2106.10199)."""
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(name.rpartition(".")[2] == "bias")
    return encoder


def partial(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Tune the top layers.

    Raises:
        MethodError: the encoder has fewer layers than are to be tuned.
    """
    chosen = cast(PartialOptions, options)
    layers = layers_of(encoder)
    if chosen.layers > len(layers):
        raise MethodError(f"method.options.layers is {chosen.layers}, but this backbone has {len(layers)}; use full")
    encoder.requires_grad_(False)
    layers[len(layers) - chosen.layers :].requires_grad_(True)
    final_norm = layout_of(encoder).final_norm
    if final_norm:
        encoder.get_submodule(final_norm).requires_grad_(True)
    return PartlyFrozen(encoder, len(layers) - chosen.layers, chosen.cache_mb * 2**20)


class PartlyFrozen(Tuned):
    """An encoder whose lower layers are frozen: what they make of the training rows is computed once and kept.

    The frozen part runs without dropout, so that its activations are the same in every epoch. All rows are computed before the first
    step, in an order of their own: a continued training, which computes them again, gets the same bits.
    """

    def __init__(self, encoder: PreTrainedModel, frozen: int, cache_bytes: int) -> None:
        super().__init__(encoder)
        layout, layers = layout_of(encoder), layers_of(encoder)
        lower = _with(encoder, layout.layers, layers[:frozen])
        lower = _with(lower, layout.final_norm, nn.Identity()) if layout.final_norm else lower
        upper = _with(_with(encoder, layout.layers, layers[frozen:]), "embeddings", _Given())
        self._parts = (lower, upper)  # in a tuple, since their modules are the encoder's and registered there
        self._cache: dict[bytes, Tensor] = {}
        self._cache_bytes = cache_bytes

    def train(self, mode: bool = True) -> Self:
        """Choose between training and evaluation; the frozen part is always evaluated."""
        super().train(mode)
        self._parts[0].eval()
        return self

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
        """Return the states of the tokens, [texts, tokens, width], as `last_hidden_state`."""
        if not self.training:
            return super().forward(input_ids, attention_mask)
        states = self._frozen_states(input_ids, attention_mask)
        return cast(BaseModelOutput, self._parts[1](inputs_embeds=states, attention_mask=attention_mask))

    def begin(self, steps: int, rows: Sequence[Sequence[int]]) -> None:
        """Compute the frozen layers' activations of these rows, until the memory for them is used."""
        distinct = sorted({tuple(row) for row in rows}, key=lambda row: (-len(row), row))
        left = self._cache_bytes
        device = self.encoder.get_parameter(next(iter(dict(self.encoder.named_parameters())))).device
        for start in range(0, len(distinct), _BATCH):
            batch = distinct[start : start + _BATCH]
            input_ids = pad_sequence([torch.tensor(row) for row in batch], batch_first=True).to(device)
            mask = pad_sequence([torch.ones(len(row), dtype=torch.long) for row in batch], batch_first=True).to(device)
            states = self._compute(input_ids, mask)[mask.bool()].cpu()
            left -= states.nbytes
            if left < 0:
                return
            self._cache.update(zip(map(_key, batch), states.split([len(row) for row in batch]), strict=True))

    def _frozen_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        real = attention_mask.bool()
        kept = [self._cache.get(_key(ids[mask].tolist())) for ids, mask in zip(input_ids, real, strict=True)]
        known = [states for states in kept if states is not None]
        if len(known) < len(kept):
            return self._compute(input_ids, attention_mask)
        states = torch.cat(known).to(input_ids.device)
        padded = states.new_zeros(*input_ids.shape, states.shape[-1])  # what stands in the padding is never attended to
        padded[real] = states
        return padded

    def _compute(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        with (
            torch.no_grad(),
            torch.autocast(input_ids.device.type, enabled=False),
        ):  # the same states, kept or computed anew
            states = self._parts[0](input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return cast(Tensor, states)


def _key(row: Sequence[int]) -> bytes:
    return np.asarray(row, np.int32).tobytes()


class _Given(nn.Module):
    """Stands for an encoder's embeddings where the states are given."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        position_ids: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        past_key_values_length: int = 0,
    ) -> Tensor | None:
        return inputs_embeds


def _with(module: nn.Module, path: str, replacement: nn.Module) -> nn.Module:
    """Return a module with another one at `path`; the original keeps its own, and both share everything else."""
    copied = copy.copy(module)
    copied._modules = dict(module._modules)
    name, _, rest = path.partition(".")
    copied._modules[name] = _with(module.get_submodule(name), rest, replacement) if rest else replacement
    return copied
