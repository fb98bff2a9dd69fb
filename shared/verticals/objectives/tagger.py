"""A tagger: an encoder, word shapes, a linear head over the first sub-token of every word, and the best sequence that IOB2 allows.

Where the tokenizer loses letter case, word shapes bring it back twice: added to what the tuned encoder reads, so that it sees them in
context, and beside the token states before the head, where the probe of a frozen encoder can use them too.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from verticals import methods
from verticals.arrays import FloatArray, IntArray
from verticals.config import Section
from verticals.data.tag_schemes import Tags, spans
from verticals.data.tagged import Sentence
from verticals.data.words import words_of
from verticals.inference.batches import pad
from verticals.methods import saved
from verticals.methods.entrance import adding
from verticals.objectives.shapes import SHAPES
from verticals.objectives.transitions import allowed_scores, best_sequence, tag_probabilities
from verticals.objectives.windows import Piece, Reading, Window, make_windows
from verticals.runs import write_json
from verticals.token_rows import Batch

HEAD_FILE = "head.safetensors"
_BATCH_TOKENS = 1024  # of a batch in prediction: larger ones fall out of the cache


@dataclass(frozen=True)
class Entity:
    """Words `start` up to, but without, `stop` of a sentence; `confidence` is the probability of the least sure of its tags."""

    type: str
    start: int
    stop: int
    words: tuple[str, ...]
    confidence: float


class TagHead(nn.Module):
    """Everything beside the encoder: the shapes' share of the input, a linear layer, and scores of transitions.

    `entrance` is the width of the word embeddings, which ELECTRA and ALBERT have narrower than the states, `width`.
    """

    def __init__(self, entrance: int, width: int, tags: int) -> None:
        super().__init__()
        self.shape_input = nn.Embedding(SHAPES, entrance, padding_idx=0)
        self.tag = nn.Linear(width + SHAPES - 1, tags)
        self.transitions = nn.Parameter(torch.zeros(tags + 1, tags))
        nn.init.zeros_(self.shape_input.weight)  # training starts from the encoder as it was pretrained


class TaggerModule(nn.Module):
    """An encoder and a head; `options` are those of the encoder's method."""

    def __init__(self, encoder: nn.Module, head: TagHead, options: Section) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self._options = options

    def features(self, input_ids: Tensor, attention_mask: Tensor, shapes: Tensor, index: Tensor) -> Tensor:
        """Return the state of the first sub-token of every word and, beside it, the word's shape.

        Args:
            input_ids: sub-tokens, [windows, tokens].
            attention_mask: 1 for tokens and 0 for padding, [windows, tokens].
            shapes: codes of the shape of each sub-token's word, 0 for none, [windows, tokens, 3].
            index: first sub-tokens in the flattened windows, [pieces, words].

        Returns:
            Features, [pieces, words, width + SHAPES - 1].
        """
        device = self.head.transitions.device
        shapes, index = shapes.to(device), index.to(device)
        added = self.head.shape_input(shapes).sum(dim=2)
        with adding(self.encoder, self._options, added) if shapes.any() else nullcontext():
            read = self.encoder(input_ids=input_ids.to(device), attention_mask=attention_mask.to(device))
        states: Tensor = read.last_hidden_state
        hot = nn.functional.one_hot(shapes, SHAPES).sum(dim=2)[..., 1:].to(states.dtype)
        return torch.cat([states, hot], dim=2).flatten(0, 1)[index]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, shapes: Tensor, index: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return scores of tags, [pieces, words, tags], and of transitions, [tags + 1, tags]; arguments as in `features`."""
        return self.head.tag(self.features(input_ids, attention_mask, shapes, index)), self.head.transitions


class Tagger:
    """A backbone with a tuned head, and the tuned part of the backbone where the method has one."""

    def __init__(
        self,
        labels: tuple[str, ...],
        module: TaggerModule,
        tokenizer: PreTrainedTokenizerBase,
        method: str,
        reading: Reading,
    ) -> None:
        self.labels = labels
        self.module = module.eval()
        self.tokenizer = tokenizer
        self.reading = reading
        self._method = methods.get(method)

    @property
    def frozen(self) -> bool:
        """Whether the encoder is the backbone as it came."""
        return self._method.adapt is None

    def logits(self, sentences: Sequence[Sentence], progress: str | None = None) -> list[FloatArray]:
        """Return one unnormalised score per word and tag, [words, tags] for each sentence.

        A word without sub-tokens has scores of zero: it takes the tag that its neighbours call for.
        """
        scores = [np.zeros((len(sentence.tokens), len(self.labels)), np.float32) for sentence in sentences]
        windows, _ = make_windows(sentences, self.tokenizer, self.reading)
        for piece, rows in run_windows(lambda *batch: self.module(*batch)[0], windows, self.tokenizer, progress):
            scores[piece.sentence][list(piece.words)] = rows
        return scores

    def tags(self, sentences: Sequence[Sentence], progress: str | None = None) -> list[Tags]:
        """Return the best IOB2 tags of each sentence."""
        transitions = allowed_scores(self._transitions(), self.labels)
        return [self._named(best_sequence(scores, transitions)) for scores in self.logits(sentences, progress)]

    def entities(self, sentences: Sequence[Sentence]) -> list[tuple[Entity, ...]]:
        """Return the entities of each sentence; tags of the sentences are not looked at.

        The confidence of a tag is its probability over all sequences that IOB2 allows.
        """
        transitions = allowed_scores(self._transitions(), self.labels)
        found = []
        for sentence, scores in zip(sentences, self.logits(sentences), strict=True):
            best = best_sequence(scores, transitions)
            sure = tag_probabilities(scores, transitions)[np.arange(len(best)), best]
            found.append(
                tuple(
                    Entity(
                        s.type, s.start, s.stop, sentence.tokens[s.start : s.stop], float(sure[s.start : s.stop].min())
                    )
                    for s in spans(self._named(best))
                )
            )
        return found

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return what a reloaded tagger has to reproduce: the logits of a text's words, then the scores of transitions.

        Returns:
            One row per text, zeros where it has fewer words than the longest, [texts, longest * tags + (tags + 1) * tags].
        """
        scores = self.logits([Sentence(words_of(text), document=number) for number, text in enumerate(texts)])
        longest, tail = max(len(rows) for rows in scores), self._transitions().ravel()
        filled = [np.pad(rows, ((0, longest - len(rows)), (0, 0))).ravel() for rows in scores]
        return np.stack([np.concatenate([row, tail]) for row in filled])

    def _named(self, numbers: IntArray) -> Tags:
        return tuple(self.labels[number] for number in numbers)

    def _transitions(self) -> FloatArray:
        learned: FloatArray = self.module.head.transitions.detach().cpu().numpy()
        return learned

    def save(self, folder: Path) -> None:
        """Write labels, head, tokenizer, and what the method changed in the backbone."""
        head = {name: value.contiguous() for name, value in self.module.head.state_dict().items()}
        save_file(head, folder / HEAD_FILE)
        write_json(folder / "labels.json", list(self.labels))
        self.tokenizer.save_pretrained(folder / "tokenizer")
        saved.save(self.module.encoder, self._method, folder)


def collate(windows: Sequence[Window], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """Return what `TaggerModule.features` takes; behind the last word of a piece `index` is 0."""
    input_ids, attention_mask = pad([window.input_ids for window in windows], tokenizer)
    shapes = pad_sequence([torch.tensor(window.shapes) for window in windows], batch_first=True)
    longest = input_ids.shape[1]
    index = [
        torch.tensor(piece.positions) + row * longest for row, window in enumerate(windows) for piece in window.pieces
    ]
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "shapes": shapes,
        "index": pad_sequence(index, batch_first=True),
    }


def run_windows(
    forward: Callable[..., Tensor],
    windows: Sequence[Window],
    tokenizer: PreTrainedTokenizerBase,
    progress: str | None = None,
) -> list[tuple[Piece, FloatArray]]:
    """Run `forward(input_ids, attention_mask, shapes, index)` over all windows, longest first.

    Returns:
        Every piece with its rows, [words, ...].
    """
    filled = sorted((window for window in windows if window.pieces), key=lambda window: -len(window.input_ids))
    done: list[tuple[Piece, FloatArray]] = []
    first = 0
    with torch.inference_mode(), tqdm(total=len(filled), desc=progress, disable=progress is None, leave=False) as bar:
        while first < len(filled):
            chosen = filled[first : first + max(1, _BATCH_TOKENS // len(filled[first].input_ids))]
            blocks = forward(*collate(chosen, tokenizer).values()).float().cpu().numpy()
            pieces = (piece for window in chosen for piece in window.pieces)
            done += [(piece, rows[: len(piece.words)]) for piece, rows in zip(pieces, blocks, strict=True)]
            first += len(chosen)
            bar.update(len(chosen))
    return done
