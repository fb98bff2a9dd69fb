"""The catalogue: what can be recommended, read from a file of items, validated with counted notes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from verticals.data.columns import column
from verticals.data.examples import Note, as_text, note
from verticals.data.table import Table, read_table
from verticals.errors import DataError
from verticals_recommender.times import seconds

SAMPLES = Path(__file__).with_name("samples")
LONGEST_ID = 200  # characters, of users and of items: as the database and the REST routes take them
# No control characters in ids: an address cannot name a line break, and PostgreSQL cannot keep a NUL.
ID_CHARACTERS = r"^[^\x00-\x1f\x7f]*$"
NAMES = {
    "item": ("item", "item_id", "id", "sku", "product_id", "article_id", "movie_id"),
    "title": ("title", "name", "headline"),
    "description": ("description", "text", "abstract", "body", "summary"),
    "category": ("category", "section", "genre", "department"),
    "brand": ("brand", "author", "publisher", "source"),
    "price": ("price",),
    "tags": ("tags", "keywords"),
    "available": ("available", "in_stock"),
    "added": ("added", "added_at", "published", "published_at"),
}
_OFF = {"false", "no", "n", "off", "sold out", "out of stock", "unavailable"}
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")  # 1,299 and 1,299.50, but 12,50 is a decimal comma
_ON = {"true", "yes", "y", "on", "in stock", "available", ""}


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

    def extended(self, items: Sequence[Item]) -> "Catalogue":
        """Return a catalogue with these items after the others.

        Raises:
            DataError: an id is there already.
        """
        twice = [item.id for item in items if item.id in self.positions]
        if twice:
            raise DataError(f"item '{twice[0]}' is in the catalogue already; remove it first, or give another id")
        return Catalogue(self.items + tuple(items), self.notes)


def read_catalogue(path: Path) -> Catalogue:
    """Read items from CSV, TSV, JSONL or Parquet; only an id is needed, a missing title is the id.

    Raises:
        DataError: the file cannot be read, or has no id column.
    """
    table = read_table(path)
    cells = {role: _cells(table, role) for role in NAMES}
    items: dict[str, Item] = {}
    faults: dict[str, list[int]] = {
        "missing_id": [],
        "long_id": [],
        "control_id": [],
        "repeated_id": [],
        "price": [],
        "available": [],
        "added": [],
    }
    for position, line in enumerate(table.frame.index):
        item, unread = _item({role: values[position] for role, values in cells.items()})
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
            for fault in unread:
                faults[fault].append(line)
    if not items:
        raise DataError(f"{path}: no row has an item id of at most {LONGEST_ID} characters, without control characters")
    return Catalogue(tuple(items.values()), tuple(_notes(path, faults)))


def is_plain(name: str) -> bool:
    """Say whether an id has no control characters."""
    return re.search(ID_CHARACTERS, name) is not None


def _cells(table: Table, role: str) -> list[Any]:
    wanted = column(table, role, None, NAMES[role], "an id column named item") if role == "item" else None
    named = wanted or next((name for name in table.columns if name.strip().casefold() in NAMES[role]), None)
    return [None] * len(table.frame) if named is None else list(table.frame[named])


def _item(cell: Mapping[str, Any]) -> tuple[Item, list[str]]:
    """Return the item and the names of the cells that could not be read, which stay unknown."""
    price, added = _price(cell["price"]), seconds(cell["added"])
    available = _available(cell["available"])
    unread = [
        name
        for name, failed in (
            ("price", price is None and as_text(cell["price"]).strip() != ""),
            ("available", available is None),
            ("added", added is None and as_text(cell["added"]).strip() != ""),
        )
        if failed
    ]
    item_id = as_text(cell["item"]).strip()
    texts = {role: as_text(cell[role]).strip() for role in ("title", "description", "category", "brand")}
    texts["title"] = texts["title"] or item_id
    return Item(
        item_id, **texts, price=price, tags=parts(cell["tags"]), available=available is not False, added=added
    ), unread


def _price(value: Any) -> float | None:  # noqa: ANN401 - a cell of any file format
    text = as_text(value).strip()
    try:
        number = float(text.replace(",", "") if _GROUPED.fullmatch(text) else text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _available(value: Any) -> bool | None:  # noqa: ANN401 - a cell of any file format
    """Return what a cell says, a number being how many there are; nothing where it says neither yes nor no."""
    text = as_text(value).strip().casefold()
    if text in _ON or text in _OFF:
        return text in _ON
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number > 0


def parts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a cell of any file format
    """Return the texts of a list, or those between commas, semicolons or bars, each once."""
    found = value if isinstance(value, list | tuple) else re.split("[,;|]", as_text(value))
    return tuple(dict.fromkeys(as_text(part).strip() for part in found if as_text(part).strip()))


def _notes(path: Path, faults: Mapping[str, Sequence[int]]) -> list[Note]:
    messages = {
        "missing_id": "rows without item id left out",
        "long_id": f"rows left out whose item id is longer than {LONGEST_ID} characters",
        "control_id": "rows left out whose item id has control characters",
        "repeated_id": "rows left out because an earlier row has the same item id",
        "price": "prices that are not a number of at least 0, taken as unknown",
        "available": "availability that is neither yes nor no, taken as yes",
        "added": "dates that cannot be read, taken as unknown",
    }
    return [note(code, lines, f"{path.name}: {messages[code]}") for code, lines in faults.items() if lines]


def write_catalogue(path: Path, catalogue: Catalogue) -> None:
    """Write items as Parquet, in order."""
    rows = [{**asdict(item), "tags": list(item.tags)} for item in catalogue.items]
    pd.DataFrame(rows).rename(columns={"id": "item"}).to_parquet(path, index=False)
