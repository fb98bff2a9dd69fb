"""Which words of a text are hidden, and the examples that come of it (Devlin et al. 2019, https://arxiv.org/abs/1810.04805)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerBase

from verticals.arrays import FloatArray, IntArray
from verticals.errors import BackboneError
from verticals.inference.batches import pad
from verticals.token_rows import Batch, Example, TokenDataset

IGNORED = -100  # target of a token that is not to be guessed
SPECIAL = -1  # word number of a token that is never hidden
_HIDDEN, _SWAPPED = 0.8, 0.9  # of the chosen tokens: below the first masked, below the second random, the others left


@dataclass(frozen=True)
class Masking:
    """Which tokens are chosen, and what stands in their place: the mask (80 %), a random token (10 %), themselves (10 %).

    Attributes:
        mask_id: the mask token.
        ordinary: ids that a random token is drawn from.
        share: of the tokens of a text that are chosen; at least one.
        whole_words: all pieces of a word are chosen together.
    """

    mask_id: int
    ordinary: IntArray
    share: float
    whole_words: bool

    def apply(self, ids: IntArray, words: IntArray, draw: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Return masked ids and targets, both [tokens]; a target is the token's id, or IGNORED where it was not chosen."""
        chosen = self._choose(words, draw)
        masked, targets = ids.copy(), np.full_like(ids, IGNORED)
        targets[chosen] = ids[chosen]
        fate = draw.random(len(chosen))
        masked[chosen[fate < _HIDDEN]] = self.mask_id
        swapped = chosen[(fate >= _HIDDEN) & (fate < _SWAPPED)]
        masked[swapped] = draw.choice(self.ordinary, len(swapped))
        return masked, targets

    def _choose(self, words: IntArray, draw: np.random.Generator) -> IntArray:
        """Take words in random order until the share is reached."""
        inside = np.flatnonzero(words != SPECIAL)
        groups = words[inside] if self.whole_words else inside
        names, sizes = np.unique(groups, return_counts=True)
        order = draw.permutation(len(names))
        taken_before = np.cumsum(sizes[order]) - sizes[order]
        wanted = max(1, round(self.share * len(inside)))
        return inside[np.isin(groups, names[order[taken_before < wanted]])]


def masking_of(tokenizer: PreTrainedTokenizerBase, share: float, whole_words: bool) -> Masking:
    """Return the masking that fits a tokenizer.

    Raises:
        BackboneError: it has no mask token.
    """
    if tokenizer.mask_token_id is None:
        raise BackboneError(
            "the backbone's tokenizer has no mask token, so its words cannot be hidden; choose an encoder of the BERT family"
        )
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    return Masking(int(tokenizer.mask_token_id), ordinary, share, whole_words)


def windows(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> list[Example]:
    """Tokenise texts; one that is longer than `max_tokens` becomes several examples, so that nothing is cut off.

    Returns:
        `input_ids`, the `words` that the tokens belong to by number (special and unknown tokens have none), and the `document` by number.
    """
    encoded = tokenizer(list(texts), truncation=True, max_length=max_tokens, return_overflowing_tokens=True)
    special = np.array(tokenizer.all_special_ids)
    examples = []
    for number, ids in enumerate(encoded["input_ids"]):
        words = np.array([SPECIAL if word is None else word for word in encoded.word_ids(number)])
        words[np.isin(ids, special)] = SPECIAL
        if (words != SPECIAL).any():
            document = int(encoded["overflow_to_sample_mapping"][number])
            examples.append({"input_ids": np.array(ids), "words": words, "document": document})
    return examples


class MaskedDataset(TokenDataset):
    """Examples that are masked anew in each epoch; seed, epoch and position alone decide how, so that a resumed training sees the same.

    `anchors` holds the sentence vector that each example had before training, [examples, width].
    """

    def __init__(self, examples: Sequence[Example], masking: Masking, seed: int, anchors: FloatArray) -> None:
        super().__init__(examples)
        self._masking = masking
        self._seed = seed
        self._anchors = anchors
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose masks are drawn next."""
        self._epoch = epoch

    def __getitem__(self, position: int) -> Example:
        example = self._examples[position]
        draw = np.random.default_rng([self._seed, self._epoch, position])
        masked, targets = self._masking.apply(example["input_ids"], example["words"], draw)
        return {"input_ids": masked, "targets": targets, "anchor": self._anchors[position]}

    def rows(self) -> list[Sequence[int]]:
        """Return nothing: no row is read as it is, so there is nothing to compute in advance."""
        return []


def hidden(example: Example, turn: int, turns: int, mask_id: int) -> Example:
    """Return an example with every `turns`-th of its ordinary tokens masked, from the `turn`-th on."""
    inside = np.flatnonzero(example["words"] != SPECIAL)[turn::turns]
    masked, targets = example["input_ids"].copy(), np.full_like(example["input_ids"], IGNORED)
    targets[inside], masked[inside] = masked[inside], mask_id
    return {"input_ids": masked, "targets": targets}


def pad_masked(examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """Return `input_ids`, `attention_mask` and `targets`, each [examples, longest]."""
    input_ids, attention_mask = pad([example["input_ids"] for example in examples], tokenizer)
    targets = [torch.as_tensor(example["targets"]) for example in examples]
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "targets": pad_sequence(targets, batch_first=True, padding_value=IGNORED),
    }


def pad_anchored(examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """Do the same, with `anchor`, [examples, width]."""
    anchors = torch.as_tensor(np.stack([example["anchor"] for example in examples]))
    return {**pad_masked(examples, tokenizer), "anchor": anchors}
