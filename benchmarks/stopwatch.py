"""Time `verticals demo` from the command to the first answered request: with nothing trained, then again.

`python benchmarks/stopwatch.py` writes `benchmarks/results/stopwatch.json`; everything else is measured by `verticals benchmark`.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from verticals.evaluation import results
from verticals.runs import write_json

TARGET = Path(__file__).parent / "results" / "stopwatch.json"
COMMAND = [sys.executable, "-c", "from verticals.cli import main; main()", "demo"]
PORT = 7891


def stopwatch() -> dict[str, float]:
    """Return the seconds of a first and of a second start."""
    with tempfile.TemporaryDirectory() as home:
        return {f"{name}_start_seconds": _seconds_to_first_answer(home) for name in ("first", "second")}


def _seconds_to_first_answer(home: str) -> float:
    started = time.perf_counter()
    server = subprocess.Popen([*COMMAND, "--port", str(PORT)], env={**os.environ, "VERTICALS_HOME": home})
    try:
        while not _answers():
            if server.poll() is not None or time.perf_counter() - started > 600:
                sys.exit("the demo did not start")
            time.sleep(0.2)
        return round(time.perf_counter() - started, 1)
    finally:
        server.terminate()
        server.wait()


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/customer-service/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    row = results.row("hub", "stopwatch", "demo", {}, {}, stopwatch(), {"name": "shipped"}, 0, None)
    write_json(TARGET, results.document([row]))
