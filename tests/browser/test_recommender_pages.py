"""The recommender's page in a real browser: a click changes the list, the keyboard works, and it holds on a phone."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from toys import save_tiny_backbone
from verticals import hub
from verticals.config import build
from verticals_recommender import app, recipe
from verticals_recommender.settings import Settings

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; on Debian: apt-get install chromium"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GRID = {
    "ease_regularisation": [50.0],
    "knn_neighbours": [50],
    "als_width": [8],
    "als_regularisation": [5.0],
    "als_confidence": [2.0],
    "half_life": [5.0],
    "shares": [0.5],
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("recommender")
    backbone = save_tiny_backbone(folder / "backbone")
    asked = {"backbone": {"name": str(backbone)}, "app": {"sample": "news", "grid": GRID}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(folder / "runs"))
        run = recipe.train(build([asked], Settings, app.objective))
        site = hub.build({"recommender": run})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=port, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def test_liking_by_keyboard_changes_the_list_and_leaves_the_keyboard_where_it_was(page: Page, address: str) -> None:
    page.goto(f"{address}/recommender/")
    first = page.locator(".pick h4").first
    expect(first).to_be_visible(timeout=60_000)
    title = first.inner_text()
    page.locator(".pick .act").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Liked: {title}.")).to_be_visible(timeout=30_000)
    expect(page.locator(".strip li").first).to_contain_text(title[:40])
    expect(page.locator(".pick h4", has_text=title)).to_have_count(0)
    assert page.evaluate("document.activeElement.dataset.action") == "like"
    page.get_by_role("button", name="Take back the last one").click()
    expect(page.locator(".pick h4").first).to_have_text(title, timeout=30_000)


def test_every_tab_answers(page: Page, address: str) -> None:
    page.goto(f"{address}/recommender/")
    expect(page.locator(".pick").first).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Somebody new").click()
    page.get_by_label("Or say it in a sentence").fill("space and satellites")
    page.get_by_label("Or say it in a sentence").press("Enter")
    expect(page.get_by_text("Close to what you wrote").first).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Models side by side").click()
    expect(page.locator(".ranked:visible")).to_have_count(2, timeout=30_000)
    page.get_by_role("tab", name="One story").click()
    expect(page.get_by_text("Read by the same people")).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Evaluation").click()
    expect(page.get_by_role("cell", name="item-knn").first).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=60_000)


@pytest.mark.parametrize(("path", "tab"), [("/recommender/", "Evaluation"), ("/zh/recommender/", "评测")])
def test_the_page_fits_a_phone(browser: Browser, address: str, path: str, tab: str, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}{path}")
    expect(page.locator(".pick").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    context.close()
