"""Recommendations for every row of a file: `verticals predict`."""

from pathlib import Path
from typing import Any

import numpy as np

from verticals.data.columns import column
from verticals.data.examples import as_text
from verticals.data.table import read_table
from verticals.runs import Run
from verticals_recommender import interactions, recommender
from verticals_recommender.models.histories import Histories, history
from verticals_recommender.models.model import recommend
from verticals_recommender.recommender import Recommender
from verticals_recommender.settings import Settings

_SHELF = 10


def predict(run: Run, file: Path) -> list[dict[str, Any]]:
    """Recommend for every row of a file with a user, or with a list of items in a column `items`, oldest first.

    Returns:
        The rows with `recommended` (ids) and `titles`, best first; both are None where neither user nor items are known.
    """
    trained = recommender.load(run)
    table = read_table(file)
    if "items" in table.columns:
        given = [_history(trained, as_text(cell)) for cell in table.frame["items"]]
    else:
        wanted = Settings.model_validate(run.config.app).columns.user
        name = column(table, "user", wanted, interactions.NAMES["user"], "--set app.columns.user=NAME")
        given = [_known(trained, as_text(cell).strip()) for cell in table.frame[name]]
    rows = table.frame.to_dict("records")
    return [
        {**{str(name): value for name, value in row.items()}, **_answer(trained, found)}
        for row, found in zip(rows, given, strict=True)
    ]


def _history(trained: Recommender, cell: str) -> Histories | None:
    names = [name.strip() for name in cell.replace("|", ",").replace(";", ",").split(",")]
    items = list(dict.fromkeys(trained.catalogue.positions[n] for n in names if n in trained.catalogue.positions))
    return history(items, len(trained.catalogue)) if items else None


def _known(trained: Recommender, user: str) -> Histories | None:
    return trained.histories.row(trained.users[user]) if user in trained.users else None


def _answer(trained: Recommender, found: Histories | None) -> dict[str, Any]:
    if found is None:
        return {"recommended": None, "titles": None}
    available = np.array([item.available for item in trained.catalogue.items])
    items = [trained.catalogue.items[position] for position in recommend(trained.model, found, _SHELF, available)]
    return {"recommended": "|".join(item.id for item in items), "titles": "|".join(item.title for item in items)}
