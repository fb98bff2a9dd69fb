"""Public recommendation data by name, read from the folder in `VERTICALS_DATA`; nothing is downloaded."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from verticals.data import public
from verticals.data.public import PublicDataset
from verticals_recommender.interactions import Interactions, align, encode
from verticals_recommender.items import Catalogue, Item

_NUMBERED_TOO_LOW, _LINE_TOO_MANY = 4, 16_016  # of Book-Crossing's list of books, see `_book_crossing`


def load(name: str) -> tuple[Interactions, Catalogue]:
    """Read a public data set: its interactions, with items numbered as in its catalogue.

    Raises:
        DataError: the folder or a file is not there, or a file is not as published; the message names licence and source.
    """
    return align(*public.read(PUBLIC[name], 0))


def _ml_100k(folder: Path, _: int) -> tuple[Interactions, Catalogue]:
    rows = pd.read_csv(folder / "u.data", sep="\t", header=None, names=["user", "item", "rating", "time"])
    interactions = encode(
        rows["user"].astype(str).tolist(),
        rows["item"].astype(str).tolist(),
        rating=rows["rating"].to_numpy(np.float32),
        time=rows["time"].to_numpy(np.float64),
    )
    genres = [f"genre{number}" for number in range(19)]
    films = pd.read_csv(
        folder / "u.item", sep="|", header=None, encoding="latin-1", quoting=csv.QUOTE_NONE,
        names=["item", "title", "released", "video", "address", *genres], dtype={"item": str},
    )  # fmt: skip
    catalogue = Catalogue(tuple(Item(item, title) for item, title in zip(films["item"], films["title"], strict=True)))
    return interactions, catalogue


def _book_crossing(folder: Path, _: int) -> tuple[Interactions, Catalogue]:
    """Read the histories; the publisher's file has `&amp` and a tab where the authors' had an ampersand.

    Its numbers are not all those of the histories, though its README says so: from the fourth book on they are one too low (that
    book, read by 184 people, has no line), up to a line too many, from which on they are right again. Read so, the books of one
    person are by one author 2.9 times as often as with the numbers as published; the place of the line too many is where this is
    the case most often, and known to within some twenty books.
    """
    rows = pd.read_csv(folder / "book_history.dat", sep="\t", dtype=str)
    lines = (folder / "items_info.dat").read_text(encoding="utf-8").replace("&amp\t", "&").splitlines()[1:]
    books = [_book(line.split("\t")) for line in lines if not line.startswith(f"{_LINE_TOO_MANY}\t")]
    catalogue = Catalogue(tuple(replace(book, id=_number_in_histories(int(book.id))) for book in books))
    return encode(rows["user"].tolist(), rows["item"].tolist()), catalogue


def _number_in_histories(number: int) -> str:
    return str(number + 1 if _NUMBERED_TOO_LOW <= number < _LINE_TOO_MANY else number)


def _book(cells: list[str]) -> Item:
    """Read one line: number, ISBN, title, author, and what is not needed."""
    number, _, title, author = (cell.strip() for cell in cells[:4])
    return Item(number, title, brand=author)


PUBLIC: dict[str, PublicDataset[tuple[Interactions, Catalogue]]] = {
    dataset.name: dataset
    for dataset in (
        PublicDataset(
            "ml-100k", "ml-100k", "GroupLens, research only", "grouplens.org/datasets/movielens/100k", _ml_100k
        ),
        PublicDataset(
            "book-crossing",
            "book_crossing",
            "research only",
            "github.com/caserec/Datasets-for-Recommender-Systems",
            _book_crossing,
        ),
    )
}
