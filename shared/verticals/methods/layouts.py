"""Where the parts of an encoder are, by architecture.

Explicit paths: peft has no defaults for most of these architectures, and ignores a misspelt one of several names.
"""

from dataclasses import dataclass
from typing import cast

from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel

from verticals.errors import MethodError


@dataclass(frozen=True)
class Layout:
    """Module paths; `layers` and `final_norm` start at the encoder, the others at one of its layers.

    `scaled` are the projections whose outputs IA3 rescales: keys and values, or all three where they are fused.
    `first_position` is the number of position embeddings that no token uses.
    """

    layers: str
    attention_output: str
    feedforward_output: str
    scaled: tuple[str, ...]
    final_norm: str | None = None
    first_position: int = 0


LAYOUTS = {
    "bert": Layout(
        "encoder.layer", "attention.output.dense", "output.dense", ("attention.self.key", "attention.self.value")
    ),
    "roberta": Layout(
        "encoder.layer",
        "attention.output.dense",
        "output.dense",
        ("attention.self.key", "attention.self.value"),
        first_position=2,
    ),
    "xlm-roberta": Layout(
        "encoder.layer",
        "attention.output.dense",
        "output.dense",
        ("attention.self.key", "attention.self.value"),
        first_position=2,
    ),
    "distilbert": Layout("transformer.layer", "attention.out_lin", "ffn.lin2", ("attention.k_lin", "attention.v_lin")),
    "mpnet": Layout(
        "encoder.layer", "attention.attn.o", "output.dense", ("attention.attn.k", "attention.attn.v"), first_position=2
    ),
    "modernbert": Layout("layers", "attn.Wo", "mlp.Wo", ("attn.Wqkv",), final_norm="final_norm"),
}


def positions(config: PreTrainedConfig) -> int | None:
    """Return how many tokens a model has positions for; None where it numbers none, as T5 and XLNet."""
    every = getattr(config, "max_position_embeddings", None)  # GPT-2 answers to this name as well
    layout = LAYOUTS.get(config.model_type)
    return None if every is None or every < 0 else every - (layout.first_position if layout else 0)


def layout_of(encoder: PreTrainedModel) -> Layout:
    """Return the layout of an encoder's architecture.

    Raises:
        MethodError: the architecture is not in the table.
    """
    found = LAYOUTS.get(encoder.config.model_type)
    if found is None:
        raise MethodError(
            f"backbones of type '{encoder.config.model_type}' have no known layout; known: {', '.join(LAYOUTS)}"
        )
    return found


def layers_of(encoder: PreTrainedModel) -> nn.ModuleList:
    """Return the encoder's transformer layers, from the ground up."""
    return cast(nn.ModuleList, encoder.get_submodule(layout_of(encoder).layers))


def norms_of(encoder: PreTrainedModel) -> dict[str, nn.LayerNorm]:
    """Return every layer normalisation of the encoder by its path."""
    return {name: module for name, module in encoder.named_modules() if isinstance(module, nn.LayerNorm)}
