"""A classifier on a backbone, tuned from its probe.

Training starts from the probe: a logistic regression on frozen sentence vectors gives the head its weights, and only then is the
backbone tuned (LP-FT, Kumar et al. 2022, https://arxiv.org/abs/2202.10054).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, set_seed

from verticals import backbones, coverage, methods, pooling
from verticals.arrays import FloatArray, IntArray
from verticals.backbones import Backbone
from verticals.config import Config
from verticals.errors import RunError
from verticals.inference import memory
from verticals.inference.batches import Scores, mean_of_nearest, pad
from verticals.methods import saved
from verticals.methods.one_pass import Reader
from verticals.objectives.classifier import Fitted
from verticals.objectives.heads import Head
from verticals.token_rows import Batch, Example, TokenDataset
from verticals.training import TrainingLog, finetune, recipe, trained_parameters

_HEAD_FILE, _KNOWN = "head.safetensors", "training_vectors"
MOST_KNOWN = 2000  # training vectors kept for familiarity


class Part(Protocol):
    """The texts of one split."""

    @property
    def texts(self) -> tuple[str, ...]:
        """In order."""


class Texts(Protocol):
    """What is read of a task's rows here; the targets come beside them."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the logits."""

    @property
    def train(self) -> Part:
        """What is learned from."""

    @property
    def validation(self) -> Part:
        """What the probe is chosen on."""

    @property
    def test(self) -> Part:
        """What is judged; here only its tokens are counted."""


class ClassifierModule(nn.Module):
    """An encoder, pooled to unit vectors, and a linear head."""

    def __init__(self, encoder: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit vectors, [texts, width]."""
        return pooling.sentence_vectors(self.encoder, input_ids, attention_mask)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return logits, [texts, classes]."""
        return cast(Tensor, self.head(self.embed(input_ids, attention_mask)))


@dataclass(frozen=True)
class TextReader:
    """Turns texts into unit vectors by a module's encoder."""

    tokenizer: PreTrainedTokenizerBase
    max_tokens: int

    def __call__(self, module: ClassifierModule, texts: Sequence[str], progress: str | None = None) -> FloatArray:
        """Return vectors, [texts, width]."""
        return memory.vectors(module.embed, module.encoder, self.tokenizer, texts, self.max_tokens, progress)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text."""
        return [
            list(row) for row in self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)["input_ids"]
        ]


class EncoderClassifier:
    """A backbone with a tuned head, the tuned part of the backbone, and the vectors of the training texts."""

    def __init__(
        self, labels: tuple[str, ...], module: ClassifierModule, read: TextReader, known: FloatArray, method: str
    ) -> None:
        self.labels = labels
        self.module = module.eval()
        self.read = read
        self._known = known
        self._method = methods.get(method)

    @property
    def frozen(self) -> bool:
        """Whether the encoder is the backbone as it came."""
        return self._method.adapt is None

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What in it reads with a backbone: itself."""
        return (self,)

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts; the backbone sees each of them once."""
        vectors = self.read(self.module, texts, progress)
        with torch.inference_mode():
            logits = self.module.head(torch.from_numpy(vectors).to(self.module.head.weight.device))
        return Scores(logits.cpu().numpy(), mean_of_nearest(vectors @ self._known.T))

    def logits(self, texts: Sequence[str]) -> FloatArray:
        """Return the logits alone."""
        return self.score(texts).logits

    def save(self, folder: Path) -> None:
        """Write head, training vectors, tokenizer, and what the method changed in the backbone."""
        head = {name: value.contiguous() for name, value in self.module.head.state_dict().items()}
        save_file({**head, _KNOWN: torch.from_numpy(self._known)}, folder / _HEAD_FILE)
        self.read.tokenizer.save_pretrained(folder / "tokenizer")
        saved.save(self.module.encoder, self._method, folder)


def fit(splits: Texts, learned: Head, config: Config, work: Path) -> Fitted:
    """Fit the probe and tune from it as the method says; checkpoints go to `work`."""
    method = methods.get(config.method.name)
    set_seed(config.train.seed)
    backbone = backbones.locate(config.backbone.name)
    read = TextReader(backbones.load_tokenizer(backbone), config.backbone.max_tokens)
    load = backbones.load_encoder if method.adapt else backbones.load_frozen
    encoder = load(backbone).requires_grad_(False).eval()
    options = methods.check(config, "classify", encoder)
    module = ClassifierModule(encoder, nn.Linear(encoder.config.hidden_size, len(splits.labels)))
    plain = _vectors(module, splits, read) if methods.starts_elsewhere(options) else None
    if method.adapt is not None:  # before the probe, whose vectors have to be those that tuning starts from
        module.encoder = method.adapt(encoder, options)
    module.eval()
    known, held = _vectors(module, splits, read)
    (weight, bias), probe_quality = learned.probe(known, held)
    if plain:  # a start that is worse than the probe is not what tuning is compared with
        probe_quality = learned.probe(*plain)[1]
    module.head.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    remembered = np.random.default_rng(config.train.seed).permutation(len(known))[:MOST_KNOWN]
    known = known[remembered]
    log = TrainingLog(0.0, 0, 0, trained_parameters(module))
    if method.adapt is not None:
        rows, collate = batching(splits.train.texts, learned.targets, read)
        log = finetune(module.train(), rows, collate, learned.loss, recipe(config.train, method), work)
        known = read(module, [splits.train.texts[n] for n in remembered], "embedding training texts again")
    model = EncoderClassifier(splits.labels, module, read, known, method.name)
    texts = splits.train.texts + splits.validation.texts + splits.test.texts
    return Fitted(model, log, probe_quality, coverage.cut_notes(texts, read.tokenizer, read.max_tokens))


def _vectors(module: ClassifierModule, splits: Texts, read: TextReader) -> tuple[FloatArray, FloatArray]:
    """Return the vectors of the training and of the validation texts."""
    return read(module, splits.train.texts, "embedding training texts"), read(module, splits.validation.texts)


def batching(
    texts: Sequence[str], targets: IntArray | FloatArray, read: TextReader
) -> tuple[TokenDataset, Callable[[list[Example]], Batch]]:
    """Return tokenised texts with their targets, and how they become a batch."""
    rows = TokenDataset(
        [{"input_ids": row, "target": target.tolist()} for row, target in zip(read.ids(texts), targets, strict=True)]
    )

    def collate(examples: list[Example]) -> Batch:
        input_ids, attention_mask = pad([example["input_ids"] for example in examples], read.tokenizer)
        target = torch.tensor([example["target"] for example in examples])
        return {"input_ids": input_ids, "attention_mask": attention_mask, "target": target}

    return rows, collate


def cross_entropy(module: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of a batch's classes."""
    return nn.functional.cross_entropy(module(batch["input_ids"], batch["attention_mask"]), batch["target"])


def load(folder: Path, labels: tuple[str, ...], config: Config) -> EncoderClassifier:
    """Read what `save` wrote; the backbone of `config` is found again where the run does not hold it.

    Raises:
        RunError: a file of the run is missing.
    """
    head_file = folder / _HEAD_FILE
    if not head_file.is_file():
        raise RunError(f"{head_file}: no such file; the run is incomplete, train it again")
    weights = load_file(head_file)
    known = weights.pop(_KNOWN).numpy()
    head = nn.Linear(weights["weight"].shape[1], weights["weight"].shape[0])
    head.load_state_dict(weights)
    tokenizer = load_tokenizer(folder)
    module = ClassifierModule(saved.load(folder, config), head)
    return EncoderClassifier(
        labels, module, TextReader(tokenizer, config.backbone.max_tokens), known, config.method.name
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Read the tokenizer that `save` wrote, which needs the backbone no more."""
    return backbones.load_tokenizer(Backbone(str(folder), folder / "tokenizer"))
