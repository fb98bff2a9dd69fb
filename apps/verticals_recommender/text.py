"""Item text as vectors."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from verticals import backbones
from verticals.config import BackboneConfig
from verticals.inference.batches import FloatArray, predict_batches


def embed(texts: Sequence[str], config: BackboneConfig, progress: str | None = None) -> FloatArray:
    """Return unit vectors of texts by the backbone as it is, [texts, width].

    Raises:
        BackboneError: the backbone cannot be found or loaded.
    """
    found = backbones.locate(config.name)
    tokenizer, encoder = backbones.load_tokenizer(found), backbones.load_encoder(found).eval()

    def forward(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return backbones.mean_pool(hidden, attention_mask)

    if not texts:
        return np.empty((0, int(encoder.config.hidden_size)), np.float32)
    return predict_batches(forward, tokenizer, texts, config.max_tokens, progress)
