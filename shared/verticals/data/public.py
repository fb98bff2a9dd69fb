"""Public data sets by name, read from the folder in `VERTICALS_DATA`; nothing is downloaded."""

import json
import os
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from verticals.config import DataConfig
from verticals.data.columns import column
from verticals.data.examples import Examples, drop_repeats, from_table, note
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals.errors import DataError, did_you_mean

S = TypeVar("S")


@dataclass(frozen=True)
class PublicDataset(Generic[S]):
    """A published data set: its folder, how to read its own split, under which licence it stands, and where users get it."""

    name: str
    folder: str
    licence: str
    source: str
    read: Callable[[Path, int], S]


def load(name: str, seed: int) -> Splits:
    """Read a public data set; `seed` decides the validation rows where the authors made none.

    Raises:
        DataError: the folder or a file is not there, or a file is not as published; the message names licence and source.
    """
    return read(PUBLIC[name], seed)


def read(dataset: PublicDataset[S], seed: int) -> S:
    """Read a data set from its folder below `VERTICALS_DATA`.

    Raises:
        DataError: the folder or a file is not there, or a file is not as published; the message names licence and source.
    """
    folder = folder_of(dataset)
    try:
        return dataset.read(folder, seed)
    except (OSError, EOFError, ValueError, KeyError, tarfile.TarError) as error:
        raise DataError(
            f"{dataset.name}: {folder} is not as published ({error}); get it again from {dataset.source} ({dataset.licence})"
        ) from error


def check_alone(config: DataConfig) -> None:
    """Refuse what stands beside the name of a public data set, which has parts and columns of its own.

    Raises:
        DataError: another file, a column or a share is named too.
    """
    alone = DataConfig(train=config.train)
    given = [f"data.{name}" for name, value in config if value != getattr(alone, name)]
    if given:
        raise DataError(
            f"{config.train}: a public data set has parts and columns of its own; leave {', '.join(given)} out"
        )


def check_name(name: str, known: Iterable[str]) -> None:
    """Refuse what looks like the name of a public data set, and is none and no file either.

    Raises:
        DataError: it is mistyped; the nearest name is suggested.
    """
    if not Path(name).suffix and not Path(name).exists():
        raise DataError(f"{name}: no such file, and no public data set of that name{did_you_mean(name, known)}")


def folder_of(dataset: PublicDataset[Any]) -> Path:
    """Return the data set's folder below `VERTICALS_DATA`.

    Raises:
        DataError: the folder is not there; the message names licence and source.
    """
    name = dataset.name
    root = os.environ.get("VERTICALS_DATA")
    folder = Path(root) / dataset.folder if root else None
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


_AGREED = {"50": 0.58, "66": 0.7, "75": 0.87, "All": 1.0}  # the middle of each level of agreement


def _phrasebank(agreement: str) -> Callable[[Path, int], Splits]:
    """Return a reader of Financial PhraseBank at one level of agreement; its authors made no split: 80/20 by the seed.

    A sentence that stands in the file of a higher level too has that level's agreement.
    """

    def read(folder: Path, seed: int) -> Splits:
        lines = list(enumerate(_sentences(folder, agreement), start=1))
        agreed = {line: share for level, share in _AGREED.items() for line in _sentences(folder, f"{level}Agree")}
        whole = [(number, *line.rsplit("@", 1)) for number, line in lines if "@" in line]
        damaged = [number for number, line in lines if "@" not in line]
        numbers, texts, labels = zip(*whole, strict=True)
        shares = tuple(agreed[f"{text}@{label}"] for text, label in zip(texts, labels, strict=True))
        rest, test = carve(Examples(texts, labels, numbers, shares), 0.2, seed)
        train, validation = carve(rest, 0.1, seed)
        notes = (note("no_label", damaged, "damaged lines without a label, left out"),) if damaged else ()
        name = f"phrasebank-{agreement.lower()}"
        return Splits(name, tuple(sorted(set(labels))), train, validation, test, notes=notes)

    return read


def _sentences(folder: Path, level: str) -> list[str]:
    return (folder / f"Sentences_{level}.txt").read_text(encoding="latin-1").splitlines()


_DISEASES = {  # chapter C of MeSH as it was when OHSUMED was made; five are also the conditions of Medical Abstracts, in its words
    "C01": "bacterial infections and mycoses",
    "C02": "virus diseases",
    "C03": "parasitic diseases",
    "C04": "neoplasms",
    "C05": "musculoskeletal diseases",
    "C06": "digestive system diseases",
    "C07": "stomatognathic diseases",
    "C08": "respiratory tract diseases",
    "C09": "otorhinolaryngologic diseases",
    "C10": "nervous system diseases",
    "C11": "eye diseases",
    "C12": "urologic and male genital diseases",
    "C13": "female genital diseases and pregnancy complications",
    "C14": "cardiovascular diseases",
    "C15": "hemic and lymphatic diseases",
    "C16": "neonatal diseases and abnormalities",
    "C17": "skin and connective tissue diseases",
    "C18": "nutritional and metabolic diseases",
    "C19": "endocrine diseases",
    "C20": "immunologic diseases",
    "C21": "disorders of environmental origin",
    "C22": "animal diseases",
    "C23": "general pathological conditions",
}


def _ohsumed(folder: Path, seed: int) -> Splits:
    """Read the authors' split; each member of the archive is one abstract, in the folder of its class."""
    rows: dict[str, list[tuple[str, str, str]]] = {"training": [], "test": []}
    with tarfile.open(folder / "ohsumed_single_23.tar.gz") as archive:
        for member in archive:  # in the order of the file: going back would unpack all before it again
            content = archive.extractfile(member)
            if content is not None:
                part, code = member.name.split("/")[-3:-1]
                rows[part].append((member.name, " ".join(content.read().decode("latin-1").split()), _DISEASES[code]))
    learned, test = (
        Examples(tuple(row[1] for row in found), tuple(row[2] for row in found), tuple(range(1, len(found) + 1)))
        for found in map(sorted, rows.values())
    )
    train, validation = carve(learned, 0.1, seed)
    return Splits("ohsumed", tuple(sorted(set(learned.labels))), train, validation, test)


def _medical_abstracts(folder: Path, seed: int) -> Splits:
    """Read what is published in one file; its authors' training part is not, so 60 % of these are the test rows here."""
    names = _columns(folder / "medical_tc_labels.csv", "condition_name", "condition_label")
    called = dict(zip(names.labels, names.texts, strict=True))
    rows = _columns(folder / "medical_tc_test.csv", "medical_abstract", "condition_label")
    named = Examples(rows.texts, tuple(called[label] for label in rows.labels), rows.lines)
    distinct, notes = drop_repeats(named)
    rest, test = carve(distinct, 0.6, seed)
    train, validation = carve(rest, 0.1, seed)
    return Splits("medical-abstracts", tuple(sorted(called.values())), train, validation, test, notes=tuple(notes))


def _snips(folder: Path, seed: int) -> Splits:
    """Read the intents of the authors' split; `seq.in` has a text and `label` its intent on each line."""

    def examples(part: str) -> Examples:
        texts, labels = (
            tuple(line.strip() for line in (folder / part / name).read_text(encoding="utf-8").splitlines())
            for name in ("seq.in", "label")
        )
        if len(texts) != len(labels):
            raise DataError(f"{folder / part}: {len(texts)} texts but {len(labels)} labels; get them again")
        return Examples(texts, labels, tuple(range(1, len(texts) + 1)))

    train, validation, test = (examples(part) for part in ("train", "valid", "test"))
    return Splits("snips", tuple(sorted(set(train.labels))), train, validation, test)


PUBLIC = {
    dataset.name: dataset
    for dataset in (
        PublicDataset(
            "banking77", "banking77", "CC BY 4.0", "github.com/PolyAI-LDN/task-specific-datasets", _banking77
        ),
        PublicDataset(
            "ohsumed",
            "ohsumed",
            "Hersh et al. 1994, for research",
            "github.com/yao8839836/text_gcn, data/ohsumed_single_23",
            _ohsumed,
        ),
        PublicDataset(
            "medical-abstracts",
            "medical_abstracts",
            "CC BY-SA 3.0",
            "github.com/sebischair/Medical-Abstracts-TC-Corpus",
            _medical_abstracts,
        ),
        PublicDataset("snips", "snips", "CC0", "github.com/MiuLab/SlotGated-SLU", _snips),
        PublicDataset("clinc150", "clinc150", "CC BY 3.0", "github.com/clinc/oos-eval", _clinc150),
        *(
            PublicDataset(
                f"phrasebank-{agreement.lower()}",
                "financial_phrasebank",
                "CC BY-NC-SA 3.0, non-commercial",
                "Malo et al. 2014, huggingface.co/datasets/takala/financial_phrasebank",
                _phrasebank(agreement),
            )
            for agreement in ("50Agree", "AllAgree")
        ),
    )
}
