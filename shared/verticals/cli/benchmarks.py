"""Commands that measure apps and put what was measured side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verticals.cli.options import AsJson, Assignments, Method
from verticals.cli.output import check_place, say, show, show_json, table
from verticals.errors import DataError

if TYPE_CHECKING:
    from verticals.benchmark import Case
    from verticals.comparison import Change
    from verticals.vertical import Suite, Vertical


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
        _list_suites(chosen, as_json)
        return
    cases = measuring.cases(chosen, method, seeds, assignments or ())
    rows = measuring.run(cases, folder or measuring.results_folder(), None if suite else _pass_over)
    if as_json:
        show_json(results.document(rows))
        return
    show(*(results.line(row) for row in rows))
    say("put them side by side with: verticals compare")


def _list_suites(chosen: "list[tuple[Vertical, Suite]]", as_json: bool) -> None:
    names = ("app", "suite", "profile", "summary")
    lines = [(app.name, each.name, "quick" if each.quick else "full", each.summary) for app, each in chosen]
    if as_json:
        show_json({"suites": [dict(zip(names, line, strict=True)) for line in lines]})
    else:
        show(*table((*names[:3], "what it shows"), lines))


def _pass_over(case: "Case", error: DataError) -> None:
    say(f"not measured: {case.name}: {error}")


def compare(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[RESULTS]", help="Folder of results; nothing: your own.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="Older results: print what changed, and exit with 1 where something was lost.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="HTML file to write: the table and quality over cost.", callback=check_place),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put results side by side across apps: quality, gain over the baseline, and what they cost."""
    from dataclasses import asdict

    from verticals import benchmark as measuring
    from verticals import comparison

    measured = comparison.read(folder or measuring.results_folder())
    rows = comparison.lines(measured)
    if len(rows) < len(measured):
        say(
            f"{len(measured) - len(rows)} of {len(measured)} results left out: times and simulations have no metric to compare by"
        )
    if page is not None:
        from verticals.comparison_page import page_html
        from verticals.theme import CSS

        page.write_text(page_html(rows, len(measured) - len(rows), CSS), encoding="utf-8")
        say(f"written to {page}")
    if before is not None:
        older = comparison.lines(comparison.read(before))
        changes = comparison.changes(older, rows)
        say(
            f"{len(changes)} compared; {len(older) - len(changes)} older and {len(rows) - len(changes)} newer results stand alone"
        )
        _report_changes(changes, as_json)
        return
    if as_json:
        show_json({"lines": [asdict(row) for row in rows]})
        return
    show(*table(comparison.HEADER, [comparison.cells(row) for row in rows]))


def _report_changes(changes: "list[Change]", as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        show_json({"changes": [asdict(change) for change in changes]})
    else:
        cells = [
            (
                *map(str, each.name),
                each.variant,
                each.metric,
                f"{each.before:.3f}",
                f"{each.after:.3f}",
                "LOST" if each.lost else "",
            )
            for each in changes
        ]
        show(*table(("app", "suite", "method", "seed", "variant", "metric", "before", "after", ""), cells))
    if any(change.lost for change in changes):
        raise typer.Exit(1)
