"""Random encoders of every architecture that the method table knows, small enough for a test."""

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
    set_seed,
)

from verticals import backbones
from verticals.backbones import Backbone

WORDS, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 50, 32, 3, 2, 48, 64
PADDING = 1
SHORT, LONG = (3, 7, 11, 4), (3, 9, 20, 31, 8, 45, 6, 4)

_BUILDERS: dict[str, Callable[[], PreTrainedModel]] = {
    "bert": lambda: BertModel(
        BertConfig(
            vocab_size=WORDS,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
        )
    ),
    "roberta": lambda: RobertaModel(
        RobertaConfig(
            vocab_size=WORDS,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
        )
    ),
    "xlm-roberta": lambda: XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=WORDS,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
        )
    ),
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(
            vocab_size=WORDS,
            dim=WIDTH,
            n_layers=LAYERS,
            n_heads=HEADS,
            hidden_dim=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
        )
    ),
    "mpnet": lambda: MPNetModel(
        MPNetConfig(
            vocab_size=WORDS,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
        )
    ),
    "modernbert": lambda: ModernBertModel(
        ModernBertConfig(
            vocab_size=WORDS,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=INNER,
            max_position_embeddings=POSITIONS,
            pad_token_id=PADDING,
            bos_token_id=3,
            eos_token_id=4,
            cls_token_id=3,
            sep_token_id=4,
            local_attention=4,
        )
    ),
}
ARCHITECTURES = tuple(_BUILDERS)


def save_tiny_encoder(architecture: str, folder: Path) -> Path:
    """Write a random encoder of three layers, with a list of words, which a backbone is not one without."""
    set_seed(0)
    _BUILDERS[architecture]().save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(["[UNK]", *map(str, range(1, WORDS))]), encoding="utf-8")
    return folder


def load_tiny_encoder(folder: Path) -> PreTrainedModel:
    """Load it as the objectives do: without pooler, frozen, in evaluation mode."""
    encoder: PreTrainedModel = backbones.load_encoder(Backbone(str(folder), folder)).requires_grad_(False).eval()
    return encoder


def batch(*rows: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """Return rows of token ids as a padded batch."""
    longest = max(map(len, rows))
    ids = [[*row, *[PADDING] * (longest - len(row))] for row in rows]
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}
