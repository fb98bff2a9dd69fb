"""A person's rows in the files of runs: read for an export, taken out of every run of a catalogue when the person is forgotten."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from verticals import runs
from verticals.errors import RunError, StorageError
from verticals_recommender.recommender import INTERACTIONS
from verticals_recommender.siblings import catalogue_of

_LOG = logging.getLogger(__name__)


def rows_of(folder: Path, user: str) -> list[dict[str, Any]]:
    """Return a person's rows in a run's file, oldest first; what is unknown is None.

    Raises:
        StorageError: the file cannot be read, as where the folder was deleted while it is served.
    """
    try:
        rows = pd.read_parquet(folder / INTERACTIONS, filters=[("user", "==", user)])
    except OSError as error:
        raise StorageError(f"{folder / INTERACTIONS}: cannot be read: {error}; start again from a whole run") from error
    rows = rows.sort_values("timestamp", kind="stable")
    told = rows.drop(columns="part").rename(columns={"timestamp": "at"}).assign(action="click").astype(object)
    records = told.where(told.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def forget(home: Path, catalogue: str, user: str) -> int:
    """Take a person's rows out of the files and return how many are found afterwards.

    Models stay as they are: they hold what was learned about items, from many people together. A run that was altered or is of
    another version cannot be trusted to be rewritten: it is named in the log and counts as one row, since the person may be in it.

    Args:
        home: the folder that holds the app's runs.
        catalogue: name of the data that the runs were trained on.
        user: the person.
    """
    mine = [folder for folder in runs.folders_in(home) if catalogue_of(folder) in {catalogue, None}]
    return sum(_left_in(folder, user) for folder in mine)


def _left_in(folder: Path, user: str) -> int:
    try:
        run = runs.open_run(folder)
        rows = pd.read_parquet(folder / INTERACTIONS)
        others = rows[rows["user"] != user]
        if len(others) < len(rows):
            runs.rewrite(run, INTERACTIONS, partial(others.to_parquet, index=False))
        return int((pd.read_parquet(folder / INTERACTIONS)["user"] == user).sum())
    except (RunError, OSError) as error:
        _LOG.warning("a forgotten person may be left in a run: %s; or delete its folder", error)
        return 1
