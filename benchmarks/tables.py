"""Write the tables of README and docs from the results: `python benchmarks/tables.py`; `--check` only compares.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; text outside such marks is never touched.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from verticals.methods import METHODS

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = ("README.md", "README.zh-CN.md", "apps/verticals_customer_service/README.md", "docs/methods.md")
_MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_METHODS = ("probe", "full", "lora")
_WORDS = {
    "en": {
        "data": ("data", "method", "accuracy", "TF-IDF + SVM", "gain", "training"),
        "shipped": "shipped samples, 48 intents",
        "scope": (
            "data",
            "method",
            "in-scope accuracy, refused = wrong",
            "out-of-scope recall",
            "AUROC",
            "wrongly refused",
        ),
        "watch": ("what", "measured"),
        "first": "first start of the demo, training included",
        "second": "second start",
        "turn": "one turn of the bot, median and 95th percentile",
    },
    "zh": {
        "data": ("数据", "方法", "准确率", "TF-IDF + SVM", "提升", "训练"),
        "shipped": "自带样例，48 个意图",
        "scope": ("数据", "方法", "范围内准确率（拒答计为错）", "范围外识别率", "AUROC", "误拒比例"),
        "watch": ("项目", "测得"),
        "first": "首次启动演示（含训练）",
        "second": "再次启动",
        "turn": "机器人一轮应答，中位数与 95 分位",
    },
}


def result(name: str) -> dict[str, Any] | None:
    """Return the first row of a result file, or None where it was not measured."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"][0] if path.exists() else None


def measured(language: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (data, method, result) of every measured training."""
    names = {"shipped": _WORDS[language]["shipped"], "banking77": "BANKING77", "clinc150": "CLINC150"}
    found = [
        (str(shown), method, result(f"customer-service-{name}-{method}"))
        for name, shown in names.items()
        for method in _METHODS
    ]
    return [(shown, method, row) for shown, method, row in found if row]


def quality(language: str) -> str:
    """Accuracy beside the baseline, with cost."""
    rows = []
    for shown, method, row in measured(language):
        ours, baseline = row["metrics"]["accuracy"], row["baseline"]
        gain = baseline["accuracy_gain"]
        rows.append(
            (
                shown,
                method,
                f"**{ours['value']:.1%}** ({ours['low']:.1%}–{ours['high']:.1%})",
                f"{baseline['metrics']['accuracy']['value']:.1%}",
                f"{gain['value'] * 100:+.1f} ({gain['low'] * 100:+.1f} to {gain['high'] * 100:+.1f})",
                f"{row['cost']['train_seconds']:.0f} s",
            )
        )
    return _table(_WORDS[language]["data"], rows)


def scope(language: str) -> str:
    """How well messages that belong to no intent are recognised."""
    rows = []
    for shown, method, row in measured(language):
        metrics: Mapping[str, Mapping[str, float]] = row["metrics"]
        if "oos_recall" in metrics:
            shares = [f"{metrics[name]['value']:.1%}" for name in ("accuracy_at_threshold", "oos_recall")]
            rows.append(
                (
                    shown,
                    method,
                    *shares,
                    f"{metrics['oos_auroc']['value']:.3f}",
                    f"{metrics['refused_in_scope']['value']:.1%}",
                )
            )
    return _table(_WORDS[language]["scope"], rows)


def stopwatch(language: str) -> str:
    """Seconds from the command to the first answered request, and milliseconds of a turn."""
    words, starts, turn = _WORDS[language], result("stopwatch"), result("customer-service-turns")
    rows = []
    if starts:
        rows += [(str(words[name]), f"{starts['cost'][f'{name}_start_seconds']:.0f} s") for name in ("first", "second")]
    if turn:
        rows.append((str(words["turn"]), f"{turn['cost']['p50_ms']:.0f} ms, {turn['cost']['p95_ms']:.0f} ms"))
    return _table(words["watch"], rows)


def methods(language: str) -> str:
    """The method table of the core."""
    header = ("method", "what is tuned", "learning rate", "epochs", "learns to", "kept as", "merges", "paper")
    rows = [
        (
            f"`{each.name}`",
            each.summary,
            f"{each.learning_rate:g}" if each.adapt else "",
            str(each.epochs) if each.adapt else "",
            ", ".join(each.objectives),
            each.stored_as if each.uses_backbone else "its own files",
            "yes" if each.merges else "no",
            f"[{each.paper.rpartition(', ')[0]}]({each.paper.rpartition(', ')[2]})",
        )
        for each in METHODS.values()
    ]
    return _table(header, rows)


def _table(header: Any, rows: list[tuple[str, ...]]) -> str:  # noqa: ANN401 - a row of words
    lines = [tuple(header), ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES: dict[str, Callable[[str], str]] = {
    "quality": quality,
    "scope": scope,
    "stopwatch": stopwatch,
    "methods": methods,
}


def filled(text: str, language: str) -> str:
    """Return a page with every marked table written anew."""
    return _MARKED.sub(lambda mark: mark[1] + TABLES[mark[2]](language) + mark[3], text)


def main() -> None:
    """Rewrite the pages, or exit with a message where one differs."""
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        wanted = filled(text, "zh" if "zh-CN" in name else "en")
        if wanted != text and "--check" in sys.argv:
            sys.exit(f"{name} and benchmarks/results/ disagree; run: python benchmarks/tables.py")
        path.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
