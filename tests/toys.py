"""Toy rows with a provable answer, and a tiny backbone built in memory."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

from verticals.config import Config, build
from verticals.data.examples import Examples
from verticals.data.splits import Splits
from verticals_customer_service.settings import Settings

WORDS = {
    "parcel": ("where", "parcel", "courier", "late", "tracking"),
    "refund": ("money", "back", "refund", "bank", "return"),
    "colour": ("blue", "green", "shade", "paint", "colour"),
}
COMMON = ("please", "the", "my", "is", "i")


def toy_rows(count: int, start: int = 0) -> Examples:
    """Make separable rows: every class has words of its own, and each text has two of them."""
    texts, labels = [], []
    for number in range(start, start + count):
        for label, words in WORDS.items():
            first, second, third = (words[(number * step + step) % len(words)] for step in (1, 2, 3))
            texts.append(f"{COMMON[number % 5]} {first} {COMMON[number // 5 % 5]} {second} {third} n{number % 40}")
            labels.append(label)
    return Examples(tuple(texts), tuple(labels), tuple(range(2, len(texts) + 2)))


def toy_splits(train: int = 20) -> Splits:
    """Return separable splits of three classes."""
    return Splits("toy", tuple(sorted(WORDS)), toy_rows(train), toy_rows(8, 100), toy_rows(8, 200))


def save_rows(path: Path) -> Path:
    """Write sixty separable rows as CSV."""
    rows = toy_rows(20)
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def save_tiny_backbone(folder: Path, mask: str | None = "[MASK]") -> Path:
    """Write a random two-layer BERT of width 32 and its word-level tokenizer."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *COMMON,
        *(w for group in WORDS.values() for w in group),
        *(f"n{n}" for n in range(40)),
        "[MASK]",
    ]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token=mask,
        model_max_length=64,
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
    model = BertModel(config)
    places = model.embeddings.position_embeddings
    places.weight = nn.Parameter(places.weight.repeat(4, 1))  # enough for every backbone.max_tokens of ours
    config.max_position_embeddings *= 4
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def settings(**sections: object) -> Config:
    """Return an app's settings with these sections changed."""
    return build([sections], Settings)


def toy_config(method: str, backbone: Path, **train: object) -> Config:
    """Return settings for a quick training on the tiny backbone, in the arithmetic that every processor has."""
    return settings(
        method={"name": method},
        backbone={"name": str(backbone), "max_tokens": 32},
        train={"epochs": 2, "precision": "float32", **train},
    )


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]
