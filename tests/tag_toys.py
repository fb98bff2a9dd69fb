"""Toy sentences whose tags only letter case decides, and a tiny backbone that loses it."""

from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

from verticals.config import Config, NoSettings, build
from verticals.data.tagged import Sentence
from verticals.data.tagged_splits import TaggedSplits, tag_labels
from verticals.objectives.tag import TagSettings

PLACES = ("nice", "bath", "reading", "mobile", "orange", "split")  # towns when capitalised, plain words when not
COMMON = ("we", "saw", "a", "very", "the", "was", "old", "in", "and")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
PARTS = ("un", "##break", "##able", "##s", "port", ".")
MAX_TOKENS = 32


def save_tag_backbone(folder: Path, lowercase: bool = True) -> Path:
    """Write a random two-layer BERT of width 32 with a word-piece tokenizer."""
    words = (*SPECIAL, *COMMON, *PLACES, *(word.title() for word in PLACES), *PARTS)
    tokenizer = Tokenizer(WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    set_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def toy_sentences(count: int, seed: int) -> tuple[Sentence, ...]:
    """Make sentences in which every second ambiguous word is a town; two towns side by side are one name."""
    generator = np.random.default_rng(seed)
    sentences = []
    for number in range(count):
        tokens = [str(word) for word in generator.choice(COMMON, 6)]
        tags = ["O"] * 6
        for position in (2, 4):
            word = str(generator.choice(PLACES))
            is_town = bool(generator.random() < 0.5)
            tokens[position] = word.title() if is_town else word
            tags[position] = "B-TOWN" if is_town else "O"
        if tags[2] == "B-TOWN":
            tokens[3], tags[3] = "Port", "I-TOWN"
        tokens[0] = tokens[0].title()
        sentences.append(Sentence(tuple(tokens), tuple(tags), number + 1, number // 4))
    return tuple(sentences)


def toy_tagged_splits(train: int = 120) -> TaggedSplits:
    """Return splits in which the case of a word decides its tag."""
    rows = toy_sentences(train, 0)
    return TaggedSplits("toy-tags", tag_labels(rows), rows, toy_sentences(40, 1), toy_sentences(40, 2))


def tag_config(method: str, backbone: Path, /, **sections: Any) -> Config:
    """Return settings for a quick training on the tiny backbone."""
    base = {
        "method": {"name": method},
        "backbone": {"name": str(backbone), "max_tokens": MAX_TOKENS},
        "train": {"epochs": 4, "batch_size": 16, "learning_rate": 3e-3, "head_learning_rate": 1e-2},
    }
    return build([base, sections], NoSettings, TagSettings)
