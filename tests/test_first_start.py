"""The first start of the demo: trainings side by side, the page that stands in meanwhile, and how a failure is told."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from verticals.errors import VerticalsError
from verticals.first_start import Progress, side_by_side, standing_in, waiting_site


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_every_app_is_trained_and_told_once() -> None:
    board, told = {"one": Progress(), "two": Progress(), "three": Progress()}, list[str]()
    side_by_side({name: python("print('trained')") for name in board}, board, told.append)
    assert sorted(told) == ["one", "three", "two"]
    assert {each.shown()["state"] for each in board.values()} == {"ready"}


def test_a_training_alone_has_all_processors() -> None:
    program = "import os, sys; sys.exit(int(os.environ['OMP_NUM_THREADS']) != os.cpu_count())"
    side_by_side({"one": python(program)}, {"one": Progress()}, lambda name: None)


def test_a_training_that_fails_says_why_in_one_line() -> None:
    program = "import sys; print('a bar', file=sys.stderr); sys.exit('error: the disk is full')"
    with pytest.raises(VerticalsError, match=r"^one was not trained: the disk is full$"):
        side_by_side({"one": python(program)}, {"one": Progress()}, lambda name: None)


def test_where_one_training_fails_no_other_goes_on(tmp_path: Path) -> None:
    def waiting(name: str) -> list[str]:
        pid = str(tmp_path / name)
        return python(f"import os, pathlib, time; pathlib.Path({pid!r}).write_text(str(os.getpid())); time.sleep(60)")

    apps = [f"app{number}" for number in range((os.cpu_count() or 1) + 2)]  # more than run at once
    commands = {"broken": python("import sys; sys.exit('error: no')"), **{name: waiting(name) for name in apps}}
    with pytest.raises(VerticalsError, match="broken was not trained"):
        side_by_side(commands, {name: Progress() for name in commands}, lambda name: None)
    for number in filter(None, (started.read_text() for started in tmp_path.iterdir())):
        with pytest.raises(ProcessLookupError):
            os.kill(int(number), 0)


def test_trainings_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    child = f"import os, pathlib, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(60)"
    program = (
        "import sys\nfrom verticals.first_start import Progress, side_by_side\n"
        f"side_by_side({{'one': [sys.executable, '-c', {child!r}]}}, {{'one': Progress()}}, print)"
    )
    parent = subprocess.Popen(python(program))
    while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
        assert parent.poll() is None
        time.sleep(0.02)
    parent.terminate()
    assert parent.wait(20) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(("path", "words"), [("/", "Getting ready"), ("/zh/shop/", "准备中")])
def test_any_address_shows_the_waiting_page_and_is_no_success(path: str, words: str) -> None:
    site = TestClient(waiting_site({"shop": Progress(started=0.0), "bank": Progress()}))
    answer = site.get(path)
    assert answer.status_code == 503
    assert words in answer.text
    assert "shop" in answer.text
    assert "http" not in answer.text  # nothing comes from elsewhere


def test_a_program_that_asks_too_early_is_told_to_come_back() -> None:
    site = TestClient(waiting_site({}))
    for method in ("POST", "DELETE"):
        answer = site.request(method, "/api/shop/turn")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_health_says_how_far_each_app_is() -> None:
    board = {"shop": Progress(started=1.0, ended=4.0), "bank": Progress()}
    answer = TestClient(waiting_site(board)).get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["apps"] == {
        "shop": {"state": "ready", "seconds": 3},
        "bank": {"state": "waiting", "seconds": 0},
    }


@pytest.mark.parametrize(("path", "words"), [("/", "saved models are being loaded"), ("/zh/", "正在加载已保存的模型")])
def test_where_nothing_is_trained_the_waiting_page_speaks_of_no_training(path: str, words: str) -> None:
    site = TestClient(waiting_site({}))
    assert words in site.get(path).text
    assert site.get("/healthz").json() == {"status": "loading", "apps": {}}


def test_the_address_is_free_again_when_the_site_takes_over() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with standing_in({}, "127.0.0.1", port), pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
