"""Write the tables of README and docs from the results: `python benchmarks/tables.py`; `--check` only compares.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; text outside such marks is never touched.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import bot_tables

from verticals import comparison
from verticals.methods import METHODS

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (
    "README.md",
    "README.zh-CN.md",
    "apps/verticals_customer_service/README.md",
    "apps/verticals_financial_sentiment/README.md",
    "apps/verticals_recommender/README.md",
    "docs/methods.md",
    "docs/medical.md",
)
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
    header = ("method", "what is tuned", "starts", "learning rate", "epochs", "learns to", "kept as", "merges", "paper")
    rows = [
        (
            f"`{each.name}`",
            each.summary,
            each.init if each.adapt else "",
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


_OTHERS = {
    "en": ("app", "data", "model", "metric", "measured", "baseline", "training"),
    "zh": ("应用", "数据", "模型", "指标", "测得", "基线", "训练"),
}


def others(language: str) -> str:
    """What the monitor and the recommender reach, one row per model and seed."""
    files = [path for app in ("financial-sentiment", "recommender") for path in sorted(RESULTS.glob(f"{app}-*.json"))]
    lines = comparison.lines([row for path in files for row in _results(path)])
    rows = []
    for line in lines:
        app, suite, method, seed = line.name
        cells = comparison.cells(line)
        rows.append((app, suite, f"{method}, seed {seed}" if seed else method, *cells[4:7], cells[8]))
    return _table(_OTHERS[language], rows)


def sentiment(language: str) -> str:
    """Judges of sentiment beside simple ones on the same test rows, the mean over the seeds."""
    rows = []
    for data in ("phrasebank-50agree", "phrasebank-allagree", "shipped"):
        files = sorted(RESULTS.glob(f"financial-sentiment-{data}-full*.json"))
        groups: dict[str, list[Mapping[str, Mapping[str, float]]]] = {}
        for row in (row for path in files for row in _results(path)):
            named = [(row["method"], row), *((each["method"], each) for each in (row["baseline"],) if each)]
            for method, measured in named:
                groups.setdefault(method, []).append(measured["metrics"])
        for method, found in groups.items():
            values = [f"{mean(each[name]['value'] for each in found):.3f}" for name in ("accuracy", "macro_f1")]
            rows.append((data, f"`{method}`", *values, str(len(found))))
    return _table(("data", "method", "accuracy", "macro-F1", "seeds"), rows) if rows else ""


_MONITOR = (
    ("contrast", "contrast pairs with both sides right", "pairs_right", "{:.1%}"),
    ("nab-realtweets", "NAB realTweets, threshold the best for all files, as NAB has it", "nab_score", "{:.1f}"),
    ("nab-realtweets", "NAB realTweets, threshold from the other nine files", "nab_score_left_out", "{:.1f}"),
    ("nab-realtweets", "NAB realTweets, settings and threshold from the other nine files", "nab_score_chosen_without", "{:.1f}"),
    ("nab-realtweets", "mean delay on NAB realTweets, counted from the opening of the window, minutes", "mean_delay_minutes", "{:.0f}"),
    ("flooding", "weight of 500 near-copies over that of three stories, at most", "flood_over_three_stories", "{:.2f}"),
    ("early-warning", "incidents of the fortnight noticed", "found_incidents", "{:.0%}"),
    ("early-warning", "mean delay of those, minutes", "mean_delay_minutes", "{:.0f}"),
    ("early-warning", "alerts a day", "alerts_a_day", "{:.1f}"),
    ("early-warning", "of those, about no incident", "other_alerts_a_day", "{:.1f}"),
)  # fmt: skip


def monitor(language: str) -> str:
    """What the monitor reaches beside sentiment: a file, what was measured, the metric, and how it is written."""
    rows = []
    for name, said, metric, style in _MONITOR:
        tried = (result(f"financial-sentiment-{name}{suffix}") for suffix in ("-full", "-probe", "-tfidf", ""))
        row = next((each for each in tried if each), None)
        if row and metric in row["metrics"]:
            found = [style.format(row["metrics"][metric][key]) for key in ("value", "low", "high")]
            rows.append((said, f"`{row['method']}`", f"{found[0]} ({found[1]} to {found[2]})"))
    for path in sorted(RESULTS.glob("financial-sentiment-throughput*.json")):
        for row in _results(path):
            cost, items = row["cost"], row["data"]["split"]["items"]
            memory = [f"{value:,.0f}" for key, value in cost.items() if key.startswith("resident_mb_after")]
            shown = f"{cost['items_per_second']:,.0f} ({cost['items_per_cpu_second']:,.0f} a second of one core)"
            rows.append((f"headlines a second, {items:,} of them", f"`{row['method']}`", shown))
            rows.append((f"MB resident after each quarter of {items:,}", f"`{row['method']}`", ", ".join(memory)))
    return _table(("what", "measured with", "measured"), rows)


_RANKED = {
    "ndcg_at_10": "nDCG@10",
    "recall_at_20": "recall@20",
    "cold_recall_at_20": "recall@20 of new items",
    "coverage_at_10": "coverage@10",
}


def rankings(language: str) -> str:
    """What each recommender reaches on public data, by full ranking."""
    rows = [
        (data, f"`{row['method']}`", *(_thousandths(row["metrics"][name]) for name in _RANKED))
        for data in ("ml-100k", "book-crossing")
        for row in _recommender(data)
    ]
    return _table(("data", "model", *_RANKED.values()), rows)


def strained(language: str) -> str:
    """What size, load, an attack and its own feedback do to the recommender."""
    rows = []
    for row in _recommender("million-items"):
        cost, found = row["cost"], _thousandths(row["metrics"]["recall_at_50"])
        rows += [
            (f"a million items, `{row['method']}`: recall@50 against the exact search", found),
            ("one query of it at batch 1 on one thread, CPU time", _milliseconds(cost)),
            ("building its index, CPU time", f"{cost['build_seconds']:.0f} s"),
            ("memory of the whole process", f"{cost['peak_memory_mb'] / 1024:.1f} GB"),
        ]
    for row in _recommender("serving"):
        cost = row["cost"]
        sent = f"; {cost['requests_per_second']:.0f} a second" if "requests_per_second" in cost else ""
        rows.append((f"10,000 items, {row['method']}", f"{_milliseconds(cost)}{sent}"))
    for row in _recommender("shilling"):
        found = row["metrics"]
        lifts = [f"{found[f'lift_{when}']['value'] * 100:+.1f}" for when in ("attacked", "defended")]
        said = f"{row['data']['name']}: 3 % fake profiles lift the worst of {len(row['targets'])} targets' hit rate by, points"
        rows += [
            (said, f"{lifts[0]}; {lifts[1]} once the suspects are left out"),
            (f"{row['data']['name']}: attacks that the alarm names", f"{found['alarms_fired']['value']:.0%}"),
        ]
    for row in _recommender("feedback-loop"):
        first, last = row["coverage"][0], row["coverage"][-1]
        said = f"{row['data']['name']}: catalogue shown in the first and in the tenth round of its own feedback"
        rows.append((said, f"{first:.0%}, {last:.0%}"))
    return _table(("what", "measured"), rows)


def _recommender(suite: str) -> list[dict[str, Any]]:
    path = RESULTS / f"recommender-{suite}.json"
    return _results(path) if path.exists() else []


def _thousandths(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _milliseconds(cost: Mapping[str, float]) -> str:
    return f"{cost['p50_ms']:.1f} ms, 95th percentile {cost['p95_ms']:.1f} ms"


def steps(name: str) -> list[dict[str, Any]]:
    """Return every row of a result file; none where it was not measured."""
    path = RESULTS / f"{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    return rows


_MEDICAL = {"medical": "OHSUMED to Medical Abstracts", "medical-sample": "notes written for this project"}


def medical(language: str) -> str:
    """The chain on medical text: every step on both hospitals."""
    header = ("data", "step", "method", "accuracy on A", "accuracy on B", "tuned parameters", "training")
    lines = [
        (
            shown,
            row["step"],
            row["method"],
            *(_share(row["sides"][side]) for side in "ab"),
            f"{row['cost']['trained_parameters']:,}",
            f"{row['cost']['train_seconds']:.0f} s",
        )
        for name, shown in _MEDICAL.items()
        for row in steps(name)
        if "sides" in row
    ]
    return _table(header, lines)


def medical_gains(language: str) -> str:
    """What each step of the chain gains over another, on the same rows; the first is the text that it read."""
    lines = []
    for name, shown in _MEDICAL.items():
        for row in steps(name):
            if row["step"] == "pretrain":
                gain = row["baseline"]["masked_accuracy_gain"]
                lines.append((shown, "pretrain", "built-in backbone", "masked tokens guessed right", _points(gain)))
            for gain in row.get("gains", ()):
                lines.append((shown, row["step"], gain["over"], f"accuracy on {gain['side'].upper()}", _points(gain)))
    return _table(("data", "step", "over", "measured", "gain in points"), lines)


def medical_lambda(language: str) -> str:
    """Both hospitals over the strength of the KL term."""
    lines = []
    for name, shown in _MEDICAL.items():
        for record in (row["transfer"] for row in steps(name) if row["step"] == "A to B"):
            sides = [("before", record["before"])]
            sides += [
                (f"{each['strength']:g}{' (saved)' if each['strength'] == record['strength'] else ''}", each)
                for each in record["sweep"]
            ]
            lines += [(shown, strength, _share(each["source"]), _share(each["target"])) for strength, each in sides]
    return _table(("data", "KL strength", "accuracy on A", "accuracy on B"), lines)


def _share(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.1%} ({estimate['low']:.1%}–{estimate['high']:.1%})"


def _points(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value'] * 100:+.1f} ({estimate['low'] * 100:+.1f} to {estimate['high'] * 100:+.1f})"


def measured_methods(language: str) -> str:
    """Every method on one data set, the mean over its seeds; the interval is that of the test rows."""
    header = ("data", "method", "accuracy", "over the probe", "seeds", "trained", "training", "peak memory", "kept")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in (row for path in sorted((RESULTS / "methods").glob("*.json")) for row in _results(path)):
        groups.setdefault((row["data"]["name"], row["method"]), []).append(row)
    order = list(METHODS)
    rows = [
        _method_row(data, method, kept, groups.get((data, "probe"), []))
        for (data, method), kept in sorted(groups.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    ]
    return _table(header, rows) if rows else ""


def _method_row(data: str, method: str, kept: list[dict[str, Any]], probes: list[dict[str, Any]]) -> tuple[str, ...]:
    value, low, high = (mean(row["metrics"]["accuracy"][key] for row in kept) for key in ("value", "low", "high"))
    probe = {row["seed"]: row["metrics"]["accuracy"]["value"] for row in probes}
    gains = [row["metrics"]["accuracy"]["value"] - probe[row["seed"]] for row in kept if row["seed"] in probe]
    cost = {
        name: mean(row["cost"][name] for row in kept) for name in ("train_seconds", "peak_memory_mb", "artefact_bytes")
    }
    return (
        data,
        f"`{method}`",
        f"{value:.1%} ({low:.1%}–{high:.1%})",
        f"{mean(gains) * 100:+.1f}" if gains and method != "probe" else "",
        str(len(kept)),
        f"{kept[0]['cost']['trained_parameters']:,}",
        f"{cost['train_seconds']:.0f} s",
        f"{cost['peak_memory_mb']:.0f} MB",
        f"{cost['artefact_bytes'] / 1e6:.1f} MB",
    )


def learning_rates(language: str) -> str:
    """Accuracy on validation rows by learning rate, the best in bold."""
    rows = []
    for path in sorted((RESULTS / "sweeps").glob("*.json")):
        kept = sorted(_results(path), key=lambda row: float(row["settings"]["learning_rate"]))
        values = [row["metrics"]["validation_accuracy"]["value"] for row in kept]
        shown = [
            f"{'**' * (value == max(values))}{row['settings']['learning_rate']:g}: {value:.1%}{'**' * (value == max(values))}"
            for row, value in zip(kept, values, strict=True)
        ]
        data = kept[0]["data"]
        rows.append((data["name"], f"`{kept[0]['method']}`", f"{data['split']['train']:,}", ", ".join(shown)))
    return (
        _table(("data", "method", "training rows", "learning rate: accuracy on validation rows"), rows) if rows else ""
    )


def _results(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["results"])


def _table(header: Any, rows: Sequence[tuple[str, ...]]) -> str:  # noqa: ANN401 - a row of words
    lines = [tuple(header), ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES: dict[str, Callable[[str], str]] = {
    "quality": quality,
    "scope": scope,
    "stopwatch": stopwatch,
    "methods": methods,
    "others": others,
    "sentiment": sentiment,
    "monitor": monitor,
    "rankings": rankings,
    "strained": strained,
    "medical": medical,
    "medical-gains": medical_gains,
    "medical-lambda": medical_lambda,
    "measured-methods": measured_methods,
    "learning-rates": learning_rates,
    "conversations": lambda language: _table(*bot_tables.conversations(RESULTS)),
    "search": lambda language: _table(*bot_tables.search(RESULTS)),
    "load": lambda language: _table(*bot_tables.load(RESULTS)),
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
