"""What one row of the method table says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn
from transformers import PreTrainedModel

from verticals.config import Schedule, Section

Objective = Literal["classify", "classify-multi", "tag", "match", "generate", "mask"]


class NoOptions(Section):
    """A method without settings of its own."""


@dataclass(frozen=True)
class Method:
    """One way to learn a task from a backbone.

    Attributes:
        name: what the user writes.
        summary: one line.
        paper: authors, year, address.
        stored_as: what of the backbone a run has to keep, and in which format.
        objectives: what it can learn.
        architectures: the `model_type`s it can tune; None means any.
        limit: why it learns no more than that.
        options: the model that validates its own settings.
        adapt: turns the pretrained encoder into the module that is trained, with exactly the trained parameters requiring
            gradients; None where the backbone stays as it is.
        epochs: passes over the training rows.
        init: how what it adds to the backbone starts.
        schedule: how the learning rates fall after the warm-up.
        learning_rate: of what the method tunes in the backbone.
        head_learning_rate: of the task's own layer.
        merges: whether the tuned encoder can become one plain transformers model.
        uses_backbone: whether it starts from pretrained weights at all.
        tunes_words: whether it tunes the table of word embeddings.
    """

    name: str
    summary: str
    paper: str
    stored_as: Literal["nothing", "adapter", "model", "delta"]
    objectives: tuple[Objective, ...]
    architectures: tuple[str, ...] | None = None
    limit: str = ""
    options: type[Section] = NoOptions
    adapt: Callable[[PreTrainedModel, Section], nn.Module] | None = None
    init: str = "as pretrained"
    schedule: Schedule = "linear"
    epochs: int = 0
    learning_rate: float = 0.0
    head_learning_rate: float = 0.0
    merges: bool = False
    uses_backbone: bool = True
    tunes_words: bool = False
