"""The model card of a recommender's run."""

from collections.abc import Mapping
from typing import Any

from verticals.config import Config
from verticals.evaluation.report import metric_name, reference_notes, verdict

_COLUMNS = ("ndcg_at_10", "recall_at_20", "mrr", "coverage_at_10", "gini_at_10", "popularity_lift_at_10")


def model_card(config: Config, facts: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the run's README: data, choice, quality of every model on the same rows, cost, and what was noticed."""
    served, cost, rows = record["served"], record["cost"], record["rows"]
    table = "\n".join(_line(name, each["metrics"], name == served) for name, each in record["models"].items())
    chosen = "\n".join(
        f"- {name}: nDCG@10 {score:.3f} on validation, with {record['chosen']['settings'][name] or 'no settings'}"
        for name, score in record["chosen"]["validation"].items()
    )
    notes = "\n".join(f"- {note['message']}" for note in record["notes"]) or "- nothing"
    return f"""# recommender: {served} on {facts["name"]}

{" ".join([verdict(served, record), *reference_notes(served, record)])}

{rows["train"]} training, {rows["validation"]} validation and {rows["test"]} test rows, split: {facts["split"]}. Seed {config.train.seed}.

| model | {" | ".join(metric_name(name) for name in _COLUMNS)} |
|---|{"---|" * len(_COLUMNS)}
{table}

Every unseen item is ranked for every user with test rows; values with 95 % bootstrap intervals over users. The served model is bold.

## Chosen on validation
{chosen}

## Cost
{cost["train_seconds"]} s to train all models, {cost["peak_memory_mb"]:.0f} MB at the peak; a list of ten takes {cost["p50_ms"]} ms
(median), {cost["p95_ms"]} ms (95th percentile), on one thread.

## Noticed in the data
{notes}

## Files
`items.parquet`, `interactions.parquet` (with the part of each row), `models/NAME/` (JSON and safetensors), `served.json`, `metrics.json`.
"""


def _line(name: str, metrics: Mapping[str, Mapping[str, float]], served: bool) -> str:
    cells = " | ".join(_cell(metrics.get(column)) for column in _COLUMNS)
    return f"| {f'**{name}**' if served else name} | {cells} |"


def _cell(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "not measured"
    if estimate["low"] == estimate["high"]:
        return f"{estimate['value']:.3f}"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
