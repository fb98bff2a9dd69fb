"""The catalogue: what can be recommended, read from a file of items, validated with counted notes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from verticals.arrays import Float64Array
from verticals.data.columns import column
from verticals.data.examples import Note, as_text, label_key, note
from verticals.data.table import Table, read_table
from verticals.errors import DataError
from verticals_recommender import cells
from verticals_recommender.columns import ITEM_NAMES, unread
from verticals_recommender.times import seconds

SAMPLES = Path(__file__).with_name("samples")
LONGEST_ID = 200  # characters, of users and of items: as the database and the REST routes take them
# No control characters in ids: an address cannot name a line break, and PostgreSQL cannot keep a NUL.
ID_CHARACTERS = r"^[^\x00-\x1f\x7f]*$"
_FAULTS = {
    "missing_id": "rows without item id left out",
    "long_id": f"rows left out whose item id is longer than {LONGEST_ID} characters",
    "control_id": "rows left out whose item id has control characters",
    "repeated_id": "rows left out because an earlier row has the same item id",
    "price": "prices that are not a number of at least 0, taken as unknown",
    "available": "availability that is neither yes nor no, taken as yes",
    "added": "dates that cannot be read, taken as unknown",
    "markup": "descriptions in HTML, read as plain text",
}


@dataclass(frozen=True)
class Item:
    """One thing that can be recommended; `added` is in seconds since 1970, None where unknown."""

    id: str
    title: str
    description: str = ""
    category: str = ""
    brand: str = ""
    price: float | None = None
    tags: tuple[str, ...] = ()
    available: bool = True
    added: float | None = None

    @property
    def unlisted(self) -> bool:
        """Whether nothing is known of it but that people had it: no file of items lists it."""
        return self == Item(self.id, self.id, available=False)

    @property
    def text(self) -> str:
        """What an encoder reads: title, category, brand and tags, then the description."""
        facts = [self.title, self.category, self.brand, ", ".join(self.tags), self.description]
        return ". ".join(fact.strip().rstrip(".") for fact in facts if fact.strip())


@dataclass(frozen=True)
class Catalogue:
    """Items in the order of the models' columns."""

    items: tuple[Item, ...]
    notes: tuple[Note, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Column of each item, by id."""
        return {item.id: position for position, item in enumerate(self.items)}

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids in the order of the columns."""
        return tuple(item.id for item in self.items)

    @cached_property
    def added(self) -> Float64Array:
        """When each item came, in seconds since 1970, NaN where unknown, [items]."""
        return np.array([np.nan if item.added is None else item.added for item in self.items], np.float64)

    def extended(self, items: Sequence[Item]) -> "Catalogue":
        """Return a catalogue with these items after the others.

        Raises:
            DataError: an id is there already.
        """
        twice = [item.id for item in items if item.id in self.positions]
        if twice:
            raise DataError(
                f"item '{twice[0]}' is in the catalogue already; change its price and stock by PATCH, give another id, or remove it "
                "first, by which all that was learned of it is forgotten"
            )
        return Catalogue(self.items + tuple(items), self.notes)


def read_catalogue(path: Path, columns: Mapping[str, str | None] | None = None) -> Catalogue:
    """Read items from CSV, TSV, JSONL or Parquet; only an id is needed, a missing title is the id.

    Args:
        path: the file.
        columns: column of each role of `ITEM_NAMES`; for a role without one, the usual names are tried.

    Raises:
        DataError: the file cannot be read, lacks an id column or one that is named, or no row has an id.
    """
    table = read_table(path)
    names = {role: _column(table, role, (columns or {}).get(role)) for role in ITEM_NAMES}
    columns_of = {
        role: [None] * len(table.frame) if name is None else list(table.frame[name]) for role, name in names.items()
    }
    items: dict[str, Item] = {}
    faults: dict[str, list[int]] = {code: [] for code in _FAULTS}
    for position, line in enumerate(table.frame.index):
        item, found = _item({role: values[position] for role, values in columns_of.items()})
        if not item.id:
            faults["missing_id"].append(line)
        elif len(item.id) > LONGEST_ID:
            faults["long_id"].append(line)
        elif not is_plain(item.id):
            faults["control_id"].append(line)
        elif item.id in items:
            faults["repeated_id"].append(line)
        else:
            items[item.id] = item
            for fault in found:
                faults[fault].append(line)
    if not items:
        raise DataError(f"{path}: no row has an item id of at most {LONGEST_ID} characters, without control characters")
    notes = (*unread(table, names.values(), "app.item_columns"), *_notes(path, faults))
    return Catalogue(tuple(items.values()), notes)


def is_plain(name: str) -> bool:
    """Say whether an id has no control characters."""
    return re.search(ID_CHARACTERS, name) is not None


def _column(table: Table, role: str, wanted: str | None) -> str | None:
    """Return the column of a role; None where no name was given and none is usual, which only an id may not be."""
    usual = ITEM_NAMES[role]
    if wanted is None and role != "item":
        return next((name for name in table.columns if label_key(name) in usual), None)
    return column(table, role, wanted, usual, f"--set app.item_columns.{role}=NAME", several=role == "tags")


def _item(cell: Mapping[str, Any]) -> tuple[Item, list[str]]:
    """Return the item, and what was noticed: cells that could not be read, which stay unknown, and a text that was HTML."""
    text = {name: as_text(value).strip() for name, value in cell.items()}
    cost, stock, added = cells.price(cell["price"]), cells.available(cell["available"]), seconds(cell["added"])
    noticed = {
        "price": cost is None and text["price"] != "",
        "available": stock is None,
        "added": added is None and text["added"] != "",
        "markup": cells.has_markup(text["description"]),
    }
    item = Item(
        text["item"],
        text["title"] or text["item"],
        cells.plain_text(text["description"]),
        text["category"],
        text["brand"],
        price=cost,
        tags=cells.parts(cell["tags"]),
        available=stock is not False,
        added=added,
    )
    return item, [name for name, found in noticed.items() if found]


def _notes(path: Path, faults: Mapping[str, Sequence[int]]) -> list[Note]:
    return [note(code, lines, f"{path.name}: {_FAULTS[code]}") for code, lines in faults.items() if lines]


def write_catalogue(path: Path, catalogue: Catalogue) -> None:
    """Write items as Parquet, in order."""
    rows = [{**asdict(item), "tags": list(item.tags)} for item in catalogue.items]
    pd.DataFrame(rows).rename(columns={"id": "item"}).to_parquet(path, index=False)
