"""A trained classifier in use: texts in, calibrated decisions out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from verticals import objectives
from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.data.columns import TEXT_NAMES, column
from verticals.data.examples import as_text
from verticals.data.table import Table, read_table
from verticals.errors import DataError, RunError
from verticals.evaluation.calibration import Calibration
from verticals.objectives import classify
from verticals.objectives.classifier import Classifier
from verticals.precision import reading_in
from verticals.runs import Run, write_json


@dataclass(frozen=True)
class Prediction:
    """What to make of one text.

    Attributes:
        ranking: the most likely labels with their calibrated probabilities.
        familiar: whether the text is like those the model was trained on; if not, it is out of scope.
        sure: whether the first label is likely enough.
    """

    ranking: tuple[tuple[str, float], ...]
    familiar: bool
    sure: bool

    @property
    def label(self) -> str:
        """The most likely label."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """Calibrated probability of the most likely label."""
        return self.ranking[0][1]


class Predictor:
    """A classifier with its calibration."""

    def __init__(self, classifier: Classifier, calibration: Calibration) -> None:
        self.classifier = classifier
        self.calibration = calibration

    @classmethod
    def load(cls, run: Run) -> "Predictor":
        """Load the classifier of a run."""
        return cls(classify.load(run.folder, run.labels, run.config), Calibration(**run.read_json("calibration.json")))

    def outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return what a reloaded classifier has to reproduce: the logits, before calibration."""
        return self.classifier.logits(texts)

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder."""
        self.classifier.save(folder)
        write_json(folder / "labels.json", list(self.classifier.labels))
        write_json(folder / "calibration.json", asdict(self.calibration))

    def predict(self, texts: Sequence[str], alternatives: int = 4, progress: str | None = None) -> list[Prediction]:
        """Return one prediction per text, each with its most likely labels."""
        if not texts:
            return []
        scores = self.classifier.score(texts, progress)
        probabilities = self.calibration.probabilities(scores.logits)
        best = (-probabilities).argsort(axis=1, kind="stable")[:, :alternatives]
        familiar = self.calibration.scope(scores) >= self.calibration.min_scope
        return [self._prediction(*row) for row in zip(probabilities, best, familiar, strict=True)]

    def _prediction(self, probabilities: Float64Array, best: IntArray, familiar: np.bool_) -> Prediction:
        ranking = tuple((self.classifier.labels[index], float(probabilities[index])) for index in best)
        return Prediction(ranking, bool(familiar), ranking[0][1] >= self.calibration.min_confidence)


def predict_file(run: Run, path: Path) -> list[dict[str, Any]]:
    """Predict every row of a file; no row is left out, and blank texts are answered with nothing.

    Returns:
        The rows with what `predict` of the run's objective gives added, such as `prediction` and `confidence`.

    Raises:
        RunError: what the run learned gives no predictions.
        DataError: the file cannot be read, or has a column of a name that is to be added.
    """
    objective = objectives.get(run.objective)
    if objective.predict is None:
        raise RunError(
            f"{run.folder}: it learned to {run.objective}, which predicts no rows; load its files with plain transformers "
            "(docs/methods.md, verticals export)"
        )
    table = read_table(path)
    check_free(table, objective.predicted)
    option = None if "text" in objective.columns else ""  # what tokens are in has no column to choose
    text = column(table, "text", run.config.data.text, TEXT_NAMES, option)
    texts = [as_text(value) for value in table.frame[text]]
    filled = [number for number, value in enumerate(texts) if value.strip()]
    with reading_in(run.config.train.precision):
        predictions = objective.predict(run, [texts[number] for number in filled])
    by_row = dict(zip(filled, predictions, strict=True))
    nothing = dict.fromkeys(objective.predicted)
    return [
        {**{str(name): value for name, value in row.items()}, **by_row.get(number, nothing)}
        for number, row in enumerate(table.frame.to_dict("records"))
    ]


def check_free(table: Table, added: Sequence[str]) -> None:
    """Refuse a table whose own columns answers would overwrite.

    Raises:
        DataError: a column has one of the names that are to be added.
    """
    taken = [name for name in added if name in table.columns]
    if taken:
        raise DataError(
            f"{table.path}: has columns {taken}, which the answers would overwrite; rename them in the file"
        )
