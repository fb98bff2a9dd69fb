"""The recommender's page in a real browser: a click changes the list, the keyboard works, and it holds on a phone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

import pytest

from verticals.runs import Run

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def address(
    served: Callable[[Mapping[str, Run]], AbstractContextManager[str]],
    recommender_run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(tmp_path_factory.mktemp("home")))
        with served({"recommender": recommender_run}) as address:
            yield address


def test_liking_by_keyboard_changes_the_list_and_leaves_the_keyboard_where_it_was(page: Page, address: str) -> None:
    page.goto(f"{address}/recommender/")
    first = page.locator(".pick h4").first
    expect(first).to_be_visible(timeout=60_000)
    title = first.inner_text()
    page.locator(".pick .act").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Liked: {title}.")).to_be_visible(timeout=30_000)
    expect(page.locator(".strip li").first).to_contain_text(title)
    assert page.evaluate("document.activeElement.dataset.action") == "like"
    page.get_by_role("button", name="Take back the last one").click()
    expect(page.locator(".pick h4").first).to_have_text(title, timeout=30_000)


def test_who_is_faster_than_the_network_gets_the_list_of_the_last_person_and_every_like(
    page: Page, address: str, slow: Callable[[], AbstractContextManager[None]]
) -> None:
    page.goto(f"{address}/recommender/")
    expect(page.get_by_role("heading", name="Products for")).not_to_contain_text("—", timeout=60_000)
    person = page.get_by_label("Person").first
    with slow():
        for number in (2, 3):
            person.click()
            page.get_by_role("option").nth(number).click()
    name = person.input_value()
    expect(page.get_by_role("heading", name=f"Products for {name}")).to_be_visible(timeout=30_000)
    titles = page.locator(".pick h4").all_inner_texts()[:2]
    with slow():
        for number in (0, 0, 1):  # the first is clicked twice
            page.locator(".pick [data-action=like]").nth(number).click()
    for title in titles:
        expect(page.locator(".strip li").filter(has_text=title)).to_have_count(1, timeout=30_000)
    page.get_by_role("button", name="Take back the last one").click()
    page.get_by_role("button", name="Take back the last one").click()
    expect(page.locator(".pick h4").first).to_have_text(titles[0], timeout=30_000)


def test_a_lowest_price_alone_is_a_filter(page: Page, address: str) -> None:
    page.goto(f"{address}/recommender/")
    expect(page.locator(".pick").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Price to")).to_have_value("")
    page.get_by_label("Price from").fill("1000000")
    expect(page.get_by_text("No item passes these filters")).to_be_visible(timeout=30_000)


def test_a_category_and_a_slider_make_the_list_again_and_taking_the_category_off_gives_the_list_back(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/recommender/")
    expect(page.get_by_role("heading", name="Products for")).not_to_contain_text("—", timeout=60_000)
    before = page.locator(".pick h4").all_inner_texts()
    page.get_by_role("button", name="Filters").click()
    category = page.get_by_label("Categories")
    category.click()
    page.get_by_role("option").last.click()
    expect(page.locator(".pick h4")).not_to_have_text(before, timeout=30_000)
    category.press("Backspace")
    expect(page.locator(".pick h4")).to_have_text(before, timeout=30_000)
    page.get_by_role("slider", name="Popularity damping").press("End")
    expect(page.get_by_text("Popularity damping at 1:")).to_be_visible(timeout=30_000)


def test_every_tab_answers(page: Page, address: str) -> None:
    page.goto(f"{address}/recommender/")
    expect(page.locator(".pick").first).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Somebody new").click()
    page.get_by_label("Or say it in a sentence").fill("money back refund")
    page.get_by_label("Or say it in a sentence").press("Enter")
    expect(page.get_by_text("Close to what you wrote").first).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Models side by side").click()
    expect(page.locator(".ranked:visible")).to_have_count(2, timeout=30_000)
    page.get_by_role("tab", name="One item").click()
    expect(page.get_by_text("Chosen by the same people")).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Evaluation").click()
    expect(page.get_by_role("cell", name="item-knn").first).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=60_000)


@pytest.mark.parametrize("path", ["/recommender/", "/zh/recommender/"])
def test_the_page_fits_a_phone(browser: Browser, address: str, path: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}{path}")
    expect(page.locator(".pick").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    assert page.evaluate("document.documentElement.lang") == ("zh" if path.startswith("/zh/") else "en")
    context.close()
