"""The first start of the demo: what is not trained yet is trained side by side, while a page at the site's address says so."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from threading import Event, Lock, Thread
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from verticals.errors import ServerError, VerticalsError
from verticals.html_page import document

_UNAVAILABLE = 503
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_TEXTS = {
    "en": {
        "title": "Getting ready",
        "lead": "At the first start, the applications are trained on their samples. This page becomes the site by itself.",
        "loading": "The saved models are being loaded. This page becomes the site by itself.",
        "waiting": "waiting",
        "training": "training",
        "ready": "trained",
    },
    "zh": {
        "title": "准备中",
        "lead": "首次启动时，各应用会在本机用自带样例训练。完成后将自动进入站点。",
        "loading": "正在加载已保存的模型。完成后将自动进入站点。",
        "waiting": "等待中",
        "training": "训练中",
        "ready": "已完成",
    },
}
_RELOAD = """
setInterval(async () => {
  try {
    const answer = await fetch("/healthz"), health = await answer.json();
    if (answer.ok) location.reload();
    for (const [app, each] of Object.entries(health.apps)) {
      document.getElementById(app).textContent = TEXTS[each.state] + (each.seconds ? ` · ${each.seconds} s` : "");
    }
  } catch { /* the site is just starting */ }
}, 1000);
"""
_CSS = """
body { font-family: system-ui, sans-serif; max-width: 640px; margin: 12vh auto; padding: 0 20px; color: #1f2937; }
li { display: flex; justify-content: space-between; padding: 10px 0; border-bottom: 1px solid #d9dee4; }
ul { list-style: none; padding: 0; } span { color: #0f766e; font-variant-numeric: tabular-nums; }
"""


@dataclass
class Progress:
    """How far one app's training is; times are of a clock that only runs forward."""

    started: float | None = None
    ended: float | None = None

    def shown(self) -> dict[str, str | int]:
        """Return its state, and the seconds it has taken."""
        if self.started is None:
            return {"state": "waiting", "seconds": 0}
        state = "training" if self.ended is None else "ready"
        return {"state": state, "seconds": round((self.ended or time.monotonic()) - self.started)}


Board = Mapping[str, Progress]  # by app


def check_port(host: str, port: int) -> None:
    """Raise ServerError where the address cannot be listened on; asked before any training, not after it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ServerError(f"cannot listen on {host}:{port} ({error}); choose another port with --port") from error


def train_command(app: str) -> list[str]:
    """Return the command that trains an app on its samples in a process of its own."""
    return [sys.executable, "-m", "verticals", "train", app]


def side_by_side(commands: Mapping[str, Sequence[str]], board: Board, done: Callable[[str], None]) -> None:
    """Run each app's command, as many at once as there are processors, each with its share of them.

    Where this process is stopped, by Ctrl-C or SIGTERM, or a command fails, the others are stopped too; they continue with the same command.

    Raises:
        VerticalsError: a command failed; what it said last is the reason.
    """
    processors = os.cpu_count() or 1
    workers = max(1, min(len(commands), processors))
    environment = {**os.environ, "OMP_NUM_THREADS": str(max(1, processors // workers))}
    children: list[subprocess.Popen[str]] = []
    stopped, starting = Event(), Lock()  # so that no child is started behind the back of who stops them all

    def run(app: str) -> str:
        with starting:
            if stopped.is_set():
                raise VerticalsError(f"{app} was not trained: another app failed, or the start was interrupted")
            board[app].started = time.monotonic()
            child = subprocess.Popen(
                commands[app], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            children.append(child)
        _, complaint = child.communicate()
        if child.returncode:
            said = complaint.strip().splitlines() or [f"exit status {child.returncode}"]
            raise VerticalsError(f"{app} was not trained: {said[-1].removeprefix('error: ')}")
        board[app].ended = time.monotonic()
        return app

    pool = ThreadPoolExecutor(workers)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        for ended in as_completed([pool.submit(run, app) for app in commands]):
            done(ended.result())
    finally:
        signal.signal(signal.SIGTERM, before)
        with starting:
            stopped.set()
            for child in children:
                child.terminate()
        pool.shutdown(cancel_futures=True)


def _end(number: int, frame: FrameType | None) -> None:
    """Leave as Ctrl-C does, through every `finally`; a signal alone would end this process and no child."""
    sys.exit(128 + number)


def waiting_site(board: Board) -> Starlette:
    """Return the site that stands in until the real one is there: one page at every address, and health."""

    def health(request: Request) -> Response:
        apps = {name: each.shown() for name, each in board.items()}
        return JSONResponse({"status": "training" if apps else "loading", "apps": apps}, status_code=_UNAVAILABLE)

    def page(request: Request) -> Response:
        language = "zh" if request.url.path.startswith("/zh") else "en"
        return HTMLResponse(page_html(board, language), status_code=_UNAVAILABLE, headers={"Retry-After": "5"})

    return Starlette(routes=[Route("/healthz", health), Route("/{path:path}", page, methods=_METHODS)])


def page_html(board: Board, language: str) -> str:
    """Return the page; it asks for the state every second, and loads the site when that is there."""
    texts = _TEXTS[language]
    rows = "".join(
        f"<li>{escape(name)}<span id='{escape(name)}'>{texts[str(each.shown()['state'])]}</span></li>"
        for name, each in board.items()
    )
    return document(
        "verticals",
        language,
        _CSS,
        f"<h1>{texts['title']}</h1><p>{texts['lead' if board else 'loading']}</p><ul>{rows}</ul>"
        f"<script>const TEXTS = {json.dumps(texts, ensure_ascii=False)};{_RELOAD}</script>",
    )


@contextmanager
def standing_in(board: Board, host: str, port: int) -> Iterator[None]:
    """Serve the waiting page; when the block ends, the address is free again."""
    server = uvicorn.Server(uvicorn.Config(waiting_site(board), host=host, port=port, log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
