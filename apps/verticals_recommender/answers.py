"""Recommendations for every row of a file: `verticals predict`."""

from pathlib import Path
from typing import Any

from verticals.data.columns import column
from verticals.data.examples import as_text
from verticals.data.table import read_table
from verticals.evaluation.predictor import check_free
from verticals.runs import Run
from verticals_recommender.cells import parts
from verticals_recommender.columns import INTERACTION_NAMES
from verticals_recommender.opening import Opened, open_run
from verticals_recommender.profiles import Profile
from verticals_recommender.serving import Rules, recommend
from verticals_recommender.settings import Settings

_SHELF = 10
_ADDED = ("recommended", "titles")


def predict(run: Run, file: Path) -> list[dict[str, Any]]:
    """Recommend for every row of a file with a user, or with a list of items in a column `items`, oldest first.

    The lists are those that the site would give now: what came in over REST since the training counts.

    Returns:
        The rows with `recommended` (ids) and `titles`, best first; both are None where neither user nor items are known.

    Raises:
        DataError: the file cannot be read, or has a column of a name that is to be added.
    """
    opened = open_run(run)
    table = read_table(file)
    check_free(table, _ADDED)
    if "items" in table.columns:
        given = [_picks(opened, cell) for cell in table.frame["items"]]
    else:
        wanted = Settings.model_validate(run.config.app).columns.user
        name = column(table, "user", wanted, INTERACTION_NAMES["user"], "--set app.columns.user=NAME")
        given = [_known(opened, as_text(cell).strip()) for cell in table.frame[name]]
    rows = table.frame.to_dict("records")
    return [
        {**{str(name): value for name, value in row.items()}, **_answer(opened, profile)}
        for row, profile in zip(rows, given, strict=True)
    ]


def _picks(opened: Opened, cell: Any) -> Profile | None:  # noqa: ANN401 - a cell of any file format
    positions = opened.live.state.catalogue.positions
    names = parts(cell)
    known = [positions[name] for name in names if name in positions]
    return Profile().after("click", known) if known else None


def _known(opened: Opened, user: str) -> Profile | None:
    state, events = opened.live.state, opened.live.store.events(user)
    return state.profile(user, events) if events or user in state.trained else None


def _answer(opened: Opened, profile: Profile | None) -> dict[str, Any]:
    if profile is None:
        return dict.fromkeys(_ADDED)
    state = opened.live.state
    found = recommend(state.engine, profile, Rules(count=_SHELF), opened.clock())
    items = [state.catalogue.items[each.item] for each in found]
    return {"recommended": "|".join(item.id for item in items), "titles": "|".join(item.title for item in items)}
