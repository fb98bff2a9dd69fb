"""Measure a saved run again: on the rows it was measured on, or on others."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from verticals import objectives
from verticals.data.loading import held_out_splits
from verticals.data.splits import Splits, with_labels
from verticals.errors import RunError
from verticals.evaluation import results
from verticals.objectives import Rows
from verticals.precision import reading_in
from verticals.runs import Run


def evaluate(run: Run, file: Path | None) -> dict[str, Any]:
    """Measure a run without an app again: on its own test rows, or on those of a file.

    Raises:
        RunError: its rows have changed, or no file is read for what it learned.
    """
    objective = objectives.get(run.objective)
    if file is None:
        return evaluate_splits(run, objective.read(run.config))
    if objective.held_out is None:
        raise RunError(
            f"{run.folder}: it learned to {run.objective}, for which --data is not read; leave --data out to measure on its own "
            f"test rows, or name others in training: verticals tune {run.objective} --test {file}"
        )
    return evaluate_held_out(run, objective.held_out(run, file))


def evaluate_splits(run: Run, splits: Rows) -> dict[str, Any]:
    """Measure a run again on the test rows it was measured on.

    Raises:
        RunError: the rows are no longer those that the run was trained on.
    """
    if isinstance(splits, Splits):
        splits = with_labels(splits, run.labels)  # a transferred run has its source's classes too
    expected, found = run.manifest["data"]["fingerprint"], splits.fingerprint()
    if expected != found:
        raise RunError(
            f"{run.folder}: its rows have changed (fingerprint {found}, expected {expected}); name test rows with --data"
        )
    return _again(run, splits)


def evaluate_file(run: Run, path: Path) -> dict[str, Any]:
    """Measure a run on another file of labelled rows."""
    return evaluate_held_out(run, held_out_splits(path, run.config.data, run.labels))


def evaluate_held_out(run: Run, splits: Rows) -> dict[str, Any]:
    """Measure a run on other test rows; what it stood beside on its own test rows is left out."""
    alone = {"baseline": {"method": run.metrics["baseline"]["method"], "metrics": {}}, "references": []}
    return {**_again(run, splits), **alone}


def _again(run: Run, splits: Rows) -> dict[str, Any]:
    objective = objectives.get(run.objective)
    with reading_in(run.config.train.precision):
        judgement = objective.evaluate(objective.load(run), splits)
    return {
        **run.metrics,
        "metrics": results.estimates(judgement.metrics),
        "rows": {
            **run.metrics["rows"],
            **{part: rows for part, rows in splits.sizes().items() if part.endswith("test")},
        },
        "notes": [asdict(note) for note in splits.notes],
        **judgement.details,
    }
