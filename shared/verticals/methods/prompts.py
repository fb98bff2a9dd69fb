"""Learned virtual tokens before the text, by the peft library: prompt tuning, p-tuning and prefix tuning.

Virtual tokens lengthen the sequence that the layers see, but nothing above the encoder is to notice: `RealTokens` gives back the
states of the text's own tokens alone. So a mean is taken over as many states as the probe's mean was, a tag belongs to its token,
and padding changes nothing.
"""

from typing import TYPE_CHECKING, Literal, cast

from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from verticals.config import Section
from verticals.methods.tuned import Tuned

if TYPE_CHECKING:
    from peft import PeftModel
    from peft.config import PromptLearningConfig
    from peft.tuners.prefix_tuning import PrefixEncoder

_TASK = "FEATURE_EXTRACTION"  # the one for which peft extends the attention mask of a bare encoder


class VirtualTokens(Section):
    """What all three have to be told."""

    tokens: int = Field(10, ge=1, description="number of virtual tokens")


class PromptOptions(VirtualTokens):
    """Settings of prompt tuning."""

    init: Literal["words", "random"] = Field(
        "words", description="the tokens start as random words, or at random, fifty times as large as any word"
    )


class PrefixOptions(VirtualTokens):
    """Settings of prefix tuning."""

    spread: float = Field(0.02, gt=0, description="standard deviation with which keys and values start")


class PTuningOptions(VirtualTokens):
    """Settings of p-tuning."""

    hidden: int = Field(128, ge=1, description="width of the network that makes the virtual tokens")


class RealTokens(Tuned):
    """An encoder with virtual tokens, giving the states of the real ones."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
        """Return the states of the text's tokens, [texts, tokens, width], as `last_hidden_state`."""
        states = super().forward(input_ids, attention_mask).last_hidden_state
        return BaseModelOutput(last_hidden_state=cast(Tensor, states)[:, -input_ids.shape[1] :])


def prompt(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and learn embeddings before the text's own."""
    from peft import PromptTuningConfig

    chosen = cast(PromptOptions, options)
    start = "SAMPLE_VOCAB" if chosen.init == "words" else "RANDOM"
    return _learn(
        encoder,
        PromptTuningConfig(task_type=_TASK, num_virtual_tokens=chosen.tokens, prompt_tuning_init=start),
    )


def p_tuning(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and learn a small network that makes embeddings before the text's own."""
    from peft import PromptEncoderConfig

    chosen = cast(PTuningOptions, options)
    return _learn(
        encoder,
        PromptEncoderConfig(
            task_type=_TASK, num_virtual_tokens=chosen.tokens, encoder_hidden_size=chosen.hidden, encoder_dropout=0.0
        ),
    )


def prefix(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and learn keys and values that stand before the text's in every layer."""
    from peft import PrefixTuningConfig

    chosen = cast(PrefixOptions, options)
    adapted = _learn(encoder, PrefixTuningConfig(task_type=_TASK, num_virtual_tokens=chosen.tokens))
    prefixes = cast("PrefixEncoder", cast("PeftModel", adapted.encoder).prompt_encoder["default"])
    nn.init.normal_(prefixes.embedding.weight, std=chosen.spread)  # equal tokens would stay equal
    return adapted


def _learn(encoder: PreTrainedModel, config: "PromptLearningConfig") -> RealTokens:
    from peft import get_peft_model

    config.token_dim = encoder.config.hidden_size  # DistilBERT's own names for these are unknown to peft
    config.num_layers = encoder.config.num_hidden_layers
    config.num_attention_heads = encoder.config.num_attention_heads
    return RealTokens(get_peft_model(encoder, config))
