"""The options that commands share, and how they become settings."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verticals import registry
from verticals.config import Config, assignment, build, home, merge, read_yaml
from verticals.errors import ConfigError, VerticalsError
from verticals.vertical import Vertical

if TYPE_CHECKING:
    from verticals.runs import Run

App = Annotated[str, typer.Argument(metavar="APP", help="Name of an app; `verticals apps` lists them.")]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Folder of a run, or the name of an app for its newest run that is not held back."
    ),
]
ConfigFiles = Annotated[
    list[Path] | None, typer.Option("--config", help="YAML file of settings; may be given more than once.")
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, such as train.epochs=3; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
TestRows = Annotated[str | None, typer.Option(help="Test rows; without it a share of the training rows is held out.")]
Method = Annotated[
    str | None, typer.Option(help="How the backbone is tuned: tfidf, probe, full, lora ...; docs/methods.md has all.")
]
Backbone = Annotated[str | None, typer.Option(help="builtin, a local folder, or a hub id.")]
Seed = Annotated[int | None, typer.Option(help="Seed of splits, weights and order.")]


def seconds(text: str) -> float:
    """Turn `90`, `90s`, `5m` or `1h` into seconds.

    Raises:
        ConfigError: it is none of them.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found:
        raise ConfigError(f"'{text}' is no length of time; expected 90s, 5m or 1h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def resolve(app: Vertical, options: dict[str, Any], files: list[Path] | None, assignments: list[str] | None) -> Config:
    """Return an app's settings: its defaults, then files, options and assignments, later ones winning."""
    return build(layers(read_yaml(app.defaults), options, files, assignments), app.settings, app.objective)


def layers(
    defaults: dict[str, Any], options: dict[str, Any], files: list[Path] | None, assignments: list[str] | None
) -> list[dict[str, Any]]:
    """Return the layers of settings, later ones winning."""
    return [
        defaults,
        *(read_yaml(path) for path in files or ()),
        options,
        *(assignment(text) for text in assignments or ()),
    ]


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the user did not give, so that it does not override files."""
    present: dict[str, Any] = {}
    for section, values in options.items():
        chosen = {name: value for name, value in values.items() if value is not None}
        present = merge(present, {section: chosen}) if chosen else present
    return present


def open_run(reference: str) -> "Run":
    """Open a run by its folder, or the newest one of an app by the app's name."""
    from verticals import runs

    if reference in registry.available():
        found = runs.latest(reference)
        if found is None:
            raise VerticalsError(f"no run of '{reference}' in {home()}; train one with: verticals train {reference}")
        return found
    return runs.open_run(Path(reference))


def app_of(run: "Run") -> Vertical:
    """Return the app that trained a run.

    Raises:
        ConfigError: no app did, or none of that name is installed.
    """
    from verticals import objectives

    if run.app in objectives.OBJECTIVES:
        raise ConfigError(
            f"{run.folder}: trained by `verticals tune {run.app}`, so it has no app with pages or checks; use evaluate, predict or "
            "export, or train an app on the same rows with: verticals train APP --data FILE"
        )
    return registry.get(run.app)
