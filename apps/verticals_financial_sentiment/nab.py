"""The score of the Numenta Anomaly Benchmark, from its published definition.

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark" (2015), and the notes of its repository.
A detection earns by its place in a labelled window, the earliest one counting; outside it costs by its distance from the window before.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from verticals.arrays import BoolArray, Float64Array, IntArray
from verticals.errors import DataError

Decide = Callable[["Series", Float64Array, float], BoolArray]
_PROBATION_SHARE = 0.15
_PROBATION_ROWS = 750  # 15 % of 5,000: longer files are not given a longer probation
_FAR = 3.0  # window widths after which a false alarm costs its full weight


@dataclass(frozen=True)
class Profile:
    """What a found window earns, and what a false alarm and a missed window cost."""

    found: float
    false_alarm: float
    missed: float


STANDARD = Profile(found=1.0, false_alarm=0.11, missed=1.0)


@dataclass(frozen=True)
class Series:
    """One file of the benchmark.

    Attributes:
        name: the ticker.
        times: seconds since 1970, UTC, [rows].
        values: mentions per five minutes, [rows].
        windows: first and last row of each labelled window, in order, both inside.
    """

    name: str
    times: IntArray
    values: Float64Array
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class FileScore:
    """What a detector reached on one file.

    Attributes:
        raw: sum of rewards and costs.
        windows: windows that could be found.
        delays: seconds from the opening of each found window to its first detection.
        false_alarms: detections outside the windows and after the probation.
    """

    raw: float
    windows: int
    delays: tuple[int, ...]
    false_alarms: int


def probation(rows: int) -> int:
    """Return the number of first rows that are not scored."""
    return min(int(_PROBATION_SHARE * rows), _PROBATION_ROWS)


def position_reward(position: Float64Array) -> Float64Array:
    """Return the scaled sigmoid `2 / (1 + e^(5y)) - 1` of the place `y`: -1 where a window opens, 0 where it ends."""
    return np.where(position > _FAR, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, _FAR))) - 1.0)


def row_rewards(rows: int, windows: Sequence[tuple[int, int]], profile: Profile) -> Float64Array:
    """Return what a detection on each row earns or costs, [rows]."""
    rewards = np.full(rows, -profile.false_alarm)
    places = np.arange(rows, dtype=np.float64)
    best = float(position_reward(np.array([-1.0]))[0])
    for first, last in windows:
        width = last - first + 1
        behind = (places[last + 1 :] - last) / max(width - 1, 1)
        rewards[last + 1 :] = profile.false_alarm * position_reward(behind)
    for first, last in windows:
        inside = (places[first : last + 1] - last - 1) / (last - first + 1)
        rewards[first : last + 1] = profile.found * position_reward(inside) / best
    return rewards


def score(file: Series, detected: BoolArray, profile: Profile = STANDARD) -> FileScore:
    """Score the detected rows of one file, [rows]."""
    return _score(file, detected, row_rewards(len(detected), file.windows, profile), profile)


def _score(file: Series, detected: BoolArray, rewards: Float64Array, profile: Profile) -> FileScore:
    start = probation(len(detected))
    windows = [(first, last) for first, last in file.windows if last >= start]
    outside = start + np.flatnonzero(detected[start:])
    raw, delays = 0.0, []
    for first, last in windows:
        inside = (outside >= first) & (outside <= last)
        hits, outside = outside[inside], outside[~inside]
        raw += float(rewards[hits[0]]) if hits.size else -profile.missed
        delays += [int(file.times[hits[0]] - file.times[first])] if hits.size else []
    return FileScore(raw + float(rewards[outside].sum()), len(windows), tuple(delays), outside.size)


def normalise(raw: float, windows: int, profile: Profile = STANDARD) -> float:
    """Return `(raw - null) / (perfect - null) * 100`, null being a detector that never speaks."""
    null, perfect = -profile.missed * windows, profile.found * windows
    return 100 * (raw - null) / (perfect - null)


def sweep(
    files: Sequence[Series], scores: Sequence[Float64Array], thresholds: Float64Array, decide: Decide
) -> list[list[FileScore]]:
    """Return what each threshold reaches on each file, [thresholds][files]; the benchmark takes the best one for all files."""
    rewards = [row_rewards(len(file.values), file.windows, STANDARD) for file in files]
    each = list(zip(files, scores, rewards, strict=True))
    return [
        [_score(file, decide(file, values, threshold), reward, STANDARD) for file, values, reward in each]
        for threshold in thresholds.tolist()
    ]


def candidates(scores: Sequence[Float64Array], count: int = 200) -> Float64Array:
    """Return thresholds that 2 % to 0.01 % of the scored rows of all files reach, in equal ratios, lowest first."""
    scored = np.concatenate([values[probation(len(values)) :] for values in scores])
    return np.unique(np.quantile(scored, 1 - np.geomspace(2e-2, 1e-4, count)))


def read(folder: Path) -> list[Series]:
    """Read the files and the windows of `realTweets`.

    Raises:
        DataError: a file is missing or a window's end is no row of its file.
    """
    labels = folder / "combined_windows.json"
    if not labels.is_file():
        raise DataError(f"{labels}: no such file; get realTweets and its windows from github.com/numenta/NAB (MIT)")
    windows: Mapping[str, list[list[str]]] = json.loads(labels.read_text(encoding="utf-8"))
    return [_series(folder / Path(name).name, limits) for name, limits in sorted(windows.items())]


def _series(path: Path, limits: Sequence[Sequence[str]]) -> Series:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(_seconds(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    row_of = {time: number for number, (time, _) in enumerate(rows)}
    try:
        windows = tuple((row_of[_seconds(first)], row_of[_seconds(last)]) for first, last in limits)
    except KeyError as error:
        raise DataError(f"{path}: a window begins or ends at second {error}, which is no row of the file") from error
    times, values = zip(*rows, strict=True)
    name = path.stem.rpartition("_")[2]
    return Series(name, np.array(times, np.int64), np.array(values, np.float64), windows)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())
