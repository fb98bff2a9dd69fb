"""Texts that several steps of one training read go through an untouched backbone once; nothing is kept afterwards."""

from collections.abc import Sequence

import numpy as np
import pytest
from torch import nn

from verticals.arrays import FloatArray
from verticals.inference import memory

ENCODER = nn.Linear(1, 1)


class Reading:
    """Counts letters and words, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        self.asked += texts
        return np.array([[len(text), text.count(" ") + 1] for text in texts], np.float32)


def recalled(texts: Sequence[str], read: Reading, max_tokens: int = 8, encoder: nn.Module = ENCODER) -> FloatArray:
    return memory.recalled(encoder, max_tokens, texts, read)


def test_a_text_is_read_once_and_vectors_come_in_the_order_of_the_texts() -> None:
    read = Reading()
    with memory.remembering():
        recalled(["a", "two words"], read)
        vectors = recalled(["now this too", "two words", "a", "now this too"], read)
    assert read.asked == ["a", "two words", "now this too"]
    assert vectors.tolist() == [[12, 3], [9, 2], [1, 1], [12, 3]]


def test_a_text_that_may_be_cut_elsewhere_and_another_encoder_are_read_again() -> None:
    read = Reading()
    with memory.remembering():
        recalled(["a", "seven..", "茶茶"], read)
        recalled(["a", "seven..", "茶茶"], read, max_tokens=9)
        recalled(["a"], read, encoder=nn.Linear(1, 1))
    assert read.asked == ["a", "seven..", "茶茶", "seven..", "a"]


def test_a_measurement_of_time_remembers_nothing() -> None:
    read = Reading()
    with memory.remembering():
        recalled(["a"], read)
        with memory.afresh():
            recalled(["a"], read)
        recalled(["a"], read)
    assert read.asked == ["a", "a"]


def test_nothing_is_kept_outside_the_outermost_block() -> None:
    read = Reading()
    recalled(["a"], read)
    with memory.remembering():
        with memory.remembering():
            recalled(["a"], read)
        recalled(["a"], read)
    recalled(["a"], read)
    assert read.asked == ["a", "a", "a"]


def test_more_texts_than_are_kept_are_read_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 2)
    read = Reading()
    with memory.remembering():
        recalled(["a", "b", "c"], read)
        assert recalled(["a", "b"], read).tolist() == [[1, 1], [1, 1]]
    assert read.asked == ["a", "b", "c", "a", "b"]
