"""The part of the interactions in which every user and every item has enough rows to learn from."""

from dataclasses import replace

import numpy as np

from verticals.data.examples import Note
from verticals.errors import DataError
from verticals_recommender.interactions import Interactions


def k_core(interactions: Interactions, k: int) -> Interactions:
    """Keep users and items with at least k rows each, again and again until all have them; names are numbered anew.

    Raises:
        DataError: nothing is left.
    """
    kept = np.arange(len(interactions))
    while True:
        user, item = interactions.user[kept], interactions.item[kept]
        enough = (np.bincount(user)[user] >= k) & (np.bincount(item)[item] >= k) if len(kept) else np.ones(0, bool)
        if enough.all():
            break
        kept = kept[enough]
    if not len(kept):
        raise DataError(f"no user has {k} items that have {k} users each; ask for less with app.core, or add rows")
    left = renumber(interactions.take(kept))
    dropped = len(interactions) - len(left)
    if not dropped:
        return left
    message = f"{k}-core: {dropped} rows, {interactions.shape[0] - left.shape[0]} users and {interactions.shape[1] - left.shape[1]} items left out"
    return replace(left, notes=(*interactions.notes, Note("k_core", dropped, message)))


def renumber(interactions: Interactions) -> Interactions:
    """Leave out the names of users and items without a row."""
    users, user = np.unique(interactions.user, return_inverse=True)
    items, item = np.unique(interactions.item, return_inverse=True)
    return replace(
        interactions,
        users=tuple(interactions.users[position] for position in users),
        items=tuple(interactions.items[position] for position in items),
        user=user.astype(np.int64),
        item=item.astype(np.int64),
    )
