"""Commands of the core, which need no app."""

from typing import Annotated

import typer

from verticals.cli.options import AsJson, Assignments, Backbone, ConfigFiles, Method, Seed, TestRows, given, layers
from verticals.cli.output import report
from verticals.config import NoSettings, build


def tune(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", help="What to learn: classify, match or generate.")],
    data: Annotated[str, typer.Option(help="Training rows: CSV, TSV, JSONL or Parquet file.")],
    test: TestRows = None,
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
            "data": {"train": data, "test": test},
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
