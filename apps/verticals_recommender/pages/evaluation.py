"""The tab of the evaluation: every model on the same rows, for whom it works, what the index and the sliders trade."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from verticals_recommender import figures, markup
from verticals_recommender.models.vectors import KIND as TEXT
from verticals_recommender.pages.view import View
from verticals_recommender.wording import noticed

_METRICS = (
    "ndcg_at_10",
    "recall_at_20",
    "mrr",
    "map",
    "coverage_at_10",
    "gini_at_10",
    "novelty_at_10",
    "popularity_lift_at_10",
)
_RECALL = "recall_at_50"


def build(view: View) -> None:
    """Add the tab to the open Gradio context."""
    texts, record = view.texts, view.opened.record
    best = max(record["chosen"]["validation"].values()) == record["chosen"]["validation"][record["served"]]
    served = texts["served_chosen" if best else "served_named"]
    split = texts[f"split_{record['split']}"]
    lead = texts["quality_lead"].format(test=record["rows"]["test"], split=split, served=served)
    gr.Markdown(f"### {texts['quality']}\n{lead}")
    gr.HTML(models_table(record, texts))
    with gr.Row():
        with gr.Column(min_width=320):
            gr.Markdown(f"### {texts['activity']}")
            gr.HTML(activity_table(record, texts))
        with gr.Column(min_width=320):
            gr.Markdown(f"### {texts['rarity' if 'tail' in record['by_item_age'] else 'age']}")
            gr.HTML(age_table(record, texts))
    with gr.Row():
        with gr.Column(min_width=320):
            gr.Markdown(
                f"### {texts['sliders']}\n{texts['tradeoff_lead'].format(people=record['tradeoff'][0]['people'])}"
            )
            gr.Plot(figures.tradeoff_figure(record["tradeoff"], texts), show_label=False)
        with gr.Column(min_width=320):
            _build_curve(record["retrieval"], texts)
    with gr.Row():
        with gr.Column(min_width=320):
            _build_loop(record["loop"], texts)
        with gr.Column(min_width=320):
            _build_cost(view)


def _build_cost(view: View) -> None:
    texts, record = view.texts, view.opened.record
    notes = [noticed(note, view.language) for note in record["notes"]] or [texts["nothing"]]
    cost, lines = texts["cost_line"].format(**record["cost"]), "\n".join(f"- {line}" for line in notes)
    gr.Markdown(f"### {texts['cost']}\n{cost}\n### {texts['noticed']}\n{lines}")


def _build_curve(retrieval: Mapping[str, Any] | None, texts: Mapping[str, str]) -> None:
    if retrieval is None:
        gr.Markdown(f"### {texts['curve']}\n{texts['curve_none']}")
        return
    chosen, target = retrieval["chosen"], retrieval["target"]
    lead = texts["curve_lead"].format(
        rows=retrieval["rows"],
        kind=chosen["spec"]["kind"],
        at=target["at"],
        recall=chosen["recall"],
        p95=chosen["p95_ms"],
        most=target["p95_ms"],
    )
    exact = f" {texts['curve_exact']}" if retrieval["met"] and chosen["spec"]["kind"] == "flat" else ""
    gr.Markdown(f"### {texts['curve']}\n{lead}{exact}")
    gr.Plot(figures.curve_figure(retrieval, texts), show_label=False)


def _build_loop(loop: Mapping[str, Any] | None, texts: Mapping[str, str]) -> None:
    if loop is None:
        gr.Markdown(f"### {texts['loop']}\n{texts['loop_none']}")
        return
    coverage = loop["coverage"]
    lead = texts["loop_lead"].format(rounds=len(coverage), first=coverage[0], last=coverage[-1])
    gr.Markdown(f"### {texts['loop']}\n{lead}")
    gr.Plot(figures.loop_figure(loop, texts), show_label=False)


def models_table(record: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """Return every model with its metrics and intervals, and what the served one gains over it; the served one is bold."""
    gains = {each["method"]: each[f"{record['compared']}_gain"] for each in (record["baseline"], *record["references"])}
    rows = [
        (
            markup.escape(name),
            *(markup.figure(each["metrics"].get(metric)) for metric in _METRICS),
            markup.figure(gains.get(name)) if name != record["served"] else "",
        )
        for name, each in record["models"].items()
    ]
    return markup.table(
        (texts["model"], *(texts[f"metric_{name}"] for name in _METRICS), texts["gain"]), rows, record["served"]
    )


def activity_table(record: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """Return how well the served model works for people with short and with long histories."""
    rows = [
        (texts[f"group_{name}"], str(group["users"]), markup.figure(group.get("ndcg_at_10")))
        for name, group in record["by_user_activity"].items()
    ]
    return markup.table((texts["group"], texts["people"], texts["metric_ndcg_at_10"]), rows)


def age_table(record: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """Return how well cold, new and old items are found by the served model, and by text where that is another."""
    shown = {record["served"]: record["models"][record["served"]], **_by_text(record)}
    rows = [
        (
            texts[f"group_{name}"],
            str(group["items"]),
            str(group["rows"]),
            *(markup.figure(each["by_item_age"][name].get(_RECALL)) for each in shown.values()),
        )
        for name, group in record["by_item_age"].items()
    ]
    recalls = (f"{texts[f'metric_{_RECALL}']}, {name}" for name in shown)
    return markup.table((texts["group"], texts["items"], texts["rows"], *recalls), rows)


def _by_text(record: Mapping[str, Any]) -> dict[str, Any]:
    return {TEXT: record["models"][TEXT]} if TEXT in record["models"] else {}
