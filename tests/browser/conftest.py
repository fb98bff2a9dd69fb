"""A site served on a free port, and pages of a real browser that may make no error and ask no other host."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest
import uvicorn

from verticals import hub
from verticals.runs import Run

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def _served(runs: Mapping[str, Run]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(hub.build(runs), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="session")
def served() -> Callable[[Mapping[str, Run]], AbstractContextManager[str]]:
    """Return what serves runs, by the name of their app, and gives the address."""
    return _served


@pytest.fixture(scope="module")  # no longer: its event loop would run beside the tests of other modules
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)  # a machine with other work draws three plots slowly
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
    yield page
    context.close()
    assert not problems
    assert not [url for url in outside if url.startswith("http")], "the page asked another host for something"


@pytest.fixture
def slow(page: Page) -> Callable[[], AbstractContextManager[None]]:
    """Return a block that holds back what the page asks in it, as a slow network does; it is sent when the block ends."""

    @contextmanager
    def held_back() -> Iterator[None]:
        held: list[Route] = []
        page.route("**/queue/join*", lambda route: held.append(route))
        yield
        page.route("**/queue/join*", lambda route: route.continue_())  # the newest listener is asked first
        for route in held:
            route.continue_()

    return held_back
