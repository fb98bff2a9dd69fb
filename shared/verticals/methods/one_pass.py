"""One pass through a backbone for all the models that left it as it came, however many of them read the same text."""

from collections.abc import Iterable
from threading import local
from typing import Protocol

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from verticals.methods.tuned import Tuned


class Readable(Protocol):
    """A module that reads with an encoder."""

    encoder: nn.Module


class Reader(Protocol):
    """A model that reads texts with a backbone."""

    @property
    def module(self) -> Readable:
        """What holds the encoder."""

    @property
    def frozen(self) -> bool:
        """Whether the encoder is the backbone as it came."""


class _Last(local):
    """What a thread read last: token ids and mask, and the states of the tokens."""

    read: tuple[Tensor, Tensor, Tensor] | None = None


class OnePass(Tuned):
    """A frozen encoder that, for each thread, still has the states of the tokens it read last."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__(encoder)
        self._last = _Last()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
        """Return the states of the tokens, [texts, tokens, width], as `last_hidden_state`."""
        last = self._last.read
        if last and torch.equal(last[0], input_ids) and torch.equal(last[1], attention_mask):
            return BaseModelOutput(last_hidden_state=last[2])
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        self._last.read = (input_ids, attention_mask, states)
        return BaseModelOutput(last_hidden_state=states)


def share(models: Iterable[Reader]) -> None:
    """Let the frozen ones among models that have one encoder remember its last reading: a text that several read goes through it once."""
    readers: dict[nn.Module, list[Reader]] = {}
    for model in models:
        if model.frozen:
            readers.setdefault(model.module.encoder, []).append(model)
    for encoder, same in readers.items():
        if len(same) > 1:
            shared = OnePass(encoder)
            for model in same:
                model.module.encoder = shared
