"""Make the pictures of README and docs from the newest runs, in a real browser: `python docs/make_images.py`."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
PORT = 7892
ADDRESS = f"http://127.0.0.1:{PORT}"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CONVERSATIONS = (  # file, address, label of the message box, message
    ("conversation.png", "/customer-service/", "Your message", "the teal lamp came with a crack in the base"),
    ("conversation-zh.png", "/zh/customer-service/", "您的消息", "the teal lamp came with a crack in the base"),
)

PAGES = (  # file, address, what is there when the page has been drawn
    ("hub.png", "/", ".card"),
    ("monitor.png", "/financial-sentiment/", ".js-plotly-plot"),
    ("recommender.png", "/recommender/", ".pick"),
)
SETTLING_MS = 1500  # plots and pictures that are still being drawn


def wait_for_server() -> None:
    """Return when the site answers, at most ten minutes later: what is not trained yet is trained first."""
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{ADDRESS}/healthz", timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    sys.exit("the demo did not start")


def take(page: Page) -> None:
    """Take every picture."""
    for file, address, drawn in PAGES:
        page.goto(ADDRESS + address)
        page.locator(drawn).first.wait_for()
        page.wait_for_timeout(SETTLING_MS)
        page.screenshot(path=str(IMAGES / file))
    for file, address, label, message in CONVERSATIONS:
        page.goto(ADDRESS + address)
        page.get_by_label(label).wait_for()
        page.wait_for_timeout(SETTLING_MS)  # before that, Enter sends nothing
        page.get_by_label(label).fill(message)
        page.get_by_label(label).press("Enter")
        page.locator(".chip").first.wait_for()
        page.wait_for_timeout(SETTLING_MS)
        page.screenshot(path=str(IMAGES / file))
        page.evaluate("localStorage.clear()")  # or the next page goes on with this conversation
    page.goto(f"{ADDRESS}/customer-service/")
    page.get_by_role("tab", name="Evaluation").click()
    page.locator(".js-plotly-plot").nth(1).wait_for()
    page.wait_for_timeout(SETTLING_MS)
    page.screenshot(path=str(IMAGES / "evaluation.png"), full_page=True)


def main() -> None:
    """Serve the newest runs, take the pictures, stop."""
    IMAGES.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "verticals", "demo", "--port", str(PORT)]
    server = subprocess.Popen(command, env=dict(os.environ))
    try:
        wait_for_server()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            take(browser.new_page(viewport={"width": 1280, "height": 860}))
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
