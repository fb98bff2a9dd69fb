"""Match texts that belong together: a question and its answer, a person's past and the next item.

Each anchor has to find its positive among all positives and hard negatives of its batch (InfoNCE, van den Oord et al. 2018,
https://arxiv.org/abs/1807.03748; with texts Henderson et al. 2017, https://arxiv.org/abs/1705.00652).
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, set_seed

from verticals import backbones, coverage, methods, pooling
from verticals.arrays import FloatArray
from verticals.backbones import Backbone
from verticals.config import Config, Section
from verticals.data.examples import Note, note, text_key
from verticals.data.pairs import Pairs, PairSplits, Role, load_pairs
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.retrieval import bm25_search, judge, questions, vector_search
from verticals.inference import memory
from verticals.inference.batches import pad
from verticals.methods import saved
from verticals.objectives import Trained
from verticals.runs import Run
from verticals.token_rows import Batch, Example, TokenDataset
from verticals.training import finetune, recipe

_ANCHORS = ("anchor", "query", "question", "text")
_POSITIVES = ("positive", "answer", "document", "passage")


class MatchSettings(Section):
    """How pairs are read and how sharply they are told apart."""

    anchor: str | None = Field(None, description="column with the anchor; nothing means the usual names are tried")
    positive: str | None = Field(None, description="column with what belongs to it; nothing means the usual names")
    negative: str | None = Field(None, description="columns with hard negatives, comma-separated; nothing: negative*")
    temperature: float = Field(0.05, gt=0, description="cosines are divided by this; smaller is sharper")
    symmetric: bool = Field(True, description="each positive has to find its anchor as well")


class MatcherModule(nn.Module):
    """An encoder, pooled to unit vectors."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit vectors, [texts, width]."""
        return pooling.sentence_vectors(self.encoder, input_ids, attention_mask)


class Matcher:
    """An encoder whose vectors are near where texts belong together."""

    def __init__(self, module: MatcherModule, tokenizer: PreTrainedTokenizerBase, config: Config) -> None:
        self.module = module.eval()
        self.tokenizer = tokenizer
        self._method = methods.get(config.method.name)
        self._max_tokens = config.backbone.max_tokens

    @property
    def frozen(self) -> bool:
        """Whether the encoder is the backbone as it came."""
        return self._method.adapt is None

    def embed(self, texts: Sequence[str], progress: str | None = None) -> FloatArray:
        """Return unit vectors, [texts, width]."""
        return memory.vectors(self.module, self.module.encoder, self.tokenizer, texts, self._max_tokens, progress)

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return what a reloaded matcher has to reproduce: the vectors."""
        return self.embed(texts)

    def save(self, folder: Path) -> None:
        """Write tokenizer and the tuned backbone as `model/` (transformers) or `adapter/` (peft)."""
        self.tokenizer.save_pretrained(folder / "tokenizer")
        saved.save(self.module.encoder, self._method, folder)


def read(config: Config) -> PairSplits:
    """Read the pairs that the settings name."""
    settings = MatchSettings.model_validate(config.objective)
    anchor, positive = Role("anchor", settings.anchor, _ANCHORS), Role("positive", settings.positive, _POSITIVES)
    return load_pairs(config.data, config.train.seed, anchor, positive, settings.negative)


def fit(splits: PairSplits, config: Config, work: Path) -> Trained[Matcher]:
    """Tune the backbone on the training pairs; checkpoints go to `work`."""
    method, settings = methods.get(config.method.name), MatchSettings.model_validate(config.objective)
    set_seed(config.train.seed)
    backbone = backbones.locate(config.backbone.name)
    encoder = backbones.load_encoder(backbone).requires_grad_(False)
    options = methods.check(config, "match", encoder)
    adapted = encoder if method.adapt is None else method.adapt(encoder, options)
    model = Matcher(MatcherModule(adapted), backbones.load_tokenizer(backbone), config)
    data, collate = batching(splits.train, model.tokenizer, config.backbone.max_tokens)
    loss = partial(contrast, settings.temperature, settings.symmetric)
    log = finetune(model.module.train(), data, collate, loss, recipe(config.train, method), work)
    return Trained(model, log, _notes(splits.train, config.backbone.max_tokens, model.tokenizer))


def batching(
    rows: Pairs, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> tuple[TokenDataset, Callable[[list[Example]], Batch]]:
    """Return tokenised pairs, and how they become a batch of B anchors and C candidates, own positives first.

    A batch has `anchor_*` [B, tokens], `candidate_*` [C, tokens] and `forbidden` [B, C]: true where a candidate that is not the
    anchor's own positive is known, from any training row, to belong to it all the same (the same positive, or the same anchor).
    """
    belongs = rows.belonging()

    def ids(texts: Sequence[str]) -> list[list[int]]:
        return [list(row) for row in tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]]

    data = TokenDataset(
        [
            {"input_ids": left, "candidates": [right, *(ids(wrong) if wrong else ())], "anchor": anchor, "texts": texts}
            for left, right, wrong, anchor, texts in zip(
                ids(rows.left), ids(rows.right), rows.negatives, map(text_key, rows.left), _keys(rows), strict=True
            )
        ]
    )

    def collate(examples: list[Example]) -> Batch:
        anchor_ids, anchor_mask = pad([each["input_ids"] for each in examples], tokenizer)
        order = [(each, 0) for each in examples]
        order += [(each, place) for each in examples for place in range(1, len(each["candidates"]))]
        candidate_ids, candidate_mask = pad([each["candidates"][place] for each, place in order], tokenizer)
        texts = [each["texts"][place] for each, place in order]
        forbidden = torch.tensor([[text in belongs[each["anchor"]] for text in texts] for each in examples])
        return {
            "anchor_ids": anchor_ids,
            "anchor_mask": anchor_mask,
            "candidate_ids": candidate_ids,
            "candidate_mask": candidate_mask,
            "forbidden": forbidden & ~torch.eye(*forbidden.shape, dtype=torch.bool),
        }

    return data, collate


def _keys(rows: Pairs) -> list[list[str]]:
    """Return, for each row, what identifies its positive and its negatives."""
    return [
        [text_key(text) for text in (right, *wrong)] for right, wrong in zip(rows.right, rows.negatives, strict=True)
    ]


def contrast(temperature: float, symmetric: bool, module: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of finding each anchor's positive, and each positive's anchor where symmetric."""
    anchors = module(batch["anchor_ids"], batch["anchor_mask"])
    candidates = module(batch["candidate_ids"], batch["candidate_mask"])
    scores = (anchors @ candidates.T / temperature).masked_fill(batch["forbidden"].to(anchors.device), -torch.inf)
    own = torch.arange(len(anchors), device=anchors.device)
    forward = nn.functional.cross_entropy(scores, own)
    if not symmetric:
        return forward
    return (forward + nn.functional.cross_entropy(scores[:, : len(anchors)].T, own)) / 2


def evaluate(model: Matcher, splits: PairSplits) -> Judgement:
    """Rank every candidate for each test anchor."""
    asked = questions(splits)
    return judge(vector_search(model.embed, asked.candidates), asked)


def bm25(splits: PairSplits, config: Config) -> Judgement:
    """Judge the search by words that needs no training."""
    asked = questions(splits)
    return judge(bm25_search(asked.candidates), asked)


def untuned(splits: PairSplits, config: Config) -> Judgement:
    """Judge the backbone as it came."""
    return evaluate(from_backbone(config), splits)


def load(run: Run) -> Matcher:
    """Read what `save` wrote."""
    return Matcher(MatcherModule(saved.load(run.folder, run.config)), _tokenizer(run), run.config)


def beside(loaded: Matcher, run: Run) -> Matcher:
    """Return another matcher of the same run, for another thread: with a tokenizer of its own, and the same encoder."""
    return Matcher(loaded.module, _tokenizer(run), run.config)


def _tokenizer(run: Run) -> PreTrainedTokenizerBase:
    return backbones.load_tokenizer(Backbone(str(run.folder), run.folder / "tokenizer"))


def answer(model: Matcher, text: str) -> FloatArray:
    """Return one text's vector."""
    return model.embed([text])


def from_backbone(config: Config) -> Matcher:
    """Return the backbone of the settings as it came, to read with and not to tune: it is shared."""
    return reading_by(backbones.locate(config.backbone.name), config)


def reading_by(backbone: Backbone, config: Config) -> Matcher:
    """Return a backbone that was found already, as `from_backbone` does."""
    return Matcher(MatcherModule(backbones.load_frozen(backbone)), backbones.load_tokenizer(backbone), config)


def _notes(rows: Pairs, max_tokens: int, tokenizer: PreTrainedTokenizerBase) -> tuple[Note, ...]:
    notes = coverage.cut_notes([*rows.left, *rows.right], tokenizer, max_tokens)
    belongs = rows.belonging()
    wrong = [
        line
        for line, left, negatives in zip(rows.lines, rows.left, rows.negatives, strict=True)
        if belongs[text_key(left)] & {text_key(text) for text in negatives}
    ]
    if wrong:
        notes = (
            *notes,
            note("negative_is_positive", wrong, "hard negatives that are the anchor's own positives, not used"),
        )
    return notes
