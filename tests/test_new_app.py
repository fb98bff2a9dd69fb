"""The template gives an app that is whole: it is registered, trains, predicts and answers."""

import importlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from toys import Outcome
from verticals import registry
from verticals.config import build, read_yaml
from verticals.errors import ConfigError
from verticals.new_app import make
from verticals.vertical import LANGUAGES, Vertical

ROOT = Path(__file__).parent.parent
EXTRAS = "[project.optional-dependencies]"


@pytest.fixture
def travel_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vertical:
    made = make("travel-desk", tmp_path)
    monkeypatch.syspath_prepend(str(made.folder.parent))
    importlib.invalidate_caches()
    return importlib.import_module("verticals_travel_desk").app  # type: ignore[no-any-return]


def test_a_new_app_trains_predicts_and_answers(travel_desk: Vertical, tiny_backbone: Path) -> None:
    assert all(travel_desk.title[language] and travel_desk.summary[language] for language in LANGUAGES)
    assert (travel_desk.defaults.parent / "README.md").is_file()
    layers = [read_yaml(travel_desk.defaults), {"method": {"name": "tfidf"}, "backbone": {"name": str(tiny_backbone)}}]
    run = travel_desk.train(build(layers, travel_desk.settings, travel_desk.objective))
    assert run.app == "travel-desk"
    assert travel_desk.evaluate(run, None)["metrics"] == run.metrics["metrics"]
    rows = travel_desk.predict(run, travel_desk.defaults.parent / "samples" / "rows.csv")
    assert {row["prediction"] for row in rows} <= set(run.labels)
    service = travel_desk.serve(run)
    assert set(service.pages) == set(LANGUAGES)
    site = FastAPI()
    site.include_router(service.api)
    answer = TestClient(site).post("/judge", json={"text": "water came through the ceiling"}).json()
    assert sum(answer["ranking"].values()) == pytest.approx(1, abs=0.01)


def test_the_command_says_what_is_left_to_do(
    verticals: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apps").mkdir()
    monkeypatch.chdir(tmp_path)
    made = json.loads(verticals("new", "claims", "--json").out)
    written = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for table, name in (('[project.entry-points."verticals.apps"]', "entry_point"), (EXTRAS, "extra")):
        assert f"{table}\n" in written
        written = written.replace(f"{table}\n", f"{table}\n{made[name]}\n")
    project = tomllib.loads(written)["project"]
    assert project["entry-points"]["verticals.apps"]["claims"] == "verticals_claims:app"
    extras = project["optional-dependencies"]
    assert set(extras["claims"]) <= set.intersection(*(set(extras[app]) for app in registry.available()))
    assert (tmp_path / "apps" / "verticals_claims" / "__init__.py").is_file()
    assert "is there already" in verticals("new", "claims").error


@pytest.mark.parametrize("name", ["Claims", "a_b", "-x", "9lives", ""])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lower-case words"):
        make(name, tmp_path)
