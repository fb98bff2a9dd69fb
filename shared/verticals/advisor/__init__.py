"""Advice before training: a short timed trial on the user's own rows says which method is worth its time."""

from collections.abc import Callable
from dataclasses import replace

from verticals.advisor.advice import Advice, decide
from verticals.advisor.gains import kept_gains
from verticals.advisor.measure import run_trial
from verticals.advisor.trial import Budget
from verticals.config import Config
from verticals.data.examples import noticed
from verticals.data.splits import Splits
from verticals.errors import ConfigError, DataError

MIN_SECONDS = 20.0  # a backbone has to be loaded
_MIN_ROWS = 30

__all__ = ["MIN_SECONDS", "Advice", "advise"]


def advise(splits: Splits, config: Config, seconds: float, clock: Callable[[], float], spent: float = 0.0) -> Advice:
    """Try the cheap methods, time the others, and recommend one; the test rows are not looked at.

    Args:
        splits: the rows.
        config: backbone, batch size and seed; the method is what is looked for.
        seconds: the trial's budget. A step is begun only if what it is expected to take fits into what is left.
        clock: returns seconds that never decrease, such as `time.perf_counter`.
        spent: seconds of the budget that reading the rows took.

    Raises:
        ConfigError: the budget is too small.
        DataError: there are too few rows to measure anything.
    """
    if seconds < MIN_SECONDS:
        raise ConfigError(f"--budget is {seconds:g} s, expected {MIN_SECONDS:g}s or more")
    rows = len(splits.train) + len(splits.validation)
    if rows < _MIN_ROWS:
        raise DataError(
            f"{splits.name}: {rows} rows to learn from are too few for a trial, expected {_MIN_ROWS} or more; "
            f"begin with --method probe{noticed(splits.notes)}"
        )
    advice = decide(run_trial(splits, config, Budget(seconds - spent, clock)), kept_gains())
    return replace(advice, notes=(*splits.notes, *advice.notes))
