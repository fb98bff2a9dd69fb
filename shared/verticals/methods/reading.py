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
    try:
        shape, expected = _states(encoder, precision).shape, (1, 2, encoder.config.hidden_size)
    except _BREAKS as error:
        raise _refusal(encoder, precision, error) from error
    if shape != expected:
        raise MethodError(
            f"backbones of type '{encoder.config.model_type}' give no state for each token: expected the shape {expected} for two "
            f"tokens, found {tuple(shape)}; choose an encoder such as BERT or RoBERTa"
        )


def _refusal(encoder: PreTrainedModel, precision: Precision, error: Exception) -> MethodError:
    """Say what an encoder that does not read cannot do: read in bfloat16, or read at all."""
    kind = f"backbones of type '{encoder.config.model_type}'"
    if precision == "bfloat16":
        try:
            _states(encoder, "float32")
            return MethodError(
                f"{kind} cannot be read in bfloat16 ({_reason(error)}); use --set train.precision=float32"
            )
        except _BREAKS as plain:
            error = plain
    return MethodError(
        f"{kind} read no text by themselves ({_reason(error)}); choose an encoder such as BERT or RoBERTa"
    )


def _states(encoder: PreTrainedModel, precision: Precision) -> Tensor:
    read: nn.Module = InBfloat16(encoder) if precision == "bfloat16" else encoder
    ids = torch.zeros(1, 2, dtype=torch.long, device=encoder.device)
    with torch.no_grad():  # what a model keeps for later has to serve training
        states: Tensor = read(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return states


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
