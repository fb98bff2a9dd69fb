"""What commands print: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verticals import distributed
from verticals.errors import ConfigError

if TYPE_CHECKING:
    from verticals.runs import Run


def show(*lines: str) -> None:
    """Print lines on standard output; of several processes that train together the first one does."""
    if distributed.is_main():
        sys.stdout.write("\n".join(lines) + "\n")


def say(line: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def show_json(value: dict[str, Any]) -> None:
    """Print one JSON document on standard output; what JSON has no form for, such as a date of a Parquet file, is there as text."""
    show(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def check_place(path: Path | None) -> Path | None:
    """Return the file that an option names for output; typer calls this before any work is done.

    Raises:
        ConfigError: it is a folder itself, or the folder around it is not there.
    """
    if path is not None and path.is_dir():
        raise ConfigError(f"{path}: expected a file to write, found a folder; name a file in it")
    if path is not None and not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; make it first, or write somewhere else")
    return path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines, its columns aligned."""
    every = [header, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]


def report(run: "Run", record: dict[str, Any], as_json: bool) -> None:
    """Print a run with what was measured of it: as a result document, or as lines for people."""
    from verticals import pilot
    from verticals.evaluation import report, results

    if as_json:
        show_json(results.document([pilot.result(run, record)]))
        return
    show(f"run: {run.folder}", *report.summary(record.get("served", run.config.method.name), record))
