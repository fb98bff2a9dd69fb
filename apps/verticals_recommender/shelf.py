"""What the serving rules need to know of each item, as arrays in the order of the models' columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from verticals.arrays import BoolArray, Float64Array, FloatArray, IntArray
from verticals_recommender.items import Item
from verticals_recommender.models.model import others
from verticals_recommender.models.vectors import unit


@dataclass(frozen=True)
class Shelf:
    """The catalogue for serving.

    Attributes:
        category: [items], as written in the file.
        price: NaN where unknown, [items].
        available: [items].
        added: seconds since 1970, NaN where unknown, [items].
        popularity: people who chose the item, [items].
        vectors: unit vectors of the items' text, [items, width]; zeros where there is none.
        there: False for an empty place, where an item was removed, [items].
    """

    category: npt.NDArray[np.str_]
    price: Float64Array
    available: BoolArray
    added: Float64Array
    popularity: FloatArray
    vectors: FloatArray
    there: BoolArray

    def __len__(self) -> int:
        return len(self.available)

    def extended(self, items: Sequence[Item], vectors: FloatArray) -> "Shelf":
        """Return the shelf with new items behind the others; nobody has chosen them yet."""
        new = shelf(items, np.zeros(len(items), np.float32), vectors)
        return Shelf(
            category=np.concatenate([self.category, new.category]),
            price=np.concatenate([self.price, new.price]),
            available=np.concatenate([self.available, new.available]),
            added=np.concatenate([self.added, new.added]),
            popularity=np.concatenate([self.popularity, new.popularity]),
            vectors=np.concatenate([self.vectors, new.vectors]),
            there=np.concatenate([self.there, new.there]),
        )

    def changed(self, places: IntArray, items: Sequence[Item]) -> "Shelf":
        """Return the shelf with the prices and the stock that items at some places have now."""
        new = shelf(items, np.zeros(len(items), np.float32), self.vectors[places])
        price, available = self.price.copy(), self.available.copy()
        price[places], available[places] = new.price, new.available
        return replace(self, price=price, available=available)

    def erased(self, items: IntArray) -> "Shelf":
        """Return the shelf with empty places where items were."""
        keep = others(len(self), items)
        return replace(
            self,
            category=np.where(keep, self.category, ""),
            price=np.where(keep, self.price, np.nan),
            available=self.available & keep,
            added=np.where(keep, self.added, np.nan),
            popularity=np.where(keep, self.popularity, np.float32(0)),
            vectors=np.where(keep[:, None], self.vectors, np.float32(0)),
            there=self.there & keep,
        )


def shelf(items: Sequence[Item], popularity: FloatArray | IntArray, vectors: FloatArray) -> Shelf:
    """Return the arrays of items.

    Args:
        items: in the order of the models' columns.
        popularity: people who chose each item, [items].
        vectors: of the items' text, [items, width], of any length.
    """
    unknown = float("nan")
    return Shelf(
        category=np.array([item.category for item in items], dtype=np.str_),
        price=np.array([unknown if item.price is None else item.price for item in items], np.float64),
        available=np.array([item.available for item in items], bool),
        added=np.array([unknown if item.added is None else item.added for item in items], np.float64),
        popularity=np.asarray(popularity, np.float32),
        vectors=unit(vectors),
        there=np.ones(len(items), bool),
    )
