"""Models on one frozen backbone read a text in one pass, and every one of them sees the same states as before."""

from pathlib import Path
from threading import Thread

import pytest
import torch
from torch import Tensor, nn

from tiny_encoders import LONG, SHORT, load_tiny_encoder, save_tiny_encoder
from verticals.methods import one_pass
from verticals.methods.one_pass import OnePass


class _Module(nn.Module):
    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder


class _Model:
    def __init__(self, encoder: nn.Module, frozen: bool) -> None:
        self.module = _Module(encoder)
        self.frozen = frozen


@pytest.fixture
def passes(tmp_path: Path) -> tuple[OnePass, list[int]]:
    """Return an encoder, and a list that grows with every pass through it."""
    encoder, seen = load_tiny_encoder(save_tiny_encoder("bert", tmp_path)), list[int]()
    encoder.register_forward_hook(lambda *_: seen.append(1))
    return OnePass(encoder), seen


def tokens(*ids: int) -> tuple[Tensor, Tensor]:
    return torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long)


def test_the_same_tokens_go_through_once_and_others_again(passes: tuple[OnePass, list[int]]) -> None:
    encoder, seen = passes
    first, again = (encoder(*tokens(*SHORT)).last_hidden_state for _ in range(2))
    other = encoder(*tokens(*LONG)).last_hidden_state
    assert len(seen) == 2
    assert torch.equal(first, again)
    assert torch.equal(other, encoder.encoder(*tokens(*LONG)).last_hidden_state)


def test_another_mask_is_another_reading(passes: tuple[OnePass, list[int]]) -> None:
    encoder, seen = passes
    ids, mask = tokens(*SHORT)
    encoder(ids, mask)
    encoder(ids, mask * torch.tensor([1, 1, 1, 0]))
    assert len(seen) == 2


def test_a_thread_remembers_only_its_own(passes: tuple[OnePass, list[int]]) -> None:
    encoder, seen = passes
    encoder(*tokens(*SHORT))
    thread = Thread(target=encoder, args=tokens(*LONG))
    thread.start()
    thread.join()
    encoder(*tokens(*SHORT))
    assert len(seen) == 2


def test_only_frozen_models_of_one_encoder_share_and_the_others_keep_theirs() -> None:
    backbone, other, own = nn.Identity(), nn.Identity(), nn.Identity()
    one, two, alone, tuned = _Model(backbone, True), _Model(backbone, True), _Model(other, True), _Model(own, False)
    one_pass.share([one, tuned, alone, two])
    assert one.module.encoder is two.module.encoder
    assert isinstance(one.module.encoder, OnePass)
    assert alone.module.encoder is other
    assert tuned.module.encoder is own
