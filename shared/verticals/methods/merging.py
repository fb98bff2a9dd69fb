"""A tuned encoder as one plain transformers model, where the method allows it."""

import copy
from typing import cast

from torch import nn
from transformers import PreTrainedModel

from verticals.errors import MethodError
from verticals.methods.bottleneck import Bottleneck
from verticals.methods.tuned import Tuned


def merged(encoder: nn.Module) -> PreTrainedModel:
    """Return a plain model that computes what the tuned encoder computes; the encoder itself is left as it is.

    Raises:
        MethodError: what was learned is no change of weights, so it has to stay beside the backbone.
    """
    from peft import PeftModel

    if isinstance(encoder, Tuned):
        return merged(encoder.encoder)
    if isinstance(encoder, PeftModel):
        if encoder.active_peft_config.is_prompt_learning:
            raise MethodError(_beside("virtual tokens are inputs, not weights"))
        return cast(PreTrainedModel, copy.deepcopy(encoder).merge_and_unload())
    if any(isinstance(module, Bottleneck) for module in encoder.modules()):
        raise MethodError(_beside("a bottleneck is not linear"))
    return cast(PreTrainedModel, copy.deepcopy(encoder))


def _beside(reason: str) -> str:
    return f"this method cannot be merged into the backbone ({reason}); keep the run as it is, or tune with lora"
