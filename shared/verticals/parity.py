"""Saved means proven: a run is loaded in a fresh process and has to predict what the trained model predicted.

As a program: `python -m verticals.parity RUN EXPECTED` where EXPECTED is a JSON file of texts and outputs.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from verticals import objectives
from verticals.errors import RunError
from verticals.inference.batches import FloatArray
from verticals.runs import Run, open_run

TOLERANCE = 1e-4
TEXTS = 32


def prove_reload(run: Run, texts: Sequence[str], outputs: FloatArray) -> None:
    """Load the run in a fresh process and compare its outputs (logits, vectors) with those of the model in memory.

    Raises:
        RunError: they differ by more than `TOLERANCE`, or the run does not load.
    """
    with tempfile.TemporaryDirectory() as folder:
        expected = Path(folder) / "expected.json"
        expected.write_text(
            json.dumps({"texts": list(texts[:TEXTS]), "outputs": outputs[:TEXTS].tolist()}), encoding="utf-8"
        )
        command = [sys.executable, "-m", "verticals.parity", str(run.folder), str(expected)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise RunError(f"{run.folder}: the saved run is not the trained model: {reason}")


def compare(folder: Path, expected: Path) -> float:
    """Return the largest difference between a run's outputs and the expected ones."""
    wanted = json.loads(expected.read_text(encoding="utf-8"))
    run = open_run(folder)
    outputs = objectives.get(run.objective).load(run).outputs(wanted["texts"])
    return float(np.abs(outputs - np.array(wanted["outputs"], np.float32)).max())


def main() -> None:
    """Exit with a message where the run does not reproduce what is expected."""
    difference = compare(Path(sys.argv[1]), Path(sys.argv[2]))
    if not difference <= TOLERANCE:
        sys.exit(f"outputs such as logits differ by {difference:.2g}, at most {TOLERANCE} is allowed")


if __name__ == "__main__":
    main()
