"""Commands that measure apps and put what was measured side by side."""

from pathlib import Path
from typing import Annotated

import typer

from verticals.cli.options import AsJson, Assignments, Method
from verticals.cli.output import say, show, show_json


def benchmark(
    apps: Annotated[
        list[str] | None, typer.Argument(metavar="[APP]...", help="Apps to measure; without any, all installed apps.")
    ] = None,
    suite: Annotated[list[str] | None, typer.Option(help="Only this suite; may be repeated.")] = None,
    profile: Annotated[str, typer.Option(help="quick: the suites of a few minutes; full: all.")] = "quick",
    method: Method = None,
    seeds: Annotated[int, typer.Option(help="How many seeds, counted up from the settings' own.", min=1)] = 1,
    folder: Annotated[
        Path | None, typer.Option("--results", help="Where results are kept; nothing: `results` beside the runs.")
    ] = None,
    assignments: Assignments = None,
    list_suites: Annotated[bool, typer.Option("--list", help="Name the suites and measure nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure apps on their suites; what has a result already is not measured again."""
    from verticals import benchmark as measuring
    from verticals.evaluation import results

    chosen = measuring.select(apps or (), suite or (), profile)
    if list_suites:
        for app, each in chosen:
            show(f"{app.name:<22}{each.name:<24}{'quick' if each.quick else 'full':<7}{each.summary}")
        return
    cases = measuring.cases(chosen, method, seeds, assignments or ())
    rows = measuring.run(cases, folder or measuring.results_folder())
    if as_json:
        show_json(results.document(rows))
        return
    show(*(results.line(row) for row in rows))
    say("put them side by side with: verticals compare")
