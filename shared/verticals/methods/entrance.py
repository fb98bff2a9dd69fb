"""Where an objective adds something of its own to what a tuned encoder reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any, cast

from torch import Tensor, nn
from transformers import PreTrainedModel

from verticals.config import Section
from verticals.errors import MethodError
from verticals.methods.layouts import layers_of
from verticals.methods.tuned import Tuned
from verticals.methods.weights import PartialOptions


@contextmanager
def adding(encoder: nn.Module, options: Section, states: Tensor) -> Iterator[None]:
    """Add `states` to what the encoder reads, for the calls of this thread, until the context is left.

    They are added to the embeddings of the words, which every wrapping of an encoder looks up in the same module. In partial tuning they are
    added to the states that enter the lowest tuned layer: what the frozen layers compute is kept, and has to stay as it is.

    Args:
        encoder: as its method adapted it, or as it was reloaded.
        options: the method's own settings.
        states: [texts, tokens, width].

    Raises:
        MethodError: when the encoder reads, if it looks words up in another arrangement, as XLNet and Longformer do.
    """
    plain = cast(PreTrainedModel, encoder.encoder if isinstance(encoder, Tuned) else encoder)
    thread = get_ident()

    def after_lookup(module: nn.Module, inputs: tuple[Tensor], embedded: Tensor) -> Tensor:
        if get_ident() != thread:
            return embedded
        if embedded.shape != states.shape:
            raise MethodError(
                f"backbones of type '{plain.config.model_type}' do not look words up text by text, so that word shapes cannot be added; "
                "use --set objective.shapes=false"
            )
        return embedded + states

    def before_layer(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (inputs[0] + states, *inputs[1:]) if get_ident() == thread else inputs

    if isinstance(options, PartialOptions):
        handle = layers_of(plain)[-options.layers].register_forward_pre_hook(before_layer)
    else:
        handle = plain.get_input_embeddings().register_forward_hook(after_lookup)
    try:
        yield
    finally:
        handle.remove()
