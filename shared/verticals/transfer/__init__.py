"""Transfer: a trained classifier learns new rows while a KL term holds it to what it knew; both sides are measured.

Training starts from the source model, with the source's classes first; classes that only the target has are added behind them, with the
weights of a logistic regression on the source's vectors. An adapter of the source is merged into its backbone before a new one is
added, and the new run carries that backbone: it needs neither the source run nor its rows.
"""

import shutil
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from verticals import methods, objectives, pilot, promotion
from verticals.arrays import FloatArray, IntArray
from verticals.config import home
from verticals.data.examples import Examples
from verticals.evaluation.classification import class_indices
from verticals.evaluation.metrics import Estimate, accuracy, bootstrap
from verticals.evaluation.predictor import Predictor
from verticals.evaluation.report import transfer_table
from verticals.methods import saved
from verticals.methods.merging import merged
from verticals.objectives import Trained, anchor, blend, calibrated, encoder_classifier
from verticals.objectives.encoder_classifier import EncoderClassifier
from verticals.pilot import Baseline, Measured
from verticals.runs import VERDICT, Run, write_json
from verticals.transfer.task import Task, TransferSettings, check, prepare, read_source

__all__ = [
    "RECORD",
    "Attempt",
    "Quality",
    "Task",
    "TransferSettings",
    "best_among",
    "check",
    "fit",
    "load_source",
    "measure",
    "preference",
    "prepare",
    "read_source",
    "transfer",
]

RECORD = "transfer.json"
NOTHING = int(np.iinfo(np.int64).min)  # predicted where no class can be; the number of no label, known or not


@dataclass(frozen=True)
class Quality:
    """Accuracy on the test rows of target and source, and on their validation rows; None where the source's cannot be read.

    The model chooses among the classes of both sides, but for `target_own`: among those that the target's rows have, as where it
    serves the target alone.
    """

    target: Estimate
    target_own: Estimate
    source: Estimate | None
    target_validation: float
    source_validation: float | None


@dataclass(frozen=True)
class Attempt:
    """What one strength of the KL term gave, and the seconds that its training took."""

    strength: float
    quality: Quality
    seconds: float


def transfer(task: Task) -> Run:
    """Train once per strength of the KL term, and save the one chosen on validation rows as a proven run.

    Chosen is the best on the target's validation rows among those that lose at most `max_source_loss` on the source's; where none does,
    the one that loses least. A killed transfer is continued by the same call. `transfer.json` has both sides before and after, for
    every strength.
    """
    app, objective = task.source.app, objectives.get("classify")
    with pilot.workspace(home() / app / f".work-{_key(task)}", task.config) as work:
        unknown = pilot.tell_unknown(task.target.texts(), encoder_classifier.load_tokenizer(task.source.folder))
        source = calibrated.load(task.source)
        before = measure(task, source)
        attempts: list[Attempt] = []
        for strength in task.settings.lambdas:
            trained, seconds = pilot.timed(partial(fit, task, strength, work / f"strength-{strength:g}"))
            attempts.append(Attempt(strength, measure(task, trained.model), seconds))
            if max(attempts, key=partial(preference, before, task.settings)) is attempts[-1]:
                chosen = trained
        best = max(attempts, key=partial(preference, before, task.settings))
        record = _record(task, before, attempts, best)
        chosen = replace(chosen, notes=(*chosen.notes, *unknown))
        measured = Measured(chosen, calibrated.evaluate(chosen.model, task.target), best.seconds)
        baselines = pilot.measure_baselines(objective, task.target, task.config, measured)
        untouched = Baseline("source", calibrated.evaluate(source, task.target), 0.0)
        facts = {"transfer": {name: record[name] for name in ("source", "anchor", "strength")}}
        add_files = partial(_add_files, task, record)
        return pilot.save_measured(
            app, objective, task.config, task.target, measured, (*baselines, untouched), add_files, facts
        )


def _key(task: Task) -> str:
    """Name everything that the checkpoints of a transfer depend on, but for the strength."""
    rows = [each.fingerprint() for each in (task.target, task.source_rows) if each is not None]
    return "-".join((task.config.digest(), *rows, task.source.folder.name, task.settings.anchor))


def preference(before: Quality, settings: TransferSettings, attempt: Attempt) -> tuple[bool, float, float]:
    """Order attempts: those that keep the source first, by target; the others by source; of equals the one held more strongly."""
    after = attempt.quality
    lost = 0.0
    if before.source_validation is not None and after.source_validation is not None:
        lost = before.source_validation - after.source_validation
    kept = lost <= settings.max_source_loss + 1e-9
    return kept, after.target_validation if kept else -lost, attempt.strength


def fit(task: Task, strength: float, work: Path) -> Trained[Predictor]:
    """Train and calibrate a classifier over the union of the classes with one strength of the KL term."""
    replayed = task.source_rows.train if task.settings.anchor == "replay" and task.source_rows else None
    fitted = anchor.fit(load_source(task.source), replayed, task.target, task.config, strength, work)
    return calibrated.calibrated(replace(fitted, notes=task.notes), task.target, task.config)


def load_source(source: Run) -> EncoderClassifier:
    """Load the classifier of a run that has a backbone; what was blended into it stays behind."""
    return encoder_classifier.load(source.folder, source.labels, source.config)


def measure(task: Task, model: Predictor) -> Quality:
    """Measure a classifier on both sides."""
    rows, target = task.source_rows, task.target
    truth, logits = class_indices(target.test, target.labels), _logits(model, target.test)
    return Quality(
        bootstrap(accuracy, truth, logits.argmax(axis=1)),
        bootstrap(accuracy, truth, best_among(np.unique(class_indices(target.train, target.labels)), logits)),
        bootstrap(accuracy, *_predictions(task, model, rows.test)) if rows else None,
        accuracy(*_predictions(task, model, target.validation)),
        accuracy(*_predictions(task, model, rows.validation)) if rows else None,
    )


def _predictions(task: Task, model: Predictor, rows: Examples) -> tuple[IntArray, IntArray]:
    return class_indices(rows, task.target.labels), _logits(model, rows).argmax(axis=1)


def _logits(model: Predictor, rows: Examples) -> FloatArray:
    return model.classifier.score(rows.texts, progress="measuring").logits


def best_among(classes: IntArray, logits: FloatArray) -> IntArray:
    """Return the best of some classes in each row; `NOTHING` where the model knows none of them, because it has fewer columns."""
    known = classes[classes < logits.shape[1]]
    return known[logits[:, known].argmax(axis=1)] if len(known) else np.full(len(logits), NOTHING)


def _record(task: Task, before: Quality, attempts: list[Attempt], best: Attempt) -> dict[str, Any]:
    """Return what `transfer.json` holds."""
    return {
        "source": task.source.folder.name,
        "anchor": task.settings.anchor,
        "max_source_loss": task.settings.max_source_loss,
        "strength": best.strength,
        "kept": preference(before, task.settings, best)[0],
        "classes": {"source": len(task.source.labels), "added": list(task.target.labels[len(task.source.labels) :])},
        "before": asdict(before),
        "sweep": [
            {"strength": each.strength, **asdict(each.quality), "seconds": round(each.seconds, 1)} for each in attempts
        ],
        "notes": [asdict(each) for each in task.notes],
    }


def _add_files(task: Task, record: dict[str, Any], folder: Path) -> None:
    """Write the record, the backbone that an adapter sits on, and what the app serves from and training does not write."""
    write_json(folder / RECORD, record)
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write(f"\n## Transfer\n{transfer_table(record)}\n")
    tuned = methods.get(task.source.config.method.name).adapt is not None or saved.carries(task.source.folder)
    if tuned and methods.get(task.config.method.name).stored_as != "model":
        saved.carry(merged(load_source(task.source).module.encoder), folder)
    if (task.source.folder / promotion.STANDING_TEST).is_file():  # that one names other rows
        promotion.write_standing_test(folder, task.target.test)
    for name in task.source.manifest["files"]:
        if not (folder / name).exists() and Path(name).parts[0] not in (*saved.PARTS, *blend.FILES, VERDICT):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(task.source.folder / name, folder / name)
