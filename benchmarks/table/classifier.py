"""The tables of a classifier: its methods side by side, and what it refuses."""

from table.cells import Row, points, rows, seconds, share, table

_SUITES = {
    "shipped": "shipped samples, 48 intents",
    "banking77": "BANKING77",
    "clinc150": "CLINC150",
    "snips": "SNIPS",
}
_METHODS = {
    "probe": "",
    "full": "-full",
    "full, train.adversarial=1": "-full-95eb0948",
    "lora": "-lora",
}  # how their files' names end: the bot's own method is not named


def _trainings() -> list[tuple[str, str, Row]]:
    """Return (data, method, result) of the bot's trainings."""
    return [
        (shown, method, row)
        for suite, shown in _SUITES.items()
        for method, end in _METHODS.items()
        for row in rows(f"customer-service-{suite}{end}")
        if "accuracy" in row["metrics"]  # SNIPS has a row for its slots too
    ]


def quality(language: str) -> str:
    """Return the bot's accuracy by method, beside the baseline, with what it cost."""
    lines = [
        (
            shown,
            method,
            f"**{share(row['metrics']['accuracy'])}**",
            f"{row['baseline']['metrics']['accuracy']['value']:.1%}",
            points(row["baseline"]["accuracy_gain"]),
            seconds(row["cost"]["train_seconds"]),
        )
        for shown, method, row in _trainings()
    ]
    return table(("data", "method", "accuracy", "TF-IDF + SVM", "gain in points", "training"), lines)


def scope(language: str) -> str:
    """Return how well messages that belong to no intent are recognised."""
    lines = [
        (
            shown,
            method,
            f"{metrics['accuracy_at_threshold']['value']:.1%}",
            f"{metrics['oos_recall']['value']:.1%}",
            f"{metrics['oos_auroc']['value']:.3f}",
            f"{metrics['refused_in_scope']['value']:.1%}",
        )
        for shown, method, row in _trainings()
        if "oos_recall" in (metrics := row["metrics"])
    ]
    header = (
        "data",
        "method",
        "in-scope accuracy, refused = wrong",
        "out-of-scope recall",
        "AUROC",
        "wrongly refused",
    )
    return table(header, lines)
