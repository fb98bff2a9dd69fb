"""Measure apps on their suites, one result file per suite, method, assignments and seed; what has a file is not measured again."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tqdm import tqdm

from verticals import registry
from verticals.config import Config, assignment, build, home, read_yaml
from verticals.errors import ConfigError, DataError, did_you_mean
from verticals.evaluation import results
from verticals.vertical import Suite, Vertical

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Case:
    """One suite of one app under one configuration.

    Attributes:
        name: of its result file.
        suite: what is measured.
        config: under these settings.
        assignments: what of them was set by `--set`; its rows name it.
    """

    name: str
    suite: Suite
    config: Config
    assignments: tuple[str, ...] = ()


def results_folder() -> Path:
    """Return the folder where results are kept if the user names none."""
    return home() / "results"


def select(apps: Sequence[str], suites: Sequence[str], profile: str) -> list[tuple[Vertical, Suite]]:
    """Return the suites that were asked for, by app; suites that are named count whatever the profile.

    Raises:
        ConfigError: an app, a suite or the profile is not known; the nearest name is suggested.
    """
    if profile not in PROFILES:
        raise ConfigError(
            f"no profile '{profile}'{did_you_mean(profile, PROFILES)}; expected one of {', '.join(PROFILES)}"
        )
    verticals = [registry.get(name) for name in apps or registry.available()]
    known = {suite.name for app in verticals for suite in app.suites}
    for name in suites:
        if name not in known:
            raise ConfigError(f"no suite '{name}'{did_you_mean(name, known)}; `verticals benchmark --list` names them")
    return [
        (app, suite)
        for app in verticals
        for suite in app.suites
        if (suite.name in suites if suites else suite.quick or profile == "full")
    ]


def variant(assignments: Sequence[str]) -> str | None:
    """Return eight hexadecimal digits that name what was set by `--set`; nothing where nothing was."""
    return hashlib.sha256("\n".join(assignments).encode()).hexdigest()[:8] if assignments else None


def cases(
    chosen: Iterable[tuple[Vertical, Suite]], method: str | None, seeds: int, assignments: Sequence[str]
) -> list[Case]:
    """Return what is to be measured: each suite once per seed, with the app's settings and those given.

    The app's own method makes the same case whether it is named or not.
    """
    found, given = [], in_order(assignments)
    for app, suite in chosen:
        defaults = read_yaml(app.defaults)
        usual = build([defaults], app.settings, app.objective).method.name
        layers = [defaults, {"method": {"name": method or usual}}, *map(assignment, given)]
        config = build(layers, app.settings, app.objective)
        for number in range(seeds):
            seed = f"seed{number + 1}" if number else None
            parts = (app.name, suite.name, None if method == usual else method, variant(given), seed)
            train = config.train.model_copy(update={"seed": config.train.seed + number})
            name = "-".join(part for part in parts if part)
            found.append(Case(name, suite, config.model_copy(update={"train": train}), given))
    return found


def in_order(assignments: Sequence[str]) -> tuple[str, ...]:
    """Return assignments sorted, so that any order makes one case; as given where one lies over another: `train`, `train.epochs`."""
    names = sorted(text.partition("=")[0].split(".") for text in assignments)
    overlaid = any(longer[: len(name)] == name for name, longer in pairwise(names))
    return tuple(assignments) if overlaid else tuple(sorted(assignments))


def run(
    cases: Sequence[Case], folder: Path, cannot: Callable[[Case, DataError], None] | None = None
) -> list[dict[str, Any]]:
    """Measure the cases that have no result file in `folder` yet, and return the rows of all.

    Args:
        cases: what to measure.
        folder: where the results are kept.
        cannot: told of a case whose data are not there, which is then passed over; nothing means that it is an error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for case in tqdm(cases, desc="benchmark", unit="suite", disable=len(cases) < 2):
        path = folder / f"{case.name}.json"
        try:
            if not path.exists():
                measured = case.suite.run(case.config)
                results.write(path, [results.assigned(row, case.assignments) for row in measured])
        except DataError as error:
            if cannot is None:
                raise
            cannot(case, error)
        else:
            rows += results.read(path)
    return rows
