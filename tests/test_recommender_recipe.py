"""Training end to end on a small file: what is measured, saved, reloaded, measured again and recommended."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toys import Outcome
from verticals.config import BackboneConfig, Config, build
from verticals.errors import ConfigError, DataError, RunError
from verticals.evaluation.metrics import Estimate
from verticals.runs import Run
from verticals_recommender import answers, app, benchmark, data, recipe, recommender, text
from verticals_recommender.behaviour import Behaviour, generate
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.settings import Settings
from verticals_recommender.splits import random_split

GRID: dict[str, Any] = {
    "ease_regularisation": [20.0],
    "knn_neighbours": [30],
    "als_width": [8],
    "als_regularisation": [5.0],
    "als_confidence": [2.0],
    "half_life": [5.0],
    "shares": [0.5],
}
CATALOGUE = Catalogue(tuple(Item(f"i{n}", f"i{n}", category=f"c{n % 6}", tags=(f"t{n % 5}",)) for n in range(60)))
BEHAVIOUR = generate(CATALOGUE, Behaviour(users=200, rows=15, drift=0.1)).interactions
KNOWN = BEHAVIOUR.users[1]


def config(folder: Path, **settings: object) -> Config:
    rows = [
        f"{BEHAVIOUR.users[u]},{BEHAVIOUR.items[i]},{t}"
        for u, i, t in zip(BEHAVIOUR.user, BEHAVIOUR.item, BEHAVIOUR.time, strict=True)
    ]
    path = folder / "rows.csv"
    path.write_text("user,item,timestamp\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return build([{"data": {"train": str(path)}, "app": {"grid": GRID, **settings}}], Settings, app.objective)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("recommender")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(folder / "runs"))
        return recipe.train(config(folder))


def test_the_run_has_every_model_measured_beside_popularity(run: Run) -> None:
    record = run.metrics
    assert {"popularity", "item-knn", "ease", "als"} <= set(record["models"])
    assert record["metrics"] == record["models"][record["served"]]["metrics"]
    assert record["baseline"]["method"] == "popularity"
    assert record["baseline"]["ndcg_at_10_gain"]["low"] > 0
    assert sum(record["rows"].values()) == len(BEHAVIOUR)
    assert run.manifest["data"]["split"] == "time"
    card = (run.folder / "README.md").read_text(encoding="utf-8")
    assert f"**{record['served']}**" in card
    assert "beats the popularity baseline" in card


def test_measuring_a_run_again_gives_the_same_figures(run: Run) -> None:
    again = recipe.evaluate(run, None)
    assert again["models"] == run.metrics["models"]


def test_a_run_holds_plain_files_only(run: Run) -> None:
    kinds = {path.suffix for path in run.folder.rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors", ".parquet", ".yaml", ".md"}


def test_later_rows_are_measured_with_new_users_and_without_unknown_items(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "later.csv"
    file.write_text(f"user,item\n{KNOWN},i3\nstranger,i4\nstranger,nowhere\n", encoding="utf-8")
    record = recipe.evaluate(run, file)
    assert record["rows"] == {"test": 2}
    assert record["by_user_activity"]["new"]["users"] == 1
    assert [(note["code"], note["count"]) for note in record["notes"]] == [("unknown_item", 1)]


def test_later_rows_that_the_run_knows_are_no_misses(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "later.csv"
    item = BEHAVIOUR.items[BEHAVIOUR.item[BEHAVIOUR.user == 1][0]]
    file.write_text(f"user,item\n{KNOWN},{item}\nstranger,i4\n", encoding="utf-8")
    record = recipe.evaluate(run, file)
    assert record["rows"] == {"test": 1}
    assert [(note["code"], note["count"]) for note in record["notes"]] == [("known_pair", 1)]
    file.write_text(f"user,item\n{KNOWN},{item}\n", encoding="utf-8")
    with pytest.raises(DataError, match="knows every row"):
        recipe.evaluate(run, file)


def test_everybody_in_a_file_is_answered_with_unseen_items(run: Run, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(f"user\n{KNOWN}\nstranger\n", encoding="utf-8")
    known, stranger = answers.predict(run, tmp_path / "users.csv")
    trained = recommender.load(run)
    seen = {trained.catalogue.ids[item] for item in trained.histories.row(trained.users[KNOWN]).items}
    assert len(known["recommended"].split("|")) == 10
    assert not seen & set(known["recommended"].split("|"))
    assert stranger["recommended"] is None
    (tmp_path / "picks.csv").write_text('name,items\nann,"i0|i6|i12"\nbob,nothing\n', encoding="utf-8")
    ann, bob = answers.predict(run, tmp_path / "picks.csv")
    assert (len(ann["titles"].split("|")), bob["recommended"]) == (10, None)


@pytest.mark.parametrize("name", ["items.parquet", "interactions.parquet", "served.json"])
def test_a_damaged_run_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run.folder, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    with pytest.raises(RunError, match="not a saved recommender"):
        recommender.load(Run(folder, run.manifest))


def test_a_test_file_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    asked = config(tmp_path)
    named = asked.model_copy(update={"data": asked.data.model_copy(update={"test": "rows.csv"})})
    with pytest.raises(ConfigError, match=r"data\.test.*app\.split"):
        recipe.train(named)


def test_items_and_interactions_that_share_no_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item,title\n0001,Tea\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"rows\.csv: none of its items is in .*items\.csv; .* found 'i\d+' in the one and '0001' in"
    ):
        data.load(config(tmp_path, items=str(tmp_path / "items.csv")))


@pytest.mark.parametrize("role", ["text", "label"])
def test_a_column_that_no_recommender_reads_is_refused_by_name(tmp_path: Path, role: str) -> None:
    given = config(tmp_path)
    named = given.model_copy(update={"data": given.data.model_copy(update={role: "title"})})
    with pytest.raises(ConfigError, match=rf"data\.{role}: the recommender does not read it; .*app\.item_columns"):
        data.load(named)


def test_a_catalogue_keeps_its_name_where_the_name_of_its_file_changes(tmp_path: Path) -> None:
    assert data.load(config(tmp_path)).name == "rows.csv"
    assert data.load(config(tmp_path, catalogue="our shop")).name == "our shop"
    with pytest.raises(ConfigError, match=r"app\.catalogue.*the samples"):
        data.load(build([{"app": {"catalogue": "our shop"}}], Settings, app.objective))


def test_another_model_serves_where_it_is_named_and_one_that_the_rows_do_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path / "runs"))
    named = recipe.train(config(tmp_path, serve="item-knn"))
    assert (named.metrics["served"], recommender.load(named).served) == ("item-knn", "item-knn")
    with pytest.raises(ConfigError, match=r"app\.serve: these rows have no model 'text'; expected one of popularity, "):
        recipe.train(config(tmp_path, serve="text"))


def test_a_suite_has_a_row_for_every_model_and_one_for_what_served(tmp_path: Path) -> None:
    asked = config(tmp_path)
    measured = [
        benchmark.measure(random_split(benchmark.without_times(BEHAVIOUR), 0.125, 0.2, seed), None, asked, seed)
        for seed in (0, 1)
    ]
    rows = {row["method"]: row for row in benchmark._rows("toy", measured, range(2), None)}
    assert {"popularity", "item-knn", "ease", "als", "served"} <= set(rows)
    assert rows["served"]["metrics"]["ndcg_at_10"]["value"] > rows["popularity"]["metrics"]["ndcg_at_10"]["value"]
    assert rows["ease"]["metrics"]["ndcg_at_10"]["value"] == pytest.approx(np.mean(rows["ease"]["by_seed"]), abs=1e-4)
    assert 0 < rows["served"]["cost"]["p50_ms"] <= rows["served"]["cost"]["p95_ms"]


def test_seeds_are_summed_up_by_their_mean_and_t_interval() -> None:
    found = benchmark.over_seeds([{"m": Estimate(value, 0, 1)} for value in (1.0, 2.0, 3.0)])["m"]
    assert found.value == 2
    assert found.high - 2 == pytest.approx(4.303 / np.sqrt(3), abs=1e-3)


def test_a_backbone_that_does_not_know_the_language_of_the_items_is_told_of_before_the_training(
    tiny_backbone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = BackboneConfig(name=str(tiny_backbone))
    (note,) = text.unknown_notes(Catalogue((Item("t1", "明前龙井", "汤色清亮"),)), config)
    assert (note.code, note.count) == ("unknown_tokens", 100)
    assert "100% of the tokens are unknown to this backbone; choose one for your language" in capsys.readouterr().err
    assert text.unknown_notes(Catalogue((Item("t1", "t1"),)), config) == (), (
        "items known by their ids alone are not read"
    )


def test_a_check_of_what_has_none_says_so(run: Run, verticals: Callable[..., Outcome]) -> None:
    outcome = verticals("check", run.folder)
    assert (outcome.code, outcome.out) == (0, "nothing was tried: recommender has no checks of its own\n")
