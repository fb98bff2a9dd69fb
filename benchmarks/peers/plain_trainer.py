"""Time to the probe's validation accuracy plus one point: tuning from the probe beside a plain `transformers.Trainer`.

`python benchmarks/peers/plain_trainer.py banking77 --method full` trains both in one process, one after the other, on the same rows with
the same backbone and batch size. The plain one is what the library's own examples do: a sequence classifier with a random head,
AdamW at 5e-5, linear decay. Both are judged on the validation rows every few steps; that does not count as time.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import side_by_side
import torch
from side_by_side import Figure, Ours, keep
from torch import Tensor, nn
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer import DEFAULT_CALLBACKS

from verticals import backbones, objectives
from verticals.config import Config, NoSettings, assignment, build
from verticals.data.splits import Splits
from verticals.evaluation.classification import class_indices
from verticals.inference.batches import predict_batches
from verticals.objectives import classify

MARGIN = 0.01
Judge = Callable[[nn.Module], float]


@dataclass
class Watch(TrainerCallback):
    """Stops a training at a target accuracy, and tells how long it took without the judging."""

    judge: Judge
    target: float
    every: int
    started: float = field(default_factory=time.perf_counter)
    judging: float = 0.0
    best: float = 0.0
    reached: bool = False
    seconds: float = 0.0

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: nn.Module | None = None,
        **kwargs: object,
    ) -> None:
        """Judge the model every few steps."""
        if model is None or state.global_step % self.every:
            return
        before = time.perf_counter()
        self.best = max(self.best, self.judge(model.eval()))
        model.train()
        self.judging += time.perf_counter() - before
        if self.best >= self.target:
            self.reached = True
            control.should_training_stop = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Stop the clock: at the target, or where the training gave up."""
        self.seconds = time.perf_counter() - self.started - self.judging


@contextmanager
def watched(watch: Watch) -> Iterator[Watch]:
    """Give a callback to every Trainer that is made meanwhile."""
    callbacks: list[Any] = DEFAULT_CALLBACKS  # annotated for its first element alone
    callbacks.append(watch)
    try:
        yield watch
    finally:
        callbacks.remove(watch)


def judge_of(splits: Splits, config: Config) -> Judge:
    """Return what gives a model's accuracy on the validation rows."""
    tokenizer = backbones.load_tokenizer(backbones.locate(config.backbone.name))
    truth = class_indices(splits.validation, splits.labels)

    def judge(model: nn.Module) -> float:
        def logits(input_ids: Tensor, mask: Tensor) -> Tensor:
            with torch.autocast(
                "cpu", enabled=False
            ):  # many texts are read in bfloat16, which is too coarse for logits
                out = model(input_ids=input_ids, attention_mask=mask)
            return out if isinstance(out, Tensor) else out.logits

        found = predict_batches(logits, tokenizer, splits.validation.texts, config.backbone.max_tokens)
        return float(np.mean(found.argmax(axis=1) == truth))

    return judge


def ours(splits: Splits, config: Config, watch: Callable[[], Watch]) -> Watch:
    """Tune from the probe; the probe's own time counts."""
    with tempfile.TemporaryDirectory() as work, watched(watch()) as seen:
        classify.fit(splits, config, Path(work))
    return seen


def plain(splits: Splits, config: Config, epochs: int, watch: Callable[[], Watch]) -> Watch:
    """Tune with nothing but the library."""
    set_seed(config.train.seed)
    backbone = backbones.locate(config.backbone.name)
    tokenizer = backbones.load_tokenizer(backbone)
    with tempfile.TemporaryDirectory() as work, watched(watch()) as seen:
        model = AutoModelForSequenceClassification.from_pretrained(
            backbone.folder, num_labels=len(splits.labels), dtype=torch.float32
        )
        ids = tokenizer(list(splits.train.texts), truncation=True, max_length=config.backbone.max_tokens)["input_ids"]
        targets = class_indices(splits.train, splits.labels).tolist()
        rows = [{"input_ids": row, "labels": target} for row, target in zip(ids, targets, strict=True)]
        arguments = TrainingArguments(
            output_dir=work,
            seed=config.train.seed,
            num_train_epochs=epochs,
            per_device_train_batch_size=config.train.batch_size,
            save_strategy="no",
            logging_strategy="no",
            dataloader_pin_memory=False,
        )
        Trainer(model, arguments, DataCollatorWithPadding(tokenizer), rows).train()
    return seen


def main(arguments: Sequence[str]) -> None:
    """Time both and print the ratio."""
    parser = side_by_side.arguments(__doc__)
    parser.add_argument("data", help="a public data set's name, or a file")
    parser.add_argument("--method", default="full")
    parser.add_argument("--epochs", type=int, default=10, help="of the plain one, at most")
    parser.add_argument("--every", type=int, default=20, help="steps between two judgements")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.NAME=VALUE")
    chosen = parser.parse_args(arguments)
    objective = objectives.get("classify")
    layers = [{"data": {"train": chosen.data}, "method": {"name": "probe"}}, *map(assignment, chosen.settings)]
    config = build(layers, NoSettings, objective.settings)
    splits = objective.read(config)
    with tempfile.TemporaryDirectory() as work:
        probe = classify.fit(splits, config, Path(work)).probe_validation_accuracy or 0.0
    judge, target = judge_of(splits, config), probe + MARGIN

    def watch() -> Watch:
        return Watch(judge, target, chosen.every)

    tuned = config.model_copy(update={"method": config.method.model_copy(update={"name": chosen.method})})
    found = {"ours": ours(splits, tuned, watch), "plain": plain(splits, config, chosen.epochs, watch)}
    report(chosen.results, splits, tuned, probe, found)


def report(folder: Path, splits: Splits, config: Config, probe: float, found: dict[str, Watch]) -> None:
    """Print what was measured and keep it as a result; what does not get there has its time until it gave up, and no ratio."""
    target = probe + MARGIN
    for name, each in found.items():
        how = "reached" if each.reached else "NOT reached"
        sys.stdout.write(f"{name:<7}{how} {target:.4f} in {each.seconds:.1f} s, best {each.best:.4f}\n")
    reached = {name: each.reached for name, each in found.items()}
    ours, plain = found["ours"], found["plain"]
    both = ours.reached and plain.reached
    what = f"training to {target:.1%} on validation rows{_missed(reached)}"
    figures = (
        Figure(what, "s", ours.seconds, plain.seconds, both),
        Figure("best accuracy seen on validation rows", "share", ours.best, plain.best),
    )
    data = {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()}
    settings = {"target_accuracy": round(target, 4), "reached": reached}
    name = f"plain-trainer-{Path(splits.name).stem}-{config.method.name}.json"
    keep(folder / name, "transformers", Ours.of(config), data, settings, figures)


def _missed(reached: Mapping[str, bool]) -> str:
    """Return in words who did not get there."""
    if not any(reached.values()):
        return "; neither got there, and these are the times until they ended"
    return "".join(f"; {name} did not get there" for name in reached if not reached[name])


if __name__ == "__main__":
    main(sys.argv[1:])
