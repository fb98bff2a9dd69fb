"""From a run to what answers: what is opened, what a restart remembers, what the sliders cost, and text tuned on behaviour."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event as ThreadEvent

import numpy as np
import pandas as pd
import pytest

from recommender_toys import BEHAVIOUR, CATALOGUE
from verticals import runs
from verticals.arrays import FloatArray
from verticals.data.pairs import Pairs
from verticals.errors import RunError, StorageError
from verticals.runs import Run
from verticals.storage import open_database
from verticals_recommender import answers, recipe, recommender, text, tradeoff, words
from verticals_recommender.forgetting import rows_of
from verticals_recommender.interactions import align
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.opening import Opened, open_run, other_sample
from verticals_recommender.recommender import INTERACTIONS
from verticals_recommender.retrieval import stored
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.store import EVERYTHING, MOST_LISTS, Store
from verticals_recommender.tables import TABLES


@pytest.fixture
def opened(recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))  # a database of its own for every test
    return open_run(recommender_run)


def test_a_run_is_opened_with_everybodys_past_and_every_model(opened: Opened) -> None:
    state = opened.live.state
    mine = np.flatnonzero(BEHAVIOUR.user == 0)
    expected = [BEHAVIOUR.items[BEHAVIOUR.item[row]] for row in mine[np.argsort(BEHAVIOUR.time[mine])]]
    assert [state.catalogue.ids[item] for item in state.trained[BEHAVIOUR.users[0]].weights] == expected
    assert len(opened.live.index) == len(CATALOGUE)
    assert {opened.record["served"], *state.compared} == set(opened.record["models"])
    assert opened.record["retrieval"]["chosen"]["spec"]["kind"] == "flat"


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


def test_a_restart_drops_lists_that_nothing_reads_any_more(opened: Opened, recommender_run: Run) -> None:
    store, item = opened.live.store, CATALOGUE.items[0].id
    store.record("ada", "hide", [item], 1.0)
    for _ in range(MOST_LISTS + 2):
        store.record("ada", "shown", [item], 2.0)
    store.record("bob", "shown", [item], 3.0)
    again = open_run(recommender_run).live.store
    left = [event.action for event in again.events("ada", EVERYTHING, EVERYTHING)]
    assert (left.count("hide"), left.count("shown"), len(again.events("bob"))) == (1, MOST_LISTS, 1)


def test_sliders_are_measured_beside_the_list_without_them(opened: Opened) -> None:
    rows = opened.record["tradeoff"]
    assert [row["slider"] for row in rows] == ["", *(name for name in tradeoff.SLIDERS for _ in tradeoff.VALUES)]
    assert rows[0]["ndcg_at_10"]["value"] > 0
    assert len({(row["ndcg_at_10"]["value"], row["coverage_at_10"]) for row in rows}) > 3


def test_gain_of_a_list_is_the_gain_by_hand() -> None:
    found = tradeoff.ndcg([[7, 1, 2], [3], []], [{7, 2}, {4}, {1}])
    assert found.tolist() == pytest.approx([(1 + 0.5) / (1 + 1 / np.log2(3)), 0, 0])


def margin(vectors: FloatArray) -> float:
    """Return how much nearer items of one kind are than items of two."""
    kind = np.array([item.category for item in CATALOGUE.items])
    same, near = kind[:, None] == kind[None], vectors @ vectors.T
    return float(near[same].mean() - near[~same].mean())


def test_tuned_text_brings_together_what_is_chosen_together_and_survives_a_restart(
    recommender_run: Run, opened: Opened
) -> None:
    written = [item.text for item in CATALOGUE.items]
    before, after = (
        encode(written) for encode in (text.reader(recommender_run.config.backbone), text.of_run(recommender_run))
    )
    assert margin(after[:, : -words.WIDTH]) > 1.5 * margin(before[:, : -words.WIDTH]) > 0
    np.testing.assert_allclose(after, opened.live.index.rows()[1], atol=1e-5)
    assert opened.record["tuned_text"]


def test_vectors_of_another_width_are_of_another_version(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    run = open_copy(recommender_run, tmp_path)
    index = stored.load(run.folder / recipe.INDEX)
    ids, vectors = index.rows()
    stored.save(VectorIndex(index.spec, ids, vectors[:, : -words.WIDTH]), run.folder / recipe.INDEX)
    with pytest.raises(RunError, match="of another version: its vectors have"):
        open_run(run)


def test_pairs_are_different_texts_of_items_that_share_people_the_surest_first() -> None:
    rows, items = align(BEHAVIOUR, CATALOGUE)
    assert text.together(items, rows.take(np.empty(0, np.int64)), 10) == Pairs()
    drawn = text.together(items, rows, 50)
    assert len({frozenset(pair) for pair in zip(drawn.left, drawn.right, strict=True)}) == 50
    assert all(left != right for left, right in zip(drawn.left, drawn.right, strict=True))
    assert text.together(items, rows, 10).left == drawn.left[:10]
    shared = (rows.matrix().T @ rows.matrix()).toarray()
    number = {item.text: place for place, item in enumerate(items.items)}
    people = [shared[number[left], number[right]] for left, right in zip(drawn.left, drawn.right, strict=True)]
    assert min(people) > np.median(shared[np.triu_indices(len(shared), 1)])


def open_copy(run: Run, home: Path) -> Run:
    """Return a copy of a run that a test may change."""
    folder = home / "recommender" / run.folder.name
    shutil.copytree(run.folder, folder)
    return runs.open_run(folder)


def spoilt_copy(run: Run, name: str, catalogue: str) -> Path:
    """Put a run of an older version, trained on this catalogue, beside a run."""
    folder = run.folder.with_name(name)
    shutil.copytree(run.folder, folder)
    manifest = {**run.manifest, "schema": 1, "data": {**run.manifest["data"], "name": catalogue}}
    runs.write_json(folder / runs.MANIFEST, manifest)
    return folder


def test_somebody_who_was_forgotten_and_an_item_that_was_removed_stay_away_after_a_restart(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    run = open_copy(recommender_run, tmp_path)
    opened = open_run(run)
    person, item = BEHAVIOUR.users[0], CATALOGUE.ids[0]
    assert opened.live.forget_user(person).clean
    assert opened.live.remove_item(item).clean
    rows = pd.read_parquet(run.folder / recommender.INTERACTIONS)
    assert person not in set(rows["user"])
    assert len(set(rows["user"])) == len(BEHAVIOUR.users) - 1
    again = open_run(runs.open_run(run.folder)).live.state
    assert person not in again.trained
    assert item not in again.catalogue.positions
    assert again.profile(person, []).history == {}


def test_an_export_holds_each_row_of_the_run_as_it_is_stored_also_of_an_item_that_was_removed(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    live, user = open_run(open_copy(recommender_run, tmp_path)).live, BEHAVIOUR.users[0]
    mine = np.flatnonzero(BEHAVIOUR.user == 0)
    oldest = mine[np.argsort(BEHAVIOUR.time[mine])]
    facts = {"user": user, "action": "click", "weight": 1.0, "rating": None}
    expected = [{**facts, "item": BEHAVIOUR.items[BEHAVIOUR.item[row]], "at": BEHAVIOUR.time[row]} for row in oldest]
    live.remove_item(expected[0]["item"])
    assert live.export_user(user) == expected
    live.record(user, "like", [expected[1]["item"]], 1.0)
    assert [event["action"] for event in live.export_user(user)[len(expected) :]] == ["like"]
    live.forget_user(user)
    assert live.export_user(user) == []


def test_a_run_that_cannot_be_rewritten_is_counted_and_one_of_another_catalogue_does_not_matter(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    run = open_copy(recommender_run, tmp_path)
    live = open_run(run).live
    spoilt_copy(run, "0-other", "another.csv")
    assert live.forget_user(BEHAVIOUR.users[0]).left["run_files"] == 0
    spoilt = spoilt_copy(run, "0-older", run.manifest["data"]["name"])
    proof = live.forget_user(BEHAVIOUR.users[1])
    assert (proof.left["run_files"], proof.clean) == (1, False)
    assert BEHAVIOUR.users[1] not in set(pd.read_parquet(run.folder / recommender.INTERACTIONS)["user"])
    (spoilt / runs.MANIFEST).write_text("{", encoding="utf-8")
    assert live.forget_user(BEHAVIOUR.users[2]).left["run_files"] == 1


def test_a_spoilt_run_of_the_other_sample_is_passed_over_for_an_older_whole_one(
    recommender_run: Run, tmp_path: Path
) -> None:
    run = open_copy(recommender_run, tmp_path)
    shop = Run(run.folder, {**run.manifest, "data": {"name": "shipped-shop"}})
    spoilt_copy(run, "9-news", "shipped-news")
    assert other_sample(shop) is None
    news = spoilt_copy(run, "8-news", "shipped-news")
    manifest = json.loads((news / runs.MANIFEST).read_text(encoding="utf-8"))
    runs.write_json(news / runs.MANIFEST, {**manifest, "schema": run.manifest["schema"]})
    found = other_sample(shop)
    assert found is not None
    assert found.folder == news


def test_what_was_removed_hidden_and_forgotten_since_the_training_is_in_no_list_of_a_file(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    run, (one, other) = open_copy(recommender_run, tmp_path), BEHAVIOUR.users[:2]
    (tmp_path / "users.csv").write_text(f"user\n{one}\n{other}\nvisitor\n", encoding="utf-8")
    before, _, unknown = (row["recommended"] for row in answers.predict(run, tmp_path / "users.csv"))
    first, second, third, *_ = before.split("|")
    live = open_run(run).live
    live.remove_item(first)
    live.record(one, "hide", [second], 1.0)
    live.record("visitor", "click", [third], 1.0)
    live.forget_user(other)
    after, forgotten, visitor = (row["recommended"] for row in answers.predict(run, tmp_path / "users.csv"))
    assert after.split("|")[: len(before.split("|")) - 2] == before.split("|")[2:]
    assert (unknown, forgotten) == (None, None)
    assert visitor
    (tmp_path / "picks.csv").write_text(f"items\n{first}|\n", encoding="utf-8")
    assert answers.predict(run, tmp_path / "picks.csv")[0]["recommended"] is None


def test_a_list_of_a_json_file_says_the_same_as_its_ids_between_commas(recommender_run: Run, tmp_path: Path) -> None:
    one, other = CATALOGUE.ids[:2]
    rows = [{"items": [one, other]}, {"items": f"{one}, {other}"}, {"items": []}]
    (tmp_path / "picks.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    listed, written, empty = (row["recommended"] for row in answers.predict(recommender_run, tmp_path / "picks.jsonl"))
    assert listed == written
    assert listed
    assert empty is None


def test_ids_are_no_texts_whatever_is_in_them() -> None:
    assert not text.described(Catalogue((Item("R.E.M.", "R.E.M."), Item("b", "b"))))
    assert text.described(Catalogue((Item("a", "a", category="tea"),)))


def test_a_run_opens_when_everybody_was_deleted(
    recommender_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    run = open_copy(recommender_run, tmp_path)
    nobody = pd.read_parquet(run.folder / INTERACTIONS).head(0)
    runs.rewrite(run, INTERACTIONS, partial(nobody.to_parquet, index=False))
    assert open_run(runs.open_run(run.folder)).live.state.trained == {}


def test_whichever_reader_is_free_reads_the_next_text() -> None:
    reading, read = ThreadEvent(), ThreadEvent()

    def slowly(texts: Sequence[str]) -> FloatArray:
        reading.set()
        read.wait(10)
        return np.zeros((len(texts), 1), np.float32)

    encode = text.in_turn(slowly, lambda texts: np.ones((len(texts), 1), np.float32))
    with ThreadPoolExecutor(1) as writer:
        thousand = writer.submit(encode, ["a"] * 1000)
        assert reading.wait(10)
        assert encode(["green tea"]).all()
        read.set()
        assert not thousand.result().any()


def test_an_export_of_a_run_whose_folder_is_gone_is_said_to_be_impossible(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="start again from a whole run"):
        rows_of(tmp_path / "gone", "ada")
