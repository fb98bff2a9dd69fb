"""The tables of the chain on medical text: every step on both hospitals, what each gains, and the KL term."""

from table.cells import points, rows, share, table

_DATA = {"medical": "OHSUMED to Medical Abstracts", "medical-sample": "notes written for this project"}


def medical(language: str) -> str:
    """Return every step on both hospitals."""
    header = ("data", "step", "method", "accuracy on A", "accuracy on B", "tuned parameters", "training")
    lines = [
        (
            shown,
            row["step"],
            row["method"],
            *(share(row["sides"][side]) for side in "ab"),
            f"{row['cost']['trained_parameters']:,}",
            f"{row['cost']['train_seconds']:.0f} s",
        )
        for name, shown in _DATA.items()
        for row in rows(name)
        if "sides" in row
    ]
    return table(header, lines)


def gains(language: str) -> str:
    """Return what each step gains over another, on the same rows; the first is the text that it read."""
    lines = []
    for name, shown in _DATA.items():
        for row in rows(name):
            if row["step"] == "pretrain":
                gain = row["baseline"]["masked_accuracy_gain"]
                lines.append((shown, "pretrain", "built-in backbone", "masked tokens guessed right", points(gain)))
            for gain in row.get("gains", ()):
                lines.append((shown, row["step"], gain["over"], f"accuracy on {gain['side'].upper()}", points(gain)))
    return table(("data", "step", "over", "measured", "gain in points"), lines)


def strengths(language: str) -> str:
    """Return both hospitals over the strength of the KL term."""
    lines = []
    for name, shown in _DATA.items():
        for record in (row["transfer"] for row in rows(name) if row["step"] == "A to B"):
            sides = [("before", record["before"])]
            sides += [
                (f"{each['strength']:g}{' (saved)' if each['strength'] == record['strength'] else ''}", each)
                for each in record["sweep"]
            ]
            lines += [
                (shown, strength, *(share(each[side]) for side in ("source", "target", "target_own")))
                for strength, each in sides
            ]
    return table(("data", "KL strength", "accuracy on A", "accuracy on B", "on B, among its own classes"), lines)
