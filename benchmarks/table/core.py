"""The tables of the core: the methods, what they reach, and the learning rates that were tried."""

from statistics import mean

from table.cells import Row, rows, seconds, share, table
from verticals.methods import METHODS

_VARIED = ("train.schedule", "train.epochs", "method.options")  # beside the learning rate, what a method brings


def methods(language: str) -> str:
    """Return the method table."""
    header = ("method", "what is tuned", "starts", "learning rate", "epochs", "learns to", "kept as", "merges", "paper")
    lines = [
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
    return table(header, lines)


def measured_methods(language: str) -> str:
    """Return every method on each data set, the mean over its seeds; the interval is that of the test rows.

    What was measured under other settings, such as `objective.blend=true`, has a line below the method.
    """
    header = ("data", "method", "accuracy", "over the probe", "seeds", "trained", "training", "peak memory", "kept")
    groups: dict[tuple[str, int, str], list[Row]] = {}
    order = list(METHODS)
    for row in rows("methods*/classify-*"):
        key = (row["data"]["name"], order.index(row["method"]), _named(row))
        groups.setdefault(key, []).append(row)
    lines = [
        _method(data, method, kept, groups.get((data, order.index("probe"), "`probe`"), []))
        for (data, _, method), kept in sorted(groups.items(), key=lambda item: item[0])
    ]
    return table(header, lines)


def _named(row: Row) -> str:
    """Return a row's method, with what was set for it."""
    return ", ".join((f"`{row['method']}`", *row.get("assignments", ())))


def _method(data: str, method: str, kept: list[Row], probes: list[Row]) -> tuple[str, ...]:
    value, low, high = (mean(row["metrics"]["accuracy"][key] for row in kept) for key in ("value", "low", "high"))
    probe = [row["metrics"]["accuracy"]["value"] for row in probes]
    cost = {
        name: mean(row["cost"][name] for row in kept) for name in ("train_seconds", "peak_memory_mb", "artefact_bytes")
    }
    return (
        data,
        method,
        f"{value:.1%} ({low:.1%}–{high:.1%})",
        f"{(value - mean(probe)) * 100:+.1f}" if probe and method != "`probe`" else "",
        str(len(kept)),
        f"{kept[0]['cost']['trained_parameters']:,}",
        f"{cost['train_seconds']:.0f} s",
        f"{cost['peak_memory_mb']:.0f} MB",
        f"{cost['artefact_bytes'] / 1e6:.1f} MB",
    )


def learning_rates(language: str) -> str:
    """Return the accuracy on validation rows by learning rate, the best in bold; each number of training rows is a sweep of its own."""
    sweeps: dict[tuple[str, int, int, str], list[Row]] = {}
    order = list(METHODS)
    for row in (row for row in rows("sweeps/*") if not _changed(row)):
        key = (row["data"]["name"], row["data"]["split"]["train"], order.index(row["method"]), _named(row))
        sweeps.setdefault(key, []).append(row)
    lines = []
    for (data, size, _, method), tried in sorted(sweeps.items(), key=lambda item: item[0]):
        best = max(_validated(row) for row in tried)
        ordered = sorted(tried, key=lambda row: float(row["settings"]["learning_rate"]))
        lines.append((data, method, f"{size:,}", ", ".join(_rate(row, best) for row in ordered)))
    return table(("data", "method", "training rows", "learning rate: accuracy on validation rows"), lines)


def variations(language: str) -> str:
    """Return the accuracy on validation rows as each method comes, and with its schedule, its number of epochs or its start changed."""
    order = list(METHODS)
    sweeps = sorted(rows("sweeps/*"), key=lambda row: (row["data"]["name"], order.index(row["method"])))
    changed = [row for row in sweeps if _changed(row)]
    lines = []
    for key in dict.fromkeys(map(_sweep, changed)):
        usual = [row for row in sweeps if _sweep(row) == key and not row.get("assignments")]
        others = [row for row in changed if _sweep(row) == key]
        lines.append(
            (key[0], f"`{key[1]}`", f"{key[2]:,}", *(f"{_validated(row):.1%}" for row in usual), _differences(others))
        )
    return table(("data", "method", "training rows", "as it comes", "with this changed"), lines)


def _sweep(row: Row) -> tuple[str, str, int, float]:
    """Return what the rows of one comparison share: data, method, training rows, learning rate."""
    return row["data"]["name"], row["method"], row["data"]["split"]["train"], row["settings"]["learning_rate"]


def _changed(row: Row) -> bool:
    """Say whether a row is a method with its schedule, its number of epochs or its start changed."""
    return any(text.startswith(_VARIED) for text in row.get("assignments", ()))


def _differences(tried: list[Row]) -> str:
    """Return what was changed in each row, by name and in the order of the values, with the accuracy."""
    settings = [row["assignments"][0].partition("=") for row in tried]
    named = [
        (setting.rpartition(".")[2], value, _validated(row))
        for (setting, _, value), row in zip(settings, tried, strict=True)
    ]
    ordered = sorted(named, key=lambda each: (each[0], len(each[1]), each[1]))
    return ", ".join(f"{name} {value}: {accuracy:.1%}" for name, value, accuracy in ordered)


def _validated(row: Row) -> float:
    return float(row["metrics"]["validation_accuracy"]["value"])


def _rate(row: Row, best: float) -> str:
    shown = f"{row['settings']['learning_rate']:g}: {_validated(row):.1%}"
    return f"**{shown}**" if _validated(row) == best else shown


def tagged(language: str) -> str:
    """Return every tagger on each data set beside the linear one: entities by seqeval, and words with O among them."""
    header = ("data", "method", "entity F1", "linear tagger", "words, micro", "words, macro", "training")
    lines = [
        (
            row["data"]["name"],
            _named(row),
            share(row["metrics"]["entity_f1"]),
            f"{row['baseline']['metrics']['entity_f1']['value']:.1%}",
            share(row["metrics"]["token_micro_f1"]),
            share(row["metrics"]["token_macro_f1"]),
            seconds(row["cost"]["train_seconds"]),
        )
        for row in (*rows("methods/tag-*"), *rows("customer-service-snips-*"))
        if "entity_f1" in row["metrics"]
    ]
    return table(header, lines)


def epochs(language: str) -> str:
    """Return the seconds of one epoch by method, beside the first method of the same run."""
    lines = [
        (
            row["data"]["name"],
            f"`{row['method']}`",
            f"{row['data']['split']['train']:,}",
            f"{row['cost']['once_seconds']:.1f} s",
            f"{row['cost']['epoch_seconds']:.1f} s",
            f"{row['cost']['times_as_fast']:.2f}",
        )
        for row in rows("epochs-*")
    ]
    return table(("data", "method", "training rows", "once", "an epoch", "times as fast"), lines)
