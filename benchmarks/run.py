"""Measure what the docs quote: `make bench`, or `python benchmarks/run.py [SUITE ...]`.

Each suite is one command of the product; its result document is kept in `benchmarks/results/`. Suites with a result are skipped:
delete the file to measure again. Public data is read from VERTICALS_DATA.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from verticals import hub, provenance
from verticals.evaluation import results
from verticals.runs import latest
from verticals_customer_service import data
from verticals_customer_service.dialogue import Bot, Conversation

HERE = Path(__file__).parent
RESULTS = HERE / "results"
COMMAND = [sys.executable, "-c", "from verticals.cli import main; main()"]
TRAIN = ["train", "customer-service", "--json"]
SUITES = {
    **{f"customer-service-shipped-{method}": [*TRAIN, "--method", method] for method in ("probe", "full", "lora")},
    **{
        f"customer-service-{name}-{method}": [*TRAIN, "--data", name, "--method", method]
        for name in ("banking77", "clinc150")
        for method in ("probe", "full", "lora")
    },
}
PORT = 7891


def trained(arguments: list[str]) -> dict[str, Any]:
    """Run one training command and return its result document, with the whole command's seconds."""
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    document["results"][0]["cost"]["command_seconds"] = round(time.perf_counter() - started, 1)
    return document


def turns() -> dict[str, Any]:
    """Time whole turns of the newest shipped bot, one request at a time in one process."""
    run = latest("customer-service")
    if run is None or run.manifest["data"]["name"] != "shipped":
        sys.exit("the newest run is not of the shipped data; run: verticals train customer-service")
    hub.answer_on_one_thread_each()
    bot = Bot.load(run)
    texts = data.splits(run.config).test.texts
    cost = results.latency(lambda text: bot.turn(Conversation(), text), texts, rounds=400)
    return results.document([_row("turns", cost, run.config.method.name)])


def stopwatch() -> dict[str, Any]:
    """Time `verticals demo` from the command to the first answered request: with nothing trained, then again."""
    with tempfile.TemporaryDirectory() as home:
        cost = {f"{name}_start_seconds": _seconds_to_first_answer(home) for name in ("first", "second")}
    return results.document([_row("stopwatch", cost, None)])


def _seconds_to_first_answer(home: str) -> float:
    started = time.perf_counter()
    server = subprocess.Popen([*COMMAND, "demo", "--port", str(PORT)], env={**os.environ, "VERTICALS_HOME": home})
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


def _row(suite: str, cost: dict[str, float], method: str | None) -> dict[str, Any]:
    return {
        "app": "customer-service",
        "suite": suite,
        "method": method,
        "metrics": {},
        "cost": cost,
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        "git_revision": provenance.git_revision(),
        "created_at": provenance.now(),
    }


def main() -> None:
    """Measure the suites named on the command line, or all that have no result yet."""
    measures = {**{name: lambda arguments=arguments: trained(arguments) for name, arguments in SUITES.items()}}
    measures |= {"customer-service-turns": turns, "customer-service-stopwatch": stopwatch}
    for name in sys.argv[1:] or measures:
        target = RESULTS / f"{name}.json"
        if target.exists():
            continue
        sys.stderr.write(f"measuring {name} ...\n")
        target.write_text(json.dumps(measures[name](), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
