"""Adversarial training: where the word embeddings are moved to, that they come back, and which methods can do it."""

from pathlib import Path

import pytest
import torch
from torch import nn

from toys import toy_config, toy_splits
from verticals import methods, objectives, pilot
from verticals.adversarial import moved
from verticals.errors import MethodError
from verticals.methods import METHODS
from verticals.objectives import classify, encoder_classifier


def test_a_table_is_moved_up_the_loss_by_the_length_and_comes_back_bit_for_bit() -> None:
    table = nn.Parameter(torch.tensor([[0.1, 0.2], [0.3, 0.4]]))
    before = table.detach().clone()
    (table * torch.tensor([[3.0, 0.0], [0.0, 4.0]])).sum().backward()
    with moved(table, 0.5):
        assert torch.allclose(table - before, torch.tensor([[0.3, 0.0], [0.0, 0.4]]))
    assert torch.equal(table, before)


def test_a_table_without_a_gradient_stays_where_it_is() -> None:
    table = nn.Parameter(torch.ones(2, 2))
    with moved(table, 0.5):
        assert torch.equal(table, torch.ones(2, 2))


def test_each_step_learns_from_the_moved_batch_too(tiny_backbone: Path, tmp_path: Path) -> None:
    weights: list[torch.Tensor] = []
    for length in (0.0, 1.0, 1.0):
        config = toy_config("full", tiny_backbone, epochs=1, batch_size=16, adversarial=length)
        fitted = classify.fit(toy_splits(), config, tmp_path / f"{len(weights)}").classifier
        assert isinstance(fitted, encoder_classifier.EncoderClassifier)
        weights.append(fitted.module.head.weight)
    assert torch.equal(weights[1], weights[2])
    assert not torch.equal(weights[0], weights[1])


@pytest.mark.parametrize("method", [name for name in METHODS if name != "full"])
def test_a_method_that_does_not_tune_word_embeddings_is_refused_before_anything_is_read(method: str) -> None:
    config = toy_config(method, Path("nowhere"), adversarial=1.0)
    with pytest.raises(MethodError, match=rf"embeddings, which method '{method}' does not tune; .* use one of: full$"):
        pilot.tune(objectives.get("classify"), config)
    methods.check(toy_config(method, Path("nowhere"), adversarial=0.0), "classify", None)
