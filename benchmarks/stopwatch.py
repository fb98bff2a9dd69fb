"""Time the installation, `verticals demo` until every app has answered, and `verticals benchmark`: with nothing there, then again.

`python benchmarks/stopwatch.py` writes `benchmarks/results/stopwatch.json`; with `--install`, `make install` into a new environment is timed
first, whose packages come from wherever pip finds them, and with `--benchmark` the quick profile at last. Everything else is measured by
`verticals benchmark`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from verticals import registry
from verticals.access import key_in
from verticals.evaluation import results

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "benchmarks" / "results" / "stopwatch.json"
COMMAND = [sys.executable, "-m", "verticals", "demo"]
PORT = 7891
ADDRESS = f"http://127.0.0.1:{PORT}"
USED = {  # once each before memory is read: what a first message, headline and list bring in belongs to the site
    "customer-service/turn": {"message": "Where is my order?"},
    "financial-sentiment/judge": {"headlines": [{"title": "Rivet raises its forecast for the year."}]},
    "recommender/recommend": {"sentence": "something warm for a cold kitchen", "remember": False},
}


def install_seconds() -> float:
    """Return the seconds of `make install` into an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run(["make", "install", f"VENV={folder}/venv"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return round(time.perf_counter() - started, 1)


def starts() -> dict[str, float]:
    """Return the seconds of a first and of a second start, and the memory of the whole site in use after the second."""
    with tempfile.TemporaryDirectory() as home:
        first, _ = _start(home)
        second, memory = _start(home)
    return {"first_start_seconds": first, "second_start_seconds": second, "memory_mb": memory}


def benchmarks() -> dict[str, float]:
    """Return the seconds of the quick profile in a home of its own, and of the same command again."""
    with tempfile.TemporaryDirectory() as home:
        return {name: _benchmark(home) for name in ("benchmark_seconds", "benchmark_again_seconds")}


def _benchmark(home: str) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "verticals", "benchmark", "--profile", "quick"]
    subprocess.run(command, env={**os.environ, "VERTICALS_HOME": home}, check=True, stdout=subprocess.DEVNULL)
    return round(time.perf_counter() - started, 1)


def _start(home: str) -> tuple[float, float]:
    """Return the seconds until every app's page has answered, and the memory that the process holds once each has been used."""
    started = time.perf_counter()
    server = subprocess.Popen([*COMMAND, "--port", str(PORT)], env={**os.environ, "VERTICALS_HOME": home})
    try:
        for app in registry.available():
            while not _answers(f"{ADDRESS}/{app}/"):
                if server.poll() is not None or time.perf_counter() - started > 900:
                    sys.exit("the demo did not start")
                time.sleep(0.2)
        seconds = round(time.perf_counter() - started, 1)
        _use(Path(home))
        with urllib.request.urlopen(f"{ADDRESS}/healthz", timeout=5) as health:
            return seconds, float(json.load(health)["memory_mb"])
    finally:
        server.terminate()
        server.wait()


def _use(home: Path) -> None:
    """Ask each app once, with the key of the shop's server, which the other two do not look at."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key_in(home / 'recommender.key')}"}
    for route, body in USED.items():
        request = urllib.request.Request(f"{ADDRESS}/api/{route}", json.dumps(body).encode(), headers)
        urllib.request.urlopen(request, timeout=30).close()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Measure and keep the result; an installation and a quick profile that are not measured now keep their last figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="time `make install` too")
    parser.add_argument("--benchmark", action="store_true", help="time the quick profile of `verticals benchmark` too")
    chosen = parser.parse_args()
    cost = json.loads(TARGET.read_text(encoding="utf-8"))["results"][0]["cost"] if TARGET.is_file() else {}
    if chosen.install:
        cost["install_seconds"] = install_seconds()
    cost |= starts()
    if chosen.benchmark:
        cost |= benchmarks()
    row = results.row("hub", "stopwatch", "demo", {}, {}, cost, {"name": "shipped"}, 0, None)
    results.write(TARGET, [row])


if __name__ == "__main__":
    main()
