"""Mixed precision: matrix products in bfloat16 where the processor has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import torch
from accelerate.utils import convert_to_fp32
from torch import Tensor, nn

from verticals.config import Precision

_READING: ContextVar[Precision | Literal["auto"]] = ContextVar("reading", default="auto")


def native_precision() -> Precision:
    """Return bfloat16 where this machine multiplies it natively; elsewhere it is emulated, and slower than float32."""
    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if _processor_has_bfloat16() and not torch.accelerator.is_available() else "float32"


def resolved(asked: Precision | Literal["auto"]) -> Precision:
    """Return the precision of a training that asks for this one."""
    return native_precision() if asked == "auto" else asked


def bulk_reading() -> torch.autocast:
    """Return a context for reading many texts: matrix products in bfloat16 where the processor has it, several times as fast.

    Norms and the vectors that come out stay float32, and point where those of float32 point: a test compares them. One batch alone is
    better read without: the weights are converted each time, and what has to be equal to the last digits (proofs, exports) is that small.
    """
    return torch.autocast("cpu", torch.bfloat16, enabled=_READING.get() != "float32" and _processor_has_bfloat16())


@contextmanager
def reading_in(precision: Precision | Literal["auto"]) -> Iterator[None]:
    """Read many texts as a training does until the block ends: in float32 where it asks for that."""
    token = _READING.set(precision)
    try:
        yield
    finally:
        _READING.reset(token)


def _processor_has_bfloat16() -> bool:
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class Bfloat16Linear(nn.Module):
    """A linear layer that keeps its weights as bfloat16; what goes in and comes out is float32."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = layer.weight.detach().bfloat16()
        self.bias = None if layer.bias is None else layer.bias.detach().bfloat16()

    def forward(self, states: Tensor) -> Tensor:
        """Return the layer's outputs."""
        return nn.functional.linear(states.bfloat16(), self.weight, self.bias).float()


def keep_in_bfloat16(model: nn.Module) -> None:
    """Keep the weights of a model's linear layers as bfloat16 from now on, where the processor multiplies them natively.

    One short text is mostly waited for until the weights come from memory; half as many bytes take half the time. The model only serves
    after that: it is not trained, saved or proven any more.
    """
    if not _processor_has_bfloat16():
        return
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Linear:  # not what only derives from it, such as a layer with an adapter
                setattr(parent, name, Bfloat16Linear(layer))


class InBfloat16(nn.Module):
    """A model whose matrix products are bfloat16 (mixed precision, Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740).

    Weights, gradients and outputs stay float32, so that the loss and the optimizer see what they would see without it.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._device = next(model.parameters()).device.type

    def forward(self, *inputs: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the model takes and returns
        """Return what the model returns, as float32."""
        with torch.autocast(self._device, torch.bfloat16):
            return convert_to_fp32(self.model(*inputs, **named))
