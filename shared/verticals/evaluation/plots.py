"""Figures drawn from a run's saved record; nothing is computed here."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

INK, SOFT, WARN = "#0f766e", "#b8c4c0", "#b45309"


def reliability_figure(record: Mapping[str, Any], confidence: str, accuracy: str, rows: str) -> go.Figure:
    """Draw accuracy against confidence; the closer to the diagonal, the more the confidence means what it says."""
    bins = record["reliability"]
    figure = _figure(confidence, accuracy)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "dash": "dot"}, hoverinfo="skip")
    figure.add_scatter(
        x=[each["confidence"] for each in bins],
        y=[each["accuracy"] for each in bins],
        customdata=[each["rows"] for each in bins],
        mode="lines+markers",
        line={"color": INK},
        marker={"size": [max(6, min(22, each["rows"] ** 0.5)) for each in bins]},
        hovertemplate=f"{confidence} %{{x:.2f}}<br>{accuracy} %{{y:.2f}}<br>{rows} %{{customdata}}<extra></extra>",
    )
    return figure.update_xaxes(range=[0, 1.02]).update_yaxes(range=[0, 1.05])


def risk_coverage_figure(record: Mapping[str, Any], coverage: str, risk: str, chosen: str) -> go.Figure:
    """Draw the share of wrong answers over the share of messages answered; the chosen threshold is marked."""
    points = record["risk_coverage"]
    figure = _figure(coverage, risk)
    figure.add_scatter(
        x=[point[0] for point in points],
        y=[point[1] for point in points],
        customdata=[point[2] for point in points],
        mode="lines",
        line={"color": INK},
        hovertemplate=f"{coverage} %{{x:.0%}}<br>{risk} %{{y:.1%}}<extra></extra>",
    )
    answered = [point for point in points if point[2] >= record["calibration"]["min_confidence"]]
    if answered:
        last = answered[-1]
        figure.add_scatter(
            x=[last[0]], y=[last[1]], mode="markers+text", text=[chosen], textposition="top left",
            marker={"color": WARN, "size": 11}, hovertemplate=f"{coverage} %{{x:.0%}}<br>{risk} %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    return figure.update_xaxes(tickformat=".0%").update_yaxes(tickformat=".1%", rangemode="tozero")


def transfer_figure(record: Mapping[str, Any], strength: str, accuracy: str, sides: Mapping[str, str]) -> go.Figure:
    """Draw target and source accuracy over the strength of the KL term; dotted lines are where they were before.

    `sides` names `target` and `source` as people read them.
    """
    figure = _figure(strength, accuracy).update_layout(showlegend=True)
    names = [f"{row['strength']:g}" for row in record["sweep"]]  # as categories: 0 has no place on a logarithmic axis
    for side, colour in (("target", INK), ("source", WARN)):
        if record["before"][side] is None:
            continue
        values = [row[side]["value"] for row in record["sweep"]]
        above = [row[side]["high"] - row[side]["value"] for row in record["sweep"]]
        below = [row[side]["value"] - row[side]["low"] for row in record["sweep"]]
        figure.add_scatter(
            x=names, y=values, name=sides[side], mode="lines+markers", line={"color": colour},
            error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below},
        )  # fmt: skip
        figure.add_hline(y=record["before"][side]["value"], line={"color": colour, "dash": "dot", "width": 1})
    return figure.update_xaxes(type="category").update_yaxes(tickformat=".0%")


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure()
    return figure.update_layout(
        template="plotly_white",
        height=340,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        showlegend=False,
        xaxis_title=x,
        yaxis_title=y,
    )
