"""Adversarial training: each step also learns from the batch as it hurts most, with the word embeddings moved up the loss.

The fast gradient method of Miyato, Dai and Goodfellow 2017 (https://arxiv.org/abs/1605.07725). They move the embedded words of every
text; here the table of word embeddings is moved, by one vector for the batch, so that no model has to be changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import nn
from transformers import PreTrainedModel


def word_embeddings(model: nn.Module) -> nn.Parameter:
    """Return the table of word embeddings, [words, width]."""
    encoder = next(module for module in model.modules() if isinstance(module, PreTrainedModel))
    return cast(nn.Parameter, encoder.get_input_embeddings().weight)


@contextmanager
def moved(table: nn.Parameter, length: float) -> Iterator[None]:
    """Move a parameter along its gradient by a vector of this Euclidean length, and put it back bit for bit."""
    if table.grad is None or not table.grad.any():
        yield
        return
    before = table.detach().clone()
    with torch.no_grad():
        table.add_(table.grad, alpha=length / float(table.grad.norm()))
    try:
        yield
    finally:
        with torch.no_grad():
            table.copy_(before)
