"""Sentences of words as windows of sub-tokens: alignment, sentences of one document together, long sentences in pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from verticals.data.tagged import Sentence
from verticals.objectives.shapes import NO_SHAPE, Shape, word_shapes


@dataclass(frozen=True)
class Reading:
    """How sentences are read: at most `max_tokens` sub-tokens at once, with neighbours, and with word shapes."""

    max_tokens: int
    context: bool
    shapes: bool


@dataclass(frozen=True)
class Piece:
    """Words of one sentence in a window.

    Attributes:
        sentence: number of the sentence.
        words: numbers of those words that have a sub-token.
        positions: where in the window the first sub-token of each stands.
    """

    sentence: int
    words: tuple[int, ...]
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """What the encoder reads at once: sub-tokens, the shape of the word of each, and the pieces that they make up."""

    input_ids: tuple[int, ...]
    shapes: tuple[Shape, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class _Slice:
    """Words `start` to `stop` of a sentence, and their number of sub-tokens."""

    sentence: int
    start: int
    stop: int
    size: int


def make_windows(
    sentences: Sequence[Sentence], tokenizer: PreTrainedTokenizerBase, reading: Reading
) -> tuple[list[Window], int]:
    """Cut sentences into windows, in order; a sentence longer than a window becomes several pieces, so that every word is read.

    With context, consecutive sentences of one document share a window as long as they fit (Schweter and Akbik 2020,
    https://arxiv.org/abs/2011.06993). A word without any sub-token (a control character, say) is in no piece.

    Returns:
        The windows, and the number of sentences that did not fit into one.
    """
    if not sentences:
        return [], 0
    lead = _lead(tokenizer)
    words = [[lead + token for token in sentence.tokens] for sentence in sentences]
    budget = reading.max_tokens - tokenizer.num_special_tokens_to_add()
    slices = [list(_slices(number, sizes, budget)) for number, sizes in enumerate(_sizes(words, tokenizer))]
    groups = _groups(sentences, [each for found in slices for each in found], budget, reading.context)
    long = sum(len(found) > 1 for found in slices)
    return _encode(sentences, words, list(groups), tokenizer, reading), long


def _lead(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return what has to stand before a word so that it is read as in running text: byte-level tokenizers want a blank."""
    split = tokenizer([["a", "a"]], is_split_into_words=True, add_special_tokens=False)["input_ids"][0]
    running = tokenizer("a a", add_special_tokens=False)["input_ids"]
    return "" if split == running else " "


def _sizes(words: Sequence[Sequence[str]], tokenizer: PreTrainedTokenizerBase) -> Iterator[list[int]]:
    """Count the sub-tokens of every word."""
    encoded = tokenizer([list(row) for row in words], is_split_into_words=True, add_special_tokens=False)
    for number, row in enumerate(words):
        ids = np.array([word for word in encoded.word_ids(number) if word is not None], dtype=np.int64)
        yield [int(size) for size in np.bincount(ids, minlength=len(row))]


def _slices(sentence: int, sizes: Sequence[int], budget: int) -> Iterator[_Slice]:
    start, total = 0, 0
    for word, size in enumerate(sizes):
        if word > start and total + size > budget:
            yield _Slice(sentence, start, word, total)
            start, total = word, 0
        total += size
    yield _Slice(sentence, start, len(sizes), total)


def _groups(
    sentences: Sequence[Sentence], slices: Sequence[_Slice], budget: int, context: bool
) -> Iterator[list[_Slice]]:
    """Put slices into windows: each its own, or with context as many neighbours of one document as fit."""
    group: list[_Slice] = []
    for each in slices:
        fits = sum(other.size for other in group) + each.size <= budget
        together = group and sentences[group[-1].sentence].document == sentences[each.sentence].document
        if group and not (context and fits and together):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _encode(
    sentences: Sequence[Sentence],
    words: Sequence[Sequence[str]],
    groups: Sequence[Sequence[_Slice]],
    tokenizer: PreTrainedTokenizerBase,
    reading: Reading,
) -> list[Window]:
    rows = [[word for each in group for word in words[each.sentence][each.start : each.stop]] for group in groups]
    encoded = tokenizer(rows, is_split_into_words=True, truncation=True, max_length=reading.max_tokens)
    shapes = [word_shapes(sentence.tokens) if reading.shapes else None for sentence in sentences]
    windows = []
    for number, group in enumerate(groups):
        owners = encoded.word_ids(number)
        row_shapes = [
            shape
            for each in group
            for shape in (shapes[each.sentence] or [NO_SHAPE] * each.stop)[each.start : each.stop]
        ]
        of_tokens = tuple(NO_SHAPE if word is None else row_shapes[word] for word in owners)
        windows.append(Window(tuple(encoded["input_ids"][number]), of_tokens, tuple(_pieces(group, owners))))
    return windows


def _pieces(group: Sequence[_Slice], owners: Sequence[int | None]) -> Iterator[Piece]:
    """Find the first sub-token of every word; `owners` names the word of each sub-token, counted through the window."""
    first: dict[int, int] = {}
    for position, word in enumerate(owners):
        if word is not None:
            first.setdefault(word, position)
    offset = 0
    for each in group:
        inside = [word for word in range(each.start, each.stop) if offset + word - each.start in first]
        positions = tuple(first[offset + word - each.start] for word in inside)
        if inside:
            yield Piece(each.sentence, tuple(inside), positions)
        offset += each.stop - each.start
