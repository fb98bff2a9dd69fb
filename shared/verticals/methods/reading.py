"""Whether a backbone reads texts at all, tried on two tokens before anything is computed."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from verticals.config import Precision
from verticals.errors import MethodError
from verticals.precision import InBfloat16

# What models raise that are given what they do not take: token ids where images or a decoder's ids are wanted.
_BREAKS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)


def check_reads(encoder: PreTrainedModel, precision: Precision) -> None:
    """Have an encoder read a text of two tokens, as training would.

    Raises:
        MethodError: it gives no state for each token, or not in this precision; otherwise it would break in the middle of its code.
    """
    kind = encoder.config.model_type
    try:
        shape, expected = _states(encoder).shape, (1, 2, encoder.config.hidden_size)
    except _BREAKS as error:
        raise MethodError(
            f"backbones of type '{kind}' read no text by themselves ({_reason(error)}); choose an encoder such as BERT or RoBERTa"
        ) from error
    if shape != expected:
        raise MethodError(
            f"backbones of type '{kind}' give no state for each token: expected the shape {expected} for two tokens, found "
            f"{tuple(shape)}; choose an encoder such as BERT or RoBERTa"
        )
    if precision == "bfloat16":
        _check_reads_in_bfloat16(encoder)


def _check_reads_in_bfloat16(encoder: PreTrainedModel) -> None:
    try:
        _states(InBfloat16(encoder))
    except RuntimeError as error:
        raise MethodError(
            f"backbones of type '{encoder.config.model_type}' cannot be read in bfloat16 ({_reason(error)}); "
            "use --set train.precision=float32"
        ) from error


def _states(encoder: nn.Module) -> Tensor:
    ids = torch.zeros(1, 2, dtype=torch.long, device=next(encoder.parameters()).device)
    with torch.inference_mode():
        states: Tensor = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return states


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0]
