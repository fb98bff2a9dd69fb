"""A trained recommender as a whole, and its files: items, interactions and models, never pickle."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from verticals.errors import DataError, RunError
from verticals.runs import Run, write_json
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue, read_catalogue, write_catalogue
from verticals_recommender.models import saved
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.model import Model
from verticals_recommender.splits import Split, joined

ITEMS, INTERACTIONS, MODELS, SERVED = "items.parquet", "interactions.parquet", "models", "served.json"
_PARTS = ("train", "validation", "test")
_PROOF_USERS = 64


@dataclass(frozen=True)
class Recommender:
    """What a run holds.

    Attributes:
        catalogue: the items, in the order of the models' columns.
        split: the rows; the models know those of `split.known()`.
        models: by name; `served` answers, the others stand beside it.
        served: name of the model that serves.
    """

    catalogue: Catalogue
    split: Split
    models: Mapping[str, Model]
    served: str

    @property
    def model(self) -> Model:
        """The model that serves."""
        return self.models[self.served]

    @cached_property
    def users(self) -> Mapping[str, int]:
        """Row of each known user in `histories`."""
        return {name: row for row, name in enumerate(self.split.train.users)}

    @cached_property
    def histories(self) -> Histories:
        """Everything that the users did, held-out rows included: what must not be recommended again."""
        return histories(everything(self))


def everything(recommender: Recommender) -> Interactions:
    """Return the rows of all parts."""
    return joined(recommender.split.known(), recommender.split.test)


def write(folder: Path, recommender: Recommender) -> None:
    """Write a recommender into a run's folder."""
    write_catalogue(folder / ITEMS, recommender.catalogue)
    _frame(recommender.split).to_parquet(folder / INTERACTIONS, index=False)
    for name, model in recommender.models.items():
        (folder / MODELS / name).mkdir(parents=True)
        model.save(folder / MODELS / name)
    write_json(
        folder / SERVED,
        {"served": recommender.served, "split": recommender.split.kind, "models": list(recommender.models)},
    )


def _frame(split: Split) -> pd.DataFrame:
    parts = dict(zip(_PARTS, (split.train, split.validation, split.test), strict=True))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "user": [rows.users[position] for position in rows.user],
                    "item": [rows.items[position] for position in rows.item],
                    "weight": rows.weight,
                    "rating": rows.rating,
                    "timestamp": rows.time,
                    "part": part,
                }
            )
            for part, rows in parts.items()
        ]
    )


def load(run: Run) -> Recommender:
    """Read a recommender.

    Raises:
        RunError: a file is missing or damaged.
    """
    try:
        described = run.read_json(SERVED)
        catalogue = read_catalogue(run.folder / ITEMS)
        split = _split(pd.read_parquet(run.folder / INTERACTIONS), catalogue, str(described["split"]))
        models = {str(name): saved.load(run.folder / MODELS / str(name)) for name in described["models"]}
        return Recommender(catalogue, split, models, str(described["served"]))
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        raise RunError(f"{run.folder}: not a saved recommender ({error}); train the run again") from error


def _split(frame: pd.DataFrame, catalogue: Catalogue, kind: str) -> Split:
    users, user = np.unique(frame["user"].to_numpy(object), return_inverse=True)
    whole = Interactions(
        tuple(str(name) for name in users),
        catalogue.ids,
        user.astype(np.int64),
        np.array([catalogue.positions[name] for name in frame["item"]], np.int64),
        frame["weight"].to_numpy(np.float32),
        frame["rating"].to_numpy(np.float32),
        frame["timestamp"].to_numpy(np.float64),
    )
    part = frame["part"].to_numpy(str)
    return Split(kind, *(whole.take(part == name) for name in _PARTS))


def prove(run: Run, recommender: Recommender) -> None:
    """Reload a run and compare what every model says for the first users.

    Raises:
        RunError: a model does not say what it said before it was saved.
    """
    again = load(run)
    names = recommender.split.train.users[:_PROOF_USERS]
    before = recommender.histories.select(np.array([recommender.users[name] for name in names]))
    after = again.histories.select(np.array([again.users[name] for name in names]))
    for name, model in recommender.models.items():
        if not np.array_equal(model.scores(before), again.models[name].scores(after)):
            raise RunError(f"{run.folder}: the saved model '{name}' is not the one that was trained")
