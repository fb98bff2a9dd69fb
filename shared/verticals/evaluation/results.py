"""The result format: every figure that anybody may quote is one of these rows."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from verticals import provenance
from verticals.arrays import Float64Array
from verticals.errors import DataError
from verticals.evaluation.metrics import Estimate
from verticals.evaluation.result_format import VERSION, Document
from verticals.runs import write_json

_Asked = TypeVar("_Asked")


def document(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Wrap result rows into the one JSON document that `--json` prints."""
    return {"schema": VERSION, "results": list(results)}


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a result file.

    Raises:
        DataError: it is not a result document of this version; the message names the field.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        Document.model_validate(found)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "the document"
        raise DataError(
            f"{path}: not a result document of schema {VERSION}: {place}: {wrong['msg']}; remove it or measure again"
        ) from error
    except ValueError as error:
        raise DataError(f"{path}: not a result document: {error}; remove it or measure again") from error
    return [dict(row) for row in found["results"]]


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows as a result file, which is handed on: a run goes by its name alone, without the folders of a machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document([{**each, "run": each["run"] and Path(each["run"]).name} for each in rows]))


def row(
    app: str,
    suite: str,
    method: str,
    metrics: Mapping[str, Estimate],
    baseline: Mapping[str, Any],
    cost: Mapping[str, float],
    data: Mapping[str, Any],
    seed: int,
    backbone: str | None,
) -> dict[str, Any]:
    """Return one result that is not a run of the core: a search, a detector, a simulation, a timing.

    Args:
        app: the app, or `hub`.
        suite: name of the suite.
        method: what was measured.
        metrics: quality with intervals; empty for a timing.
        baseline: `{"method": ..., "metrics": {...}}` of the same rows; empty where there is none.
        cost: seconds, megabytes, milliseconds by the names of the result format.
        data: name, fingerprint and split of the rows.
        seed: the seed.
        backbone: the backbone's name, or None where there is none.
    """
    return {
        "app": app,
        "suite": suite,
        "method": method,
        "backbone": backbone,
        "seed": seed,
        "metrics": estimates(metrics),
        "baseline": dict(baseline),
        "cost": dict(cost),
        "data": dict(data),
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        "git_revision": provenance.git_revision(),
        "created_at": provenance.now(),
        "run": None,
    }


def assigned(row: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Return a row that names what was set by `--set`; one for which nothing was set keeps its form."""
    return {**row, "assignments": list(assignments)} if assignments else dict(row)


def line(result: Mapping[str, Any]) -> str:
    """Return a result as one line for people: its first metrics, or its times where it has none."""
    shown = {name: each["value"] for name, each in result["metrics"].items()} or result["cost"]
    values = ", ".join(f"{name} {value:.4g}" for name, value in list(shown.items())[:4] if value is not None)
    return f"{result['app']:<22}{result['suite']:<24}{result['method'] or '':<16}{values}"


def estimates(metrics: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    """Return estimates as plain mappings, rounded to six digits."""
    return {name: {key: round(value, 6) for key, value in asdict(each).items()} for name, each in metrics.items()}


def latency(predict: Callable[[_Asked], object], asked: Sequence[_Asked], rounds: int = 100) -> dict[str, float]:
    """Return the median and 95th percentile of one call in milliseconds.

    One text or user at a time, on one thread, as the hub serves; the first calls warm up and do not count.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = []
    for number in range(rounds + 10):
        started = time.perf_counter()
        predict(asked[number % len(asked)])
        seconds.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return percentiles(np.array(seconds[10:], np.float64))


def percentiles(seconds: Float64Array) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds."""
    p50, p95 = np.percentile(seconds * 1000, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}
