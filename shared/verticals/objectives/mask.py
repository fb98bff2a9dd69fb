"""Continue a backbone's pretraining: masked-language modelling on a domain's plain text, which leaves a backbone for every method.

The head, which a sentence encoder lacks (see `masked_module`), is fitted to the frozen encoder before anything else moves, as a
classifier starts from its probe. Only then does a figure of the untuned backbone mean something.

Plain masked-language modelling (Gururangan et al. 2020, https://arxiv.org/abs/2004.10964) spoils a sentence encoder: nothing holds the
mean of its token states, so the vectors of different texts drift together, and every method that starts from the probe starts worse.
So an anchor holds each sentence vector near its place: loss + anchor * (1 - cosine), and rates are lower than a task's. What it costs is
measured on held-out text as `vector_cosine` and `pair_cosine`, beside what is gained.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from verticals import backbones, distributed, methods
from verticals.arrays import Float64Array, FloatArray
from verticals.backbones import Backbone
from verticals.config import Config, Section
from verticals.data.corpus import Corpus, load_corpus
from verticals.errors import ConfigError, DataError
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import bootstrap, mean
from verticals.inference.batches import unit_vectors
from verticals.methods.merging import merged
from verticals.objectives import Trained
from verticals.objectives.masked_module import HEAD_FILE, MaskedModule, anchored_loss, head_of, vectors
from verticals.objectives.masking import (
    IGNORED,
    MaskedDataset,
    hidden,
    masking_of,
    pad_anchored,
    pad_masked,
    windows,
)
from verticals.runs import Run
from verticals.token_rows import Example
from verticals.training import Recipe, TrainingLog, finetune, recipe

BACKBONE = "model"  # folder of a run that holds the backbone with its tokenizer
_GENTLE = 0.4  # of a method's rate for a task: the text is long, and the backbone has to stay one for every task
_ROUNDS = 7  # each held-out token is guessed once, a seventh of a text at a time
_BATCH = 32


class MaskSettings(Section):
    """How text is masked, and how tightly sentence vectors are held."""

    also: tuple[str, ...] = Field((), description="more files of text, beside data.train")
    share: float = Field(0.15, gt=0, lt=1, description="share of the tokens that are masked")
    whole_words: bool = Field(True, description="all pieces of a word are masked together")
    anchor: float = Field(
        10.0, ge=0, description="how strongly sentence vectors are held in their place; 0 lets them go"
    )
    head_epochs: int = Field(1, ge=1, description="passes in which only the new head learns")


class Masker:
    """A backbone that guesses hidden words, and still gives sentence vectors."""

    def __init__(self, module: MaskedModule, tokenizer: PreTrainedTokenizerBase, config: Config) -> None:
        self.module = module.eval()
        self.tokenizer = tokenizer
        self.config = config

    def embed(self, texts: Sequence[str], progress: str | None = None) -> FloatArray:
        """Return unit vectors, [texts, width]."""
        return unit_vectors(self.module.encoder, self.tokenizer, texts, self.config.backbone.max_tokens, progress)

    def guesses(self, texts: Sequence[str], progress: str | None = None) -> Float64Array:
        """Guess every ordinary token once, a seventh of each text masked at a time.

        Salazar et al. 2020 (https://arxiv.org/abs/1910.14659) mask one at a time, which takes as many passes as a text has tokens.

        Returns:
            Summed negative log-likelihood, right guesses and guesses of each text, [texts, 3].
        """
        examples = windows(texts, self.tokenizer, self.config.backbone.max_tokens)
        examples.sort(key=lambda example: -len(example["input_ids"]))
        found = np.zeros((len(texts), 3))
        for start in tqdm(range(0, len(examples), _BATCH), desc=progress, disable=progress is None, leave=False):
            part = examples[start : start + _BATCH]
            for turn in range(_ROUNDS):
                self._add_guesses(part, turn, found)
        return found

    def _add_guesses(self, examples: Sequence[Example], turn: int, found: Float64Array) -> None:
        masked = [hidden(each, turn, _ROUNDS, int(self.tokenizer.mask_token_id)) for each in examples]
        batch = pad_masked(masked, self.tokenizer)
        chosen = batch["targets"] != IGNORED
        with torch.inference_mode():
            logits = self.module(batch["input_ids"], batch["attention_mask"], chosen)[0].cpu()
        truth, rows = batch["targets"][chosen], chosen.nonzero()[:, 0].tolist()
        loss = nn.functional.cross_entropy(logits, truth, reduction="none")
        values = torch.stack([loss, (logits.argmax(dim=-1) == truth).float(), torch.ones_like(loss)], dim=1)
        np.add.at(found, [examples[row]["document"] for row in rows], values.numpy())

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return what a reloaded backbone has to reproduce: vectors, and the mean loss of guessing a text, [texts, width + 1]."""
        loss, _, tokens = self.guesses(texts).T
        return np.column_stack([self.embed(texts), loss / np.maximum(tokens, 1)]).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write a backbone folder: a transformers model with its tokenizer, and the head beside them."""
        backbones.save(cast(PreTrainedModel, self.module.encoder), folder / BACKBONE)
        self.tokenizer.save_pretrained(folder / BACKBONE)
        head = {name: value.contiguous() for name, value in self.module.head.state_dict().items()}
        save_file(head, folder / BACKBONE / HEAD_FILE)


def read(config: Config) -> Corpus:
    """Read the documents that the settings name."""
    return load_corpus(config.data, MaskSettings.model_validate(config.objective).also, config.train.seed)


def fit(rows: Corpus, config: Config, work: Path) -> Trained[Masker]:
    """Fit the head to the frozen encoder, then tune both; checkpoints go to `work`.

    Raises:
        BackboneError: the tokenizer has no mask.
        ConfigError: several processes were launched.
        MethodError: what the method learns could not become part of a plain backbone.
    """
    if distributed.processes() > 1:  # the baseline fits a head of its own, in which the others would have to take part
        raise ConfigError("continued pretraining runs in one process; start it without accelerate launch")
    method = methods.get(config.method.name)
    encoder = _encoder(config)
    options = methods.check(config, "mask", encoder)
    warm, data, before = _warm(rows, config, encoder, work / "head")
    module = warm.module
    set_seed(config.train.seed)
    if method.adapt is not None:
        module.encoder = method.adapt(encoder, options)
    log = _finetune(module, data, warm, _gentle(config), work / "all")
    log = replace(
        log, seconds=before.seconds + log.seconds, earlier_seconds=before.earlier_seconds + log.earlier_seconds
    )
    tuned = MaskedModule(merged(module.encoder), module.head)
    details = {"examples": len(data), "tokens": sum(data.lengths())}
    return Trained(Masker(tuned, warm.tokenizer, config), log, (), details)


def _encoder(config: Config) -> PreTrainedModel:
    encoder = backbones.load_encoder(backbones.locate(config.backbone.name))
    encoder.requires_grad_(False).eval()
    return encoder


def _warm(
    rows: Corpus, config: Config, encoder: PreTrainedModel, work: Path
) -> tuple[Masker, MaskedDataset, TrainingLog]:
    """Return the backbone as it is under a head that was fitted to it, the data that fitted it, and what that took."""
    set_seed(config.train.seed)
    settings = MaskSettings.model_validate(config.objective)
    backbone = backbones.locate(config.backbone.name)
    tokenizer = backbones.load_tokenizer(backbone)
    masking = masking_of(tokenizer, settings.share, settings.whole_words)
    learned, held = (windows(part, tokenizer, config.backbone.max_tokens) for part in (rows.train, rows.test))
    if not learned or not held:
        raise DataError(f"{rows.name}: no document has a word that this backbone knows; choose one for its language")
    module = MaskedModule(encoder, head_of(backbone, encoder, learned)).eval()
    data = MaskedDataset(learned, masking, config.train.seed, vectors(module, learned, tokenizer))
    model = Masker(module, tokenizer, config)
    plan = replace(_gentle(config), epochs=settings.head_epochs, adversarial=0.0)  # its word embeddings are frozen
    return model, data, _finetune(module, data, model, plan, work)


def _gentle(config: Config) -> Recipe:
    method = methods.get(config.method.name)
    plan = recipe(config.train, method)
    return replace(plan, learning_rate=config.train.learning_rate or _GENTLE * method.learning_rate)


def _finetune(module: MaskedModule, data: MaskedDataset, model: Masker, plan: Recipe, work: Path) -> TrainingLog:
    strength = MaskSettings.model_validate(model.config.objective).anchor
    collate = partial(pad_anchored, tokenizer=model.tokenizer)
    return finetune(module.train(), data, collate, partial(anchored_loss, strength), plan, work)


def evaluate(model: Masker, rows: Corpus) -> Judgement:
    """Guess the words of the held-out documents, and measure how far their vectors are from the untouched backbone's."""
    most = model.config.backbone.max_tokens
    loss, right, tokens = model.guesses(rows.test, progress="guessing words").T
    was, now = unit_vectors(_encoder(model.config), model.tokenizer, rows.test, most), model.embed(rows.test)
    metrics = {
        "masked_accuracy": bootstrap(_ratio, right, tokens),
        "masked_loss": bootstrap(_ratio, loss, tokens),
        "vector_cosine": bootstrap(mean, (now * was).sum(axis=1)),
        "pair_cosine": bootstrap(mean, (now * np.roll(now, 1, axis=0)).sum(axis=1)),
    }
    return Judgement(metrics, "masked_accuracy", right / tokens.mean())  # so that its mean is the share of all tokens


def _ratio(part: Float64Array, whole: Float64Array) -> float:
    return float(part.sum() / whole.sum())


def untuned(rows: Corpus, config: Config) -> Judgement:
    """Judge the backbone as it came, under a head that was fitted to it as for the tuned one."""
    with TemporaryDirectory() as work:
        model, *_ = _warm(rows, config, _encoder(config), Path(work))
    return evaluate(model, rows)


def load(run: Run) -> Masker:
    """Read what `save` wrote."""
    backbone = Backbone(str(run.folder), run.folder / BACKBONE)
    encoder = backbones.load_encoder(backbone)
    module = MaskedModule(encoder, head_of(backbone, encoder, ()))
    return Masker(module, backbones.load_tokenizer(backbone), run.config)


def answer(model: Masker, text: str) -> FloatArray:
    """Return one text's vector."""
    return model.embed([text])
