"""The command line: parse, call, print. Errors become one line on standard error and exit code 2."""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verticals import registry
from verticals.config import Config, NoSettings, build, home, merge, read_yaml
from verticals.config import assignment as parse_assignment
from verticals.errors import VerticalsError
from verticals.vertical import Vertical

if TYPE_CHECKING:
    from verticals.runs import Run

_INTERRUPTED = 130  # what typer returns for Ctrl-C

cli = typer.Typer(
    help="Fine-tune small language models and run them as applications.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

App = Annotated[str, typer.Argument(metavar="APP", help="Name of an app; `verticals apps` lists them.")]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder of a run, or the name of an app for its newest run.")
]
ConfigFiles = Annotated[
    list[Path] | None, typer.Option("--config", help="YAML file of settings; may be given more than once.")
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, such as train.epochs=3; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


@cli.command()
def apps(as_json: AsJson = False) -> None:
    """List the installed apps."""
    points = registry.available()
    if as_json:
        _print_json(
            {"apps": [{"name": name, "package": point.value.partition(":")[0]} for name, point in points.items()]}
        )
        return
    for name, point in points.items():
        _print(f"{name:<24}{point.value.partition(':')[0]}")


@cli.command()
def config(app: App, files: ConfigFiles = None, assignments: Assignments = None, as_json: AsJson = False) -> None:
    """Print an app's settings after all files and assignments."""
    resolved = _resolve(registry.get(app), {}, files, assignments)
    if as_json:
        _print_json(resolved.model_dump())
    else:
        _print(resolved.to_yaml().rstrip())


@cli.command()
def train(
    app: App,
    data: Annotated[
        str | None, typer.Option(help="Training rows: CSV, TSV, JSONL or Parquet file, or a public data set's name.")
    ] = None,
    test: Annotated[
        str | None, typer.Option(help="Test rows; without it a share of the training rows is held out.")
    ] = None,
    validation: Annotated[str | None, typer.Option(help="Validation rows; without it a share is held out.")] = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    outside_label: Annotated[
        str | None, typer.Option(help="Label of rows that belong to no class (out of scope).")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="How the backbone is tuned; docs/methods.md has the table."
            "prompt, p-tuning, prefix, adapter or adapter-pfeiffer."
        ),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="builtin, a local folder, or a hub id.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of splits, weights and order.")] = None,
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
    options = _given(
        {"data": columns, "method": {"name": method}, "backbone": {"name": backbone}, "train": {"seed": seed}}
    )
    vertical = registry.get(app)
    run = vertical.train(_resolve(vertical, options, files, assignments))
    _report(run, run.metrics, as_json)


@cli.command()
def tune(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", help="What to learn: classify, match or generate.")],
    data: Annotated[str, typer.Option(help="Training rows: CSV, TSV, JSONL or Parquet file.")],
    test: Annotated[
        str | None, typer.Option(help="Test rows; without it a share of the training rows is held out.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="How the backbone is tuned; nothing: the objective's own.")] = None,
    backbone: Annotated[str | None, typer.Option(help="builtin, a local folder, or a hub id.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of splits, weights and order.")] = None,
    files: ConfigFiles = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Learn one objective from a file, without an app; a killed training is continued by the same command."""
    from verticals import objectives, pilot

    wanted = objectives.get(objective)
    options = _given(
        {
            "data": {"train": data, "test": test},
            "method": {"name": method},
            "backbone": {"name": backbone},
            "train": {"seed": seed},
        }
    )
    layers = _layers({"method": {"name": wanted.method}}, options, files, assignments)
    run = pilot.tune(wanted, build(layers, NoSettings, wanted.settings))
    _report(run, run.metrics, as_json)


@cli.command()
def evaluate(
    run: RunArgument,
    data: Annotated[Path | None, typer.Option(help="Other test rows than the run's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run again, on its own test rows or on others."""
    opened = _open(run)
    _report(opened, registry.get(opened.app).evaluate(opened, data), as_json)


@cli.command()
def predict(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows with a text column; a label is not needed.")],
    output: Annotated[
        Path | None, typer.Option(help="CSV file to write; without it the rows go to standard output.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict every row of a file."""
    opened = _open(run)
    rows = registry.get(opened.app).predict(opened, file)
    if as_json:
        _print_json({"run": str(opened.folder), "rows": rows})
        return
    import pandas as pd

    pd.DataFrame(rows).to_csv(output or sys.stdout, index=False)
    if output:
        _say(f"{len(rows)} rows written to {output}")


@cli.command()
def demo(
    app: Annotated[str | None, typer.Argument(metavar="[APP]", help="One app; without it, all installed apps.")] = None,
    run: Annotated[Path | None, typer.Option(help="Serve this run instead of the app's newest one.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    as_json: AsJson = False,
) -> None:
    """Train what is not trained yet, then serve pages and REST until Ctrl-C."""
    from verticals import hub

    hub.check_port(host, port)
    runs = {name: _demo_run(name, run) for name in ([app] if app else registry.available())}
    site = hub.build(runs)
    address = f"http://{host}:{port}"
    if as_json:
        _print_json({"address": address, "runs": {name: str(opened.folder) for name, opened in runs.items()}})
    _say(f"open {address} in a browser; stop with Ctrl-C")
    hub.serve(site, host, port)


def _demo_run(name: str, folder: Path | None) -> "Run":
    from verticals import runs

    vertical = registry.get(name)
    if folder is not None:
        opened = runs.open_run(folder)
        if opened.app != name:
            raise VerticalsError(f"{folder}: a run of '{opened.app}', expected one of '{name}'")
        return opened
    found = runs.latest(name)
    if found:
        _say(f"serving {found.folder}, the newest run of {name}")
        return found
    _say(f"training {name} on its samples (once; the next start uses this run)")
    return vertical.train(_resolve(vertical, {}, None, None))


def _resolve(app: Vertical, options: dict[str, Any], files: list[Path] | None, assignments: list[str] | None) -> Config:
    return build(_layers(read_yaml(app.defaults), options, files, assignments), app.settings)


def _layers(
    defaults: dict[str, Any], options: dict[str, Any], files: list[Path] | None, assignments: list[str] | None
) -> list[dict[str, Any]]:
    """Return the layers of settings, later ones winning."""
    return [
        defaults,
        *(read_yaml(path) for path in files or ()),
        options,
        *(parse_assignment(text) for text in assignments or ()),
    ]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the user did not give, so that it does not override files."""
    present: dict[str, Any] = {}
    for section, values in options.items():
        chosen = {name: value for name, value in values.items() if value is not None}
        present = merge(present, {section: chosen}) if chosen else present
    return present


def _open(reference: str) -> "Run":
    from verticals import runs

    if reference in registry.available():
        found = runs.latest(reference)
        if found is None:
            raise VerticalsError(f"no run of '{reference}' in {home()}; train one with: verticals train {reference}")
        return found
    return runs.open_run(Path(reference))


def _report(run: "Run", record: dict[str, Any], as_json: bool) -> None:
    from verticals import pilot
    from verticals.evaluation import report, results

    if as_json:
        _print_json(results.document([pilot.result(run, record)]))
        return
    _print(f"run: {run.folder}", *report.summary(run.config.method.name, record))


def _print(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _print_json(value: dict[str, Any]) -> None:
    _print(json.dumps(value, indent=1, ensure_ascii=False))


def _quieten() -> None:
    """Keep the libraries' banners, bars and telemetry out of a user's terminal."""
    for name, value in {
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning)  # between libraries, nothing a user can act on
    warnings.filterwarnings("ignore", message="Unsupported layer type .*LayerNorm")  # peft, of its own LN-tuning
    warnings.filterwarnings("ignore", message="The following rank_pattern keys")  # peft, of AdaLoRA's own pattern


def main() -> None:
    """Run the command line."""
    _quieten()
    try:
        status = cli(standalone_mode=False)
    except VerticalsError as error:
        _fail(str(error), 2)
    except typer.TyperException as error:
        _fail(error.format_message(), 2)
    except ModuleNotFoundError as error:
        named = next((word for word in sys.argv[2:3] if word in registry.available()), "all")
        _fail(str(registry.missing_extra(named, error)), 2)
    else:
        if status == _INTERRUPTED:
            _fail("stopped; the same command continues where it was", _INTERRUPTED)
        sys.exit(status)


def _fail(message: str, status: int) -> None:
    _say(f"error: {' '.join(message.split())}" if status == 2 else message)
    sys.exit(status)
