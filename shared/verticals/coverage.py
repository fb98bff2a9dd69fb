"""How much of texts a backbone reads: tokens that its tokenizer does not know, and what stands behind its last position."""

from collections.abc import Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from verticals.arrays import FloatArray, IntArray
from verticals.data.examples import Note

UNKNOWN_TOKENS = "unknown_tokens"  # code of the note that is told before training
_MANY_UNKNOWN = 0.05


def unknown_share(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> float:
    """Return the share of tokens that the tokenizer does not know, between 0 and 1."""
    unknown, every = _token_counts(tokenizer, texts).sum(axis=0)
    return float(unknown / max(every, 1))


def unknown_shares(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> FloatArray:
    """Return the share of each text's tokens that the tokenizer does not know, [texts]."""
    unknown, every = _token_counts(tokenizer, texts).T
    return np.asarray(unknown / np.maximum(every, 1), np.float32)


def _token_counts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> IntArray:
    """Return how many tokens of each text are unknown, and how many it has, [texts, 2]."""
    rows = tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
    counts = [(row.count(tokenizer.unk_token_id), len(row)) for row in rows]
    return np.array(counts, np.int64).reshape(-1, 2)


def cut_notes(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> tuple[Note, ...]:
    """Say how many texts are cut."""
    lengths = [len(ids) for ids in tokenizer(list(texts), max_length=max_tokens + 1, truncation=True)["input_ids"]]
    cut = sum(length > max_tokens for length in lengths)
    return (Note("text_cut", cut, f"texts longer than {max_tokens} tokens, read up to there: {cut}"),) if cut else ()


def unknown_notes(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> tuple[Note, ...]:
    """Say whether the tokenizer does not cover the language of the texts."""
    unknown = unknown_share(tokenizer, texts)
    if unknown <= _MANY_UNKNOWN:
        return ()
    found = f"{unknown:.0%} of the tokens are unknown to this backbone"
    message = f"{found}; choose one for your language by --backbone, such as BAAI/bge-small-zh-v1.5"
    return (Note(UNKNOWN_TOKENS, round(unknown * 100), message),)
