"""Public data sets by name, read from the folder in `VERTICALS_DATA`; nothing is downloaded."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from verticals.data.columns import column
from verticals.data.examples import Examples, from_table
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals.errors import DataError

S = TypeVar("S")


@dataclass(frozen=True)
class PublicDataset(Generic[S]):
    """A published data set: how to read its own split, under which licence it stands, and where users get it."""

    name: str
    licence: str
    source: str
    read: Callable[[Path, int], S]


def load(name: str, seed: int) -> Splits:
    """Read a public data set; `seed` decides the validation rows where the authors made none.

    Raises:
        DataError: the folder is not there; the message names licence and source.
    """
    dataset = PUBLIC[name]
    return dataset.read(folder_of(dataset), seed)


def folder_of(dataset: PublicDataset[Any]) -> Path:
    """Return the data set's folder below `VERTICALS_DATA`.

    Raises:
        DataError: the folder is not there; the message names licence and source.
    """
    name = dataset.name
    root = os.environ.get("VERTICALS_DATA")
    folder = Path(root) / name if root else None
    if folder is None or not folder.is_dir():
        place = f"no folder {folder}" if folder else "VERTICALS_DATA is not set"
        raise DataError(
            f"{name}: {place}; get it from {dataset.source} ({dataset.licence}) and set VERTICALS_DATA to its parent"
        )
    return folder


def _banking77(folder: Path, seed: int) -> Splits:
    rows, test = (_columns(folder / f"{part}.csv", "text", "category") for part in ("train", "test"))
    train, validation = carve(rows, 0.1, seed)
    return Splits("banking77", tuple(sorted(set(rows.labels))), train, validation, test)


def _columns(path: Path, text: str, label: str) -> Examples:
    table = read_table(path)
    examples, _ = from_table(table, column(table, "text", text, ()), column(table, "label", label, ()))
    return examples


def _clinc150(folder: Path, seed: int) -> Splits:
    parts = json.loads((folder / "data_full.json").read_text(encoding="utf-8"))

    def examples(part: str) -> Examples:
        texts, labels = zip(*parts[part], strict=True)
        return Examples(texts, labels, tuple(range(1, len(texts) + 1)))

    train = examples("train")
    return Splits(
        "clinc150",
        tuple(sorted(set(train.labels))),
        train,
        examples("val"),
        examples("test"),
        examples("oos_val"),
        examples("oos_test"),
    )


PUBLIC = {
    dataset.name: dataset
    for dataset in (
        PublicDataset("banking77", "CC BY 4.0", "github.com/PolyAI-LDN/task-specific-datasets", _banking77),
        PublicDataset("clinc150", "CC BY 3.0", "github.com/clinc/oos-eval", _clinc150),
    )
}
