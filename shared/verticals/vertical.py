"""What an application is to the core: a frozen record of plain functions.

An app's `__init__` builds one; it imports nothing heavy, and each function imports what it needs when it is called.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from verticals.config import Config

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import APIRouter

    from verticals.data.splits import Splits
    from verticals.runs import Run

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Service:
    """A run in memory, answering.

    Attributes:
        api: its REST routes.
        pages: its page in each language.
        running: entered when the site starts and left when it ends, for what works beside requests.
    """

    api: "APIRouter"
    pages: "Mapping[str, gr.Blocks]"
    running: AbstractContextManager[object] = nullcontext()


@dataclass(frozen=True)
class Suite:
    """One measurement of an app.

    Attributes:
        name: the data set, or what is measured.
        summary: what it shows, in one line.
        quick: whether it takes minutes rather than an hour.
        run: settings to result rows.
    """

    name: str
    summary: str
    quick: bool
    run: "Callable[[Config], list[dict[str, Any]]]"


@dataclass(frozen=True)
class Checked:
    """What a check came to: how many cases it tried, and what was wrong, one line each; no line means that it passed."""

    cases: int
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """One promise of an app that can be tried on a run.

    Attributes:
        name: what is checked.
        summary: what holds where it passes, in one line.
        run: a run to what was found.
    """

    name: str
    summary: str
    run: "Callable[[Run], Checked]"


@dataclass(frozen=True)
class Vertical:
    """One application.

    Attributes:
        name: how it is called on the command line and in addresses.
        title: its name by language.
        summary: one sentence by language.
        defaults: its `config.yaml`.
        settings: the model that validates the `app` section.
        objective: the model that validates the `objective` section.
        train: settings to a saved run.
        evaluate: a run and a test file (or None for its own test rows) to the record that `metrics.json` has.
        predict: a run and a file of rows to the same rows with predictions, as a list of mappings.
        serve: a run to what the hub mounts.
        suites: what `verticals benchmark` measures.
        rows: settings to the labelled rows of an app that classifies, by which `verticals transfer` reads as the app does.
        checks: what `verticals check` tries.
    """

    name: str
    title: Mapping[str, str]
    summary: Mapping[str, str]
    defaults: Path
    settings: type[BaseModel]
    objective: type[BaseModel]
    train: "Callable[[Config], Run]"
    evaluate: "Callable[[Run, Path | None], dict[str, Any]]"
    predict: "Callable[[Run, Path], list[dict[str, Any]]]"
    serve: "Callable[[Run], Service]"
    suites: tuple[Suite, ...] = ()
    rows: "Callable[[Config], Splits] | None" = None
    checks: tuple[Check, ...] = ()
