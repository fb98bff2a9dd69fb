"""The result format: every figure that anybody may quote is one of these rows."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from verticals.evaluation.metrics import Estimate

SCHEMA = 1


def document(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Wrap result rows into the one JSON document that `--json` prints."""
    return {"schema": SCHEMA, "results": list(results)}


def estimates(metrics: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    """Return estimates as plain mappings, rounded to six digits."""
    return {name: {key: round(value, 6) for key, value in asdict(each).items()} for name, each in metrics.items()}


def latency(predict: Callable[[str], object], texts: Sequence[str], rounds: int = 100) -> dict[str, float]:
    """Return the median and 95th percentile of one call in milliseconds.

    One text at a time, on one thread, as the hub serves; the first calls warm up and do not count.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = []
    for number in range(rounds + 10):
        started = time.perf_counter()
        predict(texts[number % len(texts)])
        seconds.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    p50, p95 = np.percentile(np.array(seconds[10:]) * 1000, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}
