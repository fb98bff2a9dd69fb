"""The suite `nab-realtweets`: mentions of ten tickers, 33 labelled windows, the standard profile of the Numenta Anomaly Benchmark."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from verticals import provenance
from verticals.arrays import BoolArray, Float64Array
from verticals.config import Config
from verticals.data import public
from verticals.data.public import PublicDataset, folder_of
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate, bootstrap
from verticals_financial_sentiment import nab
from verticals_financial_sentiment.detection import DetectionSettings, refractory, sigmas
from verticals_financial_sentiment.detection_baselines import constant_threshold, windowed_gaussian
from verticals_financial_sentiment.nab import Decide, FileScore, Series

_SILENCE = 86_400  # seconds without a second report of the same thing
_DATASET = PublicDataset(
    "nab_realtweets",
    "nab_realtweets",
    "MIT",
    "github.com/numenta/NAB, data/realTweets and its part of labels/combined_windows.json",
    lambda folder, _: nab.read(folder),
)
_LADDER = (1_800, 3_600, 7_200, 14_400)  # spans from half an hour, each twice the one before
_BASELINE = 2  # of the methods: the windowed Gaussian as it is
_HALF_LIVES = (7.0, 14.0, 28.0)
_CHOICES = tuple(
    DetectionSettings(spans=spans, half_life=days)
    for spans in ((3_600,), (3_600, 7_200), _LADDER)
    for days in _HALF_LIVES
)


@dataclass(frozen=True)
class Method:
    """A detector in the benchmark: a score per row and file, and how a threshold makes it speak."""

    name: str
    scores: list[Float64Array]
    decide: Decide


def nab_realtweets(config: Config) -> list[dict[str, Any]]:
    """Measure the detector and its baselines, each with its own best threshold for all files, as the benchmark has it.

    `nab_score_left_out` takes each file's threshold from the other nine, `nab_score_chosen_without` the detector's settings too, out
    of `_CHOICES`: the settings that ship were chosen with sight of all files. `seasonal-sigma-averaged` chooses no span and no half-life:
    its score is the mean over the whole ladder of both. Baselines stand once as they are and once with the detector's
    day of silence after a report. Delays count from the opening of a window, whose middle is where the anomaly was labelled.

    Raises:
        DataError: the data set is not there.
    """
    files = public.read(_DATASET, config.train.seed)
    names = ("nab_score", "nab_score_left_out", "mean_delay_minutes", "found_windows", "false_alarms")
    measured = [(method, *_measure(files, method)) for method in _methods(files)]
    measured[0][1]["nab_score_chosen_without"] = _nab_score(_chosen_without(files))
    baseline = {
        "method": measured[_BASELINE][0].name,
        "metrics": results.estimates({name: measured[_BASELINE][1][name] for name in names}),
    }
    facts = {
        "name": _DATASET.name,
        "fingerprint": _fingerprint(folder_of(_DATASET)),
        "split": "all files; the first 15 % of each are not scored",
    }

    def row(method: str, metrics: Mapping[str, Estimate]) -> dict[str, Any]:
        seed = config.train.seed
        return results.row("financial-sentiment", "nab-realtweets", method, metrics, baseline, {}, facts, seed, None)

    return [{**row(method.name, metrics), "threshold": threshold} for method, metrics, threshold in measured]


def _methods(files: Sequence[Series]) -> list[Method]:
    def plain(_: Series, scores: Float64Array, threshold: float) -> BoolArray:
        return scores >= threshold

    def seasonal(file: Series) -> Float64Array:
        return sigmas(file.times, file.values, DetectionSettings())

    def averaged(file: Series) -> Float64Array:
        every = [DetectionSettings(spans=_LADDER, half_life=days) for days in _HALF_LIVES]
        return np.asarray(np.mean([sigmas(file.times, file.values, settings) for settings in every], axis=0))

    def gaussian(file: Series) -> Float64Array:
        return windowed_gaussian(file.values)

    def constant(file: Series) -> Float64Array:
        return constant_threshold(file.values)

    methods = []
    for name, detector, decides in (
        ("seasonal-sigma", seasonal, ((_quiet, ""),)),
        ("seasonal-sigma-averaged", averaged, ((_quiet, ""),)),
        ("windowed-gaussian", gaussian, ((plain, ""), (_quiet, "-with-silence"))),
        ("constant-threshold", constant, ((plain, ""), (_quiet, "-with-silence"))),
    ):
        scores = [detector(file) for file in files]
        methods += [Method(name + suffix, scores, decide) for decide, suffix in decides]
    return methods


def _quiet(file: Series, scores: Float64Array, threshold: float) -> BoolArray:
    return refractory(file.times, scores >= threshold, _SILENCE)


def _measure(files: Sequence[Series], method: Method) -> tuple[dict[str, Estimate], float]:
    """Return the metrics, with intervals over resampled files, and the threshold."""
    thresholds = nab.candidates(method.scores)
    swept = nab.sweep(files, method.scores, thresholds, method.decide)
    raw = np.array([[each.raw for each in row] for row in swept])
    best = int(raw.sum(axis=1).argmax())
    return {
        "nab_score": _nab_score(swept[best]),
        "nab_score_left_out": _nab_score(_left_out(swept)),
        **_counts(swept[best]),
    }, float(thresholds[best])


def _left_out(swept: Sequence[Sequence[FileScore]]) -> list[FileScore]:
    """Return each file's score under what is best for the others; `swept` is [choices][files]."""
    raw = np.array([[each.raw for each in row] for row in swept])
    others = raw.sum(axis=1, keepdims=True) - raw
    return [swept[int(best)][file] for file, best in enumerate(others.argmax(axis=0))]


def _chosen_without(files: Sequence[Series]) -> list[FileScore]:
    swept: list[list[FileScore]] = []
    for settings in _CHOICES:
        scores = [sigmas(file.times, file.values, settings) for file in files]
        swept += nab.sweep(files, scores, nab.candidates(scores), _quiet)
    return _left_out(swept)


def _nab_score(scores: Sequence[FileScore]) -> Estimate:
    raw, windows = np.array([each.raw for each in scores]), np.array([each.windows for each in scores])
    return bootstrap(lambda one, other: nab.normalise(float(one.sum()), int(other.sum())), raw, windows)


def _counts(scores: Sequence[FileScore]) -> dict[str, Estimate]:
    delays = np.array([delay / 60 for each in scores for delay in each.delays])
    found, false_alarms = (
        np.array([len(each.delays) for each in scores]),
        np.array([each.false_alarms for each in scores]),
    )
    return {
        "mean_delay_minutes": bootstrap(lambda each: float(each.mean()), delays),
        "found_windows": bootstrap(lambda each: float(each.sum()), found),
        "false_alarms": bootstrap(lambda each: float(each.sum()), false_alarms),
    }


def _fingerprint(folder: Path) -> str:
    digests = [provenance.sha256(path) for path in sorted(folder.glob("*.csv"))]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
