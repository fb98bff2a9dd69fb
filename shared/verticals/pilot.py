"""From rows to a proven run: train, measure beside the baselines, save."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from verticals import backbones, coverage, distributed, methods, objectives, parity, provenance, runs, trackers
from verticals.config import Config, home
from verticals.data.examples import Note
from verticals.data.splits import Splits
from verticals.errors import ConfigError
from verticals.evaluation import results
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.report import model_card
from verticals.inference import memory
from verticals.objectives import M, Objective, Rows, Trained
from verticals.precision import reading_in
from verticals.runs import Run, write_json


@dataclass(frozen=True)
class Measured:
    """A trained model with its quality on the test rows, and the seconds that training took."""

    trained: Trained[Any]
    judgement: Judgement
    seconds: float


@dataclass(frozen=True)
class Baseline:
    """What a model stands beside: its name, its quality on the same rows, and the seconds it took in all."""

    method: str
    judgement: Judgement
    seconds: float


def train(
    app: str,
    objective: Objective[Any, Any],
    config: Config,
    rows: Rows,
    add_files: Callable[[Path], None] = lambda folder: None,
) -> Run:
    """Train, measure and save a model; a killed training is continued by the same call.

    Args:
        app: name of the app, and of the folder that holds its runs.
        objective: what is learned.
        config: the settings.
        rows: what `objective.read` returns, or an app makes.
        add_files: puts what else the app serves from into the run folder.

    Returns:
        The saved run, proven by reloading it in another process; where several processes train together, the first one saves it.
    """
    methods.check(config, objective.name, None)  # before anything is read or computed
    work_folder = home() / app / f".work-{config.digest()}-{rows.fingerprint()}"
    if not distributed.is_main():
        with reading_in(config.train.precision):
            objective.fit(rows, config, work_folder)
        return runs.open_run(Path(distributed.from_main("")))
    with workspace(work_folder, config) as work:
        measured = measure(objective, rows, config, work)
        baselines = measure_baselines(objective, rows, config, measured)
        run = save_measured(app, objective, config, rows, measured, baselines, add_files, {})
    distributed.from_main(str(run.folder))
    return run


def train_classifier(
    app: str, config: Config, splits: Splits, add_files: Callable[[Path], None] = lambda folder: None
) -> Run:
    """Train, measure and save a classifier, as `train` does."""
    return train(app, objectives.get("classify"), config, splits, add_files)


def tune(objective: Objective[Any, Any], config: Config) -> Run:
    """Train on the rows that the settings name, without an app; the run is named for its objective.

    Raises:
        ConfigError: the settings name a column or a label that the objective does not read.
    """
    methods.check(config, objective.name, None)  # before anything is read or computed
    for name in config.data.model_dump(include={"text", "label", "outside_label"}, exclude_none=True):
        if name not in objective.columns:
            raise ConfigError(
                f"data.{name}: '{objective.name}' does not read it; leave it out (match and generate name their columns by "
                "--set objective.NAME=COLUMN)"
            )
    return train(objective.name, objective, config, objective.read(config))


@contextmanager
def workspace(folder: Path, config: Config) -> Iterator[Path]:
    """Give one training a folder for its checkpoints, and what it is measured and saved with: precision, memory, a prover.

    Raises:
        MissingExtra: a tracker that the settings name is not installed.
        RunError: another process is at the same training.
    """
    trackers.check(config.train.trackers)
    reading = reading_in(config.train.precision)
    with runs.reserved(folder) as work, parity.prover(), memory.remembering(), reading:
        yield work


def measure(objective: Objective[Any, Any], rows: Rows, config: Config, work: Path) -> Measured:
    """Train one model and judge it on test; what its backbone does not know is told before."""
    unknown: tuple[Note, ...] = ()
    if methods.get(config.method.name).uses_backbone:
        unknown = tell_unknown(rows.texts(), backbones.load_tokenizer(backbones.locate(config.backbone.name)))
    trained, seconds = timed(lambda: objective.fit(rows, config, work))
    trained = replace(trained, notes=(*trained.notes, *unknown))
    return Measured(trained, objective.evaluate(trained.model, rows), seconds)


def tell_unknown(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> tuple[Note, ...]:
    """Tell on standard error, while another backbone can still be chosen, that this one does not know the language of the texts."""
    notes = coverage.unknown_notes(texts, tokenizer)
    for note in notes:
        tqdm.write(f"note: {note.message}", file=sys.stderr)
    return notes


def timed(fit: Callable[[], Trained[M]]) -> tuple[Trained[M], float]:
    """Train; return the model and the seconds that it took, those before an interruption included."""
    started = time.perf_counter()
    trained = fit()
    return trained, trained.log.earlier_seconds + time.perf_counter() - started


def measure_baselines(
    objective: Objective[Any, Any], rows: Rows, config: Config, measured: Measured
) -> tuple[Baseline, ...]:
    """Judge what the model has to beat on the same rows; a model that is a baseline itself is not judged again."""
    judged = []
    for name, judge in objective.baselines.items():
        if name == config.method.name:
            judged.append(Baseline(name, measured.judgement, measured.seconds))
            continue
        started = time.perf_counter()
        judgement = judge(rows, config)
        judged.append(Baseline(name, judgement, time.perf_counter() - started))
    return tuple(judged)


def save_measured(
    app: str,
    objective: Objective[Any, Any],
    config: Config,
    rows: Rows,
    measured: Measured,
    baselines: tuple[Baseline, ...],
    add_files: Callable[[Path], None],
    facts: Mapping[str, Any],
) -> Run:
    """Save a model that was measured, and prove it by reloading it in another process.

    `facts` go into the manifest, beside the objective and the data's name and fingerprint.
    """
    model = measured.trained.model
    record = _record(objective, rows, measured, baselines)
    proof = rows.samples()[: parity.TEXTS]

    def write(folder: Path) -> None:
        model.save(folder)
        write_json(folder / "metrics.json", record)
        (folder / "README.md").write_text(model_card(app, config, record), encoding="utf-8")
        add_files(folder)

    def prove(run: Run) -> None:
        with memory.afresh():  # both read the proof by itself, not among other texts
            parity.prove_reload(run, proof, model.outputs(proof))

    data = {"name": rows.name, "fingerprint": rows.fingerprint()}
    return runs.save(app, config, {"objective": objective.name, "data": data, **facts}, write, prove)


def _record(
    objective: Objective[Any, Any], rows: Rows, measured: Measured, baselines: tuple[Baseline, ...]
) -> dict[str, Any]:
    """Return what `metrics.json` holds: the result's parts, and the series that pages draw."""
    trained, judgement = measured.trained, measured.judgement
    with memory.afresh():
        timing = results.latency(lambda text: objective.answer(trained.model, text), rows.samples())
    first, *others = (_beside(judgement, each) for each in baselines)
    return {
        "compared": judgement.compared,
        "metrics": results.estimates(judgement.metrics),
        "baseline": first,
        "references": others,
        "cost": {
            "train_seconds": round(measured.seconds, 1),
            "baseline_seconds": round(baselines[0].seconds, 1),
            "peak_memory_mb": provenance.peak_memory_mb(),
            "trained_parameters": trained.log.trained_parameters,
            **timing,
            "items_per_second": round(1000 / timing["p50_ms"], 1),
        },
        "training": asdict(trained.log),
        "rows": rows.sizes(),
        "notes": [asdict(note) for note in (*rows.notes, *trained.notes)],
        "machine": provenance.machine(),
        **trained.details,
        **judgement.details,
    }


def _beside(judgement: Judgement, baseline: Baseline) -> dict[str, Any]:
    gain = {f"{judgement.compared}_gain": judgement.gain_over(baseline.judgement)}
    metrics = results.estimates(baseline.judgement.metrics)
    return {"method": baseline.method, "metrics": metrics, **results.estimates(gain)}


def result(run: Run, record: dict[str, Any]) -> dict[str, Any]:
    """Return a run, with the record of a measurement of it, as one row of the benchmark."""
    return {
        "app": run.app,
        "objective": run.objective,
        "suite": run.manifest["data"]["name"],
        "method": record.get("served", run.config.method.name),
        "backbone": run.config.backbone.name if methods.get(run.config.method.name).uses_backbone else None,
        "seed": run.config.train.seed,
        "settings": run.config.objective,
        "metrics": record["metrics"],
        "baseline": record["baseline"],
        "references": record["references"],
        "cost": {**record["cost"], "artefact_bytes": runs.artefact_bytes(run)},
        "data": {**run.manifest["data"], "split": record["rows"]},
        "machine": record["machine"],
        "versions": run.manifest["versions"],
        "git_revision": run.manifest["git_revision"],
        "created_at": run.manifest["created_at"],
        "run": str(run.folder),
        "notes": record["notes"],
    }
