"""The time-line of a company: the mood with its band, the volume beneath, alerts marked."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

import numpy as np
import plotly.graph_objects as go

from verticals.evaluation.plots import INK, SOFT, WARN
from verticals_financial_sentiment.overview import Timeline
from verticals_financial_sentiment.panels import minute, signed
from verticals_financial_sentiment.rows import Row

_HOUR = 3_600
_LINE = 56  # characters of a line in a hover text


def timeline_figure(line: Timeline, alerts: Sequence[Row], language: str, texts: Mapping[str, str]) -> go.Figure:
    """Draw a company's time-line; each alert has the `title` of its first story. Without points nothing is drawn."""
    figure = go.Figure()
    times = _moments(line.times)
    some = bool(times)  # axes without points would show figures that nobody measured
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=times, y=line.low, **edge)
    figure.add_scatter(
        x=times, y=line.high, fill="tonexty", fillcolor="rgba(15, 118, 110, 0.14)", **{**edge, "showlegend": True},
        name=texts["band"],
    )  # fmt: skip
    figure.add_scatter(
        x=times, y=line.mood, mode="lines" if len(times) > 1 else "markers", line={"color": INK, "width": 2}, name=texts["mood"],
        hovertext=[signed(value) for value in line.mood], hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    hours, volume = _by_hour(line)
    figure.add_bar(
        x=_moments(hours), y=volume, width=_HOUR * 1_000, offset=0, marker_color=SOFT, yaxis="y2",
        name=texts["per_hour"],
        hovertext=[f"{value:.1f}" for value in volume], hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    _add_alerts(figure, line, alerts, language, texts)
    return figure.update_layout(
        template="plotly_white",
        height=420,
        margin={"l": 46, "r": 12, "t": 40, "b": 30},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x",  # so that an alert is met wherever its time is pointed at, also beside its mark
        hoverlabel={"align": "left"},
        bargap=0,
        yaxis={
            "domain": [0.34, 1],
            "visible": some,
            "title": texts["mood"],
            "zeroline": True,
            "zerolinecolor": SOFT,
        },
        xaxis={"hoverformat": "%Y-%m-%d %H:%M", "visible": some},
        yaxis2={"domain": [0, 0.26], "rangemode": "tozero", "nticks": 4, "visible": some},
    )


def _add_alerts(
    figure: go.Figure, line: Timeline, alerts: Sequence[Row], language: str, texts: Mapping[str, str]
) -> None:
    if not len(line.times) or not alerts:
        return
    at = np.array([int(alert["time"].timestamp()) for alert in alerts])
    figure.add_scatter(
        x=_moments(at),
        y=line.mood[np.clip(np.searchsorted(line.times, at), 0, len(line.times) - 1)],
        mode="markers",
        marker={"color": WARN, "size": 12, "symbol": "diamond", "line": {"color": "white", "width": 1}},
        name=texts["anomaly"],
        customdata=[alert["id"] for alert in alerts],
        text=[_hover(alert, language, texts) for alert in alerts],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(alert: Row, language: str, texts: Mapping[str, str]) -> str:
    lines = textwrap.wrap(alert["reason"][language], _LINE if language == "en" else _LINE // 2)
    lines += ["", *textwrap.wrap(alert["title"], _LINE)]
    head = f"<b>{minute(alert['time'])} · {texts[alert['severity']]}</b>"
    return "<br>".join([head, *(escape(line) for line in lines)])


def _by_hour(line: Timeline) -> tuple[np.ndarray, np.ndarray]:
    hours, where = np.unique(line.times // _HOUR * _HOUR, return_inverse=True)
    return hours, np.bincount(where, line.volume, len(hours))


def _moments(times: np.ndarray) -> list[datetime]:
    return [datetime.fromtimestamp(int(time), UTC).replace(tzinfo=None) for time in times]
