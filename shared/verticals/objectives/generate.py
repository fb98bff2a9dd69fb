"""Generate a reply to a prompt, word by word.

An encoder becomes an encoder-decoder: both halves start from its weights, only the decoder's attention to the encoder is new, and the
decoder's output matrix is tied to its word embeddings (Rothe et al. 2020, https://arxiv.org/abs/1907.12461). A causal language model
reads prompt, end of turn, reply (Zhang et al. 2020, https://arxiv.org/abs/1911.00536). Both are trained with teacher forcing.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import Field
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import EncoderDecoderModel, PreTrainedModel, PreTrainedTokenizerBase, set_seed

from verticals import backbones, methods
from verticals.arrays import Float64Array, FloatArray
from verticals.backbones import Backbone
from verticals.config import Config, Section
from verticals.data.pairs import PairSplits, Role, load_pairs
from verticals.data.words import fit_terms
from verticals.errors import MethodError
from verticals.evaluation.generation import chrf_by_row, perplexity, reply_estimates
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import bootstrap
from verticals.inference.batches import pad
from verticals.methods import saved
from verticals.objectives import Trained
from verticals.objectives.generators import IGNORED, Codec, check_room, codec_of, cut_notes, load_generator
from verticals.runs import Run
from verticals.token_rows import Batch, Example, TokenDataset
from verticals.training import finetune, recipe

_PROMPTS = ("prompt", "question", "input", "source", "text")
_REPLIES = ("reply", "response", "answer", "output", "target")
_SHOWN = 5  # replies kept in the run for people to read
_BATCH = 16


class GenerateSettings(Section):
    """How pairs are read and replies are searched for."""

    prompt: str | None = Field(None, description="column with the prompt; nothing means the usual names are tried")
    reply: str | None = Field(None, description="column with the reply; nothing means the usual names are tried")
    max_reply_tokens: int = Field(64, ge=2, description="longer replies are cut here, in training and in use")
    beams: int = Field(1, ge=1, description="replies kept at each step of the search; 1 is greedy")


class Generator:
    """A model that replies, greedily or by beam search."""

    def __init__(self, model: nn.Module, codec: Codec, method: str, beams: int) -> None:
        self.model = model.eval()
        self.codec = codec
        self._method = methods.get(method)
        self._beams = beams

    def reply(self, prompts: Sequence[str], progress: str | None = None) -> list[str]:
        """Return one reply per prompt; prompts of equal length go together, so nothing is padded."""
        read = [self.codec.prompt(prompt) for prompt in prompts]
        replies = [""] * len(prompts)
        generate = cast(Callable[..., Tensor], self.model.generate)
        for chosen in tqdm(_equal_lengths(read), desc=progress, disable=progress is None, leave=False):
            ids = torch.tensor([read[number] for number in chosen], device=_device(self.model))
            made = generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=self.codec.max_reply_tokens,
                num_beams=self._beams,
            )
            skipped = ids.shape[1] if self.codec.causal else 1
            for number, row in zip(chosen, made[:, skipped:].tolist(), strict=True):
                replies[number] = self.codec.reply(row)
        return replies

    def losses(self, prompts: Sequence[str], replies: Sequence[str]) -> Float64Array:
        """Return the summed loss of each reply, given its prompt, and its number of tokens, [rows, 2]."""
        rows = [self.codec.example(prompt, reply) for prompt, reply in zip(prompts, replies, strict=True)]
        order = np.argsort([-len(row["input_ids"]) for row in rows], kind="stable")
        found = np.zeros((len(rows), 2))
        with torch.inference_mode():
            for start in range(0, len(rows), _BATCH):
                chosen = order[start : start + _BATCH]
                batch = collate(self.codec, [rows[number] for number in chosen])
                losses = token_losses(self.model, batch)
                found[chosen] = torch.stack(
                    [losses.sum(dim=1), (batch["targets"] != IGNORED).sum(dim=1).to(losses)], 1
                ).cpu()
        return found

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return what a reloaded generator has to reproduce: the mean loss per token of echoing each text, [texts, 1]."""
        losses = self.losses(texts, texts)
        return (losses[:, :1] / losses[:, 1:]).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the tokenizer and `model/` (transformers) or `adapter/` (peft)."""
        self.codec.tokenizer.save_pretrained(folder / "tokenizer")
        saved.save(self.model, self._method, folder)


def _equal_lengths(read: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return positions in batches whose rows have one length."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for number, ids in enumerate(read):
        by_length[len(ids)].append(number)
    return [group[start : start + _BATCH] for group in by_length.values() for start in range(0, len(group), _BATCH)]


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def read(config: Config) -> PairSplits:
    """Read the pairs that the settings name."""
    settings = GenerateSettings.model_validate(config.objective)
    prompt, reply = Role("prompt", settings.prompt, _PROMPTS), Role("reply", settings.reply, _REPLIES)
    return load_pairs(config.data, config.train.seed, prompt, reply)


def fit(splits: PairSplits, config: Config, work: Path) -> Trained[Generator]:
    """Tune a model on the training pairs; checkpoints go to `work`.

    Raises:
        MethodError: the method would leave the new cross-attention of an encoder-decoder untrained, or the model has fewer
            positions than there are to be tokens.
    """
    method = methods.get(config.method.name)
    set_seed(config.train.seed)
    model = _from_backbone(config)
    pretrained = cast(PreTrainedModel, model.model)
    if isinstance(pretrained, EncoderDecoderModel) and method.stored_as != "model":
        raise MethodError(
            f"'{method.name}' leaves an encoder-decoder's attention to its encoder as it is, and that is new here; "
            "use full, or a causal language model as the backbone"
        )
    options = methods.check(config, "generate", pretrained)
    check_room(pretrained, model.codec)
    if method.adapt is not None:
        model.model = method.adapt(pretrained, options)
    rows = [model.codec.example(*pair) for pair in zip(splits.train.left, splits.train.right, strict=True)]
    log = finetune(
        model.model.train(),
        TokenDataset(rows),
        partial(collate, model.codec),
        _mean_loss,
        recipe(config.train, method),
        work,
    )
    prompts, replies = splits.train.left + splits.test.left, splits.train.right + splits.test.right
    return Trained(model, log, cut_notes(model.codec, prompts, replies))


def collate(codec: Codec, examples: list[Example]) -> Batch:
    """Pad rows on the right: `input_ids`, `attention_mask`, `targets`, and `decoder_input_ids` where there is a decoder."""
    input_ids, attention_mask = pad([example["input_ids"] for example in examples], codec.tokenizer)
    targets = [torch.tensor(example["targets"]) for example in examples]
    batch = {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "targets": pad_sequence(targets, batch_first=True, padding_value=IGNORED),
    }
    if not codec.causal:
        batch["decoder_input_ids"], _ = pad([example["decoder_input_ids"] for example in examples], codec.tokenizer)
    return batch


def token_losses(model: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of each target, 0 where there is none, [rows, tokens]."""
    inputs = {name: value.to(_device(model)) for name, value in batch.items()}
    targets = inputs.pop("targets")
    logits = model(**inputs, use_cache=False).logits
    return nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")


def _mean_loss(model: nn.Module, batch: Batch) -> Tensor:
    return token_losses(model, batch).sum() / (batch["targets"] != IGNORED).sum()


def evaluate(model: Generator, splits: PairSplits) -> Judgement:
    """Reply to every test prompt, and ask how expected the people's replies were."""
    replies = model.reply(splits.test.left, progress="replying")
    losses = model.losses(splits.test.left, splits.test.right)
    judged = _judge(replies, splits)
    return replace(judged, metrics={"perplexity": bootstrap(perplexity, losses), **judged.metrics})


def _judge(replies: Sequence[str], splits: PairSplits) -> Judgement:
    shown = [
        {"prompt": prompt, "reply": reply, "reference": truth}
        for prompt, reply, truth in zip(splits.test.left[:_SHOWN], replies, splits.test.right, strict=False)
    ]
    metrics = reply_estimates(replies, splits.test.right)
    return Judgement(metrics, "chrf", chrf_by_row(replies, splits.test.right), {"replies": shown})


def nearest_prompt(splits: PairSplits, config: Config) -> Judgement:
    """Judge the reply of the nearest training prompt, by cosine of TF-IDF over words and word pairs."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+", dtype=np.float32)
    known = fit_terms(vectorizer, splits.train.left)
    nearest = np.asarray((vectorizer.transform(splits.test.left) @ known.T).argmax(axis=1)).ravel()
    return _judge([splits.train.right[position] for position in nearest], splits)


def load(run: Run) -> Generator:
    """Read what `save` wrote; the backbone is found again where the run holds only an adapter."""
    if methods.get(run.config.method.name).stored_as == "model":
        backbone = Backbone(str(run.folder), run.folder / "model")
    else:
        backbone = saved.backbone_of(run.folder, run.config)
    tokenizer = backbones.load_tokenizer(Backbone(str(run.folder), run.folder / "tokenizer"))
    model = _generator(backbone, tokenizer, run.config)
    if methods.get(run.config.method.name).stored_as == "adapter":
        from peft import PeftModel

        model.model = PeftModel.from_pretrained(model.model, run.folder / "adapter").eval()
    return model


def answer(model: Generator, text: str) -> list[str]:
    """Return the reply to one prompt."""
    return model.reply([text])


def _from_backbone(config: Config) -> Generator:
    backbone = backbones.locate(config.backbone.name)
    return _generator(backbone, backbones.load_tokenizer(backbone), config)


def _generator(backbone: Backbone, tokenizer: PreTrainedTokenizerBase, config: Config) -> Generator:
    settings = GenerateSettings.model_validate(config.objective)
    model = load_generator(backbone.folder, tokenizer)
    codec = codec_of(model, tokenizer, config.backbone.max_tokens, settings.max_reply_tokens)
    return Generator(model, codec, config.method.name, settings.beams)
