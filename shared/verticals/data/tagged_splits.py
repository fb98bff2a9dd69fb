"""Train, validation and test sentences: from files or public data sets, made once, seeded, with a fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from verticals.config import DataConfig
from verticals.data.examples import Note, note
from verticals.data.tag_schemes import OUTSIDE, Scheme
from verticals.data.tagged import Sentence, TaggedFile, read_tagged
from verticals.errors import DataError

_ENOUGH_DOCUMENTS = 20


@dataclass(frozen=True)
class TaggedSplits:
    """The sentences of one tagging task; `labels` are the IOB2 tags of the training rows, `scheme` is the test file's own."""

    name: str
    labels: tuple[str, ...]
    train: tuple[Sentence, ...]
    validation: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    scheme: Scheme = "IOB2"
    notes: tuple[Note, ...] = ()

    def fingerprint(self) -> str:
        """Return a digest of every token, tag and document, which changes when any sentence or its split does."""
        parts = (self.train, self.validation, self.test)
        content = json.dumps([[(s.tokens, s.tags, s.document) for s in part] for part in parts], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of sentences of each split."""
        return {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}

    def samples(self) -> tuple[str, ...]:
        """Return the test sentences as texts."""
        return tuple(" ".join(sentence.tokens) for sentence in self.test)

    def texts(self) -> tuple[str, ...]:
        """Return every sentence as a text."""
        return tuple(" ".join(sentence.tokens) for sentence in self.train + self.validation + self.test)


def make_splits(name: str, train: TaggedFile, validation: TaggedFile, test: TaggedFile) -> TaggedSplits:
    """Put three parts together, and note unseen tags and repeated sentences.

    Raises:
        DataError: no training token has a tag other than O.
    """
    labels = tag_labels(train.sentences)
    if len(labels) < 2:
        raise DataError(
            f"{name}: every training token is tagged {OUTSIDE}; expected some entities: add tagged sentences"
        )
    files = dict.fromkeys(file.notes for file in (train, validation, test))
    notes = [each for found in files for each in found]
    for part, file in (("validation", validation), ("test", test)):
        notes += _unseen_notes(part, file.sentences, labels)
    notes += _leak_notes(train.sentences + validation.sentences, test.sentences)
    return TaggedSplits(name, labels, train.sentences, validation.sentences, test.sentences, test.scheme, tuple(notes))


def held_out_tagged(path: Path, labels: Sequence[str]) -> TaggedSplits:
    """Read a file of test sentences for a tagger that is trained already."""
    file = read_tagged(path)
    notes = (*file.notes, *_unseen_notes("test", file.sentences, labels))
    return TaggedSplits(path.name, tuple(labels), (), (), file.sentences, file.scheme, notes)


def tag_labels(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Return O and the other tags of the sentences, sorted."""
    return (OUTSIDE, *sorted({tag for sentence in sentences for tag in sentence.tags} - {OUTSIDE}))


def split_tagged(name: str, config: DataConfig, seed: int) -> TaggedSplits:
    """Read the named files; parts without a file are carved out of the training sentences.

    Raises:
        DataError: no training file is named, a file cannot be read, or there are too few sentences to carve anything out.
    """
    if config.train is None:
        raise DataError("no data given: name a file with --data")
    train = read_tagged(Path(config.train))
    test = read_tagged(Path(config.test)) if config.test else None
    validation = read_tagged(Path(config.validation)) if config.validation else None
    if test is None:
        train, test = carve(train, config.test_share, seed)
    if validation is None:
        train, validation = carve(train, config.validation_share, seed)
    return make_splits(name, train, validation, test)


def carve(file: TaggedFile, share: float, seed: int) -> tuple[TaggedFile, TaggedFile]:
    """Split off a share of the sentences, as nearly as it can be: whole documents where there are many, else single sentences.

    Raises:
        DataError: there are too few sentences.
    """
    count = len(file.sentences)
    wanted = max(round(share * count), 1)
    if wanted >= count:
        raise DataError(f"{count} sentences are too few to hold out {wanted}; add sentences")
    documents = np.array([sentence.document for sentence in file.sentences])
    groups = documents if len(set(documents)) >= _ENOUGH_DOCUMENTS else np.arange(count)
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    held = set(order[_nearest([int((groups == group).sum()) for group in order], wanted)].tolist())
    parts = ([], [])  # type: tuple[list[Sentence], list[Sentence]]
    for sentence, group in zip(file.sentences, groups.tolist(), strict=True):
        parts[group in held].append(sentence)
    kept, out = (replace(file, sentences=tuple(part)) for part in parts)
    return kept, out


def _nearest(sizes: Sequence[int], wanted: int) -> list[int]:
    """Return which groups to take: each in turn, but the last, that leaves the sum no further from what is wanted; one at least."""
    taken, total = [], 0
    for number, size in enumerate(sizes[:-1]):
        if abs(total + size - wanted) <= abs(total - wanted):
            taken.append(number)
            total += size
    return taken or [int(np.argmin(sizes))]


def _unseen_notes(part: str, sentences: Sequence[Sentence], labels: Sequence[str]) -> list[Note]:
    known = set(labels)
    unseen = {tag for sentence in sentences for tag in sentence.tags} - known
    lines = [sentence.line for sentence in sentences if not known.issuperset(sentence.tags)]
    message = f"{part} sentences with tags that no training token has ({', '.join(sorted(unseen))}), each an error"
    return [note("unseen_tag", lines, message)] if lines else []


def _leak_notes(known: Sequence[Sentence], test: Sequence[Sentence]) -> list[Note]:
    seen = {sentence.tokens for sentence in known}
    lines = [sentence.line for sentence in test if sentence.tokens in seen]
    return [note("repeated_sentence", lines, "test sentences that repeat a training sentence")] if lines else []
