"""The table of objectives: what can be learned from a file of rows, each a frozen record of plain functions.

To add one, write its module, a function here that imports it and returns its record, and its row of `OBJECTIVES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from verticals.config import ClassifyConfig, Config, Section
from verticals.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from verticals.arrays import FloatArray
    from verticals.data.examples import Note
    from verticals.evaluation.judgement import Judgement
    from verticals.methods import Objective as ObjectiveName
    from verticals.runs import Run
    from verticals.training import TrainingLog


class Rows(Protocol):
    """What training and the report need to know of a task's rows, whatever they hold."""

    @property
    def name(self) -> str:
        """What the data are called."""

    @property
    def notes(self) -> "tuple[Note, ...]":
        """What was changed, left out or noticed."""

    def fingerprint(self) -> str:
        """Return a digest that changes when any row or its split does."""

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each split."""

    def samples(self) -> Sequence[str]:
        """Return texts of the test rows; the first of them prove a reload and time a call."""

    def texts(self) -> Sequence[str]:
        """Return every text that the backbone reads in training and measuring."""


class Model(Protocol):
    """What every trained model can do, whatever it learned."""

    def outputs(self, texts: Sequence[str]) -> "FloatArray":
        """Return the numbers that a reloaded model has to reproduce, [texts, width]."""

    def save(self, folder: Path) -> None:
        """Write what `load` needs into an existing folder."""


R = TypeVar("R", bound=Rows)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Trained(Generic[M]):
    """A trained model, what training took, what it noticed, and what else `metrics.json` keeps."""

    model: M
    log: "TrainingLog"
    notes: "tuple[Note, ...]" = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective(Generic[R, M]):
    """One thing that can be learned.

    Attributes:
        name: how the command line and the method table call it.
        settings: the model that validates the `objective` section.
        method: the method where the user names none.
        read: settings to rows.
        fit: rows, settings and a folder for checkpoints to a trained model.
        evaluate: a model and rows to its quality on the test rows.
        baselines: what it has to beat, by name, the first one first; each learns and is judged on the same rows.
        load: a run to its model.
        answer: one text to what users get for it; this is what is timed.
        held_out: a run and a file to rows of which the test rows are the file's; None where no file is read for a trained model.
        columns: those of `data.text`, `data.label` and `data.outside_label` that it reads; what else it needs stands in its own settings.
        predict: a run and texts to the columns that a file of predictions has for each; None where there are none to give.
        predicted: the names of those columns.
    """

    name: "ObjectiveName"
    settings: type[Section]
    method: str
    read: Callable[[Config], R]
    fit: Callable[[R, Config, Path], Trained[M]]
    evaluate: "Callable[[M, R], Judgement]"
    baselines: "Mapping[str, Callable[[R, Config], Judgement]]"
    load: "Callable[[Run], M]"
    answer: Callable[[M, str], object]
    held_out: "Callable[[Run, Path], R] | None" = None
    columns: tuple[str, ...] = ()
    predict: "Callable[[Run, Sequence[str]], list[dict[str, Any]]] | None" = None
    predicted: tuple[str, ...] = ("prediction",)


def _classify() -> Objective[Any, Any]:
    from verticals.objectives import calibrated

    return Objective(
        name="classify",
        settings=ClassifyConfig,
        method="probe",
        read=calibrated.read,
        fit=calibrated.fit,
        evaluate=calibrated.evaluate,
        baselines={calibrated.BASELINE: calibrated.baseline},
        load=calibrated.load,
        answer=calibrated.answer,
        held_out=calibrated.held_out,
        columns=("text", "label", "outside_label"),
        predict=calibrated.predict,
        predicted=("prediction", "confidence", "in_scope", "sure"),
    )


def _classify_multi() -> Objective[Any, Any]:
    from verticals.objectives import classify_multi

    return Objective(
        name="classify-multi",
        settings=classify_multi.MultiLabelConfig,
        method="probe",
        read=classify_multi.read,
        fit=classify_multi.fit,
        evaluate=classify_multi.evaluate,
        baselines={classify_multi.BASELINE: classify_multi.baseline},
        load=classify_multi.load,
        answer=classify_multi.answer,
        held_out=classify_multi.held_out,
        columns=("text", "label"),
        predict=classify_multi.predict,
    )


def _tag() -> Objective[Any, Any]:
    from verticals.objectives import tag

    return Objective(
        name="tag",
        settings=tag.TagSettings,
        method="full",
        read=tag.read,
        fit=tag.fit,
        evaluate=tag.evaluate,
        baselines={"word-features": tag.word_features},
        load=tag.load,
        answer=tag.answer,
        held_out=tag.held_out,
        predict=tag.predict,
    )


def _match() -> Objective[Any, Any]:
    from verticals.objectives import match

    return Objective(
        name="match",
        settings=match.MatchSettings,
        method="full",
        read=match.read,
        fit=match.fit,
        evaluate=match.evaluate,
        baselines={"bm25": match.bm25, "untuned": match.untuned},
        load=match.load,
        answer=match.answer,
    )


def _generate() -> Objective[Any, Any]:
    from verticals.objectives import generate

    return Objective(
        name="generate",
        settings=generate.GenerateSettings,
        method="full",
        read=generate.read,
        fit=generate.fit,
        evaluate=generate.evaluate,
        baselines={"nearest-prompt": generate.nearest_prompt},
        load=generate.load,
        answer=generate.answer,
    )


def _mask() -> Objective[Any, Any]:
    from verticals.objectives import mask

    return Objective(
        name="mask",
        settings=mask.MaskSettings,
        method="full",
        read=mask.read,
        fit=mask.fit,
        evaluate=mask.evaluate,
        baselines={"untuned": mask.untuned},
        load=mask.load,
        answer=mask.answer,
        columns=("text",),
    )


OBJECTIVES: Mapping[str, Callable[[], Objective[Any, Any]]] = {
    "classify": _classify,
    "classify-multi": _classify_multi,
    "tag": _tag,
    "match": _match,
    "generate": _generate,
    "mask": _mask,
}


def get(name: str) -> Objective[Any, Any]:
    """Import one objective and return its record.

    Raises:
        ConfigError: there is none of that name; the nearest is suggested.
    """
    if name not in OBJECTIVES:
        raise ConfigError(f"no objective '{name}'{did_you_mean(name, OBJECTIVES)}")
    return OBJECTIVES[name]()
