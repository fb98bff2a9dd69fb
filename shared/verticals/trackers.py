"""Experiment trackers: what has to be installed for them, and where they write unless their own variables say otherwise."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from verticals.config import home
from verticals.errors import MissingExtra


def check(names: Sequence[str]) -> None:
    """Say before training which tracker is not installed.

    Raises:
        MissingExtra: a package is missing; the pip line is named.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"train.trackers: {', '.join(missing)} not installed; run in the clone: pip install -c constraints.txt -e '.[trackers]'"
        )


@contextmanager
def writing(names: Sequence[str], work: Path) -> Iterator[None]:
    """Let trackers write to files in `trackers` beside the runs, offline, under the name of one training or of a part of it.

    The name comes from its work folder, `APP/.work-KEY`, or `.work-KEY/PART` where one training has several.

    A variable of a tracker's own that is set already wins, such as `MLFLOW_TRACKING_URI` for a server.
    """
    run = "-".join(part.removeprefix(".work-") for part in work.parts[-2:])
    folder = (home() / "trackers").absolute()
    wanted = {
        "tensorboard": {"TENSORBOARD_LOGGING_DIR": str(folder / "tensorboard" / run)},
        "wandb": {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "WANDB_PROJECT": "verticals", "WANDB_NAME": run},
        "mlflow": {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "MLFLOW_EXPERIMENT_NAME": "verticals",
        },
    }
    added = {
        variable: value for name in names for variable, value in wanted[name].items() if variable not in os.environ
    }
    if names:
        folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(added)
    try:
        yield
    finally:
        for variable in added:
            del os.environ[variable]
