"""Transfer: a trained classifier learns new rows while a KL term holds it to what it knew; both sides are measured.

Training starts from the source model, with the source's classes first; classes that only the target has are added behind them, with the
weights of a logistic regression on the source's vectors. An adapter of the source is merged into its backbone before a new one is
added, and the new run carries that backbone: it needs neither the source run nor its rows.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from verticals import methods, objectives, pilot, runs
from verticals.config import ClassifyConfig, Config, Section, home
from verticals.data.examples import Examples, Note, note
from verticals.data.near_duplicates import near_duplicates
from verticals.data.splits import Splits, with_labels
from verticals.errors import DataError, MethodError, RunError
from verticals.evaluation.classification import class_indices
from verticals.evaluation.metrics import Estimate, accuracy, bootstrap
from verticals.evaluation.predictor import Predictor
from verticals.evaluation.report import transfer_table
from verticals.inference.batches import IntArray
from verticals.methods import saved
from verticals.methods.merging import merged
from verticals.objectives import Trained, anchor, blend, calibrated, encoder_classifier
from verticals.objectives.encoder_classifier import EncoderClassifier
from verticals.pilot import Baseline, Measured
from verticals.runs import Run, write_json

RECORD = "transfer.json"


class TransferSettings(Section):
    """How the source model holds on, and which strength of its hold is kept."""

    anchor: Literal["replay", "target"] = Field(
        "replay", description="the KL term is taken on the source's rows, or on the target's inputs"
    )
    lambdas: tuple[float, ...] = Field((0.0, 0.1, 0.3, 1.0, 3.0, 10.0), min_length=1, description="strengths to try")
    max_source_loss: float = Field(
        0.02, ge=0, le=1, description="source accuracy, on validation rows, that the saved run may have lost"
    )


@dataclass(frozen=True)
class Task:
    """A source run, its rows where they can be read, and the target's rows under the union of the labels."""

    source: Run
    source_rows: Splits | None
    target: Splits
    config: Config
    settings: TransferSettings
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Quality:
    """Accuracy on the test rows of target and source, and on their validation rows; None where the source's cannot be read."""

    target: Estimate
    source: Estimate | None
    target_validation: float
    source_validation: float | None


@dataclass(frozen=True)
class Attempt:
    """What one strength of the KL term gave."""

    strength: float
    quality: Quality
    seconds: float


def check(source: Run, config: Config) -> None:
    """Say before anything is read why a run cannot be transferred by a method.

    Raises:
        MethodError: the source is no classifier with a backbone that its tuning can become part of, or the method tunes no backbone.
    """
    old, new = methods.get(source.config.method.name), methods.get(config.method.name)
    if source.objective != "classify":
        raise MethodError(f"{source.folder}: it learned to {source.objective}; transfer continues runs that classify")
    if not old.uses_backbone:
        raise MethodError(
            f"{source.folder}: '{old.name}' has no backbone to transfer; start from a run of full or lora"
        )
    if not old.merges:
        raise MethodError(
            f"{source.folder}: what '{old.name}' learned cannot be merged into the backbone ({old.limit}); "
            "start from a run of full or lora"
        )
    if new.adapt is None:
        raise MethodError(f"'{new.name}' tunes no backbone; choose another way to transfer with --method, such as full")
    methods.check(config, "classify", None)


def read_source(
    source: Run, read: Callable[[Config], Splits], file: str | None, settings: TransferSettings
) -> tuple[Splits | None, tuple[Note, ...]]:
    """Read the rows that the source was trained on.

    Args:
        source: the run.
        read: settings to rows, as the run's app reads them.
        file: where the rows are now; None where they are as the run's own settings name them.
        settings: whether they are to be replayed; if not, they only measure, and a note says why they are missing.

    Raises:
        RunError: they are to be replayed but cannot be read, or they have changed.
    """
    data = source.config.data.model_copy(update={"train": file} if file else {})
    try:
        rows = read(source.config.model_copy(update={"data": data}))
        why = f"{source.folder}: its rows have changed since it was trained"
    except DataError as error:
        rows, why = None, f"the rows that it was trained on cannot be read: {error}"
    if rows is not None and rows.fingerprint() == source.manifest["data"]["fingerprint"]:
        return rows, ()
    if rows is not None and file:
        message = f"{file}: not the rows that the source was trained on, so it may know its test rows"
        return rows, (Note("other_source_rows", 1, message),)
    if settings.anchor == "replay":
        raise RunError(f"{why}; name them with --source-data FILE, or use --anchor target")
    return None, (Note("source_not_measured", 1, f"source accuracy not measured: {why}"),)


def prepare(
    source: Run,
    source_rows: Splits | None,
    target: Splits,
    config: Config,
    settings: TransferSettings,
    notes: tuple[Note, ...] = (),
) -> Task:
    """Bring source and target together under the union of their labels; texts that stand on both sides are noted.

    Raises:
        MethodError: the run cannot be transferred by the method.
        RunError: rows are to be replayed, and there are none.
    """
    check(source, config)
    if source_rows is None and settings.anchor == "replay":
        raise RunError(
            f"{source.folder}: no source rows to replay; name them with --source-data FILE, or use --anchor target"
        )
    known = with_labels(source_rows, source.labels) if source_rows else None
    union = with_labels(target, source.labels)
    crossed = _crossing(known, union) if known else ()
    alone = {"backbone": source.config.backbone, "objective": ClassifyConfig().model_dump()}
    if ClassifyConfig.model_validate(source.config.objective).blend:
        notes = (*notes, Note("blend_left", 1, "the source's blended TF-IDF classifier is not transferred"))
    return Task(source, known, union, config.model_copy(update=alone), settings, (*notes, *crossed))


def _crossing(source: Splits, target: Splits) -> tuple[Note, ...]:
    """Name test rows of one side that stand, nearly word for word, among the training rows of the other."""
    notes = []
    for name, learned, test in (("target", source, target.test), ("source", target, source.test)):
        found = near_duplicates(learned.train.texts + learned.validation.texts, test.texts)
        lines = [test.lines[each.other] for each in found] if test.lines else [each.other for each in found]
        notes.append(note(f"{name}_near_duplicate", lines, f"test rows of the {name} that the other side learned from"))
    return tuple(each for each in notes if each.count)


def transfer(task: Task) -> Run:
    """Train once per strength of the KL term, and save the one chosen on validation rows as a proven run.

    Chosen is the best on the target's validation rows among those that lose at most `max_source_loss` on the source's; where none does,
    the one that loses least. A killed transfer is continued by the same call. `transfer.json` has both sides before and after, for
    every strength.
    """
    app, objective = task.source.app, objectives.get("classify")
    key = f"{task.config.digest()}-{task.target.fingerprint()}-{task.source.folder.name}-{task.settings.anchor}"
    with runs.reserved(home() / app / f".work-{key}") as work:
        source = calibrated.load(task.source)
        before = measure(task, source)
        attempts: list[Attempt] = []
        for strength in task.settings.lambdas:
            started = time.perf_counter()
            trained = fit(task, strength, work / f"strength-{strength:g}")
            attempts.append(Attempt(strength, measure(task, trained.model), time.perf_counter() - started))
            if max(attempts, key=partial(preference, before, task.settings)) is attempts[-1]:
                chosen = trained
        best = max(attempts, key=partial(preference, before, task.settings))
        record = _record(task, before, attempts, best)
        measured = Measured(chosen, calibrated.evaluate(chosen.model, task.target), best.seconds)
        baselines = pilot.measure_baselines(objective, task.target, task.config, measured)
        untouched = Baseline("source", calibrated.evaluate(source, task.target), 0.0)
        facts = {"transfer": {name: record[name] for name in ("source", "anchor", "strength")}}
        add_files = partial(_add_files, task, record)
        return pilot.save_measured(
            app, objective, task.config, task.target, measured, (*baselines, untouched), add_files, facts
        )


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
    """Measure a classifier on both sides, among all the classes that it has."""
    rows, target = task.source_rows, task.target
    return Quality(
        bootstrap(accuracy, *_predictions(task, model, target.test)),
        bootstrap(accuracy, *_predictions(task, model, rows.test)) if rows else None,
        accuracy(*_predictions(task, model, target.validation)),
        accuracy(*_predictions(task, model, rows.validation)) if rows else None,
    )


def _predictions(task: Task, model: Predictor, rows: Examples) -> tuple[IntArray, IntArray]:
    predicted = model.classifier.score(rows.texts, progress="measuring").logits.argmax(axis=1)
    return class_indices(rows, task.target.labels), predicted


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
    for name in task.source.manifest["files"]:
        if not (folder / name).exists() and Path(name).parts[0] not in (*saved.PARTS, *blend.FILES):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(task.source.folder / name, folder / name)
