"""The live recommender and its REST routes: what a click, a new item and a deletion do, and what is refused."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine as Database
from sqlalchemy import insert, text

from verticals.arrays import FloatArray
from verticals.errors import DataError, StorageError
from verticals.storage import open_database, transaction
from verticals_recommender.api import LONGEST_SENTENCE, build_api, described
from verticals_recommender.following import Follower
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.live import Encode, Live, Origin
from verticals_recommender.models.blend import Blend
from verticals_recommender.models.histories import Past
from verticals_recommender.models.popularity import Popularity
from verticals_recommender.models.vectors import fit, unit
from verticals_recommender.profiles import Action, Profile
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.structures import IndexSpec
from verticals_recommender.serving import Engine, Rules, recommend
from verticals_recommender.shelf import shelf
from verticals_recommender.state import State
from verticals_recommender.store import Store
from verticals_recommender.tables import EVENTS, LISTS, TABLES

WORDS = ("green", "black", "herbal", "saw", "drill", "hammer", "tea", "tool")
NOW = 1_000_000.0


def encode(texts: Sequence[str]) -> FloatArray:
    """Count known words: nearness of texts is the words they share."""
    return np.array([[text.lower().split().count(word) for word in WORDS] for text in texts], np.float32) + 1e-3


def goods() -> tuple[Item, ...]:
    teas = [Item(f"tea{n}", f"{kind} tea", category="tea", price=4.0) for n, kind in enumerate(WORDS[:3])]
    tools = [Item(f"tool{n}", f"{kind} tool", category="tools", price=9.0) for n, kind in enumerate(WORDS[3:6])]
    return (*teas, *tools)


def make(database: Database, items: tuple[Item, ...] = goods(), read: Encode = encode, trained_at: float = 0) -> Live:
    vectors = unit(encode([item.text for item in items]))
    counts = np.arange(len(items), dtype=np.float32)
    model = Blend((fit(vectors), Popularity(counts)), (1.0, 0.01))
    past = {"wilhelmina": Past({0: 1.0, 4: 1.0}), "bo": Past({1: 1.0})}
    state = State(Catalogue(items), Engine(model, shelf(items, counts, vectors)), past)
    index = VectorIndex(IndexSpec(), np.arange(len(items)), vectors)
    return Live(state, index, read, Store(database), Origin(trained_at))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, TABLES)
    yield opened
    opened.dispose()


@pytest.fixture
def live(database: Database) -> Live:
    return make(database)


@pytest.fixture
def client(live: Live) -> TestClient:
    return client_of(live, lambda: NOW)


def client_of(live: Live, clock: Callable[[], float]) -> TestClient:
    site = FastAPI()
    site.include_router(build_api(live, "key", clock), prefix="/api")
    return TestClient(site, headers={"Authorization": "Bearer key"})


def ids(answer: Any) -> list[str]:
    return [result["id"] for result in answer.json()["results"]]


def test_a_click_counts_in_the_next_list_and_is_the_reason_given(client: TestClient) -> None:
    assert client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0"]}).status_code == 201
    first = client.post("/api/recommend", json={"user": "ada"}).json()["results"][0]
    assert first["category"] == "tea"
    assert first["reasons"] == [
        {"id": "tea0", "contribution": pytest.approx(first["reasons"][0]["contribution"]), "share": 1}
    ]
    assert first["why"] == {"en": "Because of green tea 100%", "zh": "推荐依据：“green tea”100%"}
    assert first["score"] == pytest.approx(sum(first["parts"].values()), abs=1e-5)


def test_as_many_reasons_are_listed_as_are_asked_for_and_their_shares_are_of_all(client: TestClient) -> None:
    client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0", "tea1", "tea2"]})
    two, three = (
        client.post("/api/recommend", json={"user": "ada", "reasons": asked, "remember": False}).json()["results"][0][
            "reasons"
        ]
        for asked in (2, 9)
    )
    assert {reason["id"] for reason in three} == {"tea0", "tea1", "tea2"}
    assert two == three[:2]
    assert sum(reason["share"] for reason in three) == pytest.approx(1, abs=1e-5)
    assert three == sorted(three, key=lambda reason: -reason["contribution"])


def test_a_model_of_popularity_gives_popularity_as_its_reason(live: Live) -> None:
    state = live.state
    popular = replace(state, engine=Engine(Popularity(state.engine.shelf.popularity), state.engine.shelf))
    found = recommend(popular.engine, Profile().after("click", [0]), Rules(count=1), NOW)
    assert described(popular, found, 5)[0]["why"] == {"en": "Popular with others", "zh": "热门"}


def test_seen_and_hidden_items_do_not_come_back(client: TestClient) -> None:
    client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0"]})
    client.post("/api/events", json={"user": "ada", "action": "hide", "items": ["tea1"]})
    assert not {"tea0", "tea1"} & set(ids(client.post("/api/recommend", json={"user": "ada"})))


def test_what_is_shown_is_remembered_unless_the_request_says_not_to(client: TestClient, live: Live) -> None:
    client.post("/api/recommend", json={"user": "ada", "remember": False})
    assert live.store.events("ada") == []
    shown = ids(client.post("/api/recommend", json={"user": "ada", "rules": {"count": 2}}))
    assert [(event.action, event.item, event.at) for event in live.store.events("ada")] == [
        ("shown", item, NOW) for item in shown
    ]


def test_what_was_shown_does_not_crowd_out_what_was_done(live: Live) -> None:
    live.store.record("ada", "hide", ["tea1"], NOW)
    for item in ("tea2", "tea3", "tea4"):
        live.store.record("ada", "shown", [item], NOW)
    newest = live.store.events("ada", events=2, lists=2)
    assert [(event.action, event.item) for event in newest] == [("hide", "tea1"), ("shown", "tea3"), ("shown", "tea4")]


def test_lists_stand_among_what_was_done_by_their_time_and_a_clock_that_is_set_back_changes_no_order(
    live: Live,
) -> None:
    asked: list[tuple[Action, float]] = [("shown", 1), ("hide", 3), ("shown", 4), ("click", 2), ("shown", 5)]
    for action, at in asked:
        live.record("ada", action, ["tea1", "tea2"], at)
    live.record("bo", "shown", ["tea1"], 1)
    events = live.store.events("ada")
    expected = [("shown", 1), ("hide", 3), ("click", 2), ("shown", 4), ("shown", 5)]
    assert [(event.action, event.at) for event in events[::2]] == expected
    assert [event.item for event in events] == ["tea1", "tea2"] * 5
    assert not live.state.profile("ada", events).hidden, "the click came after the hiding"


@pytest.mark.parametrize(("body", "kind"), [({"items": ["tea0"]}, "tea"), ({"sentence": "a drill tool"}, "tools")])
def test_somebody_new_gets_a_list_from_picks_or_a_sentence_and_nothing_is_stored(
    client: TestClient, live: Live, body: dict[str, Any], kind: str
) -> None:
    results = client.post("/api/recommend", json={**body, "rules": {"count": 2}}).json()["results"]
    assert {result["category"] for result in results} == {kind}
    assert live.store.chosen() == []


def test_a_new_item_is_recommended_and_found_at_once(client: TestClient) -> None:
    new = {"id": "tea9", "title": "Green green tea", "category": "tea"}
    assert client.post("/api/items", json={"items": [new]}).json() == {"added": 1}
    assert ids(client.get("/api/similar/tea0?count=1")) == ["tea9"]
    assert "tea9" in ids(client.post("/api/recommend", json={"items": ["tea0"], "rules": {"count": 2}}))
    assert client.post("/api/items", json={"items": [new]}).status_code == 409


def test_a_new_item_s_description_in_html_is_read_as_one_sees_it(client: TestClient, live: Live) -> None:
    new = {"id": "tea9", "title": "Green tea", "description": "<p>Light &amp; <b>sweet</b></p>"}
    client.post("/api/items", json={"items": [new]})
    assert live.state.catalogue.items[live.state.position("tea9")].description == "Light & sweet"


def test_a_price_and_stock_change_at_once_and_what_was_learned_stays(client: TestClient, live: Live) -> None:
    client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0"]})
    asked = {"user": "ada", "remember": False, "rules": {"count": 100}}
    assert client.patch("/api/items", json={"items": [{"id": "tea1", "available": False}]}).json() == {"changed": 1}
    assert "tea1" not in ids(client.post("/api/recommend", json=asked))
    back = [{"id": "tea1", "available": True, "price": 3.5}, {"id": "tea2", "price": 2}]
    assert client.patch("/api/items", json={"items": back}).json() == {"changed": 2}
    found = client.post("/api/recommend", json=asked).json()["results"]
    assert {each["id"]: each["price"] for each in found if each["category"] == "tea"} == {"tea1": 3.5, "tea2": 2}
    assert live.state.trained["bo"].weights == {1: 1.0}
    unknown = [{"id": "tea1", "price": 9}, {"id": "tea77", "price": 9}]
    assert client.patch("/api/items", json={"items": unknown}).status_code == 404
    assert live.state.item("tea1").price == 3.5, "a refused batch changes nothing"


def test_a_price_outlives_a_restart_until_a_later_training_says_it_anew(database: Database) -> None:
    before = make(database)
    before.add_items([Item("tea9", "Green green tea", price=8.0)])
    before.change_items({"tea0": {"price": 1.0}, "tea9": {"price": 5.0}})

    def prices(live: Live) -> tuple[float | None, float | None]:
        return live.state.item("tea0").price, live.state.item("tea9").price

    assert prices(make(database)) == (1.0, 5.0)
    assert prices(make(database, trained_at=time.time() + 60)) == (4.0, 5.0), "tea9 is in no file yet"
    before.remove_item("tea9")
    before.add_items([Item("tea9", "Green green tea", price=7.0)])
    assert prices(make(database)) == (1.0, 7.0)


def test_a_deleted_item_is_in_no_matrix_no_vectors_no_index_and_no_answer(client: TestClient, live: Live) -> None:
    client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0", "tea1"]})
    proof = client.delete("/api/items/tea1").json()
    assert proof["clean"]
    assert proof["events_deleted"] == 1
    wheres = {"catalogue", "likeness", "vectors", "index", "matrix", "available", "training_rows", "lists"}
    assert set(proof["left"]) == wheres
    assert live.state.trained["bo"] == Past()
    everything = client.post("/api/recommend", json={"user": "ada", "rules": {"count": 100, "in_stock": False}})
    assert "tea1" not in ids(everything)
    assert "tea1" not in ids(client.get("/api/similar/tea0?count=100"))
    assert client.get("/api/similar/tea1").status_code == client.delete("/api/items/tea1").status_code == 404
    assert all("tea1" not in str(event) for event in live.export_user("ada"))
    stored, vectors = live.index.rows()
    assert 1 not in stored
    assert not (vectors == unit(encode(["black tea"]))).all(axis=1).any()


@pytest.mark.parametrize("gone", ["tea_1", 'te"a', "te%a", "茶", "back\\slash"])
def test_an_item_is_taken_out_of_the_lists_that_were_shown_and_no_other_is(live: Live, gone: str) -> None:
    others = ["tea0", "teaX1", "Tea_1", 'x"te"a"y', "teXa", "茶茶"]
    live.store.record("ada", "shown", [others[0], gone, *others[1:]], NOW)
    live.store.record("bo", "shown", [gone], NOW)
    live.store.record("bo", "shown", others, NOW)
    assert live.store.lists_with(gone) == 2
    assert live.store.forget_item(gone) == 2
    assert live.store.lists_with(gone) == 0
    assert [event.item for event in live.store.events("ada")] == others
    assert [event.item for event in live.store.events("bo")] == others


@pytest.mark.parametrize("who", [{}, {"items": ["tea0"]}, {"sentence": "a tea"}])
@pytest.mark.parametrize("diversity", [0, 1])
def test_a_removed_item_leaves_no_blank_place_in_any_list(
    client: TestClient, who: dict[str, Any], diversity: int
) -> None:
    assert client.delete("/api/items/tea1").json()["clean"]
    everything = {"count": 100, "in_stock": False, "diversity": diversity}
    assert "" not in ids(client.post("/api/recommend", json={**who, "rules": everything}))


def test_an_index_that_still_holds_a_removed_item_brings_back_no_blank_neighbour(live: Live) -> None:
    removed = live.state.erased(np.array([1]))
    assert 1 in [item for item, _ in live.similar(live.state, "tea0", 5)]
    assert 1 not in [item for item, _ in live.similar(removed, "tea0", 5)]


def test_an_item_without_a_text_is_near_to_none(live: Live) -> None:
    bare = shelf(goods(), np.zeros(6, np.float32), np.zeros((6, len(WORDS)), np.float32))
    assert live.similar(replace(live.state, engine=Engine(live.state.engine.model, bare)), "tea0", 5) == []


def test_a_list_in_flight_while_its_person_is_forgotten_leaves_no_row(live: Live) -> None:
    def forgetting() -> float:  # the clock is read after the person's events and before what is shown is written
        assert live.forget_user("ada").clean
        return NOW

    live.record("ada", "click", ["tea0"], NOW)
    in_flight = client_of(live, forgetting)
    assert ids(in_flight.post("/api/recommend", json={"user": "ada"}))
    assert live.store.events("ada") == []
    shown = ids(in_flight.post("/api/recommend", json={"user": "bo"}))
    assert [event.item for event in live.store.events("bo")] == shown
    back = ids(client_of(live, lambda: NOW).post("/api/recommend", json={"user": "ada"}))
    assert [event.item for event in live.store.events("ada")] == back, "who comes back is remembered again"


def test_what_was_shown_of_an_item_that_was_removed_since_is_not_kept(live: Live) -> None:
    began = live.state
    live.remove_item("tea1")
    live.record_shown(began, "ada", ["tea1", "tea2"], NOW)
    live.record_shown(began, "bo", ["tea1"], NOW)
    assert [event.item for name in ("ada", "bo") for event in live.store.events(name)] == ["tea2"]


def test_a_forgotten_user_is_in_no_table_no_training_row_no_answer_and_not_in_the_file(tmp_path: Path) -> None:
    live = make(open_database(f"sqlite:///{tmp_path / 'shop.db'}", TABLES))
    live.record("wilhelmina", "click", ["tea0"], NOW)
    live.record("wilhelmina", "shown", ["tea1", "tea2"], NOW)
    live.record("bo", "click", ["tea0"], NOW)
    bytes_before = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    proof = live.forget_user("wilhelmina")
    bytes_after = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"wilhelmina" in bytes_before
    assert b"wilhelmina" not in bytes_after
    assert b"bo" in bytes_after
    assert (proof.events_deleted, proof.clean) == (2, True)
    assert [event.user for event in live.store.chosen()] == ["bo"]
    assert live.state.profile("wilhelmina", live.store.events("wilhelmina")) == Profile()
    assert set(live.state.trained) == {"bo"}


def test_what_a_user_did_before_the_training_shapes_the_list(client: TestClient) -> None:
    results = client.post("/api/recommend", json={"user": "bo", "rules": {"count": 2}}).json()["results"]
    assert {result["category"] for result in results} == {"tea"}
    assert "tea1" not in {result["id"] for result in results}


@pytest.mark.parametrize("path", ["org%2Fada", "org/ada", "%20org%2Fada%20"])
def test_a_user_is_found_by_any_name_that_an_event_could_have(client: TestClient, path: str) -> None:
    client.post("/api/events", json={"user": " org/ada ", "action": "click", "items": ["tea0"]})
    assert [event["item"] for event in client.get(f"/api/users/{path}").json()["events"]] == ["tea0"]
    assert client.delete(f"/api/users/{path}").json()["events_deleted"] == 1


def test_an_item_is_found_and_removed_by_an_id_with_a_slash(client: TestClient) -> None:
    client.post("/api/items", json={"items": [{"id": "org/tea", "title": "Green green tea"}]})
    assert ids(client.get("/api/similar/org%2Ftea?count=1")) == ["tea0"]
    assert client.delete("/api/items/org%2Ftea").json()["clean"]


def test_a_name_of_nothing_but_space_is_refused(client: TestClient) -> None:
    assert client.delete("/api/users/%20").status_code == 422


def test_an_export_holds_everything_that_a_user_did(client: TestClient) -> None:
    client.post("/api/events", json={"user": "ada", "action": "click", "items": ["tea0"]})
    client.post("/api/events", json={"user": "ada", "action": "less", "items": ["tool0"]})
    exported = client.get("/api/users/ada").json()
    assert [(event["item"], event["action"]) for event in exported["events"]] == [("tea0", "click"), ("tool0", "less")]
    assert client.delete("/api/users/ada").json() == {
        "events_deleted": 2,
        "left": {"events": 0, "training_rows": 0, "matrix": 0, "run_files": 0, "profile": 0},
        "clean": True,
    }
    assert client.get("/api/users/ada").json()["events"] == []


def test_what_an_earlier_version_wrote_item_by_item_becomes_lists(database: Database) -> None:
    before = [("hide", "a", 1.0), ("shown", "b", 2.0), ("shown", "c", 2.0), ("click", "b", 2.5), ("shown", "d", 3.0)]
    rows = [
        {"catalogue": "shop", "user": "ada", "action": action, "item": item, "at": at} for action, item, at in before
    ]
    others = [{**rows[1], "user": "bo"}, {**rows[1], "catalogue": "news"}]
    with database.begin() as connection:
        connection.execute(insert(EVENTS), rows + others)
    store = Store(database, "shop")
    for _ in range(2):  # the second time there is nothing left to do
        store.gather_lists()
        assert [(event.action, event.item, event.at) for event in store.events("ada")] == before
        assert [(event.action, event.item) for event in store.events("ada", 0)] == [
            ("shown", i) for i in ("b", "c", "d")
        ]
        assert [event.item for event in store.events("bo", 0)] == ["b"]
    assert Store(database, "news").events("ada", 0) == []


def test_a_restart_remembers_events_new_items_and_removals(database: Database) -> None:
    before = make(database)
    before.add_items([Item("tea9", "Green green tea", tags=("new",)), Item("tea10", "black black tea")])
    before.remove_item("tea9")
    before.remove_item("tea2")
    before.record("ada", "click", ["tea10"], NOW)
    again = make(database)
    known = again.state.catalogue.positions
    assert "tea10" in known
    assert not {"tea9", "tea2"} & set(known)
    profile = again.state.profile("ada", again.store.events("ada"))
    assert [again.state.catalogue.ids[item] for item in profile.history] == ["tea10"]
    again.add_items([Item("tea2", "herbal tea")])
    assert "tea2" in make(database).state.catalogue.positions


def test_a_retrained_run_keeps_what_it_learned_of_an_item_once_added_and_nothing_of_one_that_was_removed_before(
    database: Database,
) -> None:
    before = make(database)
    before.remove_item("tea0")
    before.add_items([Item("tea0", "green tea"), Item("tea9", "Green green tea")])
    retrained = make(database, (*goods(), Item("tea9", "Green green tea"))).state
    popularity = dict(zip(retrained.catalogue.ids, retrained.engine.shelf.popularity.tolist(), strict=True))
    assert (popularity["tea9"], retrained.catalogue.positions["tea9"]) == (6, 6)
    assert (popularity["tea0"], retrained.catalogue.positions["tea0"]) == (0, 7)
    assert [retrained.catalogue.ids[item] for item in retrained.trained["wilhelmina"].weights] == ["tool1"]


def test_a_run_that_was_trained_after_a_removed_item_came_back_says_what_it_is_now(database: Database) -> None:
    before = make(database)
    before.remove_item("tea0")
    before.add_items([Item("tea0", "green tea", price=4)])
    later = time.time() + 1
    dearer = (Item("tea0", "green tea", price=99, available=False), *goods()[1:])
    retrained = make(database, dearer, trained_at=later)
    assert retrained.state.catalogue.items[0] == dearer[0]
    assert retrained.state.trained["wilhelmina"] == Past({0: 1.0, 4: 1.0})
    retrained.remove_item("tea0")
    assert "tea0" not in make(database, dearer, trained_at=later).state.catalogue.positions


def test_what_one_process_changes_the_others_take_up(database: Database) -> None:
    here, there = make(database), make(database)
    here.add_items([Item("tea9", "Green green tea")])
    here.remove_item("tea2")
    here.remove_item("tea1")
    here.add_items([Item("tea1", "black tea", category="tea", price=4.0)])
    here.forget_user("wilhelmina")
    here.change_items({"tea0": {"price": 1.0}, "tea9": {"available": False}})
    assert there.state.trained["wilhelmina"]
    there.follow()
    assert (there.state.item("tea0").price, there.state.item("tea9").available) == (1.0, False)
    assert sorted(filter(None, there.state.catalogue.ids)) == sorted(filter(None, here.state.catalogue.ids))
    assert set(there.state.trained) == {"bo"}
    assert there.state.trained["bo"] == Past(), "tea1 went, and is another one now"
    assert [there.state.catalogue.ids[item] for item, _ in there.similar(there.state, "tea0", 1)] == ["tea9"]
    before = there.state
    there.follow()
    assert there.state is before


def test_changes_by_two_processes_contradict_each_other_in_words(database: Database) -> None:
    here, there = make(database), make(database)
    here.add_items([Item("tea9", "Green green tea")])
    with pytest.raises(DataError, match="'tea9' is in the catalogue already"):
        there.add_items([Item("tea9", "black tea")])
    assert there.remove_item("tea9").clean
    with pytest.raises(DataError, match="no item 'tea9'"):
        here.remove_item("tea9")


def test_additions_of_one_item_at_the_same_moment_leave_one(database: Database) -> None:
    lives = [make(database) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(live.add_items, [Item("tea9", f"{n} tea")]) for n, live in enumerate(lives)]
    refused = [each.exception() for each in tries if each.exception()]
    assert len(refused) == 3
    for error in refused:
        assert isinstance(error, DataError), error
    for live in lives:
        live.follow()
    assert len({live.state.catalogue.items[-1] for live in lives}) == 1


def test_a_follower_looks_until_the_site_ends_and_says_once_why_it_cannot(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = make(database), make(database)
    with Follower([there], every=0.01):
        here.forget_user("bo")
        while "bo" in there.state.trained:
            time.sleep(0.01)
        with transaction(database) as connection:
            connection.execute(text("ALTER TABLE recommender_changes RENAME TO away"))
        while not caplog.messages:
            time.sleep(0.01)
        with transaction(database) as connection:
            connection.execute(text("ALTER TABLE away RENAME TO recommender_changes"))
        here.forget_user("wilhelmina")
        while "wilhelmina" in there.state.trained:
            time.sleep(0.01)
    (line,) = caplog.messages
    assert line.startswith("what other processes change is not noticed: ")


def test_many_removed_items_leave_the_others_as_they_are(database: Database) -> None:
    for name in ("tea0", "tea2", "tool1"):
        make(database).remove_item(name)
    left = make(database).state
    assert sorted(filter(None, left.catalogue.ids)) == ["tea1", "tool0", "tool2"]
    assert left.engine.shelf.popularity.tolist() == [0, 1, 0, 3, 0, 5]
    assert (left.trained["wilhelmina"], left.trained["bo"]) == (Past(), Past({1: 1.0}))


def test_clicks_that_are_older_than_what_a_run_has_learned_since_keep_their_place_in_time(live: Live) -> None:
    past = Past({0: 1.0, 1: 2.0, 2: 1.0}, {0: 10.0, 1: 30.0, 2: 40.0})
    state = replace(live.state, trained={"ada": past})
    live.record("ada", "click", ["tea0"], 10)
    live.record("ada", "like", ["tool0"], 20)
    live.record("ada", "click", ["tea1"], 50)
    assert list(state.profile("ada", live.store.events("ada")).history.items()) == [(0, 1), (3, 1), (2, 1), (1, 2)]
    unknown = replace(state, trained={"ada": replace(past, times={**past.times, 0: float("nan")})})
    assert list(unknown.profile("ada", live.store.events("ada")).history) == [2, 0, 3, 1], "events are the newest"


def test_sentences_that_wait_to_be_read_hold_up_no_other_list(database: Database) -> None:
    reading, read = Semaphore(0), ThreadEvent()

    def slowly(texts: Sequence[str]) -> FloatArray:
        reading.release()
        read.wait(10)
        return encode(texts)

    client = client_of(make(database, read=slowly), lambda: NOW)
    with ThreadPoolExecutor(3) as visitors:
        waiting = [visitors.submit(client.post, "/api/recommend", json={"sentence": "green tea"}) for _ in range(3)]
        for _ in waiting:
            assert reading.acquire(timeout=10)
        assert ids(client.post("/api/recommend", json={"user": "bo"}))
        assert not any(answer.done() for answer in waiting)
        read.set()
        assert {ids(answer.result())[0] for answer in waiting} == {"tea0"}


def test_what_the_database_refuses_while_reading_is_said(live: Live, database: Database) -> None:
    with database.begin() as connection:
        LISTS.drop(connection)
    with pytest.raises(StorageError, match="recommender_lists"):
        live.store.events("ada")


def test_a_refused_batch_of_items_changes_nothing(live: Live) -> None:
    for batch in ([Item("new", "a"), Item("tea0", "b")], [Item("new", "a"), Item("new", "b")]):
        with pytest.raises(DataError):
            live.add_items(batch)
    assert len(live.state.catalogue) == len(live.index) == 6
    assert live.store.added_items() == []


def test_what_the_database_refuses_has_not_happened_and_can_be_asked_for_again(database: Database) -> None:
    live, new = make(database), Item("tea9", "Green green tea")
    TABLES.drop_all(database)
    with pytest.raises(StorageError):
        live.add_items([new])
    with pytest.raises(StorageError):
        live.remove_item("tea0")
    with pytest.raises(StorageError):
        live.change_items({"tea0": {"price": 1.0}})
    assert live.state.catalogue.items == goods()
    assert len(live.index) == 6
    TABLES.create_all(database)
    live.add_items([new])
    assert live.remove_item("tea0").clean
    assert {"tea9", "tea0"} & set(make(database).state.catalogue.positions) == {"tea9"}


def test_requests_beside_a_writer_see_either_state_and_never_half_of_one(live: Live) -> None:
    def read(_: int) -> bool:
        state = live.state
        found = recommend(state.engine, Profile(), Rules(count=100), NOW)
        near = live.similar(state, "tea0", 50)
        return all(
            state.catalogue.items[item].id for item in [each.item for each in found] + [item for item, _ in near]
        )

    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(read, range(60))
        for number in range(30):
            live.add_items([Item(f"new{number}", "green tea")])
        assert all(answers)
    assert len(live.index) == len(live.state.catalogue) == 36


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("recommend", {"user": "ada", "items": ["tea0"]}, 422),
        ("recommend", {"items": ["nothing"]}, 404),
        ("recommend", {"sentence": "x" * (LONGEST_SENTENCE + 1)}, 422),
        ("recommend", {"rules": {"count": 1000}}, 422),
        ("recommend", {"rules": {"diversity": 2}}, 422),
        ("recommend", {"rules": {"divercity": 1}}, 422),
        ("recommend", {"user": "u" * 201}, 422),
        ("recommend", {"user": "a\0da"}, 422),
        ("events", {"user": "a\nda", "action": "click", "items": ["tea0"]}, 422),
        ("items", {"items": [{"id": "a\0b", "title": "x"}]}, 422),
        ("events", {"user": "ada", "action": "click", "items": ["nothing"]}, 404),
        ("events", {"user": "ada", "action": "steal", "items": ["tea0"]}, 422),
        ("events", {"user": "ada", "action": "click", "items": []}, 422),
        ("items", {"items": [{"id": "a", "title": ""}]}, 422),
        ("items", {"items": [{"id": "a", "title": "x" * 501}]}, 422),
        ("items", {"items": [{"id": "a", "title": "x", "price": -1}]}, 422),
    ],
)
def test_a_wrong_request_is_refused_and_nothing_is_stored(
    client: TestClient, live: Live, path: str, body: dict[str, Any], status: int
) -> None:
    assert client.post(f"/api/{path}", json=body).status_code == status
    assert live.store.events("ada") == []
    assert len(live.index) == 6


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "users/bo"), ("DELETE", "users/bo"), ("POST", "items"), ("DELETE", "items/tea0"), ("POST", "events"),
        ("POST", "recommend"), ("GET", "similar/tea0"),
    ],
)  # fmt: skip
def test_only_the_key_opens_what_tells_of_people_or_changes_anything(
    client: TestClient, live: Live, method: str, path: str
) -> None:
    wrong = {"Authorization": "Bearer guess"}
    assert client.request(method, f"/api/{path}", headers=wrong, json={"user": "bo"}).status_code == 401
    assert live.state.trained["bo"] == Past({1: 1.0})


def test_health_names_the_model_and_counts_the_items(client: TestClient) -> None:
    client.headers.clear()
    assert client.get("/api/health").json() == {"status": "ok", "model": "hybrid", "items": 6, "index": "flat"}
