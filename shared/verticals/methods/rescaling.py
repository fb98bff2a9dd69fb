"""Methods that rescale activations, by the peft library: IA3 and layer normalisation."""

from typing import cast

from torch import nn
from transformers import PreTrainedModel

from verticals.config import Section
from verticals.methods.layouts import layers_of, layout_of, norms_of


def ia3(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and scale its keys, values and feed-forward activations by learned vectors, all ones at first."""
    from peft import IA3Config, get_peft_model

    layout = layout_of(encoder)
    prefixes = [f"{layout.layers}.{number}" for number in range(len(layers_of(encoder)))]
    feedforward = [f"{prefix}.{layout.feedforward_output}" for prefix in prefixes]
    scaled = [f"{prefix}.{path}" for prefix in prefixes for path in layout.scaled]
    return cast(
        nn.Module,
        get_peft_model(encoder, IA3Config(target_modules=scaled + feedforward, feedforward_modules=feedforward)),
    )


def ln_tuning(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder except for its layer normalisations."""
    from peft import LNTuningConfig, get_peft_model

    return cast(nn.Module, get_peft_model(encoder, LNTuningConfig(target_modules=list(norms_of(encoder)))))
