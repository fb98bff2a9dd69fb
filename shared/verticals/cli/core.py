"""Commands of the core, which need no app."""

import time
from typing import Annotated

import typer

from verticals.cli.options import (
    AsJson,
    Assignments,
    Backbone,
    ConfigFiles,
    Method,
    Seed,
    TestRows,
    given,
    layers,
    seconds,
)
from verticals.cli.output import report, show, show_json
from verticals.config import NoSettings, build


def tune(
    objective: Annotated[
        str, typer.Argument(metavar="OBJECTIVE", help="What to learn: classify, classify-multi, match or generate.")
    ],
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
    allowed = seconds(budget)
    from verticals import advisor, objectives
    from verticals.advisor import wording
    from verticals.data.loading import load_splits

    columns = {"train": data, "test": test, "text": text, "label": label}
    options = given({"data": columns, "backbone": {"name": backbone}, "train": {"seed": seed}})
    config = build([options], NoSettings, objectives.get("classify").settings)
    advice = advisor.advise(load_splits(config.data, config.train.seed), config, allowed, time.perf_counter)
    if as_json:
        show_json({"schema": 1, "advice": advice.document()})
        return
    show(*wording.table(advice.options, advice.recommended), "", *advice.sentences)
