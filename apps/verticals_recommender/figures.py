"""Figures of the evaluation page, drawn from the run's record; nothing is computed here."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from verticals.evaluation.plots import INK, SOFT, WARN

_COLOURS = (INK, WARN, "#1d4ed8", "#86198f")


def curve_figure(retrieval: Mapping[str, Any], texts: Mapping[str, str]) -> go.Figure:
    """Draw recall over time for every structure that was tried; the chosen one is marked, the target dotted."""
    figure = _figure(texts["milliseconds"], texts["recall"])
    kinds = list(dict.fromkeys(point["spec"]["kind"] for point in retrieval["points"]))
    for kind, colour in zip(kinds, _COLOURS, strict=False):
        points = [point for point in retrieval["points"] if point["spec"]["kind"] == kind]
        figure.add_scatter(
            x=[point["p95_ms"] for point in points], y=[point["recall"] for point in points], name=kind,
            customdata=[point["spec"]["effort"] for point in points], mode="lines+markers", line={"color": colour},
            hovertemplate=f"{kind} %{{customdata}}<br>%{{x:.2f}} ms<br>%{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    chosen = retrieval["chosen"]
    figure.add_scatter(
        x=[chosen["p95_ms"]], y=[chosen["recall"]], name=texts["chosen"], mode="markers",
        marker={"color": WARN, "size": 13, "symbol": "circle-open", "line": {"width": 3}}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_hline(y=retrieval["target"]["recall"], line={"color": SOFT, "dash": "dot"})
    return figure.update_xaxes(rangemode="tozero")


def tradeoff_figure(rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> go.Figure:
    """Draw nDCG over coverage, one line per slider from the common start at 0."""
    figure = _figure(texts["coverage"], texts["metric_ndcg_at_10"])
    start, sliders = rows[0], list(dict.fromkeys(row["slider"] for row in rows[1:]))
    for slider, colour in zip(sliders, _COLOURS, strict=False):
        points = [start, *(row for row in rows if row["slider"] == slider)]
        figure.add_scatter(
            x=[point["coverage_at_10"] for point in points], y=[point["ndcg_at_10"]["value"] for point in points],
            name=texts[slider], customdata=[point["value"] for point in points], mode="lines+markers", line={"color": colour},
            hovertemplate=f"{texts[slider]} %{{customdata}}<br>%{{x:.0%}}<br>%{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    return figure.update_xaxes(tickformat=".0%").update_yaxes(rangemode="tozero")


def loop_figure(loop: Mapping[str, Any], texts: Mapping[str, str]) -> go.Figure:
    """Draw coverage and evenness of what is shown over the rounds of the simulation."""
    figure = _figure(texts["round"], "")
    rounds = list(range(1, len(loop["coverage"]) + 1))
    for name, colour in (("coverage", INK), ("evenness", SOFT)):
        figure.add_scatter(x=rounds, y=loop[name], name=texts[name], mode="lines+markers", line={"color": colour})
    return figure.update_yaxes(range=[0, 1.02], tickformat=".0%")


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure()
    return figure.update_layout(
        template="plotly_white",
        height=340,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},  # where it wraps it grows away from the curves
        xaxis_title=x,
        yaxis_title=y,
    )
