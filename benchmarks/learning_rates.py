"""Sweep a method's learning rate on validation rows: `python benchmarks/learning_rates.py lora 3e-4 1e-3 3e-3 --data banking77 --rows 1000`.

The test rows are not looked at. Each rate is one row of `results/sweeps/METHOD-DATA.json`; rates that are there, under the same other
settings, are not trained again. `--rows` takes so many training rows, the same ones for every rate. Other settings follow as
`--set train.epochs=2`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verticals import objectives
from verticals.config import Config, NoSettings, assignment, build
from verticals.data.splits import Splits, subsample
from verticals.evaluation import results
from verticals.evaluation.classification import class_indices
from verticals.evaluation.metrics import accuracy, bootstrap
from verticals.methods import METHODS
from verticals.objectives import classify

FOLDER = Path(__file__).parent / "results" / "sweeps"
SUITE = "learning-rates"


def trained(splits: Splits, config: Config) -> dict[str, Any]:
    """Train once and return the quality on validation rows beside the probe's."""
    with tempfile.TemporaryDirectory() as work:
        fitted = classify.fit(splits, config, Path(work))
    truth = class_indices(splits.validation, splits.labels)
    predicted = fitted.classifier.score(splits.validation.texts).logits.argmax(axis=1)
    row = results.row(
        "core",
        SUITE,
        config.method.name,
        {"validation_accuracy": bootstrap(accuracy, truth, predicted)},
        {"method": "probe", "metrics": {"validation_accuracy": {"value": fitted.probe_validation_accuracy}}},
        {"train_seconds": round(fitted.log.seconds, 1), "trained_parameters": fitted.log.trained_parameters},
        {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()},
        config.train.seed,
        config.backbone.name,
    )
    return {**row, "settings": {"learning_rate": config.train.learning_rate, "steps": fitted.log.steps}}


def _key(row: dict[str, Any]) -> tuple[str, float, tuple[str, ...]]:
    return row["data"]["fingerprint"], row["settings"]["learning_rate"], tuple(row.get("assignments", ()))


def main(arguments: Sequence[str]) -> None:
    """Train at every rate that has no row yet, and print all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=[name for name, method in METHODS.items() if method.adapt])
    parser.add_argument("rates", nargs="+", type=float)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.NAME=VALUE")
    parser.add_argument("--results", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    layers = [{"data": {"train": chosen.data}, "method": {"name": chosen.method}}, *map(assignment, chosen.settings)]
    wanted = objectives.get("classify")
    config = build(layers, NoSettings, wanted.settings)
    splits = subsample(wanted.read(config), chosen.rows, config.train.seed)
    path = chosen.results / f"{chosen.method}-{Path(chosen.data).stem}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    known = {_key(row) for row in rows}
    for rate in chosen.rates:
        if (splits.fingerprint(), rate, tuple(chosen.settings)) not in known:
            train = config.train.model_copy(update={"learning_rate": rate})
            row = trained(splits, config.model_copy(update={"train": train}))
            rows.append(results.assigned(row, chosen.settings))
            results.write(path, rows)
    for row in sorted(rows, key=lambda row: row["settings"]["learning_rate"]):
        value = row["metrics"]["validation_accuracy"]["value"]
        named = " ".join((row["method"], *row.get("assignments", ())))
        sys.stdout.write(f"{named:<18} {row['settings']['learning_rate']:<10g}{value:.4f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
