"""Commands that measure apps and put what was measured side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verticals.cli.options import AsJson, Assignments, Method
from verticals.cli.output import check_place, say, show, show_json, table
from verticals.errors import DataError

if TYPE_CHECKING:
    from verticals.benchmark import Case
    from verticals.comparison import Change, Line
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
    rows, left_out = comparison.lines(measured), comparison.left_out(measured)
    _say_left_out("results", left_out)
    if page is not None:
        from verticals.comparison_page import page_html
        from verticals.theme import CSS

        page.write_text(page_html(rows, left_out, (), CSS), encoding="utf-8")
        say(f"written to {page}")
    if before is not None:
        _gate(rows, left_out, before, as_json)
    elif as_json:
        show_json({"lines": [asdict(row) for row in rows], "left_out": left_out})
    elif rows:
        show(*table(comparison.HEADER, [comparison.cells(row) for row in rows]))
    else:
        say("nothing to compare: no result has a metric to compare by")


def _gate(rows: "list[Line]", left_out: Mapping[str, int], before: Path, as_json: bool) -> None:
    from verticals import comparison

    kept = comparison.read(before)
    older, older_left_out = comparison.lines(kept), comparison.left_out(kept)
    _say_left_out("older results", older_left_out)
    changes = comparison.changes(older, rows)
    alone = {"older": len(older) - len(changes), "newer": len(rows) - len(changes)}
    say(f"{len(changes)} compared; {alone['older']} older and {alone['newer']} newer results stand alone")
    _report_changes(changes, {"alone": alone, "left_out": {"older": older_left_out, "newer": left_out}}, as_json)


def _say_left_out(which: str, left_out: Mapping[str, int]) -> None:
    if left_out:
        names = ", ".join(f"{name} ({count})" for name, count in left_out.items())
        say(f"{which} left out, without a metric to compare by ({sum(left_out.values())}): {names}")


def _report_changes(changes: "list[Change]", counts: Mapping[str, object], as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        show_json({"changes": [asdict(change) for change in changes], **counts})
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
