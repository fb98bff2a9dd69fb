"""The hand-over policy on the evaluation page: one slider, and the point that it moves along the risk-coverage curve."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from verticals.evaluation.plots import risk_coverage_figure
from verticals_customer_service.policy import USUAL, Policy

TEXTS = {
    "en": {
        "title": "Hand-over policy",
        "slider": "At most this share of intents may be wrong, %",
        "promise": "**Is sure of {automated:.0%} of single messages, with no more than {most:g} % wrong intents** (with 95 % confidence). "
        "It is sure from {least:.1%} confidence, as chosen on {chosen:,} messages, out-of-scope ones included; "
        "on {shown:,} others {wrong:.1%} of the intents were wrong. Which article then answers, and how whole conversations end, is measured "
        "apart and not promised.",
        "none": "**No threshold keeps this promise** on {chosen:,} messages. Allow more wrong intents, or measure on more messages.",
        "use": "Use it with `--set app.most_wrong={share:g}` at training; {usual:g} % is usual.",
        "coverage": "share of messages that the bot is sure of",
        "risk": "share of wrong intents among them",
        "chosen": "chosen",
    },
    "zh": {
        "title": "转人工策略",
        "slider": "意图识别错误比例上限（%）",
        "promise": "**单条消息中 {automated:.0%} 有把握，其中意图识别错误不超过 {most:g}%**（置信水平 95%）。置信度达到 {least:.1%} 才算有把握；"
        "阈值由 {chosen:,} 条消息（含范围外消息）选定，在另外 {shown:,} 条上意图识别错误 {wrong:.1%}。"
        "之后由哪篇文章作答、整段对话结果如何，另行评测，不在此保证之内。",
        "none": "在 {chosen:,} 条消息上，**没有阈值能保证这一点**。请放宽错误上限，或用更多消息评测。",
        "use": "训练时用 `--set app.most_wrong={share:g}` 启用；默认为 {usual:g}%。",
        "coverage": "机器人有把握的消息比例",
        "risk": "其中意图识别错误比例",
        "chosen": "当前阈值",
    },
}
_LEAST, _MOST, _FIRST = 0.5, 20.0, 100 * USUAL  # percent


def build_policy(policy: Policy, record: Mapping[str, Any], language: str) -> None:
    """Add slider, sentence and curve to the open Gradio context; `record` is what `metrics.json` holds."""
    texts = TEXTS[language]
    gr.Markdown(f"### {texts['title']}")
    slider = gr.Slider(_LEAST, _MOST, _FIRST, step=0.5, label=texts["slider"])
    sentence, figure = show(policy, record, texts, _FIRST)
    said, plot = gr.Markdown(sentence), gr.Plot(figure, show_label=False)
    slider.release(partial(show, policy, record, texts), slider, [said, plot], api_visibility="private")


def show(policy: Policy, record: Mapping[str, Any], texts: Mapping[str, str], percent: float) -> tuple[str, go.Figure]:
    """Return what is promised for a share of wrong intents, as a sentence and as a point on the curve."""
    promise = policy.promise(percent / 100)
    least = promise.least_confidence if promise else 2.0  # above every confidence: no point is drawn
    moved = {**record, "calibration": {**record["calibration"], "min_confidence": least}}
    figure = risk_coverage_figure(moved, texts["coverage"], texts["risk"], texts["chosen"])
    if promise is None:
        return texts["none"].format(chosen=policy.chosen_on.rows), figure
    sentence = texts["promise"].format(
        automated=promise.automated,
        most=percent,
        least=promise.least_confidence,
        chosen=policy.chosen_on.rows,
        shown=policy.shown_on.rows,
        wrong=promise.wrong,
    )
    return f"{sentence} {texts['use'].format(share=percent / 100, usual=100 * USUAL)}", figure
