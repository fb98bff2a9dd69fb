"""Tag the words of a sentence: named entities and slots.

Training starts from the probe: a linear head fitted on the frozen encoder's token states, as in `classify`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import Field
from safetensors.torch import load_file
from torch import Tensor
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase, set_seed

from verticals import backbones, methods
from verticals.backbones import Backbone
from verticals.config import Config, MethodConfig, Section
from verticals.data.examples import Note
from verticals.data.public_tagged import load_tagged
from verticals.data.tagged import Sentence
from verticals.data.tagged_splits import TaggedSplits, held_out_tagged
from verticals.data.words import words_of
from verticals.errors import RunError
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.tagging import judge
from verticals.methods import saved
from verticals.objectives import Trained
from verticals.objectives.shapes import SHAPES, loses_case
from verticals.objectives.tag_training import fit_probe, tune, word_accuracy
from verticals.objectives.tagger import HEAD_FILE, Entity, Tagger, TaggerModule, TagHead
from verticals.objectives.windows import Reading, make_windows
from verticals.objectives.word_features import LinearTagger
from verticals.runs import Run
from verticals.training import TrainingLog, trained_parameters


class TagSettings(Section):
    """How sentences are read and tagged."""

    shapes: bool | None = Field(None, description="word shapes; nothing means where the tokenizer loses letter case")
    context: bool = Field(True, description="read neighbouring sentences of one document together")
    transitions: bool = Field(False, description="learn which tag follows which (linear-chain CRF)")


def read(config: Config) -> TaggedSplits:
    """Read the tagged sentences that the settings name: a file, or a public data set."""
    return load_tagged(config.data, config.train.seed)


def fit(splits: TaggedSplits, config: Config, work: Path) -> Trained[Tagger]:
    """Train the tagger that `config.method` names; checkpoints go to `work`."""
    set_seed(config.train.seed)
    tagger = _from_backbone(splits.labels, config)
    windows, _ = make_windows(splits.train, tagger.tokenizer, tagger.reading)
    notes = fit_probe(tagger, splits, windows, config.train.seed)
    probe_accuracy = accuracy = word_accuracy(tagger, splits.validation)
    if methods.starts_elsewhere(methods.options_of(config.method)):
        probe_accuracy = _plain_probe_accuracy(splits, config)
    log = TrainingLog(0.0, 0, 0, trained_parameters(tagger.module))
    if methods.get(config.method.name).adapt is not None:
        transitions = TagSettings.model_validate(config.objective).transitions
        log = tune(tagger, splits, windows, config, transitions, work)
        accuracy = word_accuracy(tagger, splits.validation)
    details = {"validation_accuracy": accuracy, "probe_validation_accuracy": probe_accuracy}
    return Trained(tagger, log, (*notes, *_reading_notes(tagger, splits)), details)


def _plain_probe_accuracy(splits: TaggedSplits, config: Config) -> float:
    """Return what the probe of the backbone as it came reaches on validation words."""
    with torch.random.fork_rng():  # so that tuning goes as it would without
        plain = _from_backbone(splits.labels, config.model_copy(update={"method": MethodConfig(name="probe")}))
        windows, _ = make_windows(splits.train, plain.tokenizer, plain.reading)
        fit_probe(plain, splits, windows, config.train.seed)
    return word_accuracy(plain, splits.validation)


def _from_backbone(labels: tuple[str, ...], config: Config) -> Tagger:
    """Return the tagger with which training starts: its encoder is adapted, and its head knows nothing yet."""
    method = methods.get(config.method.name)
    backbone = backbones.locate(config.backbone.name)
    tokenizer = backbones.load_tokenizer(backbone)
    encoder = backbones.load_encoder(backbone).requires_grad_(False)
    options = methods.check(config, "tag", encoder)
    entrance = cast(Tensor, encoder.get_input_embeddings().weight).shape[1]
    head = TagHead(entrance, encoder.config.hidden_size, len(labels)).requires_grad_(False)
    module = TaggerModule(method.adapt(encoder, options) if method.adapt else encoder, head, options)
    return Tagger(labels, module, tokenizer, method.name, _reading(config, tokenizer))


def _reading(config: Config, tokenizer: PreTrainedTokenizerBase) -> Reading:
    settings = TagSettings.model_validate(config.objective)
    shapes = loses_case(tokenizer) if settings.shapes is None else settings.shapes
    return Reading(config.backbone.max_tokens, settings.context, shapes)


def _reading_notes(tagger: Tagger, splits: TaggedSplits) -> list[Note]:
    sentences = splits.train + splits.validation + splits.test
    windows, long = make_windows(sentences, tagger.tokenizer, tagger.reading)
    read = sum(len(piece.words) for window in windows for piece in window.pieces)
    bare = sum(len(sentence.tokens) for sentence in sentences) - read
    limit = tagger.reading.max_tokens
    found = (
        (long, "long_sentence", f"sentences longer than {limit} sub-tokens, read in pieces: {long}"),
        (bare, "word_unread", f"words that the tokenizer leaves nothing of, tagged by their neighbours: {bare}"),
    )
    return [Note(code, count, message) for count, code, message in found if count]


def evaluate(model: Tagger, splits: TaggedSplits) -> Judgement:
    """Tag every test sentence."""
    return _judge(model.tags(splits.test, progress="evaluating"), splits)


def word_features(splits: TaggedSplits, config: Config) -> Judgement:
    """Train and judge a linear tagger over spellings and neighbours, without a backbone."""
    linear = LinearTagger.fit(splits.train, splits.labels, config.train.seed)
    return _judge(linear.tags(splits.test), splits)


def _judge(predicted: list[tuple[str, ...]], splits: TaggedSplits) -> Judgement:
    return judge(predicted, [sentence.tags for sentence in splits.test], splits.scheme)


def held_out(run: Run, path: Path) -> TaggedSplits:
    """Read a file of test sentences for a run."""
    return held_out_tagged(path, run.labels)


def predict(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the entities of each running text: type, words and confidence."""
    model = load(run)
    return [
        {
            "prediction": [
                {"type": each.type, "words": " ".join(each.words), "confidence": round(each.confidence, 4)}
                for each in answer(model, text)
            ]
        }
        for text in tqdm(texts, desc="predicting", leave=False)
    ]


def load(run: Run) -> Tagger:
    """Read what `Tagger.save` wrote; the backbone is found again where the run does not hold it.

    Raises:
        RunError: a file of the run is missing.
    """
    head_file = run.folder / HEAD_FILE
    if not head_file.is_file():
        raise RunError(f"{head_file}: no such file; the run is incomplete, train it again")
    weights = load_file(head_file)
    width = weights["tag.weight"].shape[1] - (SHAPES - 1)
    head = TagHead(weights["shape_input.weight"].shape[1], width, len(run.labels))
    head.load_state_dict(weights)
    tokenizer = backbones.load_tokenizer(Backbone(str(run.folder), run.folder / "tokenizer"))
    module = TaggerModule(saved.load(run.folder, run.config), head, methods.options_of(run.config.method))
    return Tagger(run.labels, module, tokenizer, run.config.method.name, _reading(run.config, tokenizer))


def answer(model: Tagger, text: str) -> tuple[Entity, ...]:
    """Return the entities of one running text."""
    words = words_of(text)
    return model.entities([Sentence(words)])[0] if words else ()
