"""The evaluation page of a classifier: quality beside the baseline, calibration, confusions, speed."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from verticals.evaluation.plots import reliability_figure, risk_coverage_figure
from verticals.evaluation.report import metric_rows

_TEXTS = {
    "en": {
        "quality": "Quality on held-out texts",
        "lead": "{test} test texts in {classes} classes that the model has not seen; values with 95 % bootstrap intervals.",
        "metric": "metric",
        "pairs": "Most confused",
        "true": "meant",
        "taken": "taken for",
        "count": "times",
        "none": "Nothing was confused.",
        "reliability": "Does the confidence mean what it says?",
        "confidence": "confidence",
        "accuracy": "share right",
        "rows": "texts",
        "risk": "How much can be automated, at what risk?",
        "coverage": "share answered",
        "wrong": "share wrong among them",
        "chosen": "chosen",
        "cost": "Cost",
        "cost_line": "One text takes {p50_ms} ms (median) and {p95_ms} ms (95th percentile). Training took {train_seconds} s "
        "(baseline {baseline_seconds} s) and {peak_memory_mb:.0f} MB, and tuned {trained_parameters:,} parameters.",
        "noticed": "Noticed in the data",
        "nothing": "nothing",
    },
    "zh": {
        "quality": "测试集上的表现",
        "lead": "{classes} 个类别共 {test} 条模型未见过的测试文本；数值附 95% 置信区间（bootstrap）。",
        "metric": "指标",
        "pairs": "最易混淆",
        "true": "实际",
        "taken": "误判为",
        "count": "次数",
        "none": "没有混淆。",
        "reliability": "置信度可信吗？",
        "confidence": "置信度",
        "accuracy": "准确率",
        "rows": "条文本",
        "risk": "能自动处理多少，风险多大？",
        "coverage": "作答比例",
        "wrong": "其中答错比例",
        "chosen": "当前阈值",
        "cost": "成本",
        "cost_line": "单条文本耗时中位数 {p50_ms} 毫秒，95 分位 {p95_ms} 毫秒。训练用时 {train_seconds} 秒（基线 {baseline_seconds} 秒），"
        "内存 {peak_memory_mb:.0f} MB，训练了 {trained_parameters:,} 个参数。",
        "noticed": "数据中注意到的情况",
        "nothing": "无",
    },
}


def build_evaluation(record: Mapping[str, Any], method: str, names: Mapping[str, str], language: str) -> None:
    """Add the evaluation page to the open Gradio context.

    Args:
        record: what `metrics.json` holds.
        method: name of the run's method.
        names: what people call each label.
        language: `en` or `zh`.
    """
    texts = _TEXTS[language]
    gr.Markdown(
        f"### {texts['quality']}\n{texts['lead'].format(test=record['rows']['test'], classes=record['classes'])}"
    )
    gr.HTML(_quality_table(record, method, language))
    with gr.Row():
        with gr.Column(min_width=320):
            gr.Markdown(f"### {texts['reliability']}")
            gr.Plot(reliability_figure(record, texts["confidence"], texts["accuracy"], texts["rows"]), show_label=False)
        with gr.Column(min_width=320):
            gr.Markdown(f"### {texts['risk']}")
            gr.Plot(risk_coverage_figure(record, texts["coverage"], texts["wrong"], texts["chosen"]), show_label=False)
    with gr.Row():
        with gr.Column(min_width=320):
            gr.Markdown(f"### {texts['pairs']}")
            gr.HTML(_pairs_table(record, names, texts))
        with gr.Column(min_width=320):
            noticed = "\n".join(f"- {note['message']}" for note in record["notes"]) or f"- {texts['nothing']}"
            gr.Markdown(
                f"### {texts['cost']}\n{texts['cost_line'].format(**record['cost'])}\n### {texts['noticed']}\n{noticed}"
            )


def _quality_table(record: Mapping[str, Any], method: str, language: str) -> str:
    return _table((_TEXTS[language]["metric"], method, record["baseline"]["method"]), metric_rows(record, language))


def _pairs_table(record: Mapping[str, Any], names: Mapping[str, str], texts: Mapping[str, str]) -> str:
    pairs = [
        (names.get(true, true), names.get(taken, taken), str(count)) for true, taken, count in record["confused_pairs"]
    ]
    return _table((texts["true"], texts["taken"], texts["count"]), pairs) if pairs else f"<p>{texts['none']}</p>"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='table'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
