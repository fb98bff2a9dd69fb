"""Tokenised examples, and the order in which a training reads them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, Sampler

Batch = dict[str, Tensor]
Example = dict[str, Any]
_BATCHES_SORTED_TOGETHER = 16


class TokenDataset(Dataset[Example]):
    """Tokenised examples; each has `input_ids` and whatever the objective's collate needs."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, position: int) -> Example:
        return self._examples[position]

    def rows(self) -> list[Sequence[int]]:
        """Return the token ids of each example."""
        return [example["input_ids"] for example in self._examples]

    def lengths(self) -> list[int]:
        """Return the number of tokens of each example."""
        return [len(example["input_ids"]) for example in self._examples]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose examples are read next; plain examples are the same in every epoch."""


class LengthGroupedSampler(Sampler[int]):
    """Shuffled examples, neighbours of similar length; the order depends on seed and epoch alone.

    The library's own sampler draws from the global generator, so that a resumed training would see another order. It is also the
    sampler that tells the data its epoch, through `on_epoch`: accelerate does not where a resumed training skips batches.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, seed: int, on_epoch: Callable[[int], None] = lambda epoch: None
    ) -> None:
        self._lengths = np.asarray(lengths)
        self._batch_size = batch_size
        self._seed = seed
        self._on_epoch = on_epoch
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is drawn next."""
        self._epoch = epoch
        self._on_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self._seed, self._epoch])
        order = generator.permutation(len(self._lengths))
        chunk = self._batch_size * _BATCHES_SORTED_TOGETHER
        batches = []
        for start in range(0, len(order), chunk):
            part = order[start : start + chunk]
            part = part[np.argsort(-self._lengths[part], kind="stable")]
            batches += [part[first : first + self._batch_size] for first in range(0, len(part), self._batch_size)]
        short = [batch for batch in batches if len(batch) < self._batch_size]  # stays last: batches are cut in order
        whole = [batch for batch in batches if len(batch) == self._batch_size]
        for position in generator.permutation(len(whole)):
            yield from whole[position].tolist()
        for batch in short:
            yield from batch.tolist()
