"""Write what tuning added to the probe, from the kept results: `python benchmarks/gains.py`; `--check` only compares.

A tuned model counts where the probe was measured on the same rows with the same seed and backbone, both blended with TF-IDF or neither.
"""

import json
import sys
from pathlib import Path
from typing import Any

from verticals import methods
from verticals.advisor.gains import GAINS
from verticals.runs import write_json

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
_BLENDED = {  # of the files whose rows do not record their settings yet
    f"benchmarks/results/customer-service-{name}.json"
    for name in ("clinc150-full", "shipped", "shipped-full", "shipped-lora", "snips-full")
}


def rows() -> list[tuple[str, dict[str, Any]]]:
    """Return every kept result of default settings that has an accuracy, with the name of its file."""
    found = []
    for path in sorted([*RESULTS.glob("*.json"), *(RESULTS / "methods").glob("*.json")]):
        for row in json.loads(path.read_text(encoding="utf-8")).get("results", ()):
            if "accuracy" in row["metrics"] and row["backbone"] and not row.get("assignments"):
                found.append((path.relative_to(ROOT).as_posix(), row))
    return found


def gains() -> list[dict[str, Any]]:
    """Return one entry for each tuned model that stands beside a probe."""
    kept = rows()
    probes = {_alike(source, row): row for source, row in kept if row["method"] == "probe"}
    return [
        {
            "method": row["method"],
            "data": row["data"]["name"],
            "probe": probes[_alike(source, row)]["metrics"]["accuracy"]["value"],
            "tuned": row["metrics"]["accuracy"]["value"],
            "source": source,
        }
        for source, row in kept
        if methods.get(row["method"]).adapt is not None and _alike(source, row) in probes
    ]


def _alike(source: str, row: dict[str, Any]) -> tuple[object, ...]:
    """Return what a tuned model and the probe beside it have in common."""
    blended = row.get("settings", {}).get("blend", source in _BLENDED)
    return row["backbone"], row["data"]["fingerprint"], row["seed"], blended


def main() -> None:
    """Rewrite the table, or exit with a message where it differs."""
    wanted = gains()
    if "--check" in sys.argv:
        if json.loads(GAINS.read_text(encoding="utf-8")) != wanted:
            sys.exit(
                "shared/verticals/advisor/gains.json and benchmarks/results/ disagree; run: python benchmarks/gains.py"
            )
        return
    write_json(GAINS, wanted)


if __name__ == "__main__":
    main()
