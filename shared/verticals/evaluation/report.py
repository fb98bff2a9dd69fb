"""Reports for people: the model card of a run and the summary that the command line prints."""

from collections.abc import Mapping
from typing import Any

from verticals.config import Config

_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "ece": "expected calibration error",
    "refused_in_scope": "in-scope texts refused as unfamiliar",
    "unsure_in_scope": "in-scope texts familiar but unsure",
    "accuracy_at_threshold": "in-scope accuracy, refused counted as wrong",
    "oos_recall": "out-of-scope recall",
    "oos_auroc": "out-of-scope AUROC",
}


def metric_name(name: str) -> str:
    """Return a metric's name as people read it."""
    kind = name.removeprefix("oos_recall_")
    return _NAMES.get(name) or (f"out-of-scope recall, {kind}" if kind != name else name.replace("_", " "))


def metric_rows(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (metric, model, baseline) with intervals, as text."""
    baseline = record["baseline"]["metrics"]
    return [
        (metric_name(name), _interval(name, value), _interval(name, baseline.get(name)))
        for name, value in record["metrics"].items()
    ]


def _interval(name: str, estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "not measured"
    if name in {"ece", "oos_auroc"}:
        return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
    return f"{estimate['value']:.1%} ({estimate['low']:.1%} to {estimate['high']:.1%})"


def verdict(method: str, record: Mapping[str, Any]) -> str:
    """Say in one sentence whether the model beats the baseline by more than chance."""
    baseline = record["baseline"]["method"]
    if method == baseline:
        return f"This is the baseline itself ({baseline})."
    if not record["baseline"]["metrics"]:
        return f"The {baseline} baseline was not measured on these rows."
    gain = record["baseline"]["accuracy_gain"]
    points = f"{gain['value'] * 100:+.1f} points of accuracy ({gain['low'] * 100:+.1f} to {gain['high'] * 100:+.1f})"
    if gain["low"] > 0:
        return f"{method} beats the {baseline} baseline on the same rows: {points}."
    if gain["high"] < 0:
        return f"{method} LOSES to the {baseline} baseline on the same rows: {points}. Use {baseline}."
    return f"{method} and the {baseline} baseline are not clearly apart: {points}. The cheaper one may do."


def probe_note(method: str, record: Mapping[str, Any]) -> list[str]:
    """Say on validation rows what tuning added to the probe that it started from; nothing where nothing was tuned."""
    probe, tuned = record["probe_validation_accuracy"], record["validation_accuracy"]
    if probe is None or method == "probe":
        return []
    judged = "gained" if tuned > probe else "did NOT gain; the probe is cheaper"
    return [f"Tuning {judged}: {probe:.1%} before, {tuned:.1%} after, on validation rows."]


def summary(method: str, record: Mapping[str, Any]) -> list[str]:
    """Return the lines that the command line prints after training or evaluating."""
    rows = [("", method, record["baseline"]["method"]), *metric_rows(record)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [
        *lines,
        "",
        verdict(method, record),
        *probe_note(method, record),
        *(f"note: {note['message']}" for note in record["notes"]),
    ]


def model_card(app: str, config: Config, record: Mapping[str, Any]) -> str:
    """Return the run's README: data, settings, quality beside the baseline, cost, and what was noticed."""
    rows, cost, method = record["rows"], record["cost"], config.method.name
    table = "\n".join(f"| {name} | {ours} | {theirs} |" for name, ours, theirs in metric_rows(record))
    notes = "\n".join(f"- {note['message']}" for note in record["notes"]) or "- nothing"
    pairs = (
        "\n".join(f"- {true} taken for {predicted}: {count}" for true, predicted, count in record["confused_pairs"])
        or "- none"
    )
    return f"""# {app}: {method} on {config.backbone.name}

{" ".join([verdict(method, record), *probe_note(method, record)])}

{rows["train"]} training, {rows["validation"]} validation and {rows["test"]} test rows in {record["classes"]} classes;
out of scope: {rows["outside_validation"]} for calibration, {rows["outside_test"]} for test. Seed {config.train.seed}.

| test set | {method} | {record["baseline"]["method"]} |
|---|---|---|
{table}

Values with 95 % bootstrap intervals. Confidence is calibrated by temperature; below {config.abstain.min_confidence:.0%} a prediction is unsure.
A text whose familiarity (mean cosine with the five nearest training texts) is below {record["calibration"]["min_familiarity"]:.3f} is
refused as out of scope; on validation rows this refuses at most {config.abstain.max_refused:.0%}.

## Cost
{cost["train_seconds"]} s to train (baseline {cost["baseline_seconds"]} s), {cost["peak_memory_mb"]:.0f} MB at the peak,
{cost["trained_parameters"]:,} trained parameters; one text takes {cost["p50_ms"]} ms (median), {cost["p95_ms"]} ms (95th percentile).

## Noticed in the data
{notes}

## Most confused
{pairs}

## Load it
The classes are in `labels.json`, the linear head in `head.safetensors`. `model/` loads with `transformers.AutoModel`, `adapter/` with
`peft.PeftModel` on the backbone; vectors are the mean of the token states, scaled to unit length.
"""
