"""Few rows a class beside SetFit: accuracy on the same test rows, and seconds of training.

`python benchmarks/peers/setfit_few.py banking77 --rows 8` (needs the `peers` extra). Both start from the built-in backbone and see the same
few rows; a quarter of them are ours to validate on. SetFit draws `--iterations` pairs of each kind for every row (20, as its authors) for
one epoch, then fits its logistic regression.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments
from side_by_side import Figure, Ours, arguments, keep

from verticals import backbones, objectives
from verticals.config import Config, NoSettings, build
from verticals.data.examples import Examples
from verticals.data.splits import Splits, carve

OURS_TO_VALIDATE = 0.25


def few(rows: Examples, count: int, seed: int) -> Examples:
    """Return `count` rows of each class, drawn by the seed."""
    order = np.random.default_rng(seed).permutation(len(rows))
    taken: dict[str, list[int]] = {}
    for position in order.tolist():
        taken.setdefault(rows.labels[position], []).append(position)
    return rows.take(sorted(position for positions in taken.values() for position in positions[:count]))


def ours(splits: Splits, config: Config) -> tuple[float, float]:
    """Return seconds and accuracy of one training."""
    objective = objectives.get("classify")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        model = objective.fit(splits, config, Path(work)).model
    seconds = time.perf_counter() - started
    return seconds, objective.evaluate(model, splits).metrics["accuracy"].value


def theirs(splits: Splits, iterations: int, seed: int) -> tuple[float, float]:
    """Return seconds and accuracy of SetFit."""
    started = time.perf_counter()
    model = SetFitModel.from_pretrained(str(backbones.locate("builtin").folder), labels=list(splits.labels))
    rows = Dataset.from_dict({"text": list(splits.train.texts), "label": list(splits.train.labels)})
    with tempfile.TemporaryDirectory() as work:
        options = TrainingArguments(
            output_dir=work,
            num_epochs=1,
            num_iterations=iterations,
            batch_size=16,
            seed=seed,
            report_to="none",
            save_strategy="no",
        )
        Trainer(model=model, args=options, train_dataset=rows).train()
    seconds = time.perf_counter() - started
    found = model.predict(list(splits.test.texts), show_progress_bar=False)
    return seconds, float(np.mean([str(one) == right for one, right in zip(found, splits.test.labels, strict=True)]))


def main(given: Sequence[str]) -> None:
    """Train both on the same few rows."""
    parser = arguments(__doc__)
    parser.add_argument("data", help="a public data set's name, or a file")
    parser.add_argument("--rows", type=int, default=8, help="of each class")
    parser.add_argument("--iterations", type=int, default=20, help="pairs of each kind that SetFit draws for a row")
    parser.add_argument("--method", default="probe", help="how ours is tuned")
    chosen = parser.parse_args(given)
    objective = objectives.get("classify")
    layers = [{"data": {"train": chosen.data}, "method": {"name": chosen.method}}]
    config = build(layers, NoSettings, objective.settings)
    whole = objective.read(config)
    splits = replace(whole, train=few(whole.train, chosen.rows, config.train.seed))
    train, validation = carve(splits.train, OURS_TO_VALIDATE, config.train.seed)
    mine = ours(replace(splits, train=train, validation=validation), config)
    seconds, accuracy = zip(mine, theirs(splits, chosen.iterations, config.train.seed), strict=True)
    figures = (
        Figure(f"accuracy, {chosen.rows} rows a class", "share", *accuracy),
        Figure(
            f"training, {chosen.rows} rows a class; SetFit with {chosen.iterations} pairs of each kind for a row",
            "s",
            *seconds,
        ),
    )
    data = {"name": splits.name, "fingerprint": splits.fingerprint(), "split": splits.sizes()}
    settings = {"rows_a_class": chosen.rows, "iterations": chosen.iterations, "batch_size": 16, "epochs": 1}
    name = f"setfit-{Path(splits.name).stem}-{chosen.rows}.json"
    keep(chosen.results / name, "setfit", Ours.of(config), data, settings, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
