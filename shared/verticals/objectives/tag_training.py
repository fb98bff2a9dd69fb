"""How a tagger learns: a linear head on frozen token states first (the probe), then everything that the method tunes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerBase

from verticals import distributed, methods
from verticals.config import Config
from verticals.data.examples import Note
from verticals.data.tagged import Sentence
from verticals.data.tagged_splits import TaggedSplits
from verticals.objectives.tagger import Tagger, collate, run_windows
from verticals.objectives.transitions import IGNORED, sequence_loss
from verticals.objectives.windows import Piece, Window
from verticals.token_rows import Batch, Example, TokenDataset
from verticals.training import TrainingLog, finetune, recipe

_PROBE_WORDS = 250_000  # 400 MB of features
_PROBE_EPOCHS = 10  # or as many as make _PROBE_STEPS
_PROBE_STEPS = 300
_PROBE_BATCH = 512
_PROBE_RATE = 1e-2


def fit_probe(tagger: Tagger, splits: TaggedSplits, windows: Sequence[Window], seed: int) -> tuple[Note, ...]:
    """Fit the linear head on features that are computed once; of a very large corpus on a sample, which is noted."""
    chosen, words = _sample(windows, seed)
    run = run_windows(tagger.module.features, chosen, tagger.tokenizer, progress="embedding training words")
    features = torch.from_numpy(np.concatenate([rows for _, rows in run]))
    targets = torch.tensor([target for piece, _ in run for target in _targets(splits, piece)])
    _fit_linear(tagger.module.head.tag.requires_grad_(True), features, targets, seed)
    if len(chosen) == len(windows):
        return ()
    total = sum(len(sentence.tokens) for sentence in splits.train)
    return (Note("probe_sample", words, f"the probe saw {words} of {total} words"),)


def _sample(windows: Sequence[Window], seed: int) -> tuple[list[Window], int]:
    """Draw windows until they hold `_PROBE_WORDS` words."""
    chosen: list[Window] = []
    words = 0
    for number in np.random.default_rng(seed).permutation(len(windows)):
        if words < _PROBE_WORDS:
            chosen.append(windows[number])
            words += sum(len(piece.words) for piece in windows[number].pieces)
    return chosen, words


def _fit_linear(layer: nn.Linear, features: Tensor, targets: Tensor, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=_PROBE_RATE, fused=True)
    steps_each = -(-len(targets) // _PROBE_BATCH)
    epochs = max(_PROBE_EPOCHS, -(-_PROBE_STEPS // steps_each))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, epochs * steps_each)
    for _ in range(epochs):
        for rows in torch.randperm(len(targets), generator=generator).split(_PROBE_BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(layer(features[rows]), targets[rows]).backward()
            optimizer.step()
            schedule.step()


def tune(
    tagger: Tagger, splits: TaggedSplits, windows: Sequence[Window], config: Config, transitions: bool, work: Path
) -> TrainingLog:
    """Tune the adapted encoder and the head, and the scores of transitions where they are wanted.

    A step sees as many sentences as the batch size says, however they are packed into windows.
    """
    module = tagger.module
    module.head.shape_input.requires_grad_(tagger.reading.shapes)
    module.head.transitions.requires_grad_(transitions)
    rows, collate_rows = _batching(splits, windows, tagger.tokenizer)
    plan = recipe(config.train, methods.get(config.method.name))
    plan = replace(plan, batch_size=windows_a_step(plan.batch_size, len(rows) / len(splits.train)))
    return finetune(module.train(), rows, collate_rows, _sequence_loss if transitions else _cross_entropy, plan, work)


def windows_a_step(sentences: int, windows_each: float) -> int:
    """Return how many windows hold so many sentences, rounded up to what the processes share evenly: nobody chose this number."""
    together = distributed.processes()
    return together * -(-max(1, round(sentences * windows_each)) // together)


def _batching(
    splits: TaggedSplits, windows: Sequence[Window], tokenizer: PreTrainedTokenizerBase
) -> tuple[TokenDataset, Callable[[list[Example]], Batch]]:
    rows = TokenDataset(
        [
            {"input_ids": window.input_ids, "window": window, "targets": [_targets(splits, p) for p in window.pieces]}
            for window in windows
            if window.pieces
        ]
    )

    def collate_rows(examples: list[Example]) -> Batch:
        targets = [torch.tensor(target) for example in examples for target in example["targets"]]
        batch = collate([example["window"] for example in examples], tokenizer)
        return {**batch, "target": pad_sequence(targets, batch_first=True, padding_value=IGNORED)}

    return rows, collate_rows


def _targets(splits: TaggedSplits, piece: Piece) -> list[int]:
    tags = splits.train[piece.sentence].tags
    return [splits.labels.index(tags[word]) for word in piece.words]


def _scores(module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    scores: tuple[Tensor, Tensor] = module(batch["input_ids"], batch["attention_mask"], batch["shapes"], batch["index"])
    return scores


def _cross_entropy(module: nn.Module, batch: Batch) -> Tensor:
    emissions, _ = _scores(module, batch)
    target = batch["target"].flatten().to(emissions.device)
    return nn.functional.cross_entropy(emissions.flatten(0, 1), target, ignore_index=IGNORED)


def _sequence_loss(module: nn.Module, batch: Batch) -> Tensor:
    return sequence_loss(*_scores(module, batch), batch["target"])


def word_accuracy(tagger: Tagger, sentences: Sequence[Sentence]) -> float:
    """Return the share of words tagged right."""
    tags = tagger.tags(sentences)
    right = [
        a == b for sentence, row in zip(sentences, tags, strict=True) for a, b in zip(sentence.tags, row, strict=True)
    ]
    return float(np.mean(right))
