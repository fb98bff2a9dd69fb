"""From splits to a proven run: train, calibrate, measure beside the baseline, save."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from verticals import methods, parity, provenance, runs
from verticals.config import Config, MethodConfig, home
from verticals.data.loading import held_out_splits
from verticals.data.splits import Splits
from verticals.errors import RunError
from verticals.evaluation import results
from verticals.evaluation.calibration import Calibration, calibrate
from verticals.evaluation.classification import Evaluation, class_indices, evaluate
from verticals.evaluation.metrics import accuracy
from verticals.evaluation.predictor import Predictor
from verticals.evaluation.report import model_card
from verticals.objectives import classify
from verticals.runs import Run, write_json

BASELINE = "tfidf"


@dataclass(frozen=True)
class Measured:
    """A trained classifier with its calibration and its quality on the test rows."""

    fitted: classify.Fitted
    calibration: Calibration
    validation_accuracy: float
    evaluation: Evaluation
    seconds: float


def train_classifier(
    app: str, config: Config, splits: Splits, add_files: Callable[[Path], None] = lambda folder: None
) -> Run:
    """Train, measure and save a classifier; a killed training is continued by the same call.

    Args:
        app: name of the app, and of the folder that holds its runs.
        config: the settings.
        splits: the rows.
        add_files: puts what else the app serves from into the run folder.

    Returns:
        The saved run, proven by reloading it in a fresh process.
    """
    methods.options_of(config.method)  # a mistyped setting fails before anything is computed
    with workspace(app, config, splits) as work:
        measured = measure(splits, config, work)
        baseline = measured
        if config.method.name != BASELINE:
            baseline = measure(splits, config.model_copy(update={"method": MethodConfig(name=BASELINE)}), work)
        classifier = measured.fitted.classifier
        record = _record(app, config, splits, measured, baseline)

        def write(folder: Path) -> None:
            classifier.save(folder)
            write_json(folder / "labels.json", list(splits.labels))
            write_json(folder / "calibration.json", asdict(measured.calibration))
            write_json(folder / "metrics.json", record)
            (folder / "README.md").write_text(model_card(app, config, record), encoding="utf-8")
            add_files(folder)

        def prove(run: Run) -> None:
            parity.prove_reload(run, splits.test.texts[:32], classifier.score(splits.test.texts[:32]).logits)

        facts = {"data": {"name": splits.name, "fingerprint": splits.fingerprint()}}
        return runs.save(app, config, facts, write, prove)


@contextmanager
def workspace(app: str, config: Config, splits: Splits) -> Iterator[Path]:
    """Give one training of these settings and rows a folder for its checkpoints; removed when it succeeds.

    Raises:
        RunError: another process is at the same training.
    """
    work = home() / app / f".work-{config.digest()}-{splits.fingerprint()}"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{work}: cannot be made: {error.strerror}; set VERTICALS_HOME to a folder that can be written"
        ) from error
    lock = FileLock(work.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunError(f"{work}: another process is at the same training; wait for it, or change a setting") from error
    try:
        yield work
        shutil.rmtree(work, ignore_errors=True)
    finally:
        lock.release()


def measure(splits: Splits, config: Config, work: Path) -> Measured:
    """Train one classifier, calibrate it on validation and judge it on test."""
    started = time.perf_counter()
    fitted = classify.fit(splits, config, work)
    seconds = time.perf_counter() - started
    held, truth = fitted.classifier.score(splits.validation.texts), class_indices(splits.validation, splits.labels)
    calibration = calibrate(held, truth, config.abstain)
    held_accuracy = accuracy(truth, held.logits.argmax(axis=1))
    return Measured(fitted, calibration, held_accuracy, judge(fitted.classifier, calibration, splits), seconds)


def judge(classifier: classify.Classifier, calibration: Calibration, splits: Splits) -> Evaluation:
    """Evaluate a classifier on the test rows, and on the out-of-scope rows where there are some."""
    outside = splits.outside_test
    return evaluate(
        classifier.score(splits.test.texts, progress="evaluating"),
        class_indices(splits.test, splits.labels),
        calibration,
        splits.labels,
        outside,
        classifier.score(outside.texts) if outside else None,
    )


def _record(app: str, config: Config, splits: Splits, measured: Measured, baseline: Measured) -> dict[str, Any]:
    """Return what `metrics.json` holds: the result's parts, and the series that pages draw."""
    fitted, evaluation = measured.fitted, measured.evaluation
    timing = results.latency(lambda text: fitted.classifier.score([text]), splits.test.texts)
    return {
        "metrics": results.estimates(evaluation.metrics),
        "baseline": {
            "method": BASELINE,
            "metrics": results.estimates(baseline.evaluation.metrics),
            **results.estimates({"accuracy_gain": evaluation.gain_over(baseline.evaluation)}),
        },
        "validation_accuracy": measured.validation_accuracy,
        "probe_validation_accuracy": fitted.probe_validation_accuracy,
        "calibration": asdict(measured.calibration),
        "cost": {
            "train_seconds": round(measured.seconds, 1),
            "baseline_seconds": round(baseline.seconds, 1),
            "peak_memory_mb": provenance.peak_memory_mb(),
            "trained_parameters": fitted.classifier.trained_parameters,
            **timing,
            "items_per_second": round(1000 / timing["p50_ms"], 1),
        },
        "training": asdict(fitted.log),
        "rows": splits.sizes(),
        "classes": len(splits.labels),
        "notes": [asdict(note) for note in (*splits.notes, *fitted.notes)],
        "confused_pairs": evaluation.confused_pairs,
        "reliability": [asdict(each) for each in evaluation.reliability],
        "risk_coverage": evaluation.risk_coverage,
        "machine": provenance.machine(),
    }


def evaluate_splits(run: Run, splits: Splits) -> dict[str, Any]:
    """Measure a run again on the test rows it was measured on.

    Raises:
        RunError: the rows are no longer those that the run was trained on.
    """
    expected, found = run.manifest["data"]["fingerprint"], splits.fingerprint()
    if expected != found:
        raise RunError(
            f"{run.folder}: its rows have changed (fingerprint {found}, expected {expected}); name test rows with --data"
        )
    return _again(run, splits, run.metrics["baseline"])


def evaluate_file(run: Run, path: Path) -> dict[str, Any]:
    """Measure a run on another file of labelled rows; the baseline of the run's own test rows is left out."""
    return _again(run, held_out_splits(path, run.config.data, run.labels), {"method": BASELINE, "metrics": {}})


def _again(run: Run, splits: Splits, baseline: dict[str, Any]) -> dict[str, Any]:
    predictor = Predictor.load(run)
    evaluation = judge(predictor.classifier, predictor.calibration, splits)
    return {
        **run.metrics,
        "metrics": results.estimates(evaluation.metrics),
        "baseline": baseline,
        "rows": {**run.metrics["rows"], "test": len(splits.test), "outside_test": len(splits.outside_test)},
        "notes": [asdict(note) for note in splits.notes],
        "confused_pairs": evaluation.confused_pairs,
    }


def result(run: Run, record: dict[str, Any]) -> dict[str, Any]:
    """Return a run, with the record of a measurement of it, as one row of the benchmark."""
    return {
        "app": run.app,
        "suite": run.manifest["data"]["name"],
        "method": run.config.method.name,
        "backbone": run.config.backbone.name if methods.get(run.config.method.name).uses_backbone else None,
        "seed": run.config.train.seed,
        "metrics": record["metrics"],
        "baseline": record["baseline"],
        "cost": {**record["cost"], "artefact_bytes": runs.artefact_bytes(run)},
        "data": {**run.manifest["data"], "split": record["rows"]},
        "machine": record["machine"],
        "versions": run.manifest["versions"],
        "git_revision": run.manifest["git_revision"],
        "created_at": run.manifest["created_at"],
        "run": str(run.folder),
        "notes": record["notes"],
    }
