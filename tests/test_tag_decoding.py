"""Shapes, windows and transitions: each against an answer that can be enumerated."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tag_toys import COMMON, MAX_TOKENS, save_tag_backbone, toy_sentences
from verticals import backbones
from verticals.data.tag_schemes import impossible
from verticals.data.tagged import Sentence
from verticals.objectives.shapes import loses_case, word_shapes
from verticals.objectives.transitions import (
    IGNORED,
    allowed_scores,
    best_sequence,
    sequence_loss,
    tag_probabilities,
)
from verticals.objectives.windows import Reading, Window, make_windows

LABELS = ("O", "B-X", "I-X", "B-Y", "I-Y")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder = save_tag_backbone(tmp_path_factory.mktemp("tags"))
    return backbones.load_tokenizer(backbones.locate(str(folder)))


def test_words_of_one_shape_share_a_code_and_words_of_different_shapes_do_not() -> None:
    alike = [
        ("house", "können", "'s"),
        ("House", "Ärzte", "Ǆu"),
        ("NATO", "U.N.", "AT&T"),
        ("A", "J."),
        ("iPhone", "McDonald", "eBay"),
        ("1996", "3-2", "10,000", "12%", "1996-08-22"),
        ("B2B", "1st", "2:30pm", "10m"),
        ("-", "...", "$", "😀"),
        ("東京", "東"),
    ]
    codes = [{word_shapes(("x", word))[1][0] for word in words} for words in alike]
    assert all(len(found) == 1 for found in codes)
    assert len(set.union(*codes)) == len(alike)


def test_a_shape_knows_the_first_word_and_a_headline() -> None:
    first, second = word_shapes(("Oslo", "Oslo"))
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert word_shapes(("OSLO", "WINS"))[0][2] != word_shapes(("OSLO", "wins"))[0][2]


@pytest.mark.parametrize("lowercase", [True, False])
def test_a_lower_casing_tokenizer_is_noticed(tmp_path: Path, lowercase: bool) -> None:
    folder = save_tag_backbone(tmp_path, lowercase)
    assert loses_case(backbones.load_tokenizer(backbones.locate(str(folder)))) == lowercase


def words_of(window: Window) -> list[tuple[int, int]]:
    return [(piece.sentence, word) for piece in window.pieces for word in piece.words]


@pytest.mark.parametrize("max_tokens", [8, 13, 32])
@pytest.mark.parametrize("context", [True, False])
def test_every_word_is_read_once_at_its_first_sub_token(
    tokenizer: PreTrainedTokenizerBase, max_tokens: int, context: bool
) -> None:
    long = Sentence(tuple(COMMON) * 5, document=99)
    sentences = (*toy_sentences(12, 0), long, Sentence(("unbreakables", "port"), document=99))
    windows, cut = make_windows(sentences, tokenizer, Reading(max_tokens, context, True))
    assert sorted(word for window in windows for word in words_of(window)) == [
        (number, word) for number, sentence in enumerate(sentences) for word in range(len(sentence.tokens))
    ]
    assert cut == 1
    for window in windows:
        assert len(window.input_ids) == len(window.shapes) <= max_tokens
        for piece in window.pieces:
            first = [window.input_ids[position] for position in piece.positions]
            wanted = [tokenizer.tokenize(sentences[piece.sentence].tokens[word])[0] for word in piece.words]
            assert tokenizer.convert_ids_to_tokens(first) == wanted


def test_sentences_share_a_window_only_with_context_and_inside_one_document(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    sentences = toy_sentences(8, 0)  # two documents of four sentences
    alone, _ = make_windows(sentences, tokenizer, Reading(MAX_TOKENS, False, True))
    together, _ = make_windows(sentences, tokenizer, Reading(MAX_TOKENS, True, True))
    assert len(alone) == 8
    assert len(together) == 2
    assert [{sentences[p.sentence].document for p in window.pieces} for window in together] == [{0}, {1}]


def test_every_sub_token_of_a_word_has_its_shape_and_special_tokens_have_none(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    sentence = Sentence(("Unbreakables", "port"))
    window = make_windows([sentence], tokenizer, Reading(MAX_TOKENS, True, True))[0][0]
    first, second = word_shapes(sentence.tokens)
    assert window.shapes == ((0, 0, 0), first, first, first, first, second, (0, 0, 0))
    without = make_windows([sentence], tokenizer, Reading(MAX_TOKENS, True, False))[0][0]
    assert set(without.shapes) == {(0, 0, 0)}
    assert without.input_ids == window.input_ids


def test_a_word_longer_than_a_window_keeps_its_first_sub_token_and_one_without_any_is_left_out(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    sentence = Sentence(("the", "un" + "s" * 20, "\u200b", "port"))
    windows, cut = make_windows([sentence], tokenizer, Reading(8, False, True))
    assert cut == 1
    assert sorted(word for window in windows for _, word in words_of(window)) == [0, 1, 3]


def test_byte_level_words_are_read_as_in_running_text() -> None:
    byte_level = Tokenizer(models.BPE(vocab={"a": 0, "Ġ": 1, "Ġa": 2}, merges=[("Ġ", "a")]))
    byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast = PreTrainedTokenizerFast(tokenizer_object=byte_level)
    window = make_windows([Sentence(("a", "a"))], fast, Reading(MAX_TOKENS, True, False))[0][0]
    assert window.input_ids == (2, 2)


def enumerated(emissions: np.ndarray, transitions: np.ndarray) -> tuple[list[tuple[int, ...]], np.ndarray]:
    words, tags = emissions.shape
    paths = list(itertools.product(range(tags), repeat=words))
    scores = [
        transitions[-1, path[0]]
        + sum(transitions[a, b] for a, b in itertools.pairwise(path))
        + sum(emissions[word, tag] for word, tag in enumerate(path))
        for path in paths
    ]
    return paths, np.array(scores, np.float64)


@pytest.mark.parametrize("words", [1, 2, 4])
def test_decoding_and_probabilities_equal_the_enumeration_of_all_sequences(words: int) -> None:
    generator = np.random.default_rng(words)
    emissions = generator.normal(size=(words, len(LABELS))).astype(np.float32) * 3
    learned = generator.normal(size=(len(LABELS) + 1, len(LABELS))).astype(np.float32)
    transitions = allowed_scores(learned, LABELS)
    paths, scores = enumerated(emissions, transitions)
    assert tuple(best_sequence(emissions, transitions)) == paths[int(scores.argmax())]
    weights = softmax(scores)
    expected = [[weights[[p[w] == tag for p in paths]].sum() for tag in range(len(LABELS))] for w in range(words)]
    assert np.allclose(tag_probabilities(emissions, transitions), expected, atol=1e-5)


def test_the_best_sequence_is_always_possible() -> None:
    generator = np.random.default_rng(0)
    transitions = allowed_scores(np.zeros((6, 5), np.float32), LABELS)
    greedy_wrong = 0
    for _ in range(50):
        emissions = generator.normal(size=(7, 5)).astype(np.float32)
        tags = [LABELS[tag] for tag in best_sequence(emissions, transitions)]
        assert not impossible(tags, "IOB2")
        greedy_wrong += bool(impossible([LABELS[tag] for tag in emissions.argmax(axis=1)], "IOB2"))
    assert greedy_wrong > 25  # the constraint had something to do


def test_the_sequence_loss_is_the_true_sequences_share_of_all_sequences() -> None:
    torch.manual_seed(0)
    emissions, transitions = torch.randn(2, 3, 4), torch.randn(5, 4)
    target = torch.tensor([[1, 0, 3], [2, 1, IGNORED]])
    expected = 0.0
    for row, true in enumerate(((1, 0, 3), (2, 1))):
        paths, scores = enumerated(emissions[row, : len(true)].numpy(), transitions.numpy())
        expected -= np.log(softmax(scores)[paths.index(true)])
    assert float(sequence_loss(emissions, transitions, target)) == pytest.approx(expected / 5, rel=1e-5)


def test_without_transitions_the_sequence_loss_is_the_cross_entropy() -> None:
    torch.manual_seed(0)
    emissions, target = torch.randn(2, 3, 4), torch.tensor([[1, 0, 3], [2, 1, IGNORED]])
    expected = torch.nn.functional.cross_entropy(emissions.flatten(0, 1), target.flatten(), ignore_index=IGNORED)
    assert torch.isclose(sequence_loss(emissions, torch.zeros(5, 4), target), expected)
