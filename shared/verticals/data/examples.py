"""Rows of a table as labelled texts, with a note for everything that was changed or left out."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from verticals.data.table import Table
from verticals.errors import DataError

_SHOWN = 5
_MINUS = re.compile(r"(?<![\w%])[-–](?=[$€£¥.]?\d)")
_SHARP = re.compile(r"(?<=\w)#")


@dataclass(frozen=True)
class Note:
    """One kind of thing that was changed, left out or noticed, how often, and where."""

    code: str
    count: int
    message: str


@dataclass(frozen=True)
class Examples:
    """Texts with their labels, in order, and the line of the file on which each stood.

    `agreement` is the share of annotators behind each label; it is empty where nobody said.
    """

    texts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    lines: tuple[int, ...] = field(default=(), repr=False)
    agreement: tuple[float, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, positions: Iterable[int]) -> "Examples":
        """Return the examples at these positions, in the order given."""
        chosen = [int(position) for position in positions]
        lines = tuple(self.lines[position] for position in chosen) if self.lines else ()
        agreement = tuple(self.agreement[position] for position in chosen) if self.agreement else ()
        return Examples(tuple(self.texts[p] for p in chosen), tuple(self.labels[p] for p in chosen), lines, agreement)

    def __add__(self, other: "Examples") -> "Examples":
        both = self.agreement + other.agreement if self.agreement and other.agreement else ()
        return Examples(self.texts + other.texts, self.labels + other.labels, self.lines + other.lines, both)


def from_table(table: Table, text: str, label: str) -> tuple[Examples, list[Note]]:
    """Take two columns of a table; rows without text or label are left out, and noted.

    Raises:
        DataError: no row has both a text and a label.
    """
    kept = Examples()
    blank: list[int] = []
    unlabelled: list[int] = []
    texts, labels, lines = [], [], []
    for line, raw_text, raw_label in zip(table.frame.index, table.frame[text], table.frame[label], strict=True):
        if not as_text(raw_text).strip():
            blank.append(line)
        elif not as_text(raw_label).strip():
            unlabelled.append(line)
        else:
            texts.append(as_text(raw_text))
            labels.append(as_text(raw_label))
            lines.append(int(line))
    kept = Examples(tuple(texts), tuple(labels), tuple(lines))
    if not kept:
        raise DataError(f"{table.path}: no row has both a text in '{text}' and a label in '{label}'")
    notes = [
        note("blank_text", blank, f"{table.path.name}: rows without text left out"),
        note("missing_label", unlabelled, f"{table.path.name}: rows without label left out"),
    ]
    return kept, [each for each in notes if each.count]


def as_text(value: Any) -> str:  # noqa: ANN401 - a cell of any file format
    """Return a cell as text; absent cells are empty."""
    return "" if value is None else str(value)


def note(code: str, lines: Sequence[int], message: str) -> Note:
    """Build a note whose message ends with the first lines concerned."""
    shown = ", ".join(str(line) for line in lines[:_SHOWN])
    more = ", ..." if len(lines) > _SHOWN else ""
    return Note(code, len(lines), f"{message}: {len(lines)} (lines {shown}{more})")


def noticed(notes: Sequence[Note]) -> str:
    """Return what was noticed of a file, for the end of its refusal: rows that were left out may be why it is refused."""
    return f" (noticed before: {'; '.join(each.message for each in notes)})" if notes else ""


def encoding_notes(path: Path, encoding: str) -> list[Note]:
    """Say as what a file was read where that is not what it should be."""
    if encoding in {"utf-8", "parquet"}:
        return []
    return [Note("encoding", 1, f"{path.name}: read as {encoding}, not plain UTF-8")]


def merge_label_spellings(examples: Examples) -> tuple[Examples, list[Note]]:
    """Give labels that differ only by case, space or Unicode form the most frequent of their spellings."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for label in examples.labels:
        spellings[label_key(label)][composed(label.strip())] += 1
    chosen = {key: counts.most_common(1)[0][0] for key, counts in spellings.items()}
    merged = tuple(chosen[label_key(label)] for label in examples.labels)
    changed = [line for line, old, new in zip(examples.lines, examples.labels, merged, strict=True) if old != new]
    fixed = Examples(examples.texts, merged, examples.lines)
    return fixed, [
        note("label_spelling", changed, "labels that differ only by case, space or Unicode form merged")
    ] if changed else []


def label_key(label: str) -> str:
    """Return what two spellings of one label have in common."""
    return " ".join(composed(label.casefold()).split())


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), in which an accented letter is one character."""
    return unicodedata.normalize("NFC", text)


def text_key(text: str) -> str:
    """Return what two copies of one text have in common, without case: its words, its symbols and the marks that change a meaning.

    Words are letters and digits with the combining marks on them (Unicode L, N and M). Each symbol (S: `+`, `$`, an emoji) is a word of
    its own, and so are `%`, a `#` behind a letter or digit (C#) and a minus: a hyphen before a number with no word before it (-5). All
    else counts like a blank: other punctuation, hyphens between words too, and what only modifies (Sk: a backtick, an emoji's skin).
    """
    # both stand-ins are symbols, so that what follows keeps them
    told = _SHARP.sub("♯", _MINUS.sub("−", composed(text.casefold())))
    return " ".join("".join(map(_kept, told)).split()) or text


@cache
def _kept(mark: str) -> str:
    kind = unicodedata.category(mark)
    if kind[0] in "LNM":
        return mark
    return f" {mark} " if (kind[0] == "S" and kind != "Sk") or mark == "%" else " "


def drop_repeats(examples: Examples) -> tuple[Examples, list[Note]]:
    """Keep one copy of each text; where its labels conflict, the majority's copy, and none on a tie."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in zip(examples.texts, examples.labels, strict=True):
        votes[text_key(text)][label] += 1
    seen: set[str] = set()
    kept: list[int] = []
    repeated: list[int] = []
    conflicting: list[int] = []
    for position, (text, label) in enumerate(zip(examples.texts, examples.labels, strict=True)):
        key = text_key(text)
        if label != _majority(votes[key]):
            conflicting.append(examples.lines[position])
        elif key in seen:
            repeated.append(examples.lines[position])
        else:
            seen.add(key)
            kept.append(position)
    notes = [
        note("duplicate", repeated, "repeated rows left out"),
        note(
            "conflicting_label",
            conflicting,
            "rows left out because the same text has another label more often, or as often",
        ),
    ]
    return examples.take(kept), [each for each in notes if each.count]


def _majority(votes: Counter[str]) -> str | None:
    ranked = votes.most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]
