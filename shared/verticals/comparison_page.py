"""The comparison as a page of its own: the table, and quality over cost with the points that nothing beats."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from verticals.comparison import HEADER, Line, cells
from verticals.evaluation.plots import INK, SOFT, WARN
from verticals.html_page import document

_NAMES = 6  # columns of words, before the figures
_TEXTS: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "title": "Comparison across apps",
        "lead": "Gap closed is the share of the way from the baseline to perfect, so that different tasks can stand side by side. "
        "A point is one hundredth of the metric gained over the baseline.",
        "empty": "Nothing was measured on this machine yet. Run: verticals benchmark",
        "left_out": "Not in the table, without a metric to compare by ({}): {}.",
        "incomparable": "There are results, but none that can be compared.",
        "untimed": "Without a point in the plot, for their results have no time of one answer: {}.",
        "unrivalled": "Without a point in the plot, for their results have no baseline: {}.",
        "problem": "A result cannot be read",
        "x": "seconds for 1000 answers",
        "y": "gap closed",
        "best": "nothing is both cheaper and better",
        "back": "Applications",
        "header": HEADER,
    },
    "zh": {
        "title": "跨应用对比",
        "lead": "“缩小差距”指从基线到满分之间走完的比例，使不同任务可以并列比较。“1 点”指指标比基线高 1 个百分点。",
        "empty": "本机尚无评测结果。请运行：verticals benchmark",
        "left_out": "没有可比较的指标而未列入表中（{} 条）：{}。",
        "incomparable": "已有评测结果，但没有一条可以比较。",
        "untimed": "结果中没有单次作答时间，因而未出现在图中：{}。",
        "unrivalled": "结果中没有基线，因而未出现在图中：{}。",
        "problem": "有一份结果无法读取",
        "x": "连续作答 1000 次的秒数",
        "y": "缩小差距",
        "best": "没有既更快又更好的（帕累托最优）",
        "back": "应用",
        "header": (
            "应用",
            "评测",
            "方法",
            "种子",
            "变体",
            "指标",
            "数值",
            "基线",
            "缩小差距",
            "训练",
            "作答 1000 次",
            "每提升 1 点",
        ),
    },
}


def page_html(
    lines: Sequence[Line], left_out: Mapping[str, int], problems: Sequence[str], css: str, language: str = "en"
) -> str:
    """Return the page; it loads nothing from anywhere.

    Args:
        lines: the results that are compared.
        left_out: how many results have no metric to compare by, by app and suite.
        problems: what is wrong with files that are not results, one text each.
        css: of the site.
        language: one of `LANGUAGES`.
    """
    texts = _TEXTS[language]
    body = f"<p>{texts['incomparable' if left_out else 'empty']}</p>" if left_out or not problems else ""
    if lines:
        plot = pareto_figure(lines, language).to_html(include_plotlyjs=True, full_html=False)
        body = f"{plot}{_unplaced(lines, texts)}<div class='table'>{_table(lines, texts['header'])}</div>"
    if left_out:
        names = ", ".join(f"{escape(name)} ({count})" for name, count in left_out.items())
        body += f"<p class='muted'>{texts['left_out'].format(sum(left_out.values()), names)}</p>"
    damaged = "".join(f"<p><strong>{texts['problem']}</strong>: {escape(problem)}</p>" for problem in problems)
    home = "/" if language == "en" else "/zh"
    return document(
        str(texts["title"]),
        language,
        css,
        f"<main class='front broad'><nav><a href='{home}'>{texts['back']}</a></nav>"
        f"<h1>{texts['title']}</h1><p class='muted'>{texts['lead']}</p>{damaged}{body}</main>",
    )


def pareto_figure(lines: Sequence[Line], language: str = "en") -> go.Figure:
    """Draw the gap closed over the cost of answers; what nothing both cheaper and better stands against is marked."""
    texts = _TEXTS[language]
    drawn = [line for line in lines if _placed(line)]
    best = set(frontier([(line.seconds_per_thousand or 0.0, line.gap_closed or 0.0) for line in drawn]))
    figure = go.Figure()
    for wanted, colour, name in ((False, SOFT, ""), (True, INK, texts["best"])):
        chosen = [line for number, line in enumerate(drawn) if (number in best) is wanted]
        figure.add_scatter(
            x=[line.seconds_per_thousand for line in chosen],
            y=[line.gap_closed for line in chosen],
            text=[" · ".join(filter(None, (*line.name[:3], line.variant))) for line in chosen],
            name=name, showlegend=wanted, mode="markers", marker={"size": 12, "color": colour, "line": {"color": WARN, "width": 0}},
            hovertemplate="%{text}<br>%{x:.1f} s<br>%{y:.0%}<extra></extra>",
        )  # fmt: skip
    return figure.update_layout(
        template="plotly_white",
        height=380,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": texts["x"], "type": "log"},
        yaxis={"title": texts["y"], "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.08},
    )


def _unplaced(lines: Sequence[Line], texts: Mapping[str, Any]) -> str:
    """Return which apps and suites have no point at all, by what their results lack."""
    absent = {_suite(line) for line in lines} - {_suite(line) for line in lines if _placed(line)}
    untimed = absent & {_suite(line) for line in lines if line.gap_closed is not None}
    reasons = ((texts["untimed"], untimed), (texts["unrivalled"], absent - untimed))
    return "".join(
        f"<p class='muted'>{text.format(escape(', '.join(sorted(names))))}</p>" for text, names in reasons if names
    )


def _suite(line: Line) -> str:
    return " ".join(line.name[:2])


def _placed(line: Line) -> bool:
    return line.gap_closed is not None and line.seconds_per_thousand is not None


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the points (cost, quality) that no other point beats in one and equals or beats in the other."""
    return [
        number
        for number, (cost, quality) in enumerate(points)
        if not any(
            other_cost <= cost and other >= quality and (other_cost, other) != (cost, quality)
            for other_cost, other in points
        )
    ]


def _table(lines: Sequence[Line], header: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    rows = "".join(f"<tr>{_cells(cells(line))}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(words: Sequence[str]) -> str:
    """Return a row's cells; figures stay on one line."""
    names, figures = words[:_NAMES], words[_NAMES:]
    shown = [f"<td>{escape(word)}</td>" for word in names] + [
        f"<td class='time'>{escape(word)}</td>" for word in figures
    ]
    return "".join(shown)
