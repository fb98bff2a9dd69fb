"""Classify while staying near another model: loss = CE(target) + strength * KL(source model || current model).

Li and Hoiem 2016, https://arxiv.org/abs/1606.09282. The divergence is taken on replayed source rows or, where these may not travel, on
the target inputs. On source rows it is over all classes: none of their probability belongs to a class that the source lacks. On
target inputs it is over the source's classes alone, renormalised: a row of a new class has to be free to leave them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn
from transformers import set_seed

from verticals import methods
from verticals.arrays import FloatArray, IntArray
from verticals.config import Config
from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals.errors import MethodError
from verticals.evaluation.classification import class_indices
from verticals.inference.batches import pad
from verticals.methods.merging import merged
from verticals.objectives import heads
from verticals.objectives.classifier import Fitted
from verticals.objectives.encoder_classifier import (
    MOST_KNOWN,
    ClassifierModule,
    EncoderClassifier,
    TextReader,
    batching,
    cross_entropy,
)
from verticals.token_rows import Batch, Example, TokenDataset
from verticals.training import finetune, recipe

Collate = Callable[[list[Example]], Batch]


class ReplayDataset(TokenDataset):
    """Target examples, each beside a source example of which the source model's probabilities, `held`, are known.

    Source examples follow one another in an order that the seed decides: none is seen twice before all are seen once, and a resumed
    training sees the same pairs.
    """

    def __init__(self, examples: Sequence[Example], replayed: Sequence[Example], seed: int) -> None:
        super().__init__(examples)
        self._replayed = replayed
        self._order = np.random.default_rng(seed).permutation(len(replayed))
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose pairs are read next."""
        self._epoch = epoch

    def __getitem__(self, position: int) -> Example:
        turn = (self._epoch * len(self) + position) % len(self._order)
        replayed = self._replayed[self._order[turn]]
        return {**self._examples[position], "replayed_ids": replayed["input_ids"], "held": replayed["held"]}

    def rows(self) -> list[Sequence[int]]:
        """Return the token ids of each example, of target and source."""
        return [example["input_ids"] for example in (*self._examples, *self._replayed)]


def replaying(
    target: TokenDataset, collate: Collate, texts: Sequence[str], held: FloatArray, read: TextReader, seed: int
) -> tuple[TokenDataset, Collate]:
    """Put source texts, of which the source model's probabilities are `held`, [texts, classes], beside the target's examples."""
    rows = [{"input_ids": ids, "held": row} for ids, row in zip(read.ids(texts), held, strict=True)]

    def collate_both(examples: list[Example]) -> Batch:
        replayed_ids, replayed_mask = pad([example["replayed_ids"] for example in examples], read.tokenizer)
        beside = {"replayed_ids": replayed_ids, "replayed_mask": replayed_mask, "held": _stacked(examples)}
        return {**collate(examples), **beside}

    return ReplayDataset([target[position] for position in range(len(target))], rows, seed), collate_both


def holding(target: TokenDataset, collate: Collate, held: FloatArray) -> tuple[TokenDataset, Collate]:
    """Give the target's examples the source model's probabilities of them, `held`, [examples, classes]."""
    examples = [{**target[position], "held": row} for position, row in enumerate(held)]
    return TokenDataset(examples), lambda chosen: {**collate(chosen), "held": _stacked(chosen)}


def _stacked(examples: Sequence[Example]) -> Tensor:
    return torch.as_tensor(np.stack([example["held"] for example in examples]))


def replay_loss(strength: float, module: nn.Module, batch: Batch) -> Tensor:
    """Return the loss whose divergence is taken on replayed source rows."""
    learned = cross_entropy(module, batch)
    logits = module(batch["replayed_ids"], batch["replayed_mask"])
    current = nn.functional.log_softmax(logits, dim=-1)[:, : batch["held"].shape[1]]
    return learned + strength * _divergence(batch["held"], current)


def target_loss(strength: float, module: nn.Module, batch: Batch) -> Tensor:
    """Return the loss whose divergence is taken on the target inputs, which costs no second pass."""
    logits = module(batch["input_ids"], batch["attention_mask"])
    current = nn.functional.log_softmax(logits[:, : batch["held"].shape[1]], dim=-1)
    return nn.functional.cross_entropy(logits, batch["target"]) + strength * _divergence(batch["held"], current)


def _divergence(held: Tensor, current: Tensor) -> Tensor:
    """Return KL(held || current), the mean over rows; `current` holds log probabilities."""
    return nn.functional.kl_div(current, held, reduction="batchmean")


def fit(
    source: EncoderClassifier, replayed: Examples | None, target: Splits, config: Config, strength: float, work: Path
) -> Fitted:
    """Tune a classifier on other rows while it stays near what it was; checkpoints go to `work`.

    Args:
        source: the classifier; it is left as it is, and what it tuned in its backbone is merged before more is tuned.
        replayed: its training rows, on which the divergence is taken; None takes it on the target's inputs.
        target: the rows to learn; their labels begin with those of the source.
        config: method and training.
        strength: of the KL term; 0 is plain tuning.
        work: folder for checkpoints.

    Raises:
        MethodError: the method tunes no backbone, or what the source tuned cannot be merged.
    """
    method, seed = methods.get(config.method.name), config.train.seed
    if method.adapt is None:
        raise MethodError(f"'{method.name}' tunes no backbone; use another method, such as full")
    targets = class_indices(target.train, target.labels)
    head = _union_head(source, target, targets, seed)
    data, collate, loss = _batching(source, replayed, target, targets, strength, seed)
    plain = merged(source.module.encoder).requires_grad_(False).eval()
    options = methods.check(config, "classify", plain)
    set_seed(seed)
    module = ClassifierModule(method.adapt(plain, options), head)
    log = finetune(module.train(), data, collate, loss, recipe(config.train, method), work)
    texts = target.train.texts + (replayed.texts if replayed else ())
    remembered = np.random.default_rng(seed).permutation(len(texts))[:MOST_KNOWN]
    known = source.read(module, [texts[number] for number in remembered], "embedding training texts")
    return Fitted(EncoderClassifier(target.labels, module, source.read, known, method.name), log, None, ())


def _union_head(source: EncoderClassifier, target: Splits, targets: IntArray, seed: int) -> nn.Linear:
    """Return the source's head; rows for the classes that only the target has come from a probe of the target's rows."""
    old, known = source.module.head, len(source.labels)
    head = nn.Linear(old.in_features, len(target.labels))
    if len(target.labels) > known:
        held = class_indices(target.validation, target.labels)
        vectors = source.read(source.module, target.train.texts, "embedding target texts")
        probe = heads.one_class(targets, held, len(target.labels), balanced=False, seed=seed).probe
        (weight, bias), _ = probe(vectors, source.read(source.module, target.validation.texts))
        head.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    with torch.no_grad():
        head.weight[:known], head.bias[:known] = old.weight, old.bias
    return head


def _batching(
    source: EncoderClassifier,
    replayed: Examples | None,
    target: Splits,
    targets: IntArray,
    strength: float,
    seed: int,
) -> tuple[TokenDataset, Collate, Callable[[nn.Module, Batch], Tensor]]:
    """Return data, collate and loss; without any strength they are those of plain tuning."""
    data, collate = batching(target.train.texts, targets, source.read)
    if strength == 0:
        return data, collate, cross_entropy
    texts = (replayed or target.train).texts
    held = softmax(source.score(texts, progress="asking the source model").logits, axis=1).astype(np.float32)
    if replayed is None:
        return *holding(data, collate, held), partial(target_loss, strength)
    return *replaying(data, collate, texts, held, source.read, seed), partial(replay_loss, strength)
