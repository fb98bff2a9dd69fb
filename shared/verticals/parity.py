"""Saved means proven: another process, which never saw the trained model, loads a run and has to predict what that model predicts.

Most of what a proof takes is the import of torch and transformers. So the process is started while the training still runs, and proves
every run that is saved meanwhile. As a program, `python -m verticals.parity` answers one question a line on standard input.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from verticals import objectives
from verticals.arrays import FloatArray
from verticals.errors import RunError
from verticals.runs import Run, open_run

TOLERANCE = 1e-4
TEXTS = 32


class Prover:
    """A process that loads runs and tells how far their outputs are from those expected."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "verticals.parity"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return what the process answers; where it died instead, that is the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            return {"error": f"the process that loads it ended with status {self._process.wait()}"}
        return dict(json.loads(answer))

    def close(self) -> None:
        """End the process; it holds nothing that needs care."""
        self._process.kill()
        self._process.communicate()


_OPEN: ContextVar[Prover | None] = ContextVar("prover", default=None)


@contextmanager
def prover() -> Iterator[Prover]:
    """Keep a second process ready to prove runs; within it, the same one is used again."""
    ready = _OPEN.get()
    if ready is not None:
        yield ready
        return
    started = Prover()
    token = _OPEN.set(started)
    try:
        yield started
    finally:
        _OPEN.reset(token)
        started.close()


def prove_reload(run: Run, texts: Sequence[str], outputs: FloatArray) -> None:
    """Load the run in the second process and compare its outputs (logits, vectors) with those of the model in memory.

    Raises:
        RunError: they differ by more than `TOLERANCE`, or the run does not load.
    """
    expected = {"texts": list(texts[:TEXTS]), "outputs": outputs[:TEXTS].tolist()}
    with prover() as second:
        answer = second.ask({"folder": str(run.folder.absolute()), "within": str(Path.cwd()), **expected})
    reason = answer.get("error")
    if reason is None and not answer["difference"] <= TOLERANCE:
        reason = f"outputs such as logits differ by {answer['difference']:.2g}, at most {TOLERANCE} is allowed"
    if reason is not None:
        raise RunError(f"{run.folder}: the saved run is not the trained model: {reason}")


def difference(folder: Path, texts: Sequence[str], expected: Sequence[Any]) -> float:
    """Return the largest difference between a run's outputs and the expected ones."""
    run = open_run(folder)
    outputs = objectives.get(run.objective).load(run).outputs(texts)
    return float(np.abs(outputs - np.array(expected, np.float32)).max())


def answer_questions(questions: TextIO, answers: TextIO) -> None:
    """Answer one question a line until there are no more."""
    for line in questions:
        asked = json.loads(line)
        os.chdir(asked["within"])  # a backbone may be named by a path from there
        try:
            answer: dict[str, Any] = {"difference": difference(Path(asked["folder"]), asked["texts"], asked["outputs"])}
        except Exception as error:  # whatever keeps a run from loading is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> None:
    """Answer on the standard output that was there at the start; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    objectives.get("classify")  # what most runs need is imported while the training runs
    answer_questions(sys.stdin, answers)


if __name__ == "__main__":
    main()
