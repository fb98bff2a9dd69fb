"""Tables of what the customer-service bot does beside classifying: whole conversations, search, and many customers at once."""

from table.cells import rows, share, table

_ENDS = ("containment", "hand_over_precision", "hand_over_recall", "wrong_answers", "tasks_done")
_SHOWN = {
    "scripted-conversations": "held out",
    "hard-conversations": "hard",
    "development-conversations": "development",
}
_COUNTS = ("requests", "errors", "mixed_up")


def conversations(language: str) -> str:
    """Return how scripted conversations end."""
    header = (
        "conversations",
        "bot",
        "finished of those that need nobody",
        "hand-over precision",
        "hand-over recall",
        "wrong among answered",
        "tasks done",
    )
    lines = [
        (
            _SHOWN[row["suite"]],
            row["method"],
            *(share(row["metrics"][name]) if name in row["metrics"] else "" for name in _ENDS),
        )
        for suite in _SHOWN
        for row in rows(f"customer-service-{suite}*")
    ]
    return table(header, lines)


def search(language: str) -> str:
    """Return how high paraphrased questions rank their own thread."""
    names = ("mrr", "map", "precision_at_5")
    lines = [
        (row["method"], *(f"{row['metrics'][name]['value']:.3f}" for name in names))
        for row in rows("customer-service-stackfaq*")
    ]
    return table(("search", "MRR", "MAP", "P@5"), lines)


def load(language: str) -> str:
    """Return what came of many customers at once."""
    lines = [
        (
            str(row["data"]["split"]["customers"]),
            f"{row['data']['split']['seconds']:.0f} s",
            *(str(row["cost"][name]) for name in _COUNTS),
            f"{row['cost']['p50_ms']:.0f} ms, {row['cost']['p95_ms']:.0f} ms",
        )
        for row in rows("customer-service-load*")
    ]
    return table(("customers", "for", "requests", "errors", "mixed up", "median and 95th percentile"), lines)
