"""The suites of the whole pipeline: a flood of copies, and the warning of the fortnight's incidents."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np

from verticals.arrays import Float64Array
from verticals.config import Config
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate, bootstrap, mean
from verticals_financial_sentiment import data, recipe
from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.desk import monitor_settings
from verticals_financial_sentiment.detection import refractory
from verticals_financial_sentiment.detection_baselines import constant_threshold, windowed_gaussian
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.monitor import Monitor
from verticals_financial_sentiment.player import joined
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sentiment import Judge
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.stream import DAYS, START, fortnight, incidents
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.text import folded, plain

Rows = list[dict[str, Any]]
COPIES: Final = 500
_SILENCE = 86_400  # seconds in which a baseline reports a company once
_WINDOW = timedelta(days=1)  # in which an alert counts as one of the incident
_BATCH = 256
_TAILS = ("", " - report", ", sources say", ", say people familiar with the matter", " | market update", " (updated)")
_LOOKALIKES = str.maketrans("aeocp", "аеоср")  # Cyrillic
_RUMOURS: Final[Mapping[str, tuple[str, tuple[str, str, str]]]] = {
    "Larder": (
        "Larder plc hides mouse droppings in a warehouse from food inspectors for months",
        ("Larder loses its finance chief", "Larder's like-for-like sales fall 6%", "Union calls a strike at Larder"),
    ),
    "Nimbrook Cloud": (
        "Nimbrook Cloud is about to lose its largest customer over repeated outages",
        (
            "Nimbrook Cloud cuts its forecast",
            "Nimbrook Cloud fined over late accounts",
            "Nimbrook Cloud delays a centre",
        ),
    ),
    "Kestrin Networks": (
        "Kestrin Networks books orders that customers never placed, a former manager claims",
        (
            "Kestrin Networks' margin shrinks",
            "Kestrin Networks recalls a router",
            "Kestrin Networks loses a Baltic tender",
        ),
    ),
    "Fairmoor Airways": (
        "Fairmoor Airways cannot pay for fuel after Friday, ground staff were told",
        (
            "Fairmoor Airways scraps a route",
            "Fairmoor Airways' loss widens",
            "Pilots of Fairmoor Airways plan a walkout",
        ),
    ),
}


def flooding(config: Config) -> Rows:
    """Measure how far 500 near-copies of a rumour move a company's index, beside three independent stories, and beside no folding."""
    judge, symbols = Judge.load(recipe.trained_once(config)), data.symbols(config)
    tickers = {symbol.name: symbol.ticker for symbol in symbols}
    floods, threes = [], []
    for number, (company, (rumour, others)) in enumerate(_RUMOURS.items()):
        floods.append(_moved(config, judge, symbols, tickers[company], copies(rumour, number)))
        threes.append(_moved(config, judge, symbols, tickers[company], others))
    flood, three = np.array(floods), np.array(threes)
    metrics = {
        "index_weight_of_flood": bootstrap(mean, flood[:, 0]),
        "index_weight_of_three_stories": bootstrap(mean, three[:, 0]),
        "flood_over_three_stories": bootstrap(lambda one, other: float((one / other).max()), flood[:, 0], three[:, 0]),
        "mood_moved_by_flood": bootstrap(mean, flood[:, 1]),
        "mood_moved_by_three_stories": bootstrap(mean, three[:, 1]),
        "stories_of_flood": bootstrap(mean, flood[:, 2]),
    }
    unfolded = {"index_weight_of_flood": Estimate(COPIES, COPIES, COPIES)}
    baseline = {"method": "every copy counts", "metrics": results.estimates(unfolded)}
    facts = {"name": "flooding", "split": {"rumours": len(_RUMOURS), "copies": COPIES}}
    return [row(config, "flooding", metrics, baseline, {}, facts)]


def copies(text: str, seed: int) -> list[str]:
    """Return 500 near-copies: other tails, look-alike letters, invisible characters."""
    generator = Random(seed)
    changed = [text + generator.choice(_TAILS) for _ in range(COPIES)]
    for number in range(1, COPIES, 3):
        letters = (mark.translate(_LOOKALIKES) if generator.random() < 0.3 else mark for mark in changed[number])
        changed[number] = "".join(letters)
    for number in range(2, COPIES, 3):
        changed[number] = "".join(mark + "\u200b" * (generator.random() < 0.2) for mark in changed[number])
    return changed


def _moved(
    config: Config, judge: Judge, symbols: Sequence[Symbol], ticker: str, texts: Sequence[str]
) -> tuple[float, float, float]:
    """Return by how much texts of one hour, each of its own source, move a company: weight, mood, and how many stories they are."""
    step = timedelta(hours=1) / len(texts)
    items = tuple(
        Headline(f"account {number}", START + number * step, START + number * step, plain(text))
        for number, text in enumerate(texts)
    )
    with opened() as store:
        monitor = Monitor(store, judge, Linker(symbols), monitor_settings(Settings.model_validate(config.app)))
        monitor.take(Batch("", items, now=START + timedelta(hours=2)))
        points = [values for _, values in store.points(ticker)]
        stories = {row["story"] for row in store.headlines(ticker=ticker, most=2 * COPIES)}
    return sum(point["volume"] for point in points), max(abs(point["mood"]) for point in points), float(len(stories))


def early_warning(config: Config) -> Rows:
    """Measure how long after its first item each of the fortnight's incidents is noticed, and how many alerts there are a day.

    The baselines see the same hourly volumes, with a day of silence per company and the threshold that gives no more alerts than the monitor.
    """
    judge, symbols = Judge.load(recipe.trained_once(config)), data.symbols(config)
    settings = monitor_settings(Settings.model_validate(config.app))
    with opened() as store:
        monitor = Monitor(store, judge, Linker(symbols), settings)
        raised = [alert for batch in _fortnight() for alert in monitor.take(batch).alerts]
        hourly = _hourly(store, [symbol.ticker for symbol in symbols], settings.index.bucket)
    reported = [_report(alert, settings.index.bucket) for alert in raised]
    metrics = _warnings(reported, symbols)
    facts = {"name": "fortnight", "split": {"incidents": len(incidents()), "days": DAYS}}
    rows = [row(config, "early-warning", metrics, {}, {}, facts)]
    for name, score in (("constant-threshold", constant_threshold), ("windowed-gaussian", windowed_gaussian)):
        found = _as_many(hourly, {ticker: score(values) for ticker, (_, values) in hourly.items()}, len(reported))
        other = _warnings([(ticker, moment + settings.index.bucket) for ticker, moment in found], symbols)
        rows.append(results.row(recipe.APP, "early-warning", name, other, {}, {}, facts, config.train.seed, None))
    return rows


def _fortnight() -> Iterator[Batch]:
    singles = [Batch("fortnight", (item,), str(number)) for number, item in enumerate(fortnight(), 1)]
    for start in range(0, len(singles), _BATCH):
        yield joined(singles[start : start + _BATCH])


def _report(alert: Alert, bucket: int) -> tuple[str, int]:
    """Return whom an alert is about, and when it was raised: when its bucket was over."""
    return alert.ticker, int(alert.time.timestamp()) + bucket


def _hourly(store: Store, tickers: Sequence[str], bucket: int) -> dict[str, tuple[np.ndarray[Any, Any], Float64Array]]:
    """Return for each company the starts of all buckets, and the volume of the hour that ends with each."""
    points = {ticker: store.points(ticker) for ticker in tickers}
    first = min(found[0][0] for found in points.values() if found)
    last = max(found[-1][0] for found in points.values() if found)
    times = np.arange(first, last + 1, bucket)
    series = {}
    for ticker, found in points.items():
        values = np.zeros(len(times))
        values[[(time - first) // bucket for time, _ in found]] = [point["volume"] for _, point in found]
        series[ticker] = times, np.convolve(values, np.ones(3_600 // bucket))[: len(times)]
    return series


def _as_many(
    series: Mapping[str, tuple[np.ndarray[Any, Any], Float64Array]], scores: Mapping[str, Float64Array], most: int
) -> list[tuple[str, int]]:
    """Return the reports at the lowest threshold that gives at most so many."""
    found: list[tuple[str, int]] = []
    for threshold in np.unique(np.concatenate([*scores.values()]))[::-1]:
        reports = [
            (ticker, int(time))
            for ticker, (times, _) in series.items()
            for time in times[refractory(times, scores[ticker] >= threshold, _SILENCE)]
        ]
        if len(reports) > most:
            break
        found = reports
    return found


def _warnings(reported: Sequence[tuple[str, int]], symbols: Sequence[Symbol]) -> dict[str, Estimate]:
    """Return how many incidents were noticed, after how many minutes, and the alerts a day that were about one, and about none."""
    tickers, linker = {symbol.name: symbol.ticker for symbol in symbols}, Linker(symbols)
    delays, about = [], np.zeros(len(reported), bool)
    for incident in incidents():
        begins = int(incident.begins.timestamp())
        named = {ticker for _, _, text in incident.items for ticker in linker.link(folded(plain(text))).tickers}
        within = [begins <= time <= begins + _WINDOW.total_seconds() for _, time in reported]
        about |= np.array(
            [inside and ticker in named for inside, (ticker, _) in zip(within, reported, strict=True)], bool
        )
        own = [
            time
            for inside, (ticker, time) in zip(within, reported, strict=True)
            if inside and ticker == tickers[incident.company]
        ]
        delays.append((min(own) - begins) / 60 if own else np.nan)
    found = ~np.isnan(delays)
    days = np.arange(1, DAYS)  # the first one has no past to judge by
    of_day = np.array([(time - int(START.timestamp())) // 86_400 for _, time in reported])
    return {
        "found_incidents": bootstrap(mean, found),
        "mean_delay_minutes": bootstrap(mean, np.array(delays)[found])
        if found.any()
        else Estimate(np.inf, np.inf, np.inf),
        "alerts_a_day": bootstrap(mean, np.array([float((of_day == day).sum()) for day in days])),
        "other_alerts_a_day": bootstrap(mean, np.array([float(((of_day == day) & ~about).sum()) for day in days])),
    }


@contextmanager
def opened() -> Iterator[Store]:
    """Give a database of its own, and delete it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'monitor.sqlite'}")
        try:
            yield store
        finally:
            store.close()


def row(
    config: Config,
    suite: str,
    metrics: Mapping[str, Estimate],
    baseline: Mapping[str, Any],
    cost: Mapping[str, float],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a result of the settings' method and backbone."""
    backbone = None if config.method.name == "tfidf" else config.backbone.name
    return results.row(
        recipe.APP, suite, config.method.name, metrics, baseline, cost, facts, config.train.seed, backbone
    )
