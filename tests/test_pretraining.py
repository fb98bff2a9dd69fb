"""Continued pretraining: masks that repeat exactly, a head like BERT's, text whose pattern can be learned, vectors that stay."""

import codecs
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    PreTrainedTokenizerFast,
    set_seed,
)

from toys import Outcome, save_tiny_backbone, toy_config, toy_splits
from verticals import backbones, checkpoints, export, methods, objectives, pilot
from verticals.backbones import Backbone
from verticals.config import Config, DataConfig, NoSettings, build
from verticals.data.corpus import Corpus, hold_out, load_corpus
from verticals.errors import BackboneError, ConfigError, DataError, MethodError
from verticals.objectives import classify, mask
from verticals.objectives.mask import Masker, MaskSettings
from verticals.objectives.masked_module import MaskedHead, MaskedModule, head_of
from verticals.objectives.masking import IGNORED, SPECIAL, MaskedDataset, Masking, windows
from verticals.runs import Run, latest

Command = Callable[..., Outcome]
FRUITS = {"apple": "red", "lemon": "yellow", "plum": "blue", "pear": "green", "peach": "pink"}
PIECES = [word for pair in FRUITS.items() for word in pair]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIALS, *PIECES, "is", "and", "##let", *(f"n{n}" for n in range(60))]


class Stopped(Exception):  # noqa: N818 - no error, a pulled plug
    """Stands for a pulled plug."""


def tiny_config() -> BertConfig:
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )


@pytest.fixture(scope="module")
def masking_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random two-layer BERT and a word-piece tokenizer that has a mask."""
    folder = tmp_path_factory.mktemp("masking-backbone")
    tokenizer = Tokenizer(WordPiece({word: n for n, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    names = {f"{name.strip('[]').lower()}_token": name for name in SPECIALS}
    set_seed(0)
    BertModel(tiny_config()).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names).save_pretrained(folder)
    return folder


def patterned(count: int = 240) -> Corpus:
    """Make text in which every colour follows from its fruit and every fruit from its colour; the number is noise."""
    fruits = list(FRUITS.items())
    documents = []
    for n in range(count):
        (first, colour), (second, other) = fruits[n % 5], fruits[(n // 5) % 5]
        documents.append(f"{first} is {colour} and {second} is {other} and {first} is {colour} n{n % 60} n{n * 7 % 59}")
    return hold_out("fruits", tuple(dict.fromkeys(documents)), DataConfig(test_share=0.1), 0)


def settings(backbone: Path, method: str = "full", anchor: float = 10.0, **train: object) -> Config:
    """Return settings under which the tiny backbone learns the pattern."""
    rates = {"learning_rate": 5e-3, "head_learning_rate": 5e-3, "batch_size": 16, "epochs": 12, **train}
    chosen = {
        "method": {"name": method},
        "backbone": {"name": str(backbone), "max_tokens": 32},
        "train": rates,
        "objective": {"anchor": anchor},
    }
    return build([chosen], NoSettings, MaskSettings)


def train(config: Config, rows: Corpus) -> Run:
    return pilot.train("mask", objectives.get("mask"), config, rows)


def masking(whole_words: bool = False, share: float = 0.15) -> Masking:
    return Masking(4, np.arange(5, 90), share, whole_words)


def test_fifteen_percent_are_chosen_and_replaced_eighty_ten_ten() -> None:
    ids, words = np.full(100, 7), np.arange(100)
    fates = []
    for number in range(400):
        masked, targets = masking().apply(ids, words, np.random.default_rng(number))
        chosen = targets != IGNORED
        assert chosen.sum() == 15
        assert (targets[chosen] == 7).all()
        assert (masked[~chosen] == 7).all()
        fates.append(masked[chosen])
    fate = np.concatenate(fates)
    shares = [(fate == 4).mean(), ((fate != 4) & (fate != 7)).mean(), (fate == 7).mean()]
    assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.015)


def test_special_tokens_are_never_chosen_and_short_texts_lose_one_token() -> None:
    ids, words = np.array([2, 9, 10, 3]), np.array([SPECIAL, 0, 1, SPECIAL])
    for number in range(50):
        _, targets = masking().apply(ids, words, np.random.default_rng(number))
        assert (targets != IGNORED).sum() == 1
        assert targets[0] == targets[3] == IGNORED


@pytest.mark.parametrize(("whole_words", "seen"), [(True, {True}), (False, {True, False})])
def test_whole_words_are_masked_together_or_piece_by_piece(
    masking_backbone: Path, whole_words: bool, seen: set[bool]
) -> None:
    tokenizer = backbones.load_tokenizer(Backbone("x", masking_backbone))
    (example,) = windows(["applelet is red and plumlet is blue"], tokenizer, 32)
    assert list(example["words"]) == [SPECIAL, 0, 0, 1, 2, 3, 4, 4, 5, 6, SPECIAL]
    alike = set()
    for number in range(60):
        draw = np.random.default_rng(number)
        _, targets = masking(whole_words, 0.3).apply(example["input_ids"], example["words"], draw)
        alike.add(bool((targets[1] != IGNORED) == (targets[2] != IGNORED)))
    assert alike == seen


def test_a_long_text_becomes_several_examples_and_loses_no_token(masking_backbone: Path) -> None:
    tokenizer = backbones.load_tokenizer(Backbone("x", masking_backbone))
    text = " ".join(f"n{n}" for n in range(50))
    examples = windows([text, "apple is red"], tokenizer, 16)
    assert [len(example["input_ids"]) for example in examples] == [16, 16, 16, 10, 5]
    assert [example["document"] for example in examples] == [0, 0, 0, 0, 1]
    read = [token for example in examples[:-1] for token in example["input_ids"] if token > 4]
    assert read == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_the_mask_depends_on_seed_epoch_and_position_alone() -> None:
    examples = [{"input_ids": np.arange(5, 45), "words": np.arange(40)} for _ in range(4)]
    anchors = np.zeros((4, 1), np.float32)
    one, other = (MaskedDataset(examples, masking(), 3, anchors) for _ in range(2))
    _ = [one[n] for n in (3, 1, 1, 0)]  # reading in another order must not change what comes next
    first = one[2]["input_ids"]
    assert (first == other[2]["input_ids"]).all()
    assert (first != one[1]["input_ids"]).any()
    one.set_epoch(1)
    assert (one[2]["input_ids"] != first).any()
    one.set_epoch(0)
    assert (one[2]["input_ids"] == first).all()


def test_the_head_is_that_of_bert_for_masked_lm() -> None:
    set_seed(1)
    theirs = BertForMaskedLM(tiny_config()).eval()
    assert theirs.cls.predictions.decoder.weight is theirs.bert.embeddings.word_embeddings.weight
    torch.nn.init.normal_(theirs.cls.predictions.bias)
    head = MaskedHead(32, 32, len(VOCABULARY))
    transform = theirs.cls.predictions.transform
    head.dense.load_state_dict(transform.dense.state_dict())
    head.norm.load_state_dict(transform.LayerNorm.state_dict())
    head.bias.data.copy_(theirs.cls.predictions.bias)
    ids = torch.tensor([[2, 7, 4, 9, 3], [2, 4, 3, 0, 0]])
    attention, chosen = (ids != 0).long(), ids == 4
    with torch.inference_mode():
        logits, _ = MaskedModule(theirs.bert, head)(ids, attention, chosen)
        expected = theirs(input_ids=ids, attention_mask=attention).logits[chosen]
    assert torch.allclose(logits, expected, atol=1e-5)


def test_masked_accuracy_rises_to_what_the_pattern_allows_and_the_folder_is_a_backbone(
    masking_backbone: Path, tmp_path: Path
) -> None:
    run = train(settings(masking_backbone, epochs=40, anchor=0), patterned())
    after, before = run.metrics["metrics"], run.metrics["baseline"]
    assert before["method"] == "untuned"
    assert before["metrics"]["masked_accuracy"]["high"] < 0.5
    assert after["masked_accuracy"]["low"] > 0.75  # 11 of 13 tokens follow from the others, two are noise
    assert after["masked_loss"]["high"] < before["metrics"]["masked_loss"]["low"]
    gained = after["masked_accuracy"]["value"] - before["metrics"]["masked_accuracy"]["value"]
    assert before["masked_accuracy_gain"]["value"] == pytest.approx(gained, abs=1e-5)
    made = run.folder / mask.BACKBONE
    assert len(AutoTokenizer.from_pretrained(made)) == len(VOCABULARY)
    for method in ("full", "lora"):
        tuned = classify.fit(toy_splits(), toy_config(method, made), tmp_path / method)
        assert tuned.log.trained_parameters > 0
    again = settings(made, anchor=0, epochs=1, learning_rate=1e-9, head_learning_rate=1e-9)
    second = mask.untuned(patterned(), again)  # starts from the head of the first
    assert second.metrics["masked_accuracy"].value == pytest.approx(after["masked_accuracy"]["value"], abs=1e-6)


def test_the_anchor_holds_sentence_vectors_where_they_were(masking_backbone: Path, tmp_path: Path) -> None:
    free, held = (
        mask.evaluate(
            mask.fit(patterned(), settings(masking_backbone, anchor=anchor), tmp_path / str(anchor)).model, patterned()
        )
        for anchor in (0, 100)
    )
    before = mask.untuned(patterned(), settings(masking_backbone))
    assert before.metrics["vector_cosine"].value == pytest.approx(1.0, abs=1e-5)
    assert held.metrics["vector_cosine"].low > max(0.9, free.metrics["vector_cosine"].high)
    assert held.metrics["masked_loss"].high < before.metrics["masked_loss"].low


def test_each_token_is_guessed_once(masking_backbone: Path) -> None:
    backbone = Backbone("x", masking_backbone)
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_encoder(backbone).eval()
    texts = ["lemon", "apple is red and plum is blue n1 n2", "strange", "pear is strange"]
    module = MaskedModule(encoder, head_of(backbone, encoder, windows(texts, tokenizer, 32)))
    found = Masker(module, tokenizer, settings(masking_backbone)).guesses(texts)
    assert found[:, 2].tolist() == [1, 9, 0, 2]  # the unknown word is not asked for
    assert (found[:, 1] <= found[:, 2]).all()


@pytest.mark.parametrize("method", ["full", "partial", "lora", "bitfit"])
def test_an_interrupted_pretraining_continues_with_the_same_masks_and_ends_with_the_same_bits(
    masking_backbone: Path, tmp_path: Path, method: str
) -> None:
    config, rows = settings(masking_backbone, method, epochs=3, checkpoint_steps=3), patterned(90)
    steps = 0

    def stop(module: torch.nn.Module, inputs: object) -> None:
        nonlocal steps
        if isinstance(module, MaskedModule) and module.training:
            steps += 1
            if steps == 6 + 11:  # six steps of the head alone, then in the second epoch of six steps
                raise Stopped

    plug = torch.nn.modules.module.register_module_forward_pre_hook(stop)
    with pytest.raises(Stopped):
        mask.fit(rows, config, tmp_path / "stopped")
    plug.remove()
    resumed = mask.fit(rows, config, tmp_path / "stopped")
    whole = mask.fit(rows, config, tmp_path / "whole")
    assert resumed.log.resumed_from == 9
    ours, theirs = resumed.model.module.state_dict(), whole.model.module.state_dict()
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


def test_the_seconds_of_both_stages_before_an_interruption_count(masking_backbone: Path, tmp_path: Path) -> None:
    config, rows = settings(masking_backbone, epochs=1, adversarial=1.0), patterned(90)
    mask.fit(rows, config, tmp_path)
    for stage, seconds in (("head", "1000.0"), ("all", "500.0")):
        checkpoint = checkpoints.last(tmp_path / stage)
        assert checkpoint is not None
        (checkpoint / "seconds.json").write_text(seconds, encoding="utf-8")
    log = mask.fit(rows, config, tmp_path).log
    assert log.earlier_seconds == 1500.0
    assert 1500.0 < log.seconds < 1600.0


def test_a_backbone_pretrained_by_an_adapter_is_exported_as_it_was_saved(
    masking_backbone: Path, tmp_path: Path
) -> None:
    made = export.export(train(settings(masking_backbone, "lora", epochs=1), patterned(90)), tmp_path / "plain")
    assert made.difference < 1e-4
    assert (made.folder / "masked_head.safetensors").is_file()


MERGING = [name for name, method in methods.METHODS.items() if "mask" in method.objectives]


@pytest.mark.parametrize("method", [name for name in MERGING if name not in {"full", "partial", "lora", "bitfit"}])
def test_every_other_method_that_merges_leaves_a_plain_backbone(
    masking_backbone: Path, tmp_path: Path, method: str
) -> None:
    trained = mask.fit(patterned(90), settings(masking_backbone, method, epochs=3), tmp_path / "work")
    trained.model.save(tmp_path)
    plain = AutoModel.from_pretrained(tmp_path / mask.BACKBONE)
    assert type(trained.model.module.encoder) is type(plain) is BertModel
    assert trained.log.trained_parameters > 0


@pytest.mark.parametrize("method", [name for name in methods.METHODS if name not in MERGING])
def test_a_method_that_leaves_no_plain_backbone_is_refused_by_name(masking_backbone: Path, method: str) -> None:
    with pytest.raises(MethodError, match=f"method '{method}' does not support the objective 'mask'"):
        train(settings(masking_backbone, method), patterned())


def test_several_processes_are_refused_before_anything_is_read(
    masking_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="continued pretraining runs in one process"):
        mask.fit(patterned(), settings(masking_backbone), tmp_path)


def test_a_backbone_without_a_mask_and_text_without_a_known_word_are_refused(
    masking_backbone: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackboneError, match="no mask token"):
        mask.fit(patterned(), settings(save_tiny_backbone(tmp_path / "bare", mask=None)), tmp_path)
    foreign = hold_out("foreign", [f"wort{n}" for n in range(20)], DataConfig(), 0)
    with pytest.raises(DataError, match="no document has a word that this backbone knows"):
        mask.fit(foreign, settings(masking_backbone), tmp_path)


def corpus(path: Path, content: str, **config: object) -> Corpus:
    path.write_text(content, encoding="utf-8")
    return load_corpus(DataConfig.model_validate({"train": str(path), **config}), (), 0)


def test_a_corpus_is_a_document_a_line_or_between_blank_lines_or_a_column(tmp_path: Path) -> None:
    lines = [f"line number {n}" for n in range(12)]
    first = corpus(tmp_path / "lines.txt", "\n" + "\n".join([*lines, "Line number 3!"]) + "\n\n", test_share=0.25)
    parted = corpus(tmp_path / "parted.txt", "\n\n".join(line.replace(" ", "\n") for line in lines), test_share=0.25)
    rows = "id,abstract\n" + "".join(f"{n},{line}\n" for n, line in enumerate(lines)) + "12,\n"
    cells = corpus(tmp_path / "cells.csv", rows, text="abstract", test_share=0.25)
    assert first.sizes() == {"train": 9, "test": 3}
    assert sorted(first.train + first.test) == sorted(lines)
    assert (first.train, first.test) == (parted.train, parted.test) == (cells.train, cells.test)
    assert [note.message for note in first.notes] == [
        "lines.txt: a document a line: 13",
        "lines.txt: repeated documents left out: 1 (lines 14)",
    ]
    assert parted.notes[0].message == "parted.txt: documents parted by blank lines: 12"
    assert [note.code for note in cells.notes] == ["blank_text"]
    with pytest.raises(DataError, match=r"choose one with --set data\.text=COLUMN"):
        corpus(tmp_path / "cells.csv", rows)
    with pytest.raises(ConfigError, match=r"data\.text=abstract: no file is a table"):
        corpus(tmp_path / "lines.txt", "\n".join(lines), text="abstract")


def test_files_are_read_together_and_what_measures_is_not_learned(tmp_path: Path) -> None:
    one, two, held = (tmp_path / f"{name}.txt" for name in ("one", "two", "held"))
    one.write_text("\n".join(f"alpha {n}" for n in range(10)), encoding="utf-8")
    two.write_text("alpha 3\nbeta 1\nbeta 2\n", encoding="utf-8")
    held.write_text("beta 2\ngamma\n", encoding="utf-8")
    read = load_corpus(DataConfig(train=str(one), test=str(held)), (str(two),), 0)
    assert read.name == "one.txt+two.txt"
    assert read.test == ("beta 2", "gamma")
    assert read.train == (*(f"alpha {n}" for n in range(10)), "beta 1")
    assert [note.count for note in read.notes if note.code == "duplicate"] == [2]


def test_pretrain_reads_several_files_and_prints_before_and_after(
    verticals: Command, masking_backbone: Path, tmp_path: Path
) -> None:
    text, more = tmp_path / "fruits.txt", tmp_path / "more.txt"
    text.write_text("\n".join(patterned(60).train), encoding="utf-8")
    more.write_text("\n".join(patterned(75).train), encoding="utf-8")
    quick = ("--backbone", masking_backbone, "--set", "train.epochs=1", "--set", "backbone.max_tokens=32")
    outcome = verticals("pretrain", "--text", text, "--text", more, *quick)
    assert outcome.code == 0, outcome.err
    assert "masked tokens guessed right" in outcome.out
    assert "untuned" in outcome.out
    run = latest("mask")
    assert run is not None
    assert (run.objective, run.config.objective["also"]) == ("mask", [str(more)])
    assert f"use it with: --backbone {run.folder / mask.BACKBONE}" in outcome.err


def test_a_text_that_cannot_be_read_is_refused_in_one_line(verticals: Command, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("one\ntwo\n", encoding="utf-8")
    assert "at least 10 distinct documents" in verticals("pretrain", "--text", few).error
    assert "expected one of .txt, .csv" in verticals("pretrain", "--text", tmp_path / "x.pdf").error
    assert "no such file" in verticals("pretrain", "--text", tmp_path / "x.txt").error
    (tmp_path / "marked.txt").write_bytes(codecs.BOM_UTF8 + b"\n")
    assert "the file has no text" in verticals("pretrain", "--text", tmp_path / "marked.txt").error
    nothing = ("pretrain", "--text", few, "--set", "objective.anker=1")
    assert "did you mean 'anchor'" in verticals(*nothing).error
