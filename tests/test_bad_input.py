"""What a user can get wrong on the command line: one line, exit code 2, no traceback, nothing left behind."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toys import Outcome, toy_rows
from verticals.runs import Run

Command = Callable[..., Outcome]


def rows_file(path: Path, extra: str = "") -> Path:
    rows = toy_rows(20)
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n" + extra, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "no such file"),
        (b"", "the file is empty"),
        (b"text,label\n", "found only a header"),
        (b"text,label\na,b,c\n", "line 2 has 3"),
        (b"\x89PNG\x00\x00", "binary file"),
        (b"text,label\na,x\nb,x\nc,x\nd,x\n", "at least two classes"),
        (b"words,label\na,x\n", "no column looks like the text"),
    ],
)
def test_training_on_a_wrong_file_says_what_is_wrong(
    verticals: Command, tmp_path: Path, content: bytes | None, expected: str
) -> None:
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_bytes(content)
    outcome = verticals("train", "customer-service", "--data", path)
    assert outcome.code == 2
    assert expected in outcome.error
    assert str(path) in outcome.error
    assert not list(tmp_path.glob("runs/**/manifest.json"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "custmer-service"], "did you mean 'customer-service'"),
        (["train", "customer-service", "--method", "probee"], "did you mean 'probe'"),
        (["train", "customer-service", "--method", "lora", "--set", "method.options.rnak=4"], "did you mean 'rank'"),
        (["train", "customer-service", "--backbone", "no-such-folder"], "no backbone 'no-such-folder'"),
        (["train", "customer-service", "--set", "train.epoch=1"], "did you mean 'epochs'"),
        (["train", "customer-service", "--data", "banking77"], "VERTICALS_DATA"),
        (
            ["train", "customer-service", "--data", "bankin77"],
            "bankin77: no such file, and no public data set of that name; did you mean 'banking77'?",
        ),
        (["train", "recommender", "--data", "ml100k"], "no public data set of that name; did you mean 'ml-100k'?"),
        (["tune", "tag", "--data", "snip"], "no public data set of that name; did you mean 'snips'?"),
        (["evaluate", "no-such-run"], "not a complete run"),
        (["evaluate", "customer-service"], "no run of 'customer-service'"),
        (["predict", "customer-service"], "Missing argument"),
        (["demo", "customer-service", "--port", "99999"], "cannot listen on"),
        (["demo", "customer-service", "--run", "no-such-run"], "not a complete run"),
        (["trian"], "Did you mean 'train'"),
        (["predict", "no-such-run", "rows.csv", "--output", "none/out.csv"], "there is no folder none"),
        (["compare", "--page", "none/page.html"], "there is no folder none"),
        (["compare", "--page", "."], "expected a file to write, found a folder"),
        (["transfer", "no-such-run", "--data", "rows.csv", "--plot", "none/plot.html"], "there is no folder none"),
        (["benchmark", "customer-service", "--results", __file__], f"{__file__}: File exists"),
    ],
)
def test_a_mistyped_command_names_the_remedy(
    verticals: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.delenv("VERTICALS_DATA", raising=False)
    outcome = verticals(*arguments)
    assert outcome.code == 2
    assert expected in outcome.error


def test_without_a_command_the_help_is_printed_in_its_lines(verticals: Command) -> None:
    outcome = verticals()
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.strip().splitlines() == verticals("--help").out.strip().splitlines()


def test_every_changed_or_left_out_row_is_counted_in_the_report(verticals: Command, tmp_path: Path) -> None:
    extra = (
        ",parcel\nunlabelled,\nthe parcel is late,Parcel \nthe parcel is late,parcel\nthe parcel is late,refund\n"
        + "word " * 300
        + ",refund\n"
    )
    path = rows_file(tmp_path / "rows.csv", extra)
    outcome = verticals("train", "customer-service", "--data", path, "--method", "probe", "--json")
    notes = {note["code"]: note["count"] for note in json.loads(outcome.out)["results"][0]["notes"]}
    assert notes["blank_text"] == notes["missing_label"] == notes["label_spelling"] == notes["duplicate"] == 1
    assert notes["conflicting_label"] == 1
    assert notes["text_cut"] == 1


@pytest.mark.parametrize(("method", "expected"), [("tfidf", "cannot be saved"), ("bitfit", "cannot be written")])
def test_a_full_disk_is_one_line_and_leaves_no_run(
    tiny_backbone: Path, tmp_path: Path, method: str, expected: str
) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the same place, with the same error."""
    rows = rows_file(tmp_path / "rows.csv")
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
        "from verticals.cli import main; main()"
    )
    arguments = ["tune", "classify", "--data", str(rows), "--method", method, "--backbone", str(tiny_backbone)]
    arguments += ["--set", "train.checkpoint_steps=1"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 2
    assert expected in done.stderr
    assert "make room and give the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "runs").glob("*/*/manifest.json"))
    assert not list((tmp_path / "runs").glob("*/.draft*"))


def test_a_used_port_is_named_before_any_training(verticals: Command) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = verticals("demo", "customer-service", "--port", taken.getsockname()[1])
    assert outcome.code == 2
    assert "choose another port with --port" in outcome.error


def test_a_demo_of_a_run_is_of_the_app_that_the_run_is_of(verticals: Command, train_toy: Callable[[str], Run]) -> None:
    assert "no app 'toy'" in verticals("demo", "--run", train_toy("tfidf").folder, "--port", 0).error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "customer-service"], "stopped; the same command continues where it was"),
        (["config", "customer-service"], "stopped"),
    ],
)
def test_ctrl_c_is_one_line_without_a_traceback(
    verticals: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verticals.registry.get", interrupt)
    outcome = verticals(*arguments)
    assert outcome.code == 130
    assert outcome.err.splitlines() == [expected]
