"""Pretrained models that generate, and how prompts and replies become their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    EncoderDecoderModel,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from verticals.backbones import Backbone, check_filled, load_encoder
from verticals.data.examples import Note
from verticals.errors import BackboneError, MethodError
from verticals.methods.layouts import positions
from verticals.token_rows import Example

IGNORED = -100  # target of a token that is not to be predicted
_CAUSAL = ("ForCausalLM", "LMHeadModel")


@dataclass(frozen=True)
class Codec:
    """Turns prompts and replies into token ids, and ids into replies.

    Attributes:
        causal: prompt and reply are one sequence; otherwise the prompt is read first, and the reply starts from `start`.
        start: first token of the decoder of an encoder-decoder.
        end: last token of every reply.
    """

    tokenizer: PreTrainedTokenizerBase
    causal: bool
    start: int
    end: int
    max_tokens: int
    max_reply_tokens: int

    def prompt(self, text: str) -> list[int]:
        """Return what the model reads before it replies."""
        if not self.causal:
            return list(self.tokenizer(text, truncation=True, max_length=self.max_tokens)["input_ids"])
        first = self.tokenizer.bos_token_id
        words = self._words(text, self.max_tokens - 2)
        return [*([first] if first is not None and first != self.end else []), *words, self.end]

    def said(self, text: str) -> list[int]:
        """Return what the model is to say for a reply: its words and the end."""
        return [*self._words(text, self.max_reply_tokens - 1), self.end]

    def example(self, prompt: str, reply: str) -> Example:
        """Return a training row in which `targets` stand where their prediction is made."""
        read, said = self.prompt(prompt), self.said(reply)
        if self.causal:
            return {"input_ids": [*read, *said[:-1]], "targets": [*[IGNORED] * (len(read) - 1), *said]}
        return {"input_ids": read, "decoder_input_ids": [self.start, *said[:-1]], "targets": said}

    def reply(self, ids: list[int]) -> str:
        """Return the text of generated ids."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).strip()

    def _words(self, text: str, most: int) -> list[int]:
        ids = self.tokenizer(text, add_special_tokens=False, truncation=True, max_length=most)["input_ids"]
        return list(ids)


def cut_notes(codec: Codec, prompts: Sequence[str], replies: Sequence[str]) -> tuple[Note, ...]:
    """Say how many prompts and replies are cut."""
    wider = replace(codec, max_tokens=codec.max_tokens + 1, max_reply_tokens=codec.max_reply_tokens + 1)
    read = sum(wider.prompt(text) != codec.prompt(text) for text in prompts)
    said = sum(wider.said(text) != codec.said(text) for text in replies)
    limit = f"objective.max_reply_tokens={codec.max_reply_tokens}"
    notes = (
        Note("text_cut", read, f"prompts longer than {codec.max_tokens} tokens, read up to there: {read}"),
        Note("reply_cut", said, f"replies longer than {limit}, cut there: {said}"),
    )
    return tuple(each for each in notes if each.count)


def load_generator(folder: Path, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Load what can generate as it is; make an encoder into an encoder-decoder whose cross-attention is new.

    Raises:
        BackboneError: the folder holds neither, or its tokenizer marks no end of a text.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if is_causal(config):
            model = _load(AutoModelForCausalLM, folder)
        elif config.is_encoder_decoder:
            model = _load(AutoModelForSeq2SeqLM, folder)
        else:
            model = _encoder_decoder(folder, tokenizer)
    except (OSError, ValueError, SafetensorError) as error:
        raise BackboneError(
            f"{folder}: cannot be made to generate: {str(error).splitlines()[0]}; expected a causal language model, "
            "an encoder-decoder, or an encoder such as BERT or RoBERTa"
        ) from error
    model.generation_config = _greedy(model, tokenizer)
    return model


def check_room(model: PreTrainedModel, codec: Codec) -> None:
    """Say before training that prompts or replies may have more tokens than the model has positions.

    Raises:
        MethodError: they may.
    """
    for config, tokens, names in _asked_of(model, codec):
        room = positions(config)
        if room is not None and tokens > room:
            raise MethodError(f"{names}: {tokens} tokens, and this backbone has {room} positions; set less")


def _asked_of(model: PreTrainedModel, codec: Codec) -> list[tuple[PreTrainedConfig, int, str]]:
    """Return the settings of each half of a model, how many tokens it may get, and by which settings of ours."""
    prompt, reply = f"backbone.max_tokens {codec.max_tokens}", f"objective.max_reply_tokens {codec.max_reply_tokens}"
    if codec.causal:
        return [(model.config, codec.max_tokens + codec.max_reply_tokens, f"{prompt} and {reply}")]
    parts = (model.encoder, model.decoder) if isinstance(model, EncoderDecoderModel) else (model, model)
    first, second = (cast(PreTrainedModel, part).config for part in parts)
    return [(first, codec.max_tokens, prompt), (second, codec.max_reply_tokens, reply)]


def is_causal(config: PreTrainedConfig) -> bool:
    """Say whether a model reads prompt and reply as one sequence."""
    return any(name.endswith(_CAUSAL) for name in config.architectures or ())


def _load(kind: type[AutoModelForCausalLM] | type[AutoModelForSeq2SeqLM], folder: Path) -> PreTrainedModel:
    loaded: Any = kind.from_pretrained(
        folder,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,  # they are in the report
        output_loading_info=True,
    )
    model, report = loaded
    check_filled(folder, report)
    return cast(PreTrainedModel, model)


def _encoder_decoder(folder: Path, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Start both halves from one encoder, without the pooler, which nothing here uses."""
    if tokenizer.cls_token_id is None:
        raise BackboneError(
            f"{folder}: its tokenizer has no cls_token, with which a reply could start; choose an encoder such as BERT, or a causal "
            "language model that was saved with its head"
        )
    load_encoder(Backbone(str(folder), folder))  # which says what the weights lack; the next call does not
    model = EncoderDecoderModel.from_encoder_decoder_pretrained(
        str(folder), str(folder), encoder_local_files_only=True, decoder_local_files_only=True
    )
    encoder = cast(PreTrainedModel, model.encoder)
    if "pooler" in dict(encoder.named_children()):
        encoder.register_module("pooler", None)
    model.name_or_path = str(folder)
    model.config.decoder_start_token_id = tokenizer.cls_token_id
    model.config.pad_token_id = tokenizer.pad_token_id
    return cast(PreTrainedModel, model.float())


def _end(tokenizer: PreTrainedTokenizerBase) -> int:
    end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    if end is None:
        raise BackboneError("the backbone's tokenizer has neither an end-of-text nor a separator token; choose another")
    return int(end)


def _greedy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Return settings under which the saved model generates in plain transformers as it does here."""
    end = _end(tokenizer)
    return GenerationConfig(
        do_sample=False,
        eos_token_id=end,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end,
        decoder_start_token_id=model.config.decoder_start_token_id if model.config.is_encoder_decoder else None,
    )


def codec_of(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_tokens: int, max_reply_tokens: int
) -> Codec:
    """Return what turns texts into the tokens of a model that `load_generator` gave."""
    paired = bool(model.config.is_encoder_decoder)
    start = int(model.config.decoder_start_token_id) if paired else _end(tokenizer)
    return Codec(tokenizer, not paired, start, _end(tokenizer), max_tokens, max_reply_tokens)
