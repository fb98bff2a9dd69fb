"""Texts in batches of similar length: less padding, same results."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from verticals import pooling
from verticals.arrays import FloatArray
from verticals.errors import BackboneError
from verticals.precision import bulk_reading

_NEAREST = 5
_BATCH = 32  # measured on two cores: larger batches fall out of the cache


@dataclass(frozen=True)
class Scores:
    """A classifier's judgement of texts: unnormalised scores, [texts, classes], and familiarity, [texts].

    Familiarity is the mean cosine with the five training texts that are nearest: what is far from all of them is out of scope
    however sure the classifier is (Sun et al. 2022, https://arxiv.org/abs/2204.06507).
    """

    logits: FloatArray
    familiarity: FloatArray


def mean_of_nearest(similarities: FloatArray) -> FloatArray:
    """Return the mean of the five largest values of each row.

    Args:
        similarities: of new texts to known ones, [texts, known].
    """
    nearest = min(_NEAREST, similarities.shape[1])
    largest = np.partition(similarities, -nearest, axis=1)[:, -nearest:]
    return np.asarray(largest.mean(axis=1), np.float32)


def pad(rows: Sequence[Sequence[int]], tokenizer: PreTrainedTokenizerBase) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask, both [texts, longest]; padding stands on the right."""
    ids = [torch.tensor(row, dtype=torch.long) for row in rows]
    mask = [torch.ones(len(row), dtype=torch.long) for row in ids]
    return pad_sequence(ids, batch_first=True, padding_value=int(tokenizer.pad_token_id or 0)), pad_sequence(
        mask, batch_first=True
    )


def predict_batches(
    forward: Callable[[Tensor, Tensor], Tensor],
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_tokens: int,
    progress: str | None = None,
) -> FloatArray:
    """Run `forward(input_ids, attention_mask)` over all texts; more than one batch of them in `precision.bulk_reading`.

    Args:
        forward: returns one vector per text.
        tokenizer: the backbone's.
        texts: in any order; the result has the same order.
        max_tokens: longer texts are cut.
        progress: title of a progress bar on standard error; none where it is None.

    Returns:
        Rows in the order of `texts`, [texts, width].

    Raises:
        BackboneError: what is returned for a text is no number.
    """
    encoded = tokenizer(list(texts), truncation=True, max_length=max_tokens)
    order = np.argsort(
        [-len(ids) for ids in encoded["input_ids"]], kind="stable"
    )  # longest first: too little memory shows at once
    blocks: list[FloatArray] = []
    with torch.inference_mode(), bulk_reading() if len(order) > _BATCH else nullcontext():
        for start in tqdm(range(0, len(order), _BATCH), desc=progress, disable=progress is None, leave=False):
            chosen = order[start : start + _BATCH]
            input_ids, attention_mask = pad([encoded["input_ids"][i] for i in chosen], tokenizer)
            blocks.append(forward(input_ids, attention_mask).float().cpu().numpy())
    rows = np.concatenate(blocks)
    if not np.isfinite(rows).all():
        raise BackboneError(
            "what the backbone answers is no number: its training diverged, so lower train.learning_rate; or its weights are damaged"
        )
    return rows[np.argsort(order, kind="stable")]


def unit_vectors(
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_tokens: int,
    progress: str | None = None,
) -> FloatArray:
    """Return the vectors that an encoder by itself gives, [texts, width]; it is left in evaluation mode."""
    encoder.eval()
    embed = partial(pooling.sentence_vectors, encoder)
    return predict_batches(embed, tokenizer, texts, max_tokens, progress)
