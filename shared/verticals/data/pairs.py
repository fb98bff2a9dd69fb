"""Rows of two texts that belong together: anchor and positive, prompt and reply."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sklearn.model_selection import GroupShuffleSplit

from verticals.config import DataConfig
from verticals.data.columns import column
from verticals.data.examples import Note, as_text, encoding_notes, note, noticed, text_key
from verticals.data.near_duplicates import near_duplicates
from verticals.data.table import Table, read_table
from verticals.errors import DataError

_NEGATIVE = re.compile(r"(hard[ _-]?)?negatives?[ _-]?\d*", re.IGNORECASE)


@dataclass(frozen=True)
class Role:
    """What one column of a pair plays: its name, the column the user wants for it, and the usual names."""

    name: str
    wanted: str | None
    usual: Sequence[str]

    def column(self, table: Table) -> str:
        """Return the table's column that plays this role."""
        return column(table, self.name, self.wanted, self.usual, f"--set objective.{self.name}=COLUMN")


@dataclass(frozen=True)
class Pairs:
    """Two texts a row, in order, with texts that look right but are not, and the line on which each row stood."""

    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    negatives: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.left)

    def take(self, positions: Iterable[int]) -> "Pairs":
        """Return the pairs at these positions, in the order given."""
        chosen = [int(position) for position in positions]
        return Pairs(
            tuple(self.left[p] for p in chosen),
            tuple(self.right[p] for p in chosen),
            tuple(self.negatives[p] for p in chosen),
            tuple(self.lines[p] for p in chosen),
        )

    def belonging(self) -> dict[str, set[str]]:
        """Return, for each left text's key, the keys of the right texts of all its rows."""
        known: dict[str, set[str]] = defaultdict(set)
        for left, right in zip(self.left, self.right, strict=True):
            known[text_key(left)].add(text_key(right))
        return dict(known)


@dataclass(frozen=True)
class PairSplits:
    """The pairs of one task; nothing is chosen on validation rows, so there are none."""

    name: str
    train: Pairs
    test: Pairs
    notes: tuple[Note, ...] = ()

    def fingerprint(self) -> str:
        """Return a digest of every text, which changes when any row or its split does."""
        content = json.dumps([[part.left, part.right, part.negatives] for part in (self.train, self.test)])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return {"train": len(self.train), "test": len(self.test)}

    def samples(self) -> tuple[str, ...]:
        """Return the left texts of the test rows."""
        return self.test.left

    def texts(self) -> tuple[str, ...]:
        """Return both texts of all pairs."""
        return self.train.left + self.train.right + self.test.left + self.test.right


def load_pairs(config: DataConfig, seed: int, left: Role, right: Role, negative: str | None = None) -> PairSplits:
    """Read, clean and split the pairs that `config.train` names.

    Args:
        config: the files; without a test file a share is held out, all rows of one left text together.
        seed: of the split.
        left: role of the first text.
        right: role of the second.
        negative: columns of wrong texts, comma-separated; None takes those called negative, negative_1, ...

    Raises:
        DataError: a file cannot be read or does not hold such pairs.
    """
    if config.train is None:
        raise DataError("no data given: name a file with --data")
    if config.validation is not None:
        raise DataError(f"{config.validation}: nothing is chosen on validation pairs; leave data.validation out")
    path = Path(config.train)
    rows, notes = read_pairs(path, left, right, negative)
    train, repeated = _drop_repeats(rows)
    if config.test is None:
        train, test = _carve(path, train, config.test_share, seed, [*notes, *repeated])
    else:
        test, found = read_pairs(Path(config.test), left, right, negative)
        notes += found
    return PairSplits(path.name, train, test, (*notes, *repeated, *_leak_notes(train, test, left.name)))


def read_pairs(path: Path, left: Role, right: Role, negative: str | None = None) -> tuple[Pairs, list[Note]]:
    """Read one file; rows without both texts are left out, and noted.

    Raises:
        DataError: a column is missing, or no row has both texts.
    """
    table = read_table(path)
    names = _negative_columns(table, negative)
    taken = (table.frame[left.column(table)], table.frame[right.column(table)])
    wrong = [_texts(cells) for cells in table.frame[names].to_numpy().tolist()]
    rows = Pairs(
        tuple(as_text(cell) for cell in taken[0]),
        tuple(as_text(cell) for cell in taken[1]),
        tuple(wrong),
        tuple(int(line) for line in table.frame.index),
    )
    whole = [number for number in range(len(rows)) if rows.left[number].strip() and rows.right[number].strip()]
    if not whole:
        raise DataError(f"{path}: no row has both a text in '{taken[0].name}' and one in '{taken[1].name}'")
    blank = [rows.lines[number] for number in sorted(set(range(len(rows))) - set(whole))]
    message = f"{path.name}: rows without {left.name} or {right.name} left out"
    notes = [note("blank_text", blank, message)] if blank else []
    return rows.take(whole), [*notes, *encoding_notes(path, table.encoding)]


def _negative_columns(table: Table, wanted: str | None) -> list[str]:
    if wanted is None:
        return [name for name in table.columns if _NEGATIVE.fullmatch(name.strip())]
    how = "--set objective.negative=COLUMN"
    return [column(table, "negative", name.strip(), (), how, several=True) for name in wanted.split(",")]


def _texts(cells: Sequence[Any]) -> tuple[str, ...]:
    """Return the texts of a row's cells; a JSONL or Parquet cell may hold a list."""
    flat = [each for cell in cells for each in (cell if isinstance(cell, list) else [cell])]
    return tuple(as_text(each) for each in flat if as_text(each).strip())


def _drop_repeats(rows: Pairs) -> tuple[Pairs, list[Note]]:
    first: dict[tuple[str, str], int] = {}
    for number, pair in enumerate(zip(rows.left, rows.right, strict=True)):
        first.setdefault((text_key(pair[0]), text_key(pair[1])), number)
    kept = sorted(first.values())
    repeated = [rows.lines[number] for number in sorted(set(range(len(rows))) - set(kept))]
    return rows.take(kept), [note("duplicate", repeated, "repeated pairs left out")] if repeated else []


def _carve(path: Path, rows: Pairs, share: float, seed: int, notes: Sequence[Note]) -> tuple[Pairs, Pairs]:
    groups = [text_key(text) for text in rows.left]
    if len(set(groups)) < 2:
        raise DataError(
            f"{path}: every row has the same first text; expected at least two: add rows, or name --test{noticed(notes)}"
        )
    split = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    kept, held = next(split.split(groups, groups=groups))
    return rows.take(kept), rows.take(held)


def _leak_notes(train: Pairs, test: Pairs, role: str) -> list[Note]:
    found = near_duplicates(train.left, test.left)
    if not found:
        return []
    lines = [test.lines[each.other] for each in found]
    return [note("near_duplicate", lines, f"test rows whose {role} nearly repeats one of the training rows")]
