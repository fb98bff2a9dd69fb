"""Time an epoch of each method on the same rows: `python benchmarks/epochs.py banking77 --methods full partial --precisions auto float32`.

Every method is trained for one epoch and for three, in turn and in one process; half the difference is an epoch. What happens once per
training, such as computing the activations of frozen layers, is what the first training took beyond that.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import get_args

from verticals import objectives
from verticals.config import Config, NoSettings, Precision, assignment, build
from verticals.data.splits import Splits, subsample
from verticals.evaluation import results
from verticals.methods import METHODS
from verticals.objectives import classify

FOLDER = Path(__file__).parent / "results"
TUNED = [name for name, method in METHODS.items() if method.adapt]
PRECISIONS = get_args(Precision)
_SHORT, _LONG = 1, 3


@dataclass(frozen=True)
class Epoch:
    """Seconds of one epoch, and of what comes once before the first."""

    seconds: float
    once: float


def timed(splits: Splits, config: Config) -> Epoch:
    """Train for a short and for a long time, and return what an epoch takes."""
    short, long = (_training(splits, config, epochs) for epochs in (_SHORT, _LONG))
    seconds = (long - short) / (_LONG - _SHORT)
    return Epoch(seconds, max(0.0, short - _SHORT * seconds))


def _training(splits: Splits, config: Config, epochs: int) -> float:
    train = config.train.model_copy(update={"epochs": epochs, "checkpoint_steps": 10**6})
    with tempfile.TemporaryDirectory() as work:
        return classify.fit(splits, config.model_copy(update={"train": train}), Path(work)).log.seconds


def main(arguments: Sequence[str]) -> None:
    """Time the methods, print their ratios to the first one, and keep them as results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a public data set's name, or a file")
    parser.add_argument("--methods", nargs="+", default=["full", "partial"], choices=TUNED, metavar="METHOD")
    parser.add_argument("--precisions", nargs="+", default=["auto"], choices=("auto", *PRECISIONS))
    parser.add_argument("--rows", type=int, default=2000, help="training rows, drawn by the seed")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.NAME=VALUE")
    parser.add_argument("--results", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    objective = objectives.get("classify")
    config = build(
        [{"data": {"train": chosen.data}}, *map(assignment, chosen.settings)], NoSettings, objective.settings
    )
    splits = subsample(objective.read(config), chosen.rows, config.train.seed)
    facts = {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()}
    rows, first = [], 0.0
    for name, precision in product(chosen.methods, chosen.precisions):
        shown = name if precision == "auto" else f"{name}, {precision}"
        method = config.method.model_copy(update={"name": name})
        train = config.train.model_copy(update={"precision": precision})
        epoch = timed(splits, config.model_copy(update={"method": method, "train": train}))
        first = first or epoch.seconds
        cost = {
            "epoch_seconds": round(epoch.seconds, 2),
            "once_seconds": round(epoch.once, 2),
            "times_as_fast": round(first / epoch.seconds, 2),
        }
        rows.append(results.row("core", "epochs", shown, {}, {}, cost, facts, config.train.seed, config.backbone.name))
        sys.stdout.write(
            f"{shown:<28}{epoch.seconds:8.2f} s an epoch, {first / epoch.seconds:.2f} times as fast as {chosen.methods[0]}\n"
        )
    results.write(chosen.results / f"epochs-{Path(splits.name).stem}.json", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
