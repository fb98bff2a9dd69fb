"""Commands that take an app, or a run of one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from verticals import provenance, registry
from verticals.cli.options import (
    App,
    AsJson,
    Assignments,
    Backbone,
    ConfigFiles,
    Method,
    RunArgument,
    Seed,
    TestRows,
    app_of,
    given,
    open_run,
    resolve,
)
from verticals.cli.output import check_place, report, say, show, show_json
from verticals.errors import VerticalsError
from verticals.vertical import Check, Checked

if TYPE_CHECKING:
    from verticals.runs import Run


def apps(as_json: AsJson = False) -> None:
    """List the installed apps."""
    points = registry.available()
    if as_json:
        show_json(
            {"apps": [{"name": name, "package": point.value.partition(":")[0]} for name, point in points.items()]}
        )
        return
    for name, point in points.items():
        show(f"{name:<24}{point.value.partition(':')[0]}")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case words joined by hyphens.")],
    as_json: AsJson = False,
) -> None:
    """Make a new app from the template; it trains, predicts and serves at once."""
    from verticals import new_app

    made = new_app.make(name, Path.cwd())
    if as_json:
        show_json({"folder": str(made.folder), "entry_point": made.entry_point, "extra": made.extra})
        return
    show(
        f"made {made.folder}",
        "add to pyproject.toml, then run: make install",
        f'[project.entry-points."verticals.apps"]\n{made.entry_point}',
        f"[project.optional-dependencies]  # and write {name} into `all` there\n{made.extra}",
    )


def config(app: App, files: ConfigFiles = None, assignments: Assignments = None, as_json: AsJson = False) -> None:
    """Print an app's settings after all files and assignments."""
    resolved = resolve(registry.get(app), {}, files, assignments)
    if as_json:
        show_json(resolved.model_dump())
    else:
        show(resolved.to_yaml().rstrip())


def train(
    app: App,
    data: Annotated[
        str | None, typer.Option(help="Training rows: CSV, TSV, JSONL or Parquet file, or a public data set's name.")
    ] = None,
    test: TestRows = None,
    validation: Annotated[str | None, typer.Option(help="Validation rows; without it a share is held out.")] = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    outside_label: Annotated[
        str | None, typer.Option(help="Label of rows that belong to no class (out of scope).")
    ] = None,
    method: Method = None,
    backbone: Backbone = None,
    seed: Seed = None,
    files: ConfigFiles = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Train an app on its samples or on your rows; a killed training is continued by the same command."""
    columns = {
        "train": data,
        "test": test,
        "validation": validation,
        "text": text,
        "label": label,
        "outside_label": outside_label,
    }
    options = given(
        {"data": columns, "method": {"name": method}, "backbone": {"name": backbone}, "train": {"seed": seed}}
    )
    vertical = registry.get(app)
    run = vertical.train(resolve(vertical, options, files, assignments))
    report(run, run.metrics, as_json)
    from verticals import promotion

    verdict = promotion.read(run)
    if verdict:
        say(verdict.reason)


def evaluate(
    run: RunArgument,
    data: Annotated[Path | None, typer.Option(help="Other test rows than the run's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run again, on its own test rows or on others."""
    from verticals import objectives, remeasure

    opened = open_run(run)
    measure = remeasure.evaluate if opened.app in objectives.OBJECTIVES else registry.get(opened.app).evaluate
    report(opened, measure(opened, data), as_json)


def predict(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows with a text column; a label is not needed.")],
    output: Annotated[
        Path | None,
        typer.Option(help="CSV file to write; without it the rows go to standard output.", callback=check_place),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict every row of a file."""
    from verticals import objectives
    from verticals.data.table import answer_encoding
    from verticals.evaluation.predictor import predict_file

    opened = open_run(run)
    ask = predict_file if opened.app in objectives.OBJECTIVES else registry.get(opened.app).predict
    rows = ask(opened, file)
    if output:
        with output.open("w", encoding=answer_encoding(file), newline="") as table:
            _write_csv(rows, table)
        say(f"{len(rows)} rows written to {output}")
    if as_json:
        show_json({"run": str(opened.folder), "rows": rows})
    elif not output:
        _write_csv(rows, sys.stdout)


def _write_csv(rows: list[dict[str, Any]], file: TextIO) -> None:
    from verticals.data.delimited import write_csv

    write_csv(list(rows[0]), [{name: _cell(value) for name, value in row.items()} for row in rows], file)


def _cell(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value as CSV has it: several in one cell as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def check(run: RunArgument, as_json: AsJson = False) -> None:
    """Try what an app promises, such as privacy and limits, on a run; exit code 1 where something does not hold."""
    opened = open_run(run)
    checked = [(each, each.run(opened)) for each in app_of(opened).checks]
    if as_json:
        rows = [{"check": each.name, "cases": done.cases, "findings": list(done.findings)} for each, done in checked]
        show_json({"run": str(opened.folder), "checks": rows})
    else:
        lines = [check_line(each, done) for each, done in checked]
        show(*(lines or [f"nothing was tried: {opened.app} has no checks of its own"]))
    if any(done.findings for _, done in checked):
        raise typer.Exit(1)


def check_line(check: Check, done: Checked) -> str:
    """Return a check as people read it: name, cases, outcome, and what was found below."""
    outcome = f"{len(done.findings)} found" if done.findings else "passed"
    return "\n    ".join([f"{check.name:<16}{done.cases:>5} cases  {outcome:<10}{check.summary}", *done.findings])


def demo(
    app: Annotated[
        str | None,
        typer.Argument(metavar="[APP]", help="One app; without it, the app of --run, or all that are installed."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Serve this run instead of the app's newest one that is not held back.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    as_json: AsJson = False,
) -> None:
    """Train what is not trained yet, then serve pages and REST until Ctrl-C."""
    from verticals import first_start

    first_start.check_port(host, port)
    names = _names(app, run)
    served = {name: opened for name in names if (opened := _served(name, run))}
    address = f"http://{host}:{port}"
    board = {name: first_start.Progress() for name in names if name not in served}
    with first_start.standing_in(board, host, port):
        if board:
            say(f"training {', '.join(board)} on their samples, once; {address} shows how far they are")
            commands = {name: first_start.train_command(name) for name in board}
            first_start.side_by_side(commands, board, lambda name: say(f"{name} is trained"))
            served |= {name: open_run(name) for name in board}
        from verticals import hub

        site = hub.build({name: served[name] for name in names})
    if as_json:
        show_json({"address": address, "runs": {name: str(opened.folder) for name, opened in served.items()}})
    say(f"open {address} in a browser; stop with Ctrl-C ({provenance.memory_mb() / 1000:.2f} GB of memory in use)")
    hub.serve(site, host, port)


def _names(app: str | None, folder: Path | None) -> list[str]:
    """Return the apps to serve: the one that is named, or that the run is of, or all."""
    if app is None and folder is None:
        return list(registry.available())
    return [app or app_of(open_run(str(folder))).name]


def _served(name: str, folder: Path | None) -> "Run | None":
    """Return the run that serves an app: the one in `folder`, or the newest; None where it is not trained yet."""
    from verticals import runs

    registry.get(name)  # a name that is none is refused before anything is trained
    if folder is None:
        found = runs.latest(name)
        if found:
            say(f"serving {found.folder}, the newest run of {name} that is not held back")
        return found
    opened = runs.open_run(folder)
    if opened.app != name:
        raise VerticalsError(f"{folder}: a run of '{opened.app}', expected one of '{name}'")
    return opened
