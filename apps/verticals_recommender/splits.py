"""Training, validation and test interactions: made once, seeded, with a fingerprint. Users and items keep their positions."""

import hashlib
from dataclasses import dataclass

import numpy as np

from verticals.errors import DataError
from verticals_recommender.interactions import Interactions


@dataclass(frozen=True)
class Split:
    """Three parts of the same interactions; models are chosen on `validation`, and `test` is looked at once."""

    kind: str
    train: Interactions
    validation: Interactions
    test: Interactions

    def known(self) -> Interactions:
        """Training and validation rows together: what the model that serves is fitted on."""
        return joined(self.train, self.validation)

    def fingerprint(self) -> str:
        """Return a digest that changes when any row or its part does."""
        parts = (self.train, self.validation, self.test)
        return hashlib.sha256("".join(part.fingerprint() for part in parts).encode()).hexdigest()[:16]

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each part."""
        return {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}


def joined(first: Interactions, second: Interactions) -> Interactions:
    """Return the rows of two parts of the same interactions."""
    return Interactions(
        first.users,
        first.items,
        np.concatenate([first.user, second.user]),
        np.concatenate([first.item, second.item]),
        np.concatenate([first.weight, second.weight]),
        np.concatenate([first.rating, second.rating]),
        np.concatenate([first.time, second.time]),
        first.notes,
    )


def hold_out(interactions: Interactions, share: float, seed: int) -> tuple[Interactions, Interactions]:
    """Take a random share of all rows out.

    Raises:
        DataError: the share is no row, or every row.
    """
    rows = len(interactions)
    held = round(share * rows)
    if not 0 < held < rows:
        raise DataError(f"{rows} interactions are too few to hold out {share:.0%} of them; add rows")
    order = np.random.default_rng(seed).permutation(rows)
    return interactions.take(np.sort(order[held:])), interactions.take(np.sort(order[:held]))


def random_split(interactions: Interactions, validation_share: float, test_share: float, seed: int) -> Split:
    """Split all rows at random; it tells how well gaps are filled, and lets the model see the future of other users."""
    rest, test = hold_out(interactions, test_share, seed)
    train, validation = hold_out(rest, validation_share, seed + 1)
    return Split("random", train, validation, test)


def folds(split: Split, count: int, seed: int) -> list[Split]:
    """Return the split with other validation rows of the same number, drawn at random from what is not test; itself first.

    Only for splits of kind `random`: later rows cannot be exchanged for earlier ones, nor rows of new items for others.
    """
    known = split.known()
    share = len(split.validation) / len(known)
    others = [hold_out(known, share, seed + number) for number in range(1, count)]
    return [split, *(Split(split.kind, train, validation, split.test) for train, validation in others)]


def new_items_split(
    interactions: Interactions, item_share: float, validation_share: float, test_share: float, seed: int
) -> Split:
    """Hold out a random share of the items with all their rows, and a share of the other rows: for test, then of the rest for validation.

    So the test part has items that no training row has, as a shop has on every new day, and the models are chosen on as many of them.
    """
    rest, test = _hold_out_new(interactions, item_share, test_share, seed)
    train, validation = _hold_out_new(rest, item_share, validation_share, seed + 1)
    return Split("new-items", train, validation, test)


def _hold_out_new(
    interactions: Interactions, item_share: float, row_share: float, seed: int
) -> tuple[Interactions, Interactions]:
    known = np.unique(interactions.item)
    new = np.random.default_rng(seed).permutation(known)[: round(item_share * len(known))]
    is_new = np.isin(interactions.item, new)
    rest, held = hold_out(interactions.take(~is_new), row_share, seed)
    return rest, joined(held, interactions.take(is_new))


def leave_one_out(interactions: Interactions, seed: int) -> Split:
    """Hold out each user's last row for test and the one before for validation.

    Users with fewer than three rows stay in training. Rows without a time, and rows of the same moment, are ordered at random.

    Raises:
        DataError: no user has three rows.
    """
    shuffled = np.random.default_rng(seed).permutation(len(interactions))
    order = shuffled[np.lexsort((interactions.time[shuffled], interactions.user[shuffled]))]
    counts = np.bincount(interactions.user, minlength=interactions.shape[0])
    last = np.cumsum(counts)[counts >= 3] - 1
    if not len(last):
        raise DataError("leave-one-out needs users with at least three items; use app.split=random, or add rows")
    test, validation = order[last], order[last - 1]
    rest = np.setdiff1d(np.arange(len(interactions)), np.concatenate([test, validation]))
    return Split("leave-one-out", *(interactions.take(np.sort(rows)) for rows in (rest, validation, test)))


def time_split(interactions: Interactions, validation_share: float, test_share: float) -> Split:
    """Hold out the latest rows for test and the latest of the rest for validation: the model never sees the future.

    Rows of one moment stay together.

    Raises:
        DataError: a row has no time, or there are too few moments for three parts.
    """
    if not interactions.timed:
        missing = int(np.isnan(interactions.time).sum())
        raise DataError(f"a split by time needs a time on every row; {missing} have none; use app.split=random")
    rest, test = _latest_apart(interactions, test_share)
    train, validation = _latest_apart(rest, validation_share)
    return Split("time", train, validation, test)


def _latest_apart(interactions: Interactions, share: float) -> tuple[Interactions, Interactions]:
    start = np.quantile(interactions.time, 1 - share, method="higher")
    before = interactions.time < start
    if not before.any():
        raise DataError(
            f"a split by time needs rows before the latest {share:.0%}; too many of {len(before)} are of one moment; use app.split=random"
        )
    return interactions.take(before), interactions.take(~before)
