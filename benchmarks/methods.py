"""Measure methods on one data set: `python benchmarks/methods.py banking77 --seeds 3`, or `... conll2003 --objective tag --methods full`.

Each method and seed is one `verticals tune` in a process of its own, so that its peak memory is its own, and one file in
`results/methods/`; what was set by `--set` has a file of its own. What has a file is not measured again; a killed training is
continued. `tables.py` puts the files into docs/methods.md.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from verticals.benchmark import variant
from verticals.evaluation import results
from verticals.methods import METHODS
from verticals.objectives import OBJECTIVES

FOLDER = Path(__file__).parent / "results" / "methods"


def command(objective: str, method: str, data: str, seed: int, assignments: Sequence[str]) -> list[str]:
    """Return the command that trains and measures one method."""
    chosen = ["--data", data, "--method", method, "--seed", str(seed), "--json"]
    chosen += [word for each in assignments for word in ("--set", each)]
    return [sys.executable, "-m", "verticals", "tune", objective, *chosen]


def measure(path: Path, words: Sequence[str], assignments: Sequence[str]) -> str | None:
    """Run a command and keep the document it prints; return its last line of complaint where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    results.write(path, [results.assigned(row, assignments) for row in json.loads(done.stdout)["results"]])
    return None


def main(arguments: Sequence[str]) -> int:
    """Measure what has no file yet; return 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a public data set's name, or a file")
    parser.add_argument("--objective", default="classify", choices=list(OBJECTIVES))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), metavar="METHOD", help="all that can learn it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.NAME=VALUE")
    parser.add_argument("--results", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    name, failed = f"{chosen.objective}-{Path(chosen.data).stem}", 0
    digest = f"-{variant(chosen.settings)}" if chosen.settings else ""
    able = [each.name for each in METHODS.values() if chosen.objective in each.objectives]
    wanted = [
        (
            chosen.results / f"{name}-{method}{digest}-seed{seed}.json",
            command(chosen.objective, method, chosen.data, seed, chosen.settings),
        )
        for seed in range(chosen.seeds)
        for method in chosen.methods or able
    ]
    for path, words in tqdm([each for each in wanted if not each[0].exists()], desc="methods", unit="training"):
        complaint = measure(path, words, chosen.settings)
        if complaint:
            failed = 1
            tqdm.write(f"{path.stem}: {complaint}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
