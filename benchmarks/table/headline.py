"""The first screen of the README: one line per app and data set, and how long a start takes."""

from collections.abc import Mapping, Sequence
from statistics import mean

from table.cells import Row, megabytes, plain, points, rows, seconds, share, table
from verticals.comparison import PRIMARY

_COLUMN = {"en": 0, "zh": 1}
_APPS = {
    "customer-service": ("customer service", "客服机器人"),
    "financial-sentiment": ("financial sentiment", "金融情绪"),
    "recommender": ("recommender", "推荐"),
}
_SUITES = {  # in the order of the table
    ("customer-service", "shipped"): ("shipped shop, 48 intents", "自带商店，48 个意图"),
    ("customer-service", "banking77"): ("BANKING77", "BANKING77"),
    ("customer-service", "clinc150"): ("CLINC150, in scope", "CLINC150 范围内"),
    ("customer-service", "stackfaq"): ("StackFAQ", "StackFAQ"),
    ("financial-sentiment", "shipped"): ("shipped headlines", "自带新闻标题"),
    ("financial-sentiment", "phrasebank-50agree"): ("PhraseBank, all rows", "PhraseBank 全部"),
    ("financial-sentiment", "phrasebank-allagree"): ("PhraseBank, all agree", "PhraseBank 一致"),
    ("financial-sentiment", "nab-realtweets"): ("NAB tweets", "NAB 推文"),
    ("recommender", "shipped"): ("shipped shop", "自带商店"),
    ("recommender", "ml-100k"): ("MovieLens 100K", "MovieLens 100K"),
    ("recommender", "book-crossing"): ("Book-Crossing", "Book-Crossing"),
}
_SHOWN = ("served", "full", "seasonal-sigma", "lora", "probe")  # the first of these that was measured
_METRICS = {
    "accuracy": ("accuracy", "准确率"),
    "entity_f1": ("entity F1", "实体 F1"),
    "ndcg_at_10": ("nDCG@10", "nDCG@10"),
    "mrr": ("MRR", "MRR"),
    "nab_score": ("NAB score", "NAB 得分"),
}
_HEADLINE = (
    ("app", "data", "measured", "ours", "simple baseline", "gain", "training"),
    ("应用", "数据", "指标", "本项目", "简单基线", "提升", "训练"),
)
_SEEDS = (", mean of {} seeds", "，{} 个种子的均值")
_START = (("what", "measured"), ("项目", "测得"))
_STARTS = {
    "install_seconds": ("installation, packages from a near cache", "安装（软件包来自近处缓存）"),
    "first_start_seconds": ("first start of the demo, three apps trained", "首次启动演示（含三个应用的训练）"),
    "second_start_seconds": ("second start", "再次启动"),
    "benchmark_seconds": (
        "`verticals benchmark`, the quick suites of three apps",
        "`verticals benchmark`，三个应用的快速评测",
    ),
    "benchmark_again_seconds": ("the same command again", "同一命令再次运行"),
}
_MEMORY = ("memory of the whole site, in use", "整个站点占用内存")
_TURN = ("one turn of the bot, median and 95th percentile", "机器人一轮应答，中位数与 95 分位")


def headline(language: str) -> str:
    """Return one model for each data set, the first of `_SHOWN` that was measured, beside its baseline: the mean over its seeds.

    The interval is that of the test rows. An app starts with the method that its `config.yaml` names, which may be another one.
    """
    column = _COLUMN[language]
    measured = {app: rows(f"{app}-*") for app in _APPS}
    lines = []
    for (app, suite), names in _SUITES.items():
        judged: dict[str, list[Row]] = {}
        for row in measured[app]:
            if row["suite"] == suite and _primary(row) and "assignments" not in row:
                judged.setdefault(row["method"], []).append(row)
        shown = next((judged[method] for method in _SHOWN if method in judged), None)
        if shown:
            lines.append((_APPS[app][column], names[column], *_judged(_averaged(shown), column, len(shown))))
    return table(_HEADLINE[column], lines)


def _averaged(seeds: Sequence[Row]) -> Row:
    """Return the rows of several seeds as one, each figure of the primary metric their mean."""
    first, metric = seeds[0], _primary(seeds[0])
    gain, baseline = f"{metric}_gain", [row["baseline"] for row in seeds]
    beside = {**first["baseline"], "metrics": {metric: _mean([each["metrics"][metric] for each in baseline])}}
    if gain in beside:
        beside[gain] = _mean([each[gain] for each in baseline])
    train = [row["cost"]["train_seconds"] for row in seeds if "train_seconds" in row["cost"]]
    cost = {"train_seconds": mean(train)} if train else {}
    return {
        **first,
        "metrics": {metric: _mean([row["metrics"][metric] for row in seeds])},
        "baseline": beside,
        "cost": cost,
    }


def _mean(estimates: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: mean(each[name] for each in estimates) for name in estimates[0]}


def _primary(row: Row) -> str:
    """Return the metric that stands for a result and that its baseline has too; nothing where there is none."""
    beside = row["baseline"].get("metrics", {})
    return next((name for name in PRIMARY if name in row["metrics"] and name in beside), "")


def _judged(row: Row, column: int, seeds: int) -> tuple[str, ...]:
    metric, baseline = _primary(row), row["baseline"]
    ours, theirs = row["metrics"][metric], baseline["metrics"][metric]["value"]
    cost = seconds(row["cost"].get("train_seconds"))
    if metric == "nab_score":  # points already, a perfect detector has 100
        shown, beside, gain = plain(ours, 1), f"{theirs:.1f}", f"{ours['value'] - theirs:+.1f}"
    elif metric == "accuracy":
        shown, beside, gain = share(ours), f"{theirs:.1%}", _gain(row, metric)
    else:
        shown, beside, gain = plain(ours, 3), f"{theirs:.3f}", _gain(row, metric)
    many = _SEEDS[column].format(seeds) if seeds > 1 else ""
    return (
        _METRICS[metric][column],
        f"**{shown}** {row['method']}{many}",
        f"{beside} {baseline['method']}",
        gain,
        cost,
    )


def _gain(row: Row, metric: str) -> str:
    """Return the gain in hundredths: paired with its interval where that was measured."""
    paired = row["baseline"].get(f"{metric}_gain")
    if paired:
        return points(paired)
    return f"{(row['metrics'][metric]['value'] - row['baseline']['metrics'][metric]['value']) * 100:+.1f}"


def stopwatch(language: str) -> str:
    """Return the seconds from the command to the first answers, the memory of the site, and milliseconds of a turn."""
    column = _COLUMN[language]
    (watch,), turns = rows("stopwatch"), rows("customer-service-turns")
    lines = [(names[column], seconds(watch["cost"][name])) for name, names in _STARTS.items() if name in watch["cost"]]
    if "memory_mb" in watch["cost"]:
        lines.append((_MEMORY[column], megabytes(watch["cost"]["memory_mb"])))
    lines += [(_TURN[column], f"{row['cost']['p50_ms']:.0f} ms, {row['cost']['p95_ms']:.0f} ms") for row in turns]
    return table(_START[column], lines)
