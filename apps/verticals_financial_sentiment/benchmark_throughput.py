"""The suite `throughput`: how fast headlines go from a row of a file to the alert, and what memory a long replay takes."""

import json
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psutil

from verticals import provenance
from verticals.config import Config, MethodConfig
from verticals_financial_sentiment import data, recipe
from verticals_financial_sentiment.benchmark_stream import Rows, opened, row
from verticals_financial_sentiment.desk import monitor_settings
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.monitor import Monitor
from verticals_financial_sentiment.sentiment import Judge
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.replay import replay
from verticals_financial_sentiment.stream import START
from verticals_financial_sentiment.symbols import Symbol

_BATCH = 256
_PACE = 0.5  # seconds of the stream between two items
_MARKS = 4  # times that memory is read on the way


def throughput(config: Config) -> Rows:
    """Measure headlines a second from a row of a file to the alert, with TF-IDF and with the settings' method, and the memory on the way.

    The rows are the shipped headlines, told of other companies. Stories are kept for two days, which is 345,600 rows here: in a replay
    of a million, memory has to be flat from the second quarter on.
    """
    linear = config.model_copy(update={"method": MethodConfig(name="tfidf"), "objective": {"blend": False}})
    chosen = [linear] if config.method.name == "tfidf" else [linear, config]
    return [_throughput(each) for each in chosen]


def _throughput(config: Config) -> dict[str, Any]:
    settings, symbols = Settings.model_validate(config.app), data.symbols(config)
    monitoring, judge = monitor_settings(settings), Judge.load(recipe.trained_once(config))
    with tempfile.TemporaryDirectory() as folder, opened() as store:
        path = Path(folder) / "long.jsonl"
        _write(path, settings.benchmark_items, symbols, config.train.seed)
        monitor = Monitor(store, judge, Linker(symbols), monitoring)
        marks, memory, done = _marks(settings.benchmark_items), dict[str, float](), 0
        started, worked = time.perf_counter(), time.process_time()
        for batch in replay(path, size=_BATCH):
            done += monitor.take(batch).new
            if marks and done >= marks[0]:
                memory[f"resident_mb_after_{marks.pop(0)}"] = _resident_mb()
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
    cost = {
        "items_per_second": round(done / seconds, 1),
        "items_per_cpu_second": round(done / worked, 1),  # what a machine that does nothing else would come near to
        "peak_memory_mb": provenance.peak_memory_mb(),
        **memory,
    }
    facts = {"name": "shipped, told of other companies", "split": {"items": done}}
    return row(config, "throughput", {}, {}, cost, facts)


def _marks(items: int) -> list[int]:
    return [items * part // _MARKS for part in range(1, _MARKS + 1)]


def _resident_mb() -> float:
    return round(float(psutil.Process().memory_info().rss) / 1e6, 1)


def _write(path: Path, count: int, symbols: Sequence[Symbol], seed: int) -> None:
    """Write headlines as a feed would have told them: each text of one company, with another's name in its place."""
    generator, shipped = Random(seed), data.read_headlines(data.SAMPLES / "headlines.jsonl")
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            headline = shipped[number % len(shipped)]
            text = headline.text
            for name in headline.companies:
                text = text.replace(name, generator.choice(symbols).name)
            at = (START + timedelta(seconds=_PACE * number)).isoformat()
            row = {"title": text, "source": f"outlet {generator.randrange(200)}", "published": at}
            file.write(json.dumps(row) + "\n")
