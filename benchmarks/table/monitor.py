"""The tables of the monitor: judges of sentiment side by side, and what it notices, how soon, and how fast it reads."""

from statistics import mean
from typing import Any

from table.cells import rows, table

_MONITOR = (
    ("contrast-full", "contrast pairs with both sides right", "pairs_right", "{:.1%}"),
    ("nab-realtweets", "NAB realTweets, threshold the best for all files, as NAB has it", "nab_score", "{:.1f}"),
    ("nab-realtweets", "NAB realTweets, threshold from the other nine files", "nab_score_left_out", "{:.1f}"),
    ("nab-realtweets", "NAB realTweets, settings and threshold from the other nine files", "nab_score_chosen_without", "{:.1f}"),
    ("nab-realtweets", "mean delay on NAB realTweets, counted from the opening of the window, minutes", "mean_delay_minutes", "{:.0f}"),
    ("flooding-full", "weight of 500 near-copies over that of three stories, at most", "flood_over_three_stories", "{:.2f}"),
    ("early-warning-full", "incidents of the fortnight noticed", "found_incidents", "{:.0%}"),
    ("early-warning-full", "mean delay of those, minutes", "mean_delay_minutes", "{:.0f}"),
    ("early-warning-full", "alerts a day", "alerts_a_day", "{:.1f}"),
    ("early-warning-full", "of those, about no incident", "other_alerts_a_day", "{:.1f}"),
)  # fmt: skip


def sentiment(language: str) -> str:
    """Return judges of sentiment beside simple ones on the same test rows, the mean over the seeds."""
    lines = []
    for data in ("phrasebank-50agree", "phrasebank-allagree", "shipped"):
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in rows(f"financial-sentiment-{data}-full*"):
            named = [(row["method"], row), *((each["method"], each) for each in (row["baseline"],) if each)]
            for method, measured in named:
                groups.setdefault(method, []).append(measured["metrics"])
        for method, found in groups.items():
            values = [f"{mean(each[name]['value'] for each in found):.3f}" for name in ("accuracy", "macro_f1")]
            lines.append((data, f"`{method}`", *values, str(len(found))))
    return table(("data", "method", "accuracy", "macro-F1", "seeds"), lines)


def monitor(language: str) -> str:
    """Return what the monitor reaches beside sentiment."""
    lines = []
    for name, said, metric, style in _MONITOR:
        for row in rows(f"financial-sentiment-{name}")[:1]:
            if metric in row["metrics"]:
                found = [style.format(row["metrics"][metric][key]) for key in ("value", "low", "high")]
                lines.append((said, f"{found[0]} ({found[1]} to {found[2]})"))
    return table(("what", "measured"), [*lines, *_throughput()])


def _throughput() -> list[tuple[str, str]]:
    lines = []
    for row in rows("financial-sentiment-throughput*"):
        items = row["data"]["split"]["items"]
        memory = [value for key, value in row["cost"].items() if key.startswith("resident_mb_after")]
        said = f"headlines a second, `{row['method']}`, {items:,} of them"
        lines.append((said, f"{row['cost']['items_per_second']:,.0f}"))
        if memory:
            quarters = ", ".join(f"{value:,.0f}" for value in memory)
            lines.append((f"MB resident after each quarter of {items:,}, `{row['method']}`", quarters))
    return lines
