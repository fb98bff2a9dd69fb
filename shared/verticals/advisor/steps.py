"""A few timed optimizer steps of a method, with the user's own texts, on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from verticals import backbones, methods, provenance
from verticals.advisor.trial import CAUTION, Budget, StepCost
from verticals.arrays import IntArray
from verticals.backbones import Backbone
from verticals.config import Config, MethodConfig
from verticals.data.examples import Examples
from verticals.inference.batches import pad
from verticals.methods.tuned import Tuned
from verticals.objectives.encoder_classifier import ClassifierModule, cross_entropy
from verticals.precision import InBfloat16
from verticals.token_rows import Batch, LengthGroupedSampler
from verticals.training import recipe

STEPS = 4  # and one before them that warms up
FORWARDS = 4.0  # an optimizer step costs about as much as four forward passes: one, twice that back, and the update


@dataclass(frozen=True)
class Sample:
    """Some of the user's rows, in random order, as the backbone reads them; targets index labels.

    `embed_seconds` is what one row takes once through the backbone.
    """

    backbone: Backbone
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    rows: Examples
    ids: Sequence[Sequence[int]]
    targets: IntArray
    embed_seconds: float


def time_steps(name: str, sample: Sample, config: Config, budget: Budget) -> StepCost:
    """Return what an optimizer step of a method costs, on the device and in the arithmetic that training will use.

    Raises:
        MethodError: the method does not fit the backbone.
    """
    method = methods.get(name)
    encoder = backbones.load_encoder(sample.backbone).requires_grad_(False)
    chosen = config.model_copy(update={"method": MethodConfig(name=name)})
    options = methods.check(chosen, "classify", encoder)
    adapted = method.adapt(encoder, options) if method.adapt else encoder
    module = ClassifierModule(adapted, nn.Linear(encoder.config.hidden_size, len(sample.labels))).to(_device()).train()
    read = InBfloat16(module) if recipe(config.train, method).precision == "bfloat16" else module
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=method.learning_rate, fused=True)
    seconds: list[float] = []
    for positions in _batches(sample, config):
        rows = [sample.ids[position] for position in positions]
        if isinstance(adapted, Tuned):
            adapted.begin(STEPS, rows)  # what is computed once for all epochs is no part of a step
        input_ids, mask = pad(rows, sample.tokenizer)
        target = torch.from_numpy(sample.targets[positions]).to(_device())
        before = budget.spent()
        _step(read, optimizer, {"input_ids": input_ids, "attention_mask": mask, "target": target})
        seconds.append(budget.spent() - before)
        if seconds[-1] * CAUTION > budget.left():
            break
    return StepCost(median(seconds[1:] or seconds), provenance.peak_memory_mb(), method.epochs)


def _batches(sample: Sample, config: Config) -> list[list[int]]:
    size = config.train.batch_size
    order = list(LengthGroupedSampler([len(row) for row in sample.ids], size, config.train.seed))
    return [order[start : start + size] for start in range(0, len(order), size)][: STEPS + 1]


def _step(module: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch) -> None:
    cross_entropy(module, batch).backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    torch.get_device_module(_device()).synchronize()  # an accelerator goes on by itself


def _device() -> torch.device:
    """Return where the training loop puts a model."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
