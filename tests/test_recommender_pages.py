"""From a run to the page: what is opened, what a click changes, what a restart remembers, and text tuned on behaviour."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from toys import WORDS
from verticals.config import Config, build
from verticals.data.pairs import Pairs
from verticals.runs import Run
from verticals.storage import open_database
from verticals_recommender import app, markup, recipe, text, tradeoff
from verticals_recommender.api import LONGEST_SENTENCE
from verticals_recommender.behaviour import Behaviour, generate
from verticals_recommender.interactions import Interactions
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.opening import Opened, open_run
from verticals_recommender.pages import evaluation
from verticals_recommender.pages.compare import CompareTab
from verticals_recommender.pages.item import ItemTab
from verticals_recommender.pages.newcomer import NewcomerTab
from verticals_recommender.pages.person import PersonTab
from verticals_recommender.pages.view import View
from verticals_recommender.settings import Settings
from verticals_recommender.skins import SKINS
from verticals_recommender.store import TABLES, Store
from verticals_recommender.ui import build_pages
from verticals_recommender.wording import texts

EVIL = "<img src=x onerror=alert(1)> {{value}} ${value}"
GRID: dict[str, Any] = {
    "ease_regularisation": [20.0],
    "knn_neighbours": [30],
    "als_width": [4],
    "als_regularisation": [5.0],
    "als_confidence": [2.0],
    "half_life": [5.0],
    "shares": [0.5],
}
SLIDERS = (0.0, 0.0, 0.0, 0.0)
CONTROLS: tuple[object, ...] = (*SLIDERS, [], None, None)


def goods() -> tuple[Item, ...]:
    """Return fifteen items of each of three kinds; every text has words of its kind."""
    return tuple(
        Item(
            f"{kind}{n}", f"{words[n % 5]} {words[(n + 1 + n // 5) % 5]} n{n}", category=kind, price=float(n), added=0.0
        )
        for kind, words in WORDS.items()
        for n in range(15)
    )


CATALOGUE = Catalogue(goods())
BEHAVIOUR = generate(CATALOGUE, Behaviour(users=120, rows=9, categories=1, tags=0, drift=0, days=30)).interactions


def config(folder: Path, backbone: Path, **sections: Any) -> Config:
    rows = zip(BEHAVIOUR.user, BEHAVIOUR.item, BEHAVIOUR.time, strict=True)
    lines = [f"{BEHAVIOUR.users[user]},{BEHAVIOUR.items[item]},{time}" for user, item, time in rows]
    (folder / "rows.csv").write_text("user,item,timestamp\n" + "\n".join(lines) + "\n", encoding="utf-8")
    items = [f'{item.id},"{item.title}",{item.category},{item.price},1970-01-01' for item in CATALOGUE.items]
    (folder / "items.csv").write_text("item,title,category,price,added\n" + "\n".join(items) + "\n", encoding="utf-8")
    named = {
        "data": {"train": str(folder / "rows.csv")},
        "backbone": {"name": str(backbone), "max_tokens": 16},
        **sections,
        "app": {"grid": GRID, "items": str(folder / "items.csv"), **sections.get("app", {})},
    }
    return build([named], Settings, app.objective)


@dataclass(frozen=True)
class Trained:
    """A run and the folder with its home."""

    run: Run
    home: Path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Trained:
    """Return a run whose text was tuned."""
    folder = tmp_path_factory.mktemp("pages")
    tuned = {"method": {"name": "full"}, "train": {"epochs": 3, "learning_rate": 1e-3}, "app": {"tune_text": True}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(folder / "runs"))
        return Trained(recipe.train(config(folder, tiny_backbone, **tuned)), folder / "runs")


@pytest.fixture
def opened(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))  # a database of its own for every test
    yield open_run(trained.run)


@pytest.fixture
def view(opened: Opened) -> View:
    return View(opened, "en")


def titles(html: str) -> list[str]:
    return [part.split("</h4>")[0] for part in html.split("<h4>")[1:]]


def click(action: str, item: str) -> gr.EventData:
    return gr.EventData(None, {"action": action, "item": item})


def test_a_run_is_opened_with_everybodys_past_and_every_model(opened: Opened) -> None:
    state = opened.live.state
    first = BEHAVIOUR.users[0]
    mine = np.flatnonzero(BEHAVIOUR.user == 0)
    expected = [BEHAVIOUR.items[BEHAVIOUR.item[row]] for row in mine[np.argsort(BEHAVIOUR.time[mine])]]
    assert [state.catalogue.ids[item] for item in state.trained[first]] == expected
    assert len(opened.live.index) == len(CATALOGUE)
    assert {opened.record["served"], *state.compared} == set(opened.record["models"])
    assert opened.record["retrieval"]["chosen"]["spec"]["kind"] == "flat"


def test_somebody_who_was_forgotten_and_an_item_that_was_removed_stay_away_after_a_restart(
    opened: Opened, trained: Trained
) -> None:
    person, item = BEHAVIOUR.users[0], CATALOGUE.ids[0]
    assert opened.live.forget_user(person).clean
    assert opened.live.remove_item(item).clean
    again = View(open_run(trained.run), "en")
    assert person not in again.people()
    assert person not in again.state.trained
    assert item not in again.state.catalogue.positions
    assert again.state.profile(person, []).history == ()


def test_two_catalogues_share_a_database_and_nothing_else(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'both.sqlite'}", TABLES)
    shop, news = Store(database, "shop"), Store(database, "news")
    shop.record("ada", "click", ["a"], 1.0)
    shop.add_items([Item("a", "A thing")])
    news.add_items([Item("a", "A story")])
    assert news.events("ada") == []
    assert [item.title for item in news.added_items()] == ["A story"]
    assert news.forget_user("ada") == 0
    assert (len(shop.events("ada")), shop.forgotten(["ada"]), news.forgotten(["ada"])) == (1, set(), {"ada"})


def test_a_liked_item_moves_from_the_list_to_the_history_and_back_again(view: View) -> None:
    tab, person = PersonTab(view), BEHAVIOUR.users[3]
    _, strip, cards, _ = tab.enter(person, (), *CONTROLS)
    first = titles(cards)[0]
    item = next(each.id for each in CATALOGUE.items if each.title == first)
    edits, liked_strip, liked, _ = tab.act(click("like", item), person, (), *CONTROLS)
    assert first not in titles(liked)
    assert first in liked_strip
    assert f"Liked: {first}." in liked
    assert first not in strip
    restored = tab.take_back(person, edits, *CONTROLS)
    assert (restored[0], titles(restored[2])) == ((), titles(cards))
    assert view.opened.live.store.events(person) == [], "trying out stores nothing"


@pytest.mark.parametrize("action", ["hide", "less"])
def test_what_is_not_wanted_leaves_the_list_at_once(view: View, action: str) -> None:
    tab, person = PersonTab(view), BEHAVIOUR.users[3]
    first = titles(tab.enter(person, (), *CONTROLS)[2])[0]
    item = next(each.id for each in CATALOGUE.items if each.title == first)
    assert first not in titles(tab.act(click(action, item), person, (), *CONTROLS)[2])


def test_a_click_that_no_button_has_changes_nothing(view: View) -> None:
    tab, person = PersonTab(view), BEHAVIOUR.users[3]
    before = titles(tab.enter(person, (), *CONTROLS)[2])
    for event in (click("steal", CATALOGUE.ids[0]), click("hide", "nothing")):
        edits, _, cards, _ = tab.act(event, person, (), *CONTROLS)
        assert (edits, titles(cards)) == ((), before)


def test_nobody_gets_what_is_popular_and_filters_hold(view: View) -> None:
    tab = PersonTab(view)
    _, strip, cards, measured = tab.show("nobody at all", (), *SLIDERS, ["refund"], 2.0, 9.0)
    shown = {item.title: item for item in CATALOGUE.items}
    assert view.texts["no_history"] in strip
    assert titles(cards)
    assert all(shown[t].category == "refund" and 2 <= (shown[t].price or 0) <= 9 for t in titles(cards))
    assert "own order" in measured
    assert view.texts["nothing_left"] in tab.show("nobody", (), *SLIDERS, ["no such"], None, None)[2]
    with pytest.raises(gr.Error, match="above the highest"):
        tab.show("nobody", (), *SLIDERS, [], 9.0, 2.0)


def test_a_slider_is_shown_with_what_was_measured_nearest_to_it(view: View) -> None:
    measured = PersonTab(view).show(BEHAVIOUR.users[3], (), 0.7, 0.0, 0.0, 0.0, [], None, None)[3]
    assert "Diversity at 0.6: nDCG@10" in measured
    assert "Novelty" not in measured


def test_a_newcomer_is_answered_from_picks_and_from_a_sentence(view: View) -> None:
    tab = NewcomerTab(view)
    kinds = {item.title: item.category for item in CATALOGUE.items}
    picked = titles(tab.show(["colour0", "colour1"], ""))
    assert [kinds[title] for title in picked].count("colour") > len(picked) / 2
    assert "Close to what you wrote" in tab.show([], "money back refund")
    assert view.texts["newcomer_empty"] in tab.show([], " ")
    for picks, sentence in ((["gone"], ""), ([], "x" * (LONGEST_SENTENCE + 1))):
        with pytest.raises(gr.Error):
            tab.show(picks, sentence)


def test_two_models_stand_side_by_side_with_what_they_share_marked(view: View) -> None:
    tab = CompareTab(view)
    served = view.opened.record["served"]
    html = tab.show(BEHAVIOUR.users[3], served, "popularity")
    count = int(html.split(">")[1].split(" ")[0])
    assert html.count("class='both'") == 2 * count
    assert "Popular with others" in html
    assert "class='both'" not in tab.show(BEHAVIOUR.users[3], served, served)


def test_an_item_has_neighbours_and_a_list_without_it(view: View) -> None:
    tab, person = ItemTab(view), BEHAVIOUR.users[3]
    html = tab.show("refund3")
    assert html.count("class='bar'") >= 8
    assert view.texts["no_item"] in tab.show(None)
    with pytest.raises(gr.Error, match="no item"):
        tab.show("gone")
    offered = tab.past(person)
    past = [view.state.catalogue.ids[item] for item in view.state.trained[person]]
    assert [item for _, item in offered["choices"]] == past[::-1]
    assert offered["value"] in past
    assert tab.without(person, offered["value"])
    assert tab.without(person, None) == ""


def test_what_comes_from_data_is_escaped_everywhere(opened: Opened) -> None:
    evil = replace(
        CATALOGUE.items[0], id="evil'><b>", title=EVIL, description=EVIL, brand=EVIL, category=EVIL, tags=(EVIL,)
    )
    opened.live.add_items([evil])
    view = View(opened, "en")
    shown = NewcomerTab(view).show(["evil'><b>"], "") + ItemTab(view).show("evil'><b>")
    shown += PersonTab(view).act(click("like", "evil'><b>"), EVIL, (), *CONTROLS)[2]
    shown += markup.strip([evil], EVIL, EVIL) + markup.ranked([(evil, EVIL, True)], EVIL)
    shown += markup.card(evil, "", EVIL, [EVIL], {"like": EVIL}) + markup.bars([(EVIL, 0.5)], EVIL, EVIL)
    assert not [bad for bad in ("<img", "{{", "${", "'><b>") if bad in shown]
    assert "&lt;img" in shown


def test_the_evaluation_has_every_model_with_intervals_and_the_figures_are_drawn(view: View) -> None:
    record, words = view.opened.record, view.texts
    table = evaluation.models_table(record, words)
    assert all(f"<td>{name}</td>" in table for name in record["models"])
    assert f"<tr class=served><td>{record['served']}</td>" in table
    assert "<small>" in evaluation.activity_table(record, words)
    assert words["group_cold"] in evaluation.age_table(record, words)


def test_the_pages_are_built_in_both_languages_for_both_kinds_of_site(opened: Opened) -> None:
    pages = build_pages([opened, replace(opened, skin=SKINS["news"])])
    assert {language: page.title for language, page in pages.items()} == {"en": "Recommender", "zh": "个性化推荐"}


def test_both_languages_say_the_same_things() -> None:
    for name in SKINS:
        assert set(texts("en", name)) == set(texts("zh", name))


def test_the_list_without_sliders_is_measured_as_the_model_ranks_and_sliders_change_it(opened: Opened) -> None:
    rows = opened.record["tradeoff"]
    assert [row["slider"] for row in rows] == ["", *(name for name in tradeoff.SLIDERS for _ in tradeoff.VALUES)]
    assert rows[0]["ndcg_at_10"]["value"] > 0
    assert len({(row["ndcg_at_10"]["value"], row["coverage_at_10"]) for row in rows}) > 3


def test_gain_of_a_list_is_the_gain_by_hand() -> None:
    found = tradeoff.ndcg([[7, 1, 2], [3], []], [{7, 2}, {4}, {1}])
    assert found.tolist() == pytest.approx([(1 + 0.5) / (1 + 1 / np.log2(3)), 0, 0])


def margin(vectors: np.ndarray) -> float:
    """Return how much nearer items of one kind are than items of two."""
    kind = np.array([item.category for item in CATALOGUE.items])
    same, near = kind[:, None] == kind[None], vectors @ vectors.T
    return float(near[same].mean() - near[~same].mean())


def test_tuned_text_brings_together_what_is_chosen_together_and_survives_a_restart(
    trained: Trained, tiny_backbone: Path, opened: Opened
) -> None:
    written = [item.text for item in CATALOGUE.items]
    before = text.reader(trained.run.config.backbone)(written)
    after = text.of_run(trained.run)(written)
    assert margin(after) > margin(before) + 0.2
    np.testing.assert_allclose(after, opened.live.index.rows()[1], atol=1e-5)
    assert opened.record["tuned_text"]


def test_pairs_are_different_texts_of_items_that_share_people() -> None:
    nobody = Interactions(
        (), CATALOGUE.ids, *(np.empty(0, np.int64),) * 2, *(np.empty(0, np.float32),) * 2, np.empty(0)
    )
    assert text.together(CATALOGUE, nobody, 10, 0) == Pairs()
    whole, items = generate(CATALOGUE, Behaviour(users=40, rows=6, categories=1, tags=0, drift=0, chance=0)), CATALOGUE
    rows = whole.interactions
    aligned = replace(rows, items=items.ids, item=np.array([items.positions[name] for name in rows.items])[rows.item])
    drawn = text.together(items, aligned, 50, 0)
    kind = {item.text: item.category for item in items.items}
    assert len(drawn) == 50
    assert all(left != right and kind[left] == kind[right] for left, right in zip(drawn.left, drawn.right, strict=True))
    assert drawn == text.together(items, aligned, 50, 0) != text.together(items, aligned, 50, 1)
