"""An encoder under the head that names masked tokens, and its loss.

A sentence encoder ships without that head, so one is made as in BertForMaskedLM: dense, GELU, layer normalisation, and a decoder tied
to the word embeddings. Tied, because these embeddings were trained as an output matrix before the encoder learned sentences; an untied
decoder would be 11.7M random numbers (builtin) that a domain's text is too small to teach. Its bias starts from the text's token
frequencies.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from verticals import pooling
from verticals.arrays import FloatArray
from verticals.backbones import Backbone
from verticals.inference.batches import pad
from verticals.objectives.masking import IGNORED, SPECIAL
from verticals.token_rows import Batch, Example

HEAD_FILE = "masked_head.safetensors"
_BATCH = 32


class MaskedHead(nn.Module):
    """What BertForMaskedLM has above the encoder; the decoder's matrix is the word embeddings, which stay with the encoder."""

    def __init__(self, hidden_size: int, embedding_size: int, vocabulary: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, embedding_size)
        self.norm = nn.LayerNorm(embedding_size, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Return logits, [tokens, vocabulary], of states, [tokens, hidden]."""
        return cast(Tensor, self.norm(nn.functional.gelu(self.dense(states))) @ embeddings.T + self.bias)


class MaskedModule(nn.Module):
    """An encoder with the masked-language head; vectors are pooled as sentence vectors are."""

    def __init__(self, encoder: PreTrainedModel, head: MaskedHead) -> None:
        super().__init__()
        self.encoder: nn.Module = encoder
        self.head = head
        self._words = (encoder.get_input_embeddings(),)  # in a tuple, since the encoder's own and registered there

    def forward(self, input_ids: Tensor, attention_mask: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the chosen tokens, [chosen, vocabulary], and unit vectors, [texts, width].

        The other tokens get no logits: over a vocabulary of 30,000 they would cost as much as half the encoder.
        """
        device = self.head.bias.device
        mask = attention_mask.to(device)
        states = self.encoder(input_ids=input_ids.to(device), attention_mask=mask).last_hidden_state
        embeddings = cast(Tensor, self._words[0].weight)
        return self.head(states[chosen.to(device)], embeddings), pooling.of(self.encoder)(states, mask)

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit vectors, [texts, width]."""
        return self(input_ids, attention_mask, torch.zeros_like(input_ids, dtype=torch.bool))[1]  # type: ignore[no-any-return]


def head_of(backbone: Backbone, encoder: PreTrainedModel, examples: Sequence[Example]) -> MaskedHead:
    """Return the head that an earlier pretraining left, else one whose bias says how frequent each token is."""
    vocabulary, width = cast(Tensor, encoder.get_input_embeddings().weight).shape
    head = MaskedHead(encoder.config.hidden_size, width, vocabulary)
    if (backbone.folder / HEAD_FILE).is_file():
        head.load_state_dict(load_file(backbone.folder / HEAD_FILE))
        return head
    counts = np.ones(vocabulary)  # a token that the text lacks counts once
    for example in examples:
        np.add.at(counts, example["input_ids"][example["words"] != SPECIAL], 1)
    with torch.no_grad():
        head.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
    return head


def vectors(module: MaskedModule, examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase) -> FloatArray:
    """Return the unit vector of each whole example, [examples, width]."""
    blocks = []
    for start in tqdm(range(0, len(examples), _BATCH), desc="embedding text", leave=False):
        part = [example["input_ids"] for example in examples[start : start + _BATCH]]
        with torch.inference_mode():
            blocks.append(module.embed(*pad(part, tokenizer)).cpu().numpy())
    return np.concatenate(blocks)


def anchored_loss(strength: float, module: nn.Module, batch: Batch) -> Tensor:
    """Return cross-entropy of the masked tokens + strength * (1 - cosine to the sentence vector before training).

    The vector is that of the masked text and the anchor that of the whole one, so the term costs no second pass.
    """
    chosen = batch["targets"] != IGNORED
    logits, vectors = module(batch["input_ids"], batch["attention_mask"], chosen)
    drift = 1.0 - (vectors * batch["anchor"].to(vectors.device)).sum(dim=-1)
    named = nn.functional.cross_entropy(logits, batch["targets"][chosen].to(logits.device))
    return cast(Tensor, named + strength * drift.mean())
