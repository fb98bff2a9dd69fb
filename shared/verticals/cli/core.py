"""Commands of the core, which need no app."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verticals import registry
from verticals.cli.options import (
    AsJson,
    Assignments,
    Backbone,
    ConfigFiles,
    Method,
    RunArgument,
    Seed,
    TestRows,
    given,
    layers,
    open_run,
    seconds,
)
from verticals.cli.output import check_place, report, say, show, show_json
from verticals.config import ClassifyConfig, Config, NoSettings, build, validate
from verticals.errors import ConfigError

if TYPE_CHECKING:
    from verticals.data.splits import Splits
    from verticals.runs import Run


def tune(
    objective: Annotated[
        str,
        typer.Argument(
            metavar="OBJECTIVE", help="What to learn: classify, classify-multi, tag, match, generate or mask."
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="Training rows: CSV, TSV, JSONL, Parquet or column (CoNLL) file, or a public data set's name."
        ),
    ],
    test: TestRows = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label, or labels.")] = None,
    method: Method = None,
    backbone: Backbone = None,
    seed: Seed = None,
    files: ConfigFiles = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Learn one objective from a file, without an app; a killed training is continued by the same command."""
    from verticals import objectives, pilot

    wanted = objectives.get(objective)
    options = given(
        {
            "data": {"train": data, "test": test, "text": text, "label": label},
            "method": {"name": method},
            "backbone": {"name": backbone},
            "train": {"seed": seed},
        }
    )
    config = build(
        layers({"method": {"name": wanted.method}}, options, files, assignments), NoSettings, wanted.settings
    )
    run = pilot.tune(wanted, config)
    report(run, run.metrics, as_json)


def pretrain(
    text: Annotated[
        list[str], typer.Option(help="Domain text: a .txt file, or a table with a text column; may be repeated.")
    ],
    column: Annotated[str | None, typer.Option(help="Column with the text, where a file is a table.")] = None,
    test: Annotated[str | None, typer.Option(help="Text that only measures; without it a share is held out.")] = None,
    method: Method = None,
    backbone: Backbone = None,
    seed: Seed = None,
    files: ConfigFiles = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Let a backbone read domain text (`tune mask`); the folder it makes serves every method as --backbone FOLDER."""
    from verticals import objectives, pilot
    from verticals.objectives.mask import BACKBONE

    wanted = objectives.get("mask")
    options = given(
        {
            "data": {"train": text[0], "test": test, "text": column},
            "method": {"name": method},
            "backbone": {"name": backbone},
            "train": {"seed": seed},
            "objective": {"also": text[1:] or None},
        }
    )
    config = build(
        layers({"method": {"name": wanted.method}}, options, files, assignments), NoSettings, wanted.settings
    )
    run = pilot.tune(wanted, config)
    report(run, run.metrics, as_json)
    say(f"use it with: --backbone {run.folder / BACKBONE}")


def transfer(
    run: RunArgument,
    data: Annotated[
        str, typer.Option(help="The target's rows: CSV, TSV, JSONL or Parquet file, or a public data set.")
    ],
    test: TestRows = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label; it may have labels of its own.")] = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            help="replay (default): the KL term is taken on the source's rows; target: on the target's inputs."
        ),
    ] = None,
    source_data: Annotated[
        str | None, typer.Option(help="Where the source's rows are now, if they were moved.")
    ] = None,
    lambdas: Annotated[str | None, typer.Option(help="Strengths of the KL term to try, such as 0,0.3,1.")] = None,
    max_source_loss: Annotated[
        float | None,
        typer.Option(help="Source accuracy, on validation rows, that the saved run may have lost, such as 0.02."),
    ] = None,
    method: Method = None,
    seed: Seed = None,
    plot: Annotated[
        Path | None, typer.Option(help="HTML file to write, with both sides over the strengths.", callback=check_place)
    ] = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Teach a run new rows while a KL term holds it to what it knew; both sides are measured."""
    from verticals import pilot
    from verticals import transfer as core
    from verticals.evaluation import results
    from verticals.evaluation.report import transfer_table

    tried = None if lambdas is None else _numbers(lambdas)
    wanted = given({"transfer": {"anchor": anchor, "lambdas": tried, "max_source_loss": max_source_loss}})
    settings = validate(core.TransferSettings, wanted.get("transfer", {}), ("transfer",))
    source = open_run(run)
    columns = {"train": data, "test": test, "text": text, "label": label}
    options = given({"data": columns, "method": {"name": method}, "train": {"seed": seed}})
    config = _continued(source, method, options, assignments)
    core.check(source, config)
    read = _reader(source.app)
    rows, notes = core.read_source(source, read, source_data, settings)
    made = core.transfer(core.prepare(source, rows, read(config), config, settings, notes))
    record = made.read_json(core.RECORD)
    if plot is not None:
        from verticals.evaluation.plots import transfer_figure

        sides = {"target": "target", "source": "source"}
        transfer_figure(record, "strength of the KL term", "accuracy", sides).write_html(plot)
    if as_json:
        show_json(results.document([{**pilot.result(made, made.metrics), "transfer": record}]))
        return
    report(made, made.metrics, as_json)
    show("", transfer_table(record))


def export(
    run: RunArgument,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.")],
    as_json: AsJson = False,
) -> None:
    """Merge what a run tuned into its backbone: one folder that plain transformers loads, compared with the run."""
    from verticals import export as core

    made = core.export(open_run(run), folder)
    if as_json:
        show_json({"folder": str(made.folder), "difference": made.difference})
        return
    show(f"{made.folder}: vectors differ from the run's by at most {made.difference:.1g}")


def _continued(source: "Run", method: str | None, options: dict[str, Any], assignments: list[str] | None) -> Config:
    """Return a run's settings for other rows; what was set for its method does not fit another."""
    known = source.app in registry.available()
    kept = {"backbone", "abstain", *(["app"] if known else [])}
    if method in {None, source.config.method.name}:
        kept |= {"method", "train"}
    app = registry.get(source.app).settings if known else NoSettings
    return build(layers(source.config.model_dump(include=kept), options, None, assignments), app, ClassifyConfig)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"--lambdas {text}: expected numbers with commas between them, such as 0,0.3,1") from error


def _reader(app: str) -> "Callable[[Config], Splits]":
    """Return how rows are read: as the app does, or as the core does for a run without an app."""
    from verticals.objectives import calibrated

    return (registry.get(app).rows if app in registry.available() else None) or calibrated.read


def advise(
    data: Annotated[str, typer.Option(help="Labelled rows: CSV, TSV, JSONL or Parquet file.")],
    test: TestRows = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    budget: Annotated[str, typer.Option(help="What the trial may take: 90s, 5m, 1h.")] = "5m",
    backbone: Backbone = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Try methods on your rows for a few minutes and recommend one: what to expect, what it takes, what is enough."""
    started, allowed = time.perf_counter(), seconds(budget)
    from verticals import advisor, objectives
    from verticals.advisor import wording
    from verticals.data.loading import load_splits

    columns = {"train": data, "test": test, "text": text, "label": label}
    options = given({"data": columns, "backbone": {"name": backbone}, "train": {"seed": seed}})
    config = build([options], NoSettings, objectives.get("classify").settings)
    splits = load_splits(config.data, config.train.seed)
    advice = advisor.advise(splits, config, allowed, time.perf_counter, time.perf_counter() - started)
    if as_json:
        show_json({"schema": 1, "advice": advice.document()})
        return
    notes = [f"note: {note.message}" for note in advice.notes]
    show(*wording.table(advice.options, advice.recommended), "", *advice.sentences, *notes)
    say(f"tried on {advice.sampled} of {advice.rows} rows in {time.perf_counter() - started:.0f} s")
