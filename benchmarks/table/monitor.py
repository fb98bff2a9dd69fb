"""The tables of the monitor: judges of sentiment side by side, and what it notices, how soon, and how fast it reads."""

from statistics import mean
from typing import Any

from table.cells import rows, table

_JUDGES = ("-full", "", "-tfidf")  # the first one that was measured is shown; without a name: the probe, its own method
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
_BESIDE = {"early-warning": "constant-threshold"}  # the simple way whose figures stand beside ours


def sentiment(language: str) -> str:
    """Return judges of sentiment beside simple ones on the same test rows, the mean over the seeds."""
    lines = []
    for data in ("phrasebank-50agree", "phrasebank-allagree", "shipped"):
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in rows(f"financial-sentiment-{data}-full*"):
            for judge, measured in _judges(row):
                groups.setdefault(judge, []).append(measured["metrics"])
        for judge, found in groups.items():
            values = [f"{mean(each[name]['value'] for each in found):.3f}" for name in ("accuracy", "macro_f1")]
            lines.append((data, judge, *values, str(len(found))))
    return table(("data", "method", "accuracy", "macro-F1", "seeds"), lines)


def _judges(row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return whom a result measures, by name; what was set for one is part of its name, and what it stands beside is not counted again."""
    set_for_it, beside = row.get("assignments", []), row["baseline"]
    if set_for_it:
        return [(f"`{row['method']}`, {', '.join(set_for_it)}", row)] if beside else []
    return [(f"`{each['method']}`", each) for each in (row, beside) if each]


def monitor(language: str) -> str:
    """Return what the monitor reaches beside sentiment, by the best judge that it was measured with."""
    lines = []
    for name, said, metric, style in _MONITOR:
        measured = (rows(f"financial-sentiment-{name}{suffix}") for suffix in _JUDGES)
        first, *others = next(filter(None, measured), [{"metrics": {}}])
        for row in (first, *(each for each in others if each["method"] == _BESIDE.get(name))):
            if metric in row["metrics"]:
                found = [style.format(row["metrics"][metric][key]) for key in ("value", "low", "high")]
                lines.append((said, f"`{row['method']}`", f"{found[0]} ({found[1]} to {found[2]})"))
    return table(("what", "measured with", "measured"), [*lines, *_throughput()])


def _throughput() -> list[tuple[str, str, str]]:
    lines = []
    for row in rows("financial-sentiment-throughput*"):
        cost, items, judge = row["cost"], row["data"]["split"]["items"], f"`{row['method']}`"
        memory = [f"{value:,.0f}" for key, value in cost.items() if key.startswith("resident_mb_after")]
        shown = f"{cost['items_per_second']:,.0f} ({cost['items_per_cpu_second']:,.0f} a second of one core)"
        lines.append((f"headlines a second, {items:,} of them", judge, shown))
        lines.append((f"MB resident after each quarter of {items:,}", judge, ", ".join(memory)))
    return lines
