"""The training loop: transformers.Trainer with two learning rates, length-grouped batches and exact resume."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import Sampler
from transformers import Trainer, TrainingArguments, set_seed
from transformers.trainer_callback import ProgressCallback

from verticals import checkpoints, distributed, trackers
from verticals.adversarial import moved, word_embeddings
from verticals.callbacks import QuietProgress, Stopwatch, seconds_at
from verticals.config import Precision, Schedule, TrainConfig
from verticals.errors import ConfigError
from verticals.methods import Method
from verticals.methods.tuned import MethodCallback, Tuned
from verticals.precision import InBfloat16, resolved
from verticals.token_rows import Batch, Example, LengthGroupedSampler, TokenDataset

HEAD = "head."  # parameters whose name starts with this learn at the head's rate
_STEPS_BETWEEN_LOGS = 2


@dataclass(frozen=True)
class Recipe:
    """What the loop needs to know, with the method's own values filled in."""

    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    schedule: Schedule
    weight_decay: float
    warmup_share: float
    adversarial: float
    checkpoint_steps: int
    precision: Precision
    trackers: tuple[str, ...]


@dataclass(frozen=True)
class TrainingLog:
    """What happened: seconds of the loop and optimizer steps in all, the step this process continued from, and the arithmetic.

    `earlier_seconds` are those of `seconds` that went by before the checkpoint which this process continued from.
    """

    seconds: float
    steps: int
    resumed_from: int
    trained_parameters: int
    precision: Precision = "float32"
    earlier_seconds: float = 0.0


def recipe(config: TrainConfig, method: Method) -> Recipe:
    """Fill what the user left open with the method's defaults."""
    return Recipe(
        seed=config.seed,
        epochs=config.epochs or method.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate or method.learning_rate,
        head_learning_rate=config.head_learning_rate or method.head_learning_rate,
        schedule=config.schedule or method.schedule,
        weight_decay=config.weight_decay,
        warmup_share=config.warmup_share,
        adversarial=config.adversarial or 0.0,
        checkpoint_steps=config.checkpoint_steps,
        precision=resolved(config.precision),
        trackers=config.trackers,
    )


class _LossTrainer(Trainer):
    """A Trainer that takes its loss from the objective, gives the head its own learning rate, and stores what is trained."""

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments,
        data: TokenDataset,
        collate: Callable[[list[Example]], Batch],
        loss: Callable[[nn.Module, Batch], Tensor],
        plan: Recipe,
    ) -> None:
        super().__init__(model=model, args=args, train_dataset=data, data_collator=collate)
        self.remove_callback(ProgressCallback)
        self._tuned = [module for module in model.modules() if isinstance(module, Tuned)]
        self.add_callback(MethodCallback(self._tuned, data.rows()))
        self._loss = loss
        self._plan = plan
        self._embeddings = word_embeddings(model) if plan.adversarial else None
        self._sampler = LengthGroupedSampler(data.lengths(), plan.batch_size, plan.seed, data.set_epoch)

    def training_step(self, model: nn.Module, inputs: Batch, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        loss = super().training_step(model, inputs, num_items_in_batch)
        if self._embeddings is not None:
            with moved(self._embeddings, self._plan.adversarial):
                super().training_step(model, inputs, num_items_in_batch)
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: Batch, return_outputs: bool = False, num_items_in_batch: object = None
    ) -> Tensor:
        read = InBfloat16(model) if self._plan.precision == "bfloat16" else model
        loss = self._loss(read, inputs) + sum(each.penalty() for each in self._tuned)
        if not torch.isfinite(loss):
            raise _diverged(self._plan)
        return loss

    def _save_checkpoint(self, model: nn.Module, trial: object) -> None:
        with checkpoints.writing(Path(str(self.args.output_dir))):
            super()._save_checkpoint(model, trial)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        checkpoints.save(cast(nn.Module, self.model), Path(output_dir or str(self.args.output_dir)))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        checkpoints.load(cast(nn.Module, self.model), Path(resume_from_checkpoint))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with checkpoints.reading(checkpoint):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _get_train_sampler(self, train_dataset: object = None) -> Sampler[int]:
        return self._sampler

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(_groups(cast(nn.Module, self.model), self._plan), fused=True)
        return self.optimizer


def _diverged(plan: Recipe) -> ConfigError:
    """Return what to say of a training whose loss or weights are no numbers any more."""
    return ConfigError(
        f"the training diverged: its loss is no number any more; lower train.learning_rate ({plan.learning_rate:g}) "
        f"and train.head_learning_rate ({plan.head_learning_rate:g})"
    )


def _groups(model: nn.Module, plan: Recipe) -> list[dict[str, Any]]:
    """Split parameters by learning rate (backbone, head) and weight decay (matrices only)."""
    groups = []
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    for is_head, rate in ((False, plan.learning_rate), (True, plan.head_learning_rate)):
        for is_matrix, decay in ((True, plan.weight_decay), (False, 0.0)):
            chosen = [p for name, p in trained if name.startswith(HEAD) == is_head and _is_matrix(p) == is_matrix]
            if chosen:
                groups.append({"params": chosen, "lr": rate, "weight_decay": decay})
    return groups


def _is_matrix(parameter: nn.Parameter) -> bool:
    """Say whether a parameter decays; IA3's factors have two dimensions, but shrinking them would silence their layers."""
    return parameter.ndim > 1 and 1 not in parameter.shape


def finetune(
    model: nn.Module,
    data: TokenDataset,
    collate: Callable[[list[Example]], Batch],
    loss: Callable[[nn.Module, Batch], Tensor],
    plan: Recipe,
    work: Path,
) -> TrainingLog:
    """Train `model` in place; checkpoints go to `work`, and a training found there is continued.

    On one machine, with as many threads, an interrupted training ends with the weights of an undisturbed one. Where several
    processes train together, each takes its part of every batch, so that the number of steps and the rows of each stay the same.

    Raises:
        ConfigError: the processes cannot share a batch evenly, or the loss grew beyond all numbers.
    """
    set_seed(plan.seed)
    checkpoint = checkpoints.last(work)
    earlier = seconds_at(checkpoint)
    with trackers.writing(plan.trackers, work), closing(QuietProgress()) as progress:
        trainer = _LossTrainer(model, _arguments(plan, len(data), work), data, collate, loss, plan)
        watch = Stopwatch(earlier)
        trainer.add_callback(progress)
        trainer.add_callback(watch)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        seconds = watch.seconds
    model.eval()
    if not all(torch.isfinite(each).all() for each in model.parameters() if each.requires_grad):
        raise _diverged(plan)
    resumed_from = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    trained = trained_parameters(model)
    return TrainingLog(seconds, trainer.state.global_step, resumed_from, trained, plan.precision, earlier)


def trained_parameters(model: nn.Module) -> int:
    """Count what is not frozen."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _arguments(plan: Recipe, rows: int, work: Path) -> TrainingArguments:
    steps = plan.epochs * -(-rows // plan.batch_size)
    arguments = TrainingArguments(
        output_dir=str(work),
        seed=plan.seed,
        data_seed=plan.seed,
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=distributed.share_of(plan.batch_size),
        use_cpu=not torch.accelerator.is_available(),
        learning_rate=plan.learning_rate,
        lr_scheduler_type=plan.schedule,
        warmup_steps=round(plan.warmup_share * steps),
        max_grad_norm=1.0,
        save_strategy="steps",
        save_steps=plan.checkpoint_steps,
        save_total_limit=2,
        logging_strategy="steps" if plan.trackers else "no",
        logging_steps=_STEPS_BETWEEN_LOGS,
        report_to=list(plan.trackers),
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=False,
    )
    # One process trains on one device. Where it sees several GPUs, the library would spread the model over them by DataParallel, with as
    # many times the batch. Several devices are for several processes, as accelerate launch starts them (docs/methods.md).
    arguments._n_gpu = min(1, arguments.n_gpu)  # read first, since the first reading sets it
    return arguments
