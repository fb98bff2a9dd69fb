"""The tables of the chain on medical text: every step on both hospitals, what each gains, and the KL term."""

from collections.abc import Mapping
from typing import Any

from table.cells import points, rows, share, table

_SIMPLE = {
    "A, built-in backbone": ("A alone", 0),
    "B alone": ("B alone", 1),
}  # whose rows the baseline of a step learned, and its column
_DATA = {"medical": "OHSUMED to Medical Abstracts", "medical-sample": "notes written for this project"}


def medical(language: str) -> str:
    """Return every step on both hospitals, and TF-IDF on the records of each."""
    header = ("data", "step", "method", "accuracy on A", "accuracy on B", "tuned parameters", "training")
    lines = []
    for name, shown in _DATA.items():
        measured = [row for row in rows(name) if "sides" in row]
        for row in (row for row in measured if row["step"] in _SIMPLE):
            lines.append((shown, _SIMPLE[row["step"]][0], row["baseline"]["method"], *_own_side(row), "", ""))
        for row in measured:
            sides = (share(row["sides"][side]) for side in "ab")
            tuned, seconds = row["cost"]["trained_parameters"], row["cost"]["train_seconds"]
            lines.append((shown, row["step"], row["method"], *sides, f"{tuned:,}", f"{seconds:.0f} s"))
    return table(header, lines)


def _own_side(row: Mapping[str, Any]) -> tuple[str, str]:
    sides = ["", ""]
    sides[_SIMPLE[row["step"]][1]] = share(row["baseline"]["metrics"]["accuracy"])
    return sides[0], sides[1]


def gains(language: str) -> str:
    """Return what each step gains over another, on the same rows; the first is the text that it read."""
    lines = []
    for name, shown in _DATA.items():
        for row in rows(name):
            if row["step"] == "pretrain":
                gain = row["baseline"]["masked_accuracy_gain"]
                lines.append((shown, "pretrain", "built-in backbone", "masked tokens guessed right", points(gain)))
            if row["step"] in _SIMPLE:
                side, beside = "AB"[_SIMPLE[row["step"]][1]], row["baseline"]
                lines.append(
                    (shown, row["step"], beside["method"], f"accuracy on {side}", points(beside["accuracy_gain"]))
                )
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
