"""What the tabs of the page answer: a click changes the list at once, nothing is stored by trying out, and data is escaped."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from recommender_toys import BEHAVIOUR, CATALOGUE
from verticals.coverage import UNKNOWN_TOKENS
from verticals.runs import Run
from verticals.vertical import LANGUAGES
from verticals_recommender import markup
from verticals_recommender.api import LONGEST_SENTENCE
from verticals_recommender.items import Item
from verticals_recommender.opening import Opened, open_run
from verticals_recommender.pages import evaluation
from verticals_recommender.pages.compare import CompareTab
from verticals_recommender.pages.item import ItemTab
from verticals_recommender.pages.newcomer import NewcomerTab
from verticals_recommender.pages.person import PersonTab
from verticals_recommender.pages.view import View
from verticals_recommender.skins import SKINS, Name
from verticals_recommender.ui import build_pages
from verticals_recommender.wording import texts

EVIL = "<img src=x onerror=alert(1)> {{value}} ${value}"
CONTROLS: tuple[Any, ...] = (0.0, 0.0, 0.0, 0.0, [], None, None)  # four sliders, categories, lowest and highest price
PERSON = BEHAVIOUR.users[3]
ITEMS = {item.title: item for item in CATALOGUE.items}


@pytest.fixture
def view(recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))  # a database of its own for every test
    return View(open_run(recommender_run), "en")


@pytest.fixture
def opened(view: View) -> Opened:
    return view.opened


def titles(html: str) -> list[str]:
    return [part.split("</h4>")[0] for part in html.split("<h4>")[1:]]


def click(action: str, item: str) -> gr.EventData:
    return gr.EventData(None, {"action": action, "item": item})


def test_a_liked_item_moves_from_the_list_to_the_history_and_back_again(view: View) -> None:
    tab = PersonTab(view)
    _, strip, cards, _ = tab.enter(PERSON, (), *CONTROLS)
    first = titles(cards)[0]
    edits, liked_strip, liked, _ = tab.act(click("like", ITEMS[first].id), PERSON, (), *CONTROLS)
    assert first not in titles(liked)
    assert first in liked_strip
    assert first not in strip
    assert f"Liked: {first}." in liked
    restored = tab.take_back(PERSON, edits, *CONTROLS)
    assert (restored[0], titles(restored[2])) == ((), titles(cards))
    assert view.opened.live.store.events(PERSON) == [], "trying out stores nothing"


@pytest.mark.parametrize("action", ["hide", "less"])
def test_what_is_not_wanted_leaves_the_list_at_once(view: View, action: str) -> None:
    tab = PersonTab(view)
    first = titles(tab.enter(PERSON, (), *CONTROLS)[2])[0]
    assert first not in titles(tab.act(click(action, ITEMS[first].id), PERSON, (), *CONTROLS)[2])


@pytest.mark.parametrize(("action", "item"), [("steal", CATALOGUE.ids[0]), ("hide", "nothing")])
def test_a_click_that_no_button_has_changes_nothing(view: View, action: str, item: str) -> None:
    tab = PersonTab(view)
    edits, _, cards, _ = tab.act(click(action, item), PERSON, (), *CONTROLS)
    assert (edits, titles(cards)) == ((), titles(tab.enter(PERSON, (), *CONTROLS)[2]))


def test_nobody_gets_what_is_popular_and_filters_hold(view: View) -> None:
    tab = PersonTab(view)
    _, strip, cards, _ = tab.show("nobody at all", (), *CONTROLS[:4], ["refund"], 2.0, 9.0)
    shown = [ITEMS[title] for title in titles(cards)]
    assert view.texts["no_history"] in strip
    assert shown
    assert all(item.category == "refund" and 2 <= (item.price or 0) <= 9 for item in shown)
    assert view.texts["nothing_left"] in tab.show("nobody", (), *CONTROLS[:4], ["no such"], None, None)[2]
    for prices, said in (((9.0, 2.0), "above the highest"), ((-1.0, None), "cannot be below 0")):
        cards = tab.show("nobody", (), *CONTROLS[:4], [], *prices)[2]
        assert said in cards
        assert not titles(cards)


def test_a_slider_is_shown_with_what_was_measured_nearest_to_it(view: View) -> None:
    measured = PersonTab(view).show(PERSON, (), 0.7, *CONTROLS[1:])[3]
    assert "Diversity at 0.6: nDCG@10" in measured
    assert "Novelty" not in measured


def test_a_newcomer_is_answered_from_picks_and_from_a_sentence(view: View) -> None:
    tab = NewcomerTab(view)
    kinds = [ITEMS[title].category for title in titles(tab.show(["colour0", "colour1"], ""))]
    assert kinds.count("colour") > len(kinds) / 2
    assert "Close to what you wrote" in tab.show([], "money back refund")
    assert view.texts["newcomer_empty"] in tab.show([], " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_newcomer_is_told_in_the_language_of_the_page_what_cannot_be_answered(opened: Opened, language: str) -> None:
    view = View(opened, language)
    with pytest.raises(gr.Error, match=view.texts["removed"]):
        NewcomerTab(view).show(["gone"], "")
    with pytest.raises(gr.Error, match="1,001"):
        NewcomerTab(view).show([], "x" * (LONGEST_SENTENCE + 1))


def test_two_models_stand_side_by_side_with_what_they_share_marked(view: View) -> None:
    tab, served = CompareTab(view), view.opened.record["served"]
    html = tab.show(PERSON, served, "popularity")
    shared = int(html.split(">")[1].split(" ")[0])
    assert html.count("class='both'") == 2 * shared
    assert "Popular with others" in html
    assert "class='both'" not in tab.show(PERSON, served, served)


def test_an_item_has_neighbours_and_a_list_without_it(view: View) -> None:
    tab = ItemTab(view)
    assert tab.show("refund3").count("class='bar'") >= 8
    assert view.texts["no_item"] in tab.show(None)
    with pytest.raises(gr.Error, match="removed a moment ago"):
        tab.show("gone")
    offered = tab.past(PERSON)
    past = [view.state.catalogue.ids[item] for item in view.state.trained[PERSON].weights]
    assert [item for _, item in offered["choices"]] == past[::-1]
    assert tab.without(PERSON, offered["value"])
    assert tab.without(PERSON, None) == ""


def test_nobody_is_said_to_have_chosen_an_item_that_nobody_chose(view: View) -> None:
    view.opened.live.add_items([Item("fresh", "blue paint")])
    html = ItemTab(view).show("fresh")
    by_behaviour, by_text = html.split("<section>")[1:]
    assert view.texts["no_neighbours"] in by_behaviour
    assert "class='bar'" in by_text


def test_what_comes_from_data_is_escaped_everywhere(view: View) -> None:
    evil = replace(
        CATALOGUE.items[0], id="evil'><i>", title=EVIL, description=EVIL, brand=EVIL, category=EVIL, tags=(EVIL,)
    )
    view.opened.live.add_items([evil])
    shown = NewcomerTab(view).show([evil.id], "") + ItemTab(view).show(evil.id)
    shown += PersonTab(view).act(click("like", evil.id), EVIL, (), *CONTROLS)[2]
    shown += markup.strip([evil], EVIL, EVIL) + markup.ranked([(evil, EVIL, True)], EVIL)
    shown += markup.card(evil, "", EVIL, [EVIL], {"like": EVIL}) + markup.bars([(EVIL, 0.5)], EVIL, EVIL)
    assert not [bad for bad in ("<img", "{{", "${", "'><i>") if bad in shown]
    assert "&lt;img" in shown


def test_the_evaluation_has_every_model_with_intervals(view: View) -> None:
    record, words = view.opened.record, view.texts
    table = evaluation.models_table(record, words)
    assert all(f"<td>{name}</td>" in table for name in record["models"])
    assert f"<tr class=served><td>{record['served']}</td>" in table
    assert "<small>" in evaluation.activity_table(record, words)
    assert words["group_cold"] in evaluation.age_table(record, words)


def test_the_pages_are_built_in_both_languages_for_both_kinds_of_site(opened: Opened) -> None:
    pages = build_pages([opened, replace(opened, skin=SKINS["news"])])
    assert {language: page.title for language, page in pages.items()} == {"en": "Recommender", "zh": "个性化推荐"}


def test_a_page_offers_what_is_in_the_catalogue_when_it_is_opened_and_holds_nothing_itself(view: View) -> None:
    page = build_pages([view.opened])["en"]
    gone, live = CATALOGUE.items[0], view.opened.live
    live.remove_item(gone.id)
    live.add_items([Item("fresh", "Blue paint", category="paint")])
    items, _ = ItemTab(view).open()
    _, categories, *prices = PersonTab(view).open()
    for offered in (items, NewcomerTab(view).open()):
        assert ("Blue paint · paint", "fresh") in offered["choices"]
        assert gone.id not in [item for _, item in offered["choices"]]
    assert "paint" in categories["choices"]
    assert prices == [None, None]
    assert gone.title not in json.dumps(page.get_config_file(), default=str)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["split: by time", "rows.csv: odd: 2 (lines 3, 9)", "items.csv: columns that are not read: 供货商"]),
        (
            "zh",
            [
                "划分方式：按时间",
                "rows.csv：缺少用户或物品编号的行，未读入：2（第 3, 9 行）",
                "items.csv：未读取的列",
                "：供货商",
                "：12",
                "new: 1",
            ],
        ),
    ],
)
def test_how_rows_were_split_and_what_was_noticed_is_said_in_the_reader_s_language(
    opened: Opened, language: str, said: list[str]
) -> None:
    notes = [
        {"code": "missing_id", "count": 2, "message": "rows.csv: odd: 2 (lines 3, 9)"},
        {"code": "unread_column", "count": 1, "message": "items.csv: columns that are not read: 供货商"},
        {"code": "k_core", "count": 12, "message": "5-core: 12 odd rows left out"},
        {"code": "x", "count": 1, "message": "new: 1"},
    ]
    page = build_pages([replace(opened, record={**opened.record, "notes": notes})])[language]
    written = json.dumps(page.get_config_file(), ensure_ascii=False, default=str)
    assert all(each in written for each in said)
    assert ("odd" in written) == (language == "en")


@pytest.mark.parametrize(
    ("data", "backbone", "unknown", "said", "unsaid"),
    [
        (
            "shipped-shop",
            "builtin",
            0,
            ["invented", "in a sentence (English)", "camping"],
            ["learned from", "does not know"],
        ),
        ("tea.csv", "builtin", 0, ["It learned from tea.csv.", "in a sentence (English)"], ["invented", "camping"]),
        ("tea.csv", "builtin", 44, ["does not know 44 %", "in a sentence"], ["invented", "(English)", "camping"]),
        ("tea.csv", "org/chinese", 0, ["in a sentence"], ["invented", "(English)", "camping", "does not know"]),
    ],
)
def test_the_page_says_of_what_it_learned_and_which_language_it_reads(
    opened: Opened, data: str, backbone: str, unknown: int, said: list[str], unsaid: list[str]
) -> None:
    notes = [{"code": UNKNOWN_TOKENS, "count": unknown, "message": ""}] if unknown else []
    shown = replace(opened, data=data, backbone=backbone, record={**opened.record, "notes": notes})
    written = json.dumps(build_pages([shown])["en"].get_config_file(), default=str)
    assert all(each in written for each in said)
    assert not any(each in written for each in unsaid)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short  enough", "short enough"),
        ("words are cut where a blank is", "words are cut …"),
        ("这是一段没有空格的中文简介", "这是一段没有空格的中文简介"),
        ("这是一段没有空格而且很长很长很长的中文简介", "这是一段没有空格而且很长很长 …"),
    ],
)
def test_a_long_text_is_cut_where_one_is_near_a_blank_and_chinese_keeps_its_beginning(text: str, shown: str) -> None:
    assert markup.shortened(text, 16) == shown


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert markup.figure({"value": -0.0002, "low": -0.02, "high": 0.02}) == "0.000<small>-0.020 … 0.020</small>"


@pytest.mark.parametrize("skin", SKINS)
def test_both_languages_say_the_same_things(skin: Name) -> None:
    assert set(texts("en", skin)) == set(texts("zh", skin))
