"""From the files a user names to splits ready for training."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from verticals.config import DataConfig
from verticals.data import public
from verticals.data.columns import LABEL_NAMES, TEXT_NAMES, column
from verticals.data.examples import (
    Examples,
    Note,
    drop_repeats,
    encoding_notes,
    from_table,
    label_key,
    merge_label_spellings,
    note,
    noticed,
)
from verticals.data.near_duplicates import NearDuplicate, near_duplicates
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals.errors import DataError, did_you_mean

_SHOWN = 3


def load_splits(config: DataConfig, seed: int) -> Splits:
    """Read, clean and split the rows that `config.train` names: a file, or a public data set.

    Raises:
        DataError: a file cannot be read or does not hold what training needs.
    """
    if config.train is None:
        raise DataError("no data given: name a file with --data")
    if config.train in public.PUBLIC:
        public.check_alone(config)
        return with_leak_notes(public.load(config.train, seed))
    public.check_name(config.train, public.PUBLIC)
    return with_leak_notes(_from_files(config, Path(config.train), seed))


def read_examples(path: Path, config: DataConfig) -> tuple[Examples, list[Note]]:
    """Read one file with the columns of `config`; every row with text and label is kept."""
    table = read_table(path)
    text = column(table, "text", config.text, TEXT_NAMES)
    label = column(table, "label", config.label, LABEL_NAMES)
    examples, notes = from_table(table, text, label)
    return examples, [*notes, *encoding_notes(path, table.encoding)]


def _from_files(config: DataConfig, path: Path, seed: int) -> Splits:
    rows, notes = read_examples(path, config)
    for clean in (merge_label_spellings, drop_repeats):
        rows, found = clean(rows)
        notes += found
    outside, train = _partition(rows, config.outside_label)
    labels = tuple(sorted(set(train.labels)))
    if len(labels) < 2:
        raise DataError(
            f"{path}: expected at least two classes, found {len(labels)}: {list(labels)}; add rows of another class{noticed(notes)}"
        )
    notes += _single_row_notes(train)
    parts: dict[str, Examples] = {}
    outside_parts: dict[str, Examples] = {}
    for part, file, share in (
        ("test", config.test, config.test_share),
        ("validation", config.validation, config.validation_share),
    ):
        if file is None:
            try:
                train, parts[part] = carve(train, share, seed)
            except DataError as error:
                raise DataError(f"{path}: {error}{noticed(notes)}") from error
        else:
            outside_parts[part], parts[part], found = _held_out(Path(file), config, labels)
            notes += found
    if config.outside_label and not any((outside, *outside_parts.values())):
        raise DataError(
            f"{path}: no row has the outside label '{config.outside_label}'{did_you_mean(config.outside_label, labels)}"
        )
    outside_validation, outside_test = _share_outside(outside, outside_parts)
    return Splits(
        path.name, labels, train, parts["validation"], parts["test"], outside_validation, outside_test, tuple(notes)
    )


def held_out_splits(path: Path, config: DataConfig, labels: Sequence[str]) -> Splits:
    """Read a file of test rows for a model that is trained already.

    Raises:
        DataError: the file cannot be read, or has no row to measure.
    """
    outside, test, notes = _held_out(path, config, labels)
    return Splits(path.name, tuple(labels), Examples(), Examples(), test, Examples(), outside, tuple(notes))


def _held_out(path: Path, config: DataConfig, labels: Sequence[str]) -> tuple[Examples, Examples, list[Note]]:
    """Read a validation or test file, its outside rows apart: nothing is dropped but rows without text or label; unseen labels count as errors."""
    rows, notes = read_examples(path, config)
    rows, merged = _spelled(path, rows, labels)
    outside, inside = _partition(rows, config.outside_label)
    if not inside:
        raise DataError(
            f"{path}: no row to measure: every one has the outside label '{config.outside_label}'; add rows of a class"
        )
    unseen = [line for line, label in zip(inside.lines, inside.labels, strict=True) if label not in labels]
    if unseen:
        notes.append(
            note("unseen_label", unseen, f"{path.name}: rows whose label has no training row; each counts as an error")
        )
    return outside, inside, [*notes, *merged]


def _spelled(path: Path, rows: Examples, labels: Sequence[str]) -> tuple[Examples, list[Note]]:
    """Give held-out labels the spelling of the training rows; others, such as the outside label, the most frequent of their own."""
    own, _ = merge_label_spellings(rows)
    spelling = {label_key(label): label for label in (*own.labels, *labels)}
    named = tuple(spelling[label_key(label)] for label in rows.labels)
    changed = [line for line, old, new in zip(rows.lines, rows.labels, named, strict=True) if old != new]
    message = f"{path.name}: labels that differ only by case, space or Unicode form merged"
    return Examples(rows.texts, named, rows.lines), [note("label_spelling", changed, message)] if changed else []


def _partition(rows: Examples, outside_label: str | None) -> tuple[Examples, Examples]:
    key = label_key(outside_label) if outside_label else None
    is_outside = [label_key(label) == key for label in rows.labels]
    return (
        rows.take(position for position, outside in enumerate(is_outside) if outside),
        rows.take(position for position, outside in enumerate(is_outside) if not outside),
    )


def _share_outside(outside: Examples, held: dict[str, Examples]) -> tuple[Examples, Examples]:
    """Give the training file's outside rows to the test part, unless it has some of its own: nothing is learned from them."""
    validation, test = (held.get(part, Examples()) for part in ("validation", "test"))
    return (outside + validation, test) if test else (validation, outside)


def _single_row_notes(train: Examples) -> list[Note]:
    counts = Counter(train.labels)
    single = [line for line, label in zip(train.lines, train.labels, strict=True) if counts[label] == 1]
    return [note("single_row_class", single, "classes with one row: trained on, never measured")] if single else []


def with_leak_notes(splits: Splits) -> Splits:
    """Name the test texts that stand, nearly word for word, among the training texts."""
    pairs = near_duplicates(splits.train.texts + splits.validation.texts, splits.test.texts)
    if not pairs:
        return splits
    shown = "; ".join(_pair(splits, pair) for pair in sorted(pairs, key=lambda pair: -pair.similarity)[:_SHOWN])
    message = (
        f"test texts that nearly repeat a training text: {len(pairs)} ({shown}{'; ...' if len(pairs) > _SHOWN else ''})"
    )
    return replace(splits, notes=(*splits.notes, Note("near_duplicate", len(pairs), message)))


def _pair(splits: Splits, pair: NearDuplicate) -> str:
    known = splits.train + splits.validation
    return (
        f"test line {splits.test.lines[pair.other]} '{_short(splits.test.texts[pair.other])}' ~ "
        f"training line {known.lines[pair.text]} '{_short(known.texts[pair.text])}'"
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
