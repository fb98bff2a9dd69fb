"""A classifier on a backbone, tuned from its probe.

Training starts from the probe: a logistic regression on frozen sentence vectors gives the head its weights, and only then is the
backbone tuned (LP-FT, Kumar et al. 2022, https://arxiv.org/abs/2202.10054).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, set_seed

from verticals import backbones, methods
from verticals.backbones import Backbone
from verticals.config import Config
from verticals.data.splits import Splits
from verticals.errors import RunError
from verticals.inference.batches import FloatArray, IntArray, Scores, mean_of_nearest, pad, predict_batches
from verticals.methods import saved
from verticals.objectives.classifier import Fitted
from verticals.training import Batch, Example, TokenDataset, TrainingLog, finetune, recipe

_HEAD_FILE, _KNOWN = "head.safetensors", "training_vectors"
_PROBE_STRENGTHS = (10.0, 30.0)  # inverse regularisation, chosen on validation
_MOST_KNOWN = 2000  # training vectors kept for familiarity


class ClassifierModule(nn.Module):
    """An encoder, mean pooling to unit vectors, and a linear head."""

    def __init__(self, encoder: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit vectors, [texts, width]."""
        device = self.head.weight.device
        mask = attention_mask.to(device)
        return backbones.mean_pool(
            self.encoder(input_ids=input_ids.to(device), attention_mask=mask).last_hidden_state, mask
        )

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
        return predict_batches(module.embed, self.tokenizer, texts, self.max_tokens, progress)


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
    def trained_parameters(self) -> int:
        """Number of parameters that training changed."""
        encoder = self.module.encoder.parameters() if self._method.adapt else ()
        tuned = sum(parameter.numel() for parameter in encoder if parameter.requires_grad)
        return tuned + sum(parameter.numel() for parameter in self.module.head.parameters())

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        """Judge texts; the backbone sees each of them once."""
        vectors = self.read(self.module, texts, progress)
        with torch.inference_mode():
            logits = self.module.head(torch.from_numpy(vectors).to(self.module.head.weight.device))
        return Scores(logits.cpu().numpy(), mean_of_nearest(vectors @ self._known.T))

    def save(self, folder: Path) -> None:
        """Write head, training vectors, tokenizer, and what the method changed in the backbone."""
        head = {name: value.contiguous() for name, value in self.module.head.state_dict().items()}
        save_file({**head, _KNOWN: torch.from_numpy(self._known)}, folder / _HEAD_FILE)
        self.read.tokenizer.save_pretrained(folder / "tokenizer")
        saved.save(self.module.encoder, self._method, folder)


def fit(splits: Splits, targets: IntArray, held_targets: IntArray, config: Config, work: Path) -> Fitted:
    """Fit the probe and tune from it as the method says; the targets index `splits.labels`, checkpoints go to `work`."""
    method = methods.get(config.method.name)
    set_seed(config.train.seed)
    backbone = backbones.locate(config.backbone.name)
    read = TextReader(backbones.load_tokenizer(backbone), config.backbone.max_tokens)
    encoder = backbones.load_encoder(backbone).requires_grad_(False).eval()
    options = methods.check(config, "classify", encoder)
    module = ClassifierModule(encoder, nn.Linear(encoder.config.hidden_size, len(splits.labels)))
    if method.adapt is not None:  # before the probe, whose vectors have to be those that tuning starts from
        module.encoder = method.adapt(encoder, options)
    module.eval()
    known = read(module, splits.train.texts, "embedding training texts")
    held = read(module, splits.validation.texts)
    probe_accuracy = _fit_probe(module.head, known, targets, held, held_targets, config.train.seed)
    remembered = np.random.default_rng(config.train.seed).permutation(len(known))[:_MOST_KNOWN]
    known = known[remembered]
    log = TrainingLog(0.0, 0, 0, sum(parameter.numel() for parameter in module.head.parameters()))
    if method.adapt is not None:
        rows, collate = _batching(splits, targets, read)
        log = finetune(module.train(), rows, collate, _cross_entropy, recipe(config.train, method), work)
        known = read(module, [splits.train.texts[n] for n in remembered], "embedding training texts again")
    model = EncoderClassifier(splits.labels, module, read, known, method.name)
    texts = splits.train.texts + splits.validation.texts + splits.test.texts
    return Fitted(model, log, probe_accuracy, backbones.token_notes(texts, read.tokenizer, read.max_tokens))


def _fit_probe(
    head: nn.Linear,
    vectors: FloatArray,
    targets: IntArray,
    held_vectors: FloatArray,
    held_targets: IntArray,
    seed: int,
) -> float:
    """Fit logistic regressions, put the one that is best on validation into `head`, and return its accuracy there."""
    fitted = [
        LogisticRegression(C=strength, max_iter=1000, random_state=seed).fit(vectors, targets)
        for strength in _PROBE_STRENGTHS
    ]
    best = max(fitted, key=lambda probe: float(probe.score(held_vectors, held_targets)))
    weight, bias = best.coef_, best.intercept_
    if len(best.classes_) == 2:  # scikit-learn keeps one row for two classes
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(float(bias.min()) - 1.0)  # a class without rows is never the best
        head.weight[best.classes_] = torch.as_tensor(weight, dtype=torch.float32)
        head.bias[best.classes_] = torch.as_tensor(bias, dtype=torch.float32)
    return float(best.score(held_vectors, held_targets))


def _batching(
    splits: Splits, targets: IntArray, read: TextReader
) -> tuple[TokenDataset, Callable[[list[Example]], Batch]]:
    ids = read.tokenizer(list(splits.train.texts), truncation=True, max_length=read.max_tokens)["input_ids"]
    rows = TokenDataset([{"input_ids": row, "target": int(target)} for row, target in zip(ids, targets, strict=True)])

    def collate(examples: list[Example]) -> Batch:
        input_ids, attention_mask = pad([example["input_ids"] for example in examples], read.tokenizer)
        target = torch.tensor([example["target"] for example in examples])
        return {"input_ids": input_ids, "attention_mask": attention_mask, "target": target}

    return rows, collate


def _cross_entropy(module: nn.Module, batch: Batch) -> Tensor:
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
    tokenizer = backbones.load_tokenizer(Backbone(str(folder), folder / "tokenizer"))
    module = ClassifierModule(saved.load(folder, config), head)
    return EncoderClassifier(
        labels, module, TextReader(tokenizer, config.backbone.max_tokens), known, config.method.name
    )
