"""What training needs to know of an encoder that takes part in its own training."""

from collections.abc import Sequence

from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.modeling_outputs import BaseModelOutput


class Tuned(nn.Module):
    """An encoder in the wrapping that its method needs; `encoder` is what is saved.

    The training loop calls `begin` once, after a checkpoint was read; adds `penalty` to every loss; and calls `after_step` when the
    optimizer has stepped and the gradients are still there.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
        """Return the states of the tokens, [texts, tokens, width], as `last_hidden_state`."""
        return BaseModelOutput(
            last_hidden_state=self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        )

    def begin(self, steps: int, rows: Sequence[Sequence[int]]) -> None:
        """Prepare for this many optimizer steps over these rows of token ids."""

    def penalty(self) -> Tensor | float:
        """Return what the method adds to the loss."""
        return 0.0

    def after_step(self, step: int) -> None:
        """Act after optimizer step number `step`, counted from one."""


class MethodCallback(TrainerCallback):
    """Lets the methods that take part in the training do so."""

    def __init__(self, tuned: Sequence[Tuned], rows: Sequence[Sequence[int]]) -> None:
        self._tuned = tuned
        self._rows = rows

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Tell them how long the training is, and over which rows."""
        for each in self._tuned:
            each.begin(state.max_steps, self._rows)

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Tell them that the optimizer has stepped; the gradients are still there."""
        for each in self._tuned:
            each.after_step(state.global_step + 1)
