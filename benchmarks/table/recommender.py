"""The tables of the recommender: rankings on public data, and what strains it."""

from collections.abc import Mapping

from table.cells import megabytes, plain, rows, table

_RANKED = {
    "ndcg_at_10": "nDCG@10",
    "recall_at_20": "recall@20",
    "cold_recall_at_20": "recall@20 of new items",
    "coverage_at_10": "coverage@10",
}


def rankings(language: str) -> str:
    """Return what each recommender reaches on public data, by full ranking."""
    lines = [
        (data, f"`{row['method']}`", *(plain(row["metrics"][name], 3) for name in _RANKED))
        for data in ("ml-100k", "book-crossing")
        for row in rows(f"recommender-{data}")
    ]
    return table(("data", "model", *_RANKED.values()), lines)


def strained(language: str) -> str:
    """Return what size, load, an attack and its own feedback do to the recommender."""
    lines = []
    for row in rows("recommender-million-items"):
        cost, found = row["cost"], plain(row["metrics"]["recall_at_50"], 3)
        lines += [
            (f"a million items, `{row['method']}`: recall@50 against the exact search", found),
            ("one query of it at batch 1 on one thread, CPU time", _milliseconds(cost)),
            ("building its index, CPU time", f"{cost['build_seconds']:.0f} s"),
            ("memory of the whole process", megabytes(cost["peak_memory_mb"])),
        ]
    for row in rows("recommender-serving"):
        cost = row["cost"]
        sent = f"; {cost['requests_per_second']:.0f} a second" if "requests_per_second" in cost else ""
        lines.append((f"10,000 items, {row['method']}", f"{_milliseconds(cost)}{sent}"))
    for row in rows("recommender-shilling"):
        found = row["metrics"]
        lifts = [f"{found[f'lift_{when}']['value'] * 100:+.1f}" for when in ("attacked", "defended")]
        said = f"{row['data']['name']}: 3 % fake profiles lift the worst of {len(row['targets'])} targets' hit rate by, points"
        lines += [
            (said, f"{lifts[0]}; {lifts[1]} once the suspects are left out"),
            (f"{row['data']['name']}: attacks that the alarm names", f"{found['alarms_fired']['value']:.0%}"),
        ]
    for row in rows("recommender-feedback-loop"):
        first, last = row["coverage"][0], row["coverage"][-1]
        said = f"{row['data']['name']}: catalogue shown in the first and in the tenth round of its own feedback"
        lines.append((said, f"{first:.0%}, {last:.0%}"))
    return table(("what", "measured"), lines)


def _milliseconds(cost: Mapping[str, float]) -> str:
    return f"{cost['p50_ms']:.1f} ms, 95th percentile {cost['p95_ms']:.1f} ms"
