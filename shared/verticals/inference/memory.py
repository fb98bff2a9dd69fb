"""What a backbone that nobody changes said of a text, kept while the steps of one training read the same texts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from verticals import backbones
from verticals.arrays import FloatArray
from verticals.inference.batches import predict_batches

_MOST = 50_000  # texts kept for one encoder, at 384 numbers each 77 MB
_WHOLE = 0  # in place of a length that cuts nothing
_Vectors = dict[tuple[int, str], FloatArray]
_MEMORY: ContextVar[dict[nn.Module, _Vectors] | None] = ContextVar("memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Keep vectors until the block ends; a block inside another one shares its memory. Without a block nothing is kept."""
    if _MEMORY.get() is not None:
        yield
        return
    token = _MEMORY.set({})
    try:
        yield
    finally:
        _MEMORY.reset(token)


@contextmanager
def afresh() -> Iterator[None]:
    """Remember nothing until the block ends, as a measurement of time or a proof has to."""
    token = _MEMORY.set(None)
    try:
        yield
    finally:
        _MEMORY.reset(token)


def vectors(
    forward: Callable[[Tensor, Tensor], Tensor],
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_tokens: int,
    progress: str | None = None,
) -> FloatArray:
    """Return `predict_batches`' vectors of texts, [texts, width]; what an untouched `encoder` said is not asked again."""

    def read(chosen: Sequence[str]) -> FloatArray:
        return predict_batches(forward, tokenizer, chosen, max_tokens, progress)

    return recalled(encoder, max_tokens, texts, read) if backbones.is_shared(encoder) else read(texts)


def recalled(
    encoder: nn.Module, max_tokens: int, texts: Sequence[str], read: Callable[[Sequence[str]], FloatArray]
) -> FloatArray:
    """Return a vector per text, [texts, width]; only texts that are not remembered are read.

    Args:
        encoder: one that nobody changes (`backbones.load_frozen`).
        max_tokens: where it cuts a text.
        texts: in any order.
        read: texts -> vectors.
    """
    memory = _MEMORY.get()
    if memory is None:
        return read(texts)
    known = memory.setdefault(encoder, {})
    keys = [(_length(text, max_tokens), text) for text in texts]
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if len(known) + len(new) > _MOST:
        return read(texts)
    if new:
        known.update(zip(new, read([text for _, text in new]), strict=True))
    return np.stack([known[key] for key in keys])


def _length(text: str, max_tokens: int) -> int:
    """Return `_WHOLE` where a text is surely not cut: no token has less than a byte, and two stand around them."""
    return _WHOLE if len(text.encode()) + 2 <= max_tokens else max_tokens
