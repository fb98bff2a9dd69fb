"""Who did what with which item: rows of a file, validated with counted notes, as arrays and as a sparse matrix."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray
from verticals.data.columns import column
from verticals.data.examples import Note, as_text, label_key, note
from verticals.data.table import Table, read_table
from verticals.errors import DataError
from verticals_recommender.columns import INTERACTION_NAMES, unread
from verticals_recommender.items import LONGEST_ID, Catalogue, Item, is_plain
from verticals_recommender.times import as_seconds

_NEEDED = ("user", "item")
_LARGEST = 1e12  # of weights and ratings: the models add up their squares


@dataclass(frozen=True)
class Interactions:
    """One row per pair of user and item.

    Attributes:
        users: names of the users; `user` holds positions in it.
        items: ids of the items; `item` holds positions in it.
        user: [rows].
        item: [rows].
        weight: how much the row says, above 0, [rows].
        rating: NaN where none was given, [rows].
        time: seconds since 1970, NaN where unknown, [rows].
        notes: what was changed or left out on the way here.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    user: IntArray
    item: IntArray
    weight: FloatArray
    rating: FloatArray
    time: Float64Array
    notes: tuple[Note, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.user)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of users and of items."""
        return len(self.users), len(self.items)

    @property
    def timed(self) -> bool:
        """Whether every row has a time."""
        return not bool(np.isnan(self.time).any())

    def take(self, rows: IntArray | BoolArray) -> "Interactions":
        """Return these rows (positions, or a mask); users and items keep their positions."""
        return replace(
            self,
            user=self.user[rows],
            item=self.item[rows],
            weight=self.weight[rows],
            rating=self.rating[rows],
            time=self.time[rows],
        )

    def matrix(self) -> sparse.csr_matrix:
        """Return the weights, [users, items], float32."""
        return sparse.csr_matrix((self.weight, (self.user, self.item)), shape=self.shape, dtype=np.float32)

    def fingerprint(self) -> str:
        """Return a digest that changes with any row, with their order, and with the names."""
        digest = hashlib.sha256("\0".join((*self.users, "", *self.items)).encode("utf-8", "surrogatepass"))
        for array in (self.user, self.item, self.weight, self.rating, self.time):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def encode(
    users: Sequence[str],
    items: Sequence[str],
    weight: FloatArray | None = None,
    rating: FloatArray | None = None,
    time: Float64Array | None = None,
) -> Interactions:
    """Number users by name and items in the order of their first rows; what is not given is 1, NaN and NaN."""
    user_names, user = np.unique(np.array(users, dtype=object), return_inverse=True)
    item, item_names = pd.factorize(np.array(items, dtype=object))
    return Interactions(
        users=tuple(str(name) for name in user_names),
        items=tuple(str(name) for name in item_names),
        user=user.astype(np.int64),
        item=item.astype(np.int64),
        weight=np.ones(len(user), np.float32) if weight is None else weight,
        rating=np.full(len(user), np.nan, np.float32) if rating is None else rating,
        time=np.full(len(user), np.nan) if time is None else time,
    )


def read_interactions(
    path: Path, columns: Mapping[str, str | None] | None = None, min_rating: float | None = None
) -> Interactions:
    """Read interactions from CSV, TSV, JSONL or Parquet; only a user and an item are needed.

    Args:
        path: the file.
        columns: column of each role of `INTERACTION_NAMES`; for a role without one, the usual names are tried.
        min_rating: rows rated lower are left out; nothing means that every rating counts as interest.

    Raises:
        DataError: the file cannot be read, lacks a column, or no row is left.
    """
    table = read_table(path)
    names = {role: _column(table, role, (columns or {}).get(role)) for role in INTERACTION_NAMES}
    user, item = ([as_text(cell).strip() for cell in table.frame[names[role]]] for role in _NEEDED)
    numbers = {role: _numbers(table, role, names[role]) for role in ("weight", "rating", "timestamp")}
    weight, rating, time = (numbers[role][0] for role in ("weight", "rating", "timestamp"))
    weight = np.where(np.isnan(weight), 1.0, weight)
    reasons = {
        "missing_id": np.array([not (u and i) for u, i in zip(user, item, strict=True)]),
        "long_id": np.array([max(len(u), len(i)) > LONGEST_ID for u, i in zip(user, item, strict=True)]),
        "control_id": np.array([not (is_plain(u) and is_plain(i)) for u, i in zip(user, item, strict=True)]),
        "no_weight": weight <= 0,
        "low_rating": rating < (-np.inf if min_rating is None else min_rating),
    }
    dropped = np.logical_or.reduce(list(reasons.values()))
    if dropped.all():
        raise DataError(f"{path}: no row is left: " + "; ".join(each.message for each in _notes(table, reasons)))
    kept = np.flatnonzero(~dropped)
    read = encode(
        [user[row] for row in kept],
        [item[row] for row in kept],
        weight[kept].astype(np.float32),
        rating[kept].astype(np.float32),
        time[kept],
    )
    notes = _notes(table, {**reasons, **{f"unread_{role}": failed for role, (_, failed) in numbers.items()}})
    return merge_repeats(replace(read, notes=(*unread(table, names.values(), "app.columns"), *notes)))


def _column(table: Table, role: str, wanted: str | None) -> str | None:
    """Return the column of a role; None where no name was given and none is usual, which user and item may not be."""
    usual = INTERACTION_NAMES[role]
    if wanted is None and role not in _NEEDED and not any(label_key(name) in usual for name in table.columns):
        return None
    return column(table, role, wanted, usual, f"--set app.columns.{role}=NAME")


def _numbers(table: Table, role: str, name: str | None) -> tuple[Float64Array, BoolArray]:
    """Return a column's numbers, NaN where there is none, and which cells could not be read."""
    if name is None:
        rows = len(table.frame)
        return np.full(rows, np.nan), np.zeros(rows, bool)
    cells = table.frame[name]
    if role == "timestamp":
        found = as_seconds(list(cells))
    else:
        found = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, copy=True)
        found[~(np.abs(found) <= _LARGEST)] = np.nan
    return found, np.isnan(found) & np.array([bool(as_text(cell).strip()) for cell in cells])


def _notes(table: Table, reasons: Mapping[str, BoolArray]) -> list[Note]:
    messages = {
        "missing_id": "rows without user or item left out",
        "long_id": f"rows left out whose user or item is longer than {LONGEST_ID} characters",
        "control_id": "rows left out whose user or item has control characters",
        "no_weight": "rows whose weight is not above 0 left out",
        "low_rating": "rows rated below the least rating left out",
        "unread_weight": "weights that are not numbers up to 1e12, taken as 1",
        "unread_rating": "ratings that are not numbers up to 1e12, taken as unknown",
        "unread_timestamp": "times that cannot be read, taken as unknown",
    }
    lines = table.frame.index.to_numpy()
    return [
        note(code, lines[found].tolist(), f"{table.path.name}: {messages[code]}")
        for code, found in reasons.items()
        if found.any()
    ]


def merge_repeats(interactions: Interactions) -> Interactions:
    """Make rows of the same user and item one: weights added, the latest time and rating kept."""
    order = np.argsort(interactions.time, kind="stable")  # NaN last; the file's order otherwise
    keys = interactions.user * len(interactions.items) + interactions.item
    unique, inverse = np.unique(keys[order], return_inverse=True)
    if len(unique) == len(keys):
        return interactions
    last = np.zeros(len(unique), np.int64)
    last[inverse] = order  # of several assignments to one place, numpy keeps the last
    weight = np.bincount(inverse, interactions.weight[order]).astype(np.float32)
    rows = np.argsort(last)
    merged = replace(interactions.take(last[rows]), weight=weight[rows])
    repeated = int(len(keys) - len(unique))
    message = f"rows that repeat a user and an item, added to one row for each pair: {repeated}"
    return replace(merged, notes=(*interactions.notes, Note("repeated_pair", repeated, message)))


def align(interactions: Interactions, catalogue: Catalogue) -> tuple[Interactions, Catalogue]:
    """Number items as the catalogue does; an item that it does not list gets a place behind the others, with its id as title.

    Beside items that are listed, it is no longer sold, as far as anybody knows: it is learned from, and not available.
    """
    unlisted = [name for name in interactions.items if name not in catalogue.positions]
    whole = catalogue.extended([Item(name, name, available=not len(catalogue)) for name in unlisted])
    column_of = np.array([whole.positions[name] for name in interactions.items], np.int64)
    fate = "learned from but not recommended" if len(catalogue) else "known by their id alone"
    message = f"items without a row in the catalogue, {fate}: {len(unlisted)}"
    found = [Note("unlisted_item" if len(catalogue) else "no_catalogue", len(unlisted), message)]
    aligned = replace(
        interactions,
        items=whole.ids,
        item=column_of[interactions.item],
        notes=(*interactions.notes, *(found if unlisted else ())),
    )
    return aligned, whole
