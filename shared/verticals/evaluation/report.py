"""Reports for people: the model card of a run and the summary that the command line prints."""

from collections.abc import Mapping
from typing import Any

from verticals.config import Config
from verticals.coverage import UNKNOWN_TOKENS

_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "ece": "expected calibration error",
    "refused_in_scope": "in-scope texts refused as unfamiliar",
    "unsure_in_scope": "in-scope texts familiar but unsure",
    "accuracy_at_threshold": "in-scope accuracy, refused counted as wrong",
    "oos_recall": "out-of-scope recall",
    "oos_auroc": "out-of-scope AUROC",
    "ndcg": "nDCG",
    "mrr": "MRR",
    "map": "MAP",
    "entity_f1": "entity F1",
    "token_micro_f1": "word accuracy, O included (micro F1)",
    "token_macro_f1": "macro F1 of the tags, O included",
    "chrf": "chrF",
    "bleu": "BLEU",
    "masked_accuracy": "masked tokens guessed right",
    "masked_loss": "masked-LM loss, nats a token",
    "vector_cosine": "cosine of a text's vector to the one before",
    "pair_cosine": "cosine of two different texts (1: collapsed)",
}
_NAMES_ZH = {
    "accuracy": "准确率",
    "macro_f1": "宏平均 F1",
    "ece": "期望校准误差",
    "refused_in_scope": "误拒率（本应作答，却被当作陌生消息）",
    "unsure_in_scope": "反问率（本应作答，但把握不足）",
    "accuracy_at_threshold": "范围内准确率（拒答计为错）",
    "oos_recall": "范围外识别率",
    "oos_recall_far": "范围外识别率（无关话题）",
    "oos_recall_near": "范围外识别率（邻近话题）",
    "oos_recall_gibberish": "范围外识别率（乱码）",
    "oos_auroc": "范围外 AUROC",
}
_PLAIN = {
    **dict.fromkeys(("ece", "oos_auroc", "mrr", "map", "ndcg_at_10", "ndcg_at_20", "ndcg_at_50"), 3),
    **dict.fromkeys(("gini_at_10", "novelty_at_10", "popularity_lift_at_10"), 3),
    **dict.fromkeys(("masked_loss", "vector_cosine", "pair_cosine"), 3),
    **{"perplexity": 2, "chrf": 1, "bleu": 1},
}
_POINTS = {"chrf": 1.0}  # on a scale of 0 to 100 already


def metric_name(name: str, language: str = "en") -> str:
    """Return a metric's name as people read it; what has no Chinese name has its English one."""
    if language == "zh" and name in _NAMES_ZH:
        return _NAMES_ZH[name]
    base, _, cut = name.partition("_at_")
    if cut.isdigit():
        return f"{metric_name(base)}@{cut}"
    kind = name.removeprefix("oos_recall_")
    return _NAMES.get(name) or (f"out-of-scope recall, {kind}" if kind != name else name.replace("_", " "))


def metric_rows(record: Mapping[str, Any], language: str = "en") -> list[tuple[str, str, str]]:
    """Return (metric, model, baseline) with intervals, as text."""
    baseline = record["baseline"]["metrics"]
    return [
        (metric_name(name, language), _interval(name, value), _interval(name, baseline.get(name)))
        for name, value in record["metrics"].items()
    ]


def _interval(name: str, estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "not measured"
    style = f".{_PLAIN[name]}f" if name in _PLAIN else ".1%"
    value, low, high = (format(estimate[key], style) for key in ("value", "low", "high"))
    return value if estimate["low"] == estimate["high"] else f"{value} ({low} to {high})"


def verdict(method: str, record: Mapping[str, Any]) -> str:
    """Say in one sentence whether the model beats the baseline by more than chance."""
    return _verdict(method, record["compared"], record["baseline"])


def reference_notes(method: str, record: Mapping[str, Any]) -> list[str]:
    """Say the same beside everything else that was measured on these rows."""
    return [_verdict(method, record["compared"], each) for each in record["references"]]


def _verdict(method: str, compared: str, beside: Mapping[str, Any]) -> str:
    baseline = beside["method"]
    if method == baseline:
        return f"This is the baseline itself ({baseline})."
    if not beside["metrics"]:
        return f"The {baseline} baseline was not measured on these rows."
    gain, scale = beside[f"{compared}_gain"], _POINTS.get(compared, 100.0)
    value, low, high = (gain[key] * scale for key in ("value", "low", "high"))
    points = f"{value:+.1f} points of {metric_name(compared)} ({low:+.1f} to {high:+.1f})"
    if gain["low"] > 0:
        return f"{method} beats the {baseline} baseline on the same rows: {points}."
    if gain["high"] < 0:
        return f"{method} LOSES to the {baseline} baseline on the same rows: {points}. Use {baseline}."
    return f"{method} and the {baseline} baseline are not clearly apart: {points}. The cheaper one may do."


def probe_note(method: str, record: Mapping[str, Any]) -> list[str]:
    """Say on validation rows what tuning alone added to the probe that it started from; nothing where nothing was tuned."""
    probe = record.get("probe_validation_accuracy")
    if probe is None or method == "probe":
        return []
    alone = "tuned_validation_accuracy"  # where what is used is more than what was tuned: blended, or with a threshold
    tuned = record[alone] if alone in record else record["validation_accuracy"]
    judged = "gained" if tuned > probe else "did NOT gain; the probe is cheaper"
    return [f"Tuning {judged}: {probe:.1%} before, {tuned:.1%} after, on validation rows."]


def summary(method: str, record: Mapping[str, Any]) -> list[str]:
    """Return the lines that the command line prints after training or evaluating; tokens that the backbone does not know were told before."""
    rows = [("", method, record["baseline"]["method"]), *metric_rows(record)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [
        *lines,
        "",
        verdict(method, record),
        *reference_notes(method, record),
        *probe_note(method, record),
        *(f"note: {note['message']}" for note in record["notes"] if note["code"] != UNKNOWN_TOKENS),
    ]


def model_card(app: str, config: Config, record: Mapping[str, Any]) -> str:
    """Return the run's README: data, settings, quality beside the baseline, cost, and what was noticed."""
    cost, method = record["cost"], config.method.name
    table = "\n".join(f"| {name} | {ours} | {theirs} |" for name, ours, theirs in metric_rows(record))
    notes = "\n".join(f"- {note['message']}" for note in record["notes"]) or "- nothing"
    rows = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in record["rows"].items() if count)
    judged = [verdict(method, record), *reference_notes(method, record), *probe_note(method, record)]
    return f"""# {app}: {method} on {config.backbone.name}

{" ".join(judged)}

Rows: {rows}. Seed {config.train.seed}.

| test set | {method} | {record["baseline"]["method"]} |
|---|---|---|
{table}

Values with 95 % bootstrap intervals.

## Cost
{cost["train_seconds"]} s to train (baseline {cost["baseline_seconds"]} s), {cost["peak_memory_mb"]:.0f} MB at the peak,
{cost["trained_parameters"]:,} trained parameters; one text takes {cost["p50_ms"]} ms (median), {cost["p95_ms"]} ms (95th percentile).

## Noticed in the data
{notes}
{_classifier_section(config, record) if "calibration" in record else ""}{_tagger_section(record) if "types" in record else ""}
## Load it
`model/` loads with `transformers`, `adapter/` with `peft.PeftModel` on the backbone; the tokenizer is in `tokenizer/`. Where the model
gives vectors, they are the mean of the token states, scaled to unit length. A pretrained backbone has its tokenizer in `model/`, which is
what `--backbone` takes.
"""


def _classifier_section(config: Config, record: Mapping[str, Any]) -> str:
    pairs = (
        "\n".join(f"- {true} taken for {predicted}: {count}" for true, predicted, count in record["confused_pairs"])
        or "- none"
    )
    return f"""
## Confidence
Calibrated by temperature; below {config.abstain.min_confidence:.0%} a prediction is unsure. A text is refused as out of scope where its
familiarity (mean cosine with the five nearest training texts) and its largest logit, both standardised on validation rows, add up to less
than {record["calibration"]["min_scope"]:.3f}; on validation rows this refuses at most {config.abstain.max_refused:.0%}.
The {record["classes"]} classes are in `labels.json`, the linear head in `head.safetensors`.

## Most confused
{pairs}
"""


def transfer_table(record: Mapping[str, Any]) -> str:
    """Return a transfer's accuracy before and after as Markdown: one row per strength of the KL term, the saved one marked."""
    rows = [("before", record["before"]), *((_strength(record, row), row) for row in record["sweep"])]
    lines = [
        f"| {name} | "
        + " | ".join(_interval("accuracy", row[side]) for side in ("target", "target_own", "source"))
        + " |"
        for name, row in rows
    ]
    taken = {"replay": "replayed source rows", "target": "the target's inputs"}[record["anchor"]]
    most = f"{record['max_source_loss'] * 100:g} points of source accuracy"
    rule = f"the best on the target's validation rows among those that lose at most {most}"
    if not record["kept"]:
        rule = f"the one that loses least on the source's validation rows, since each loses more than {most}"
    head = f"Source: {record['source']}. The KL term is taken on {taken}; saved is {rule}."
    return "\n".join(
        [
            head,
            "",
            "| KL strength | target accuracy | among its own classes | source accuracy |",
            "|---|---|---|---|",
            *lines,
        ]
    )


def _strength(record: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    return f"{row['strength']:g}{' (saved)' if row['strength'] == record['strength'] else ''}"


def _tagger_section(record: Mapping[str, Any]) -> str:
    return f"""
## Entities, as seqeval counts them
{_quality_table("type", record["types"])}

## Words, as scikit-learn counts them
{_quality_table("tag", record["tags"])}
"""


def _quality_table(first: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        f"| {name} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['support']} |"
        for name, row in rows.items()
    ]
    return "\n".join([f"| {first} | precision | recall | F1 | support |", "|---|---|---|---|---|", *lines])
