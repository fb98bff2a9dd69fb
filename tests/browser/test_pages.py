"""The pages in a real browser: they load without errors, answer, and hold on a phone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from toys import settings
from verticals import access, registry
from verticals.runs import Run

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def runs_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(served: Callable[[Mapping[str, Run]], AbstractContextManager[str]], runs_home: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(runs_home))
        run = registry.get("customer-service").train(settings(method={"name": "probe"}))
        with served({"customer-service": run}) as address:
            yield address


@pytest.fixture(scope="module")
def agents_key(address: str, runs_home: Path) -> str:
    return access.key_in(runs_home / "customer-service.key")


def say(page: Page, message: str, label: str = "Your message") -> None:
    page.get_by_label(label).fill(message)
    page.get_by_label(label).press("Enter")


def test_a_message_is_answered_with_intent_confidence_and_source(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    expect(page.get_by_text("Hello, this is the Brindlewick assistant")).to_be_visible(timeout=30_000)
    say(page, "the vase I ordered arrived broken, what now")
    expect(page.locator(".chip.answer")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Item arrived damaged").first).to_be_visible()
    expect(page.locator(".source").first).to_be_visible()


def test_what_is_being_written_stays_when_an_answer_comes_and_a_second_click_sends_nothing(
    page: Page, address: str, slow: Callable[[], AbstractContextManager[None]]
) -> None:
    page.goto(f"{address}/customer-service/")
    expect(page.get_by_text("Hello, this is the Brindlewick assistant")).to_be_visible(timeout=30_000)
    with slow():
        say(page, "how much is delivery")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("how much is delivery", exact=True)).to_be_visible()
        page.get_by_label("Your message").fill("and to Nor")
    expect(page.locator(".chip.answer")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Your message")).to_have_value("and to Nor")
    expect(page.get_by_text("how much is delivery", exact=True)).to_have_count(1)
    say(page, "x" * 4001)
    expect(page.get_by_text("That message has 4,001 characters")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Your message")).to_have_value("x" * 4001)
    expect(page.get_by_text("x" * 4001, exact=True)).to_have_count(0)  # it is in the box alone


def test_a_conversation_is_still_there_after_leaving_the_page_and_in_the_other_language(
    page: Page, address: str
) -> None:
    kept = "localStorage.getItem('customer-service')"
    page.goto(f"{address}/customer-service/")
    expect(page.get_by_text("Hello, this is the Brindlewick assistant")).to_be_visible(timeout=30_000)
    before = page.evaluate(kept)
    say(page, "how much is delivery")
    said = page.get_by_text("how much is delivery", exact=True)
    page.wait_for_function(f"before => {kept} !== before", arg=before)
    for path in ("/customer-service/", "/zh/customer-service/"):
        page.goto(f"{address}{path}")
        expect(said).to_be_visible(timeout=15_000)
    before = page.evaluate(kept)
    page.get_by_role("button", name="新对话").click()
    page.wait_for_function(f"before => {kept} !== before", arg=before)
    page.reload()
    expect(page.get_by_label("您的消息")).to_be_visible(timeout=15_000)
    expect(said).to_have_count(0)


def test_nonsense_is_asked_back_and_then_handed_over(page: Page, address: str) -> None:
    page.goto(f"{address}/customer-service/")
    say(page, "qwpo zxmv asdk")
    expect(page.locator(".chip.clarify")).to_be_visible(timeout=15_000)
    say(page, "blorp blorp")
    expect(page.locator(".chip.hand_over")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_markup_in_a_message_is_shown_not_run(page: Page, address: str) -> None:
    page.goto(f"{address}/customer-service/")
    say(page, "<img src=x onerror=\"document.title='owned'\"> where is my parcel")
    expect(page.locator(".chip")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("<img src=x")).to_be_visible()
    assert page.title() == "Customer service"


def test_two_visitors_have_two_conversations(browser: Browser, address: str) -> None:
    pages = [browser.new_context().new_page() for _ in range(2)]
    for page in pages:
        page.goto(f"{address}/customer-service/")
    say(pages[0], "let me speak to a human")
    expect(pages[0].locator(".chip.hand_over")).to_be_visible(timeout=15_000)
    say(pages[1], "how much is delivery")
    expect(pages[1].locator(".chip.answer")).to_be_visible(timeout=15_000)
    expect(pages[1].get_by_text("let me speak to a human")).to_have_count(0)
    for page in pages:
        page.context.close()


def test_a_wrong_key_is_refused_and_can_be_corrected(page: Page, address: str, agents_key: str) -> None:
    page.goto(f"{address}/customer-service/")
    page.get_by_role("tab", name="Agent inbox").click()
    say(page, "not the key", "Agents' key")
    expect(page.get_by_text("That is not the key.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Open the inbox")).to_be_visible()
    expect(page.get_by_test_id("status-tracker").filter(has_text="Error").first).to_be_hidden()
    say(page, agents_key, "Agents' key")
    expect(page.get_by_label("Your reply")).to_be_visible(timeout=15_000)


def test_what_an_agent_writes_to_one_customer_does_not_stand_in_the_box_for_another(
    browser: Browser, page: Page, address: str, agents_key: str
) -> None:
    for message in ("let me speak to a human please", "I want a person, now"):
        customer = browser.new_context().new_page()
        customer.goto(f"{address}/customer-service/")
        say(customer, message)
        expect(customer.locator(".chip.hand_over")).to_be_visible(timeout=15_000)
        customer.context.close()
    page.goto(f"{address}/customer-service/")
    page.get_by_role("tab", name="Agent inbox").click()
    say(page, agents_key, "Agents' key")
    first, second = (
        page.get_by_role("radio", name="speak to a human please"),
        page.get_by_role("radio", name="a person, now"),
    )
    reply = page.get_by_label("Your reply")
    first.click()
    reply.fill("Dear Ms Ashdown, ")
    second.click()
    expect(reply).to_have_value("")
    reply.fill("One moment")
    first.click()
    expect(reply).to_have_value("Dear Ms Ashdown, ")
    second.click()
    expect(reply).to_have_value("One moment")


@pytest.mark.parametrize(("path", "tab", "heading"), [
    ("/customer-service/", "Evaluation", "Quality on held-out texts"),
    ("/zh/customer-service/", "评测", "测试集上的表现"),
])  # fmt: skip
def test_the_evaluation_page_shows_tables_and_plots(
    page: Page, address: str, path: str, tab: str, heading: str
) -> None:
    page.goto(f"{address}{path}")
    page.get_by_role("tab", name=tab).click()
    expect(page.get_by_text(heading)).to_be_visible(timeout=15_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=20_000)
    expect(
        page.get_by_role("cell", name="tfidf").or_(page.get_by_role("columnheader", name="tfidf")).first
    ).to_be_visible()


def test_the_page_fits_a_phone(browser: Browser, address: str, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/customer-service/")
    expect(page.get_by_label("Your message")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    context.close()
