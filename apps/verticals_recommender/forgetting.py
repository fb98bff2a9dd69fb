"""A person's rows in the files of runs: taken out of every run of a catalogue when the person is forgotten."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from verticals import runs
from verticals.runs import MANIFEST, Run
from verticals_recommender.recommender import INTERACTIONS


def forget(home: Path, catalogue: str, user: str) -> int:
    """Take a person's rows out of the files and return how many are found afterwards.

    Models stay as they are: they hold what was learned about items, from many people together.

    Args:
        home: the folder that holds the app's runs.
        catalogue: name of the data that the runs were trained on.
        user: the person.

    Raises:
        RunError: a run was altered, so that it cannot be trusted to be rewritten.
    """
    for run in _runs_of(home, catalogue):
        rows = _rows(run)
        mine = rows["user"] == user
        if mine.any():
            runs.rewrite(run, INTERACTIONS, partial(rows[~mine].to_parquet, index=False))
    return sum(int((_rows(run)["user"] == user).sum()) for run in _runs_of(home, catalogue))


def _runs_of(home: Path, catalogue: str) -> Iterator[Run]:
    for path in sorted(home.glob(f"[0-9]*/{MANIFEST}")):
        run = runs.open_run(path.parent)
        if run.manifest["data"]["name"] == catalogue:
            yield run


def _rows(run: Run) -> pd.DataFrame:
    return pd.read_parquet(run.folder / INTERACTIONS)
