"""What the process serves from and what it holds, as a page for people; `/healthz` is for machines."""

from collections.abc import Mapping
from html import escape

from verticals import __version__, registry
from verticals.evaluation.report import metric_name
from verticals.html_page import document
from verticals.runs import Run
from verticals.theme import CSS

_TEXTS = {
    "en": {
        "title": "Health",
        "lead": "The process answers. Version {version}, {memory:.2f} GB of memory in use.",
        "header": ("app", "run", "trained", "data", "method", "quality on its test rows"),
        "back": "Applications",
    },
    "zh": {
        "title": "运行状况",
        "lead": "服务运行正常。版本 {version}，占用内存 {memory:.2f} GB。",
        "header": ("应用", "所用模型", "训练时间", "数据", "方法", "测试集上的表现"),
        "back": "应用",
    },
}


def health_html(runs: Mapping[str, Run], memory_mb: float, language: str) -> str:
    """Return the page; it loads nothing from anywhere."""
    texts = _TEXTS[language]
    head = "".join(f"<th>{escape(name)}</th>" for name in texts["header"])
    rows = "".join(f"<tr>{_cells(name, run, language)}</tr>" for name, run in runs.items())
    lead = str(texts["lead"]).format(version=__version__, memory=memory_mb / 1000)
    home = "/" if language == "en" else "/zh"
    return document(
        str(texts["title"]),
        language,
        CSS,
        f"<main class='front'><nav><a href='{home}'>{texts['back']}</a></nav>"
        f"<h1>{texts['title']}</h1><p>{lead}</p><div class='table'><table class='stacked'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></main>",
    )


def _cells(name: str, run: Run, language: str) -> str:
    compared = str(run.metrics["compared"])
    estimate = run.metrics["metrics"][compared]
    shown = (
        registry.get(name).title[language],
        run.folder.name,
        str(run.manifest["created_at"])[:16].replace("T", " "),
        str(run.manifest["data"]["name"]),
        str(run.metrics.get("served", run.config.method.name)),
        f"{metric_name(compared, language)} {estimate['value']:.3f} ({estimate['low']:.3f}–{estimate['high']:.3f})",
    )
    return "".join(f"<td>{escape(cell)}</td>" for cell in shown)
