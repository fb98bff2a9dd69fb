"""Train, validation and test: made once, seeded, with a fingerprint."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import train_test_split

from verticals.data.examples import Examples, Note, label_key
from verticals.errors import DataError


@dataclass(frozen=True)
class Splits:
    """The examples of one task.

    `outside_validation` and `outside_test` hold texts that belong to no class; their labels name the kind.
    """

    name: str
    labels: tuple[str, ...]
    train: Examples
    validation: Examples
    test: Examples
    outside_validation: Examples = Examples()
    outside_test: Examples = Examples()
    notes: tuple[Note, ...] = ()

    def fingerprint(self) -> str:
        """Return a digest of every text and label, which changes when any row or its split does."""
        parts = (self.train, self.validation, self.test, self.outside_validation, self.outside_test)
        content = json.dumps([[part.texts, part.labels] for part in parts], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        return {
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
            "outside_validation": len(self.outside_validation),
            "outside_test": len(self.outside_test),
        }

    def samples(self) -> tuple[str, ...]:
        """Return the texts of the test rows."""
        return self.test.texts

    def texts(self) -> tuple[str, ...]:
        """Return the texts of all parts that have classes."""
        return self.train.texts + self.validation.texts + self.test.texts


def with_labels(splits: Splits, labels: Sequence[str]) -> Splits:
    """Add the splits' labels to `labels`, which come first; those that differ only by case, space or Unicode form take their spelling."""
    spelling = {label_key(label): label for label in labels}

    def spelled(part: Examples) -> Examples:
        return replace(part, labels=tuple(spelling.get(label_key(label), label) for label in part.labels))

    named = [spelling.get(label_key(label), label) for label in splits.labels]
    return replace(
        splits,
        labels=tuple(dict.fromkeys((*labels, *named))),
        train=spelled(splits.train),
        validation=spelled(splits.validation),
        test=spelled(splits.test),
    )


def subsample(splits: Splits, rows: int | None, seed: int) -> Splits:
    """Return the splits with at most so many training rows, drawn by the seed; the classes stay."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(splits.train))[:rows])
    return replace(splits, train=splits.train.take(chosen))


def carve(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """Split off a stratified share; classes with a single row stay in the first part.

    Raises:
        DataError: there are too few rows to take anything out.
    """
    counts = Counter(examples.labels)
    splittable = [position for position, label in enumerate(examples.labels) if counts[label] > 1]
    single = [position for position, label in enumerate(examples.labels) if counts[label] == 1]
    labels = [examples.labels[position] for position in splittable]
    wanted = max(round(share * len(examples)), len(set(labels)), 1)
    if wanted > len(splittable) - len(set(labels)):
        raise DataError(
            f"the {len(examples)} rows in {len(counts)} classes to choose from are too few to hold out {wanted}; "
            "expected at least four rows for most classes: add rows or merge classes"
        )
    kept, held = train_test_split(splittable, test_size=wanted, stratify=labels, random_state=seed)
    return examples.take(np.sort([*kept, *single])), examples.take(np.sort(held))
