"""The template gives an app that is whole: it is registered, trains, predicts and answers."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from itertools import pairwise
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
    assert made["entry_point"] == 'claims = "verticals_claims:app"'
    assert (tmp_path / "apps" / "verticals_claims" / "__init__.py").is_file()
    assert made["extra"].startswith('claims = ["fastapi')
    assert "is there already" in verticals("new", "claims").error


def test_with_the_lines_that_are_printed_a_new_app_passes_the_tests_of_every_app(
    verticals: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = _checkout(tmp_path / "checkout")
    monkeypatch.chdir(copy)
    project = copy / "pyproject.toml"
    text = _followed(verticals("new", "claims").out.splitlines(), project.read_text(encoding="utf-8"))
    project.write_text(text, encoding="utf-8")
    _install(copy / "apps" / "claims-0.dist-info", tomllib.loads(text)["project"]["entry-points"]["verticals.apps"])
    paths = os.pathsep.join(str(copy / name) for name in ("shared", "apps"))
    tests = ["-q", "-p", "no:cacheprovider", "tests/test_contract.py", "tests/test_docker.py"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *tests], cwd=copy, env={**os.environ, "PYTHONPATH": paths}, capture_output=True
    )
    assert run.returncode == 0, run.stdout.decode()


def _checkout(copy: Path) -> Path:
    """Return what those tests look at, where a file may be added: tests and `pyproject.toml` as copies, the others as links."""
    (copy / "apps").mkdir(parents=True)
    (copy / "tests").mkdir()
    for name in ("pyproject.toml", *(f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py"))):
        shutil.copy(ROOT / name, copy / name)
    apps = (f"apps/{path.name}" for path in (ROOT / "apps").iterdir())
    for name in ("shared", "docker", "constraints.txt", "README.md", "LICENSE", *apps):
        (copy / name).symlink_to(ROOT / name)
    return copy


def _followed(printed: list[str], project: str) -> str:
    """Return `pyproject.toml` with each line that was printed under its heading, and the extra in `all`."""
    for heading, line in pairwise(printed):
        if heading.startswith("["):
            table = f"{heading.partition('  #')[0]}\n"
            assert table in project
            project = project.replace(table, f"{table}{line}\n")
    return project.replace('all = ["verticals[', 'all = ["verticals[claims,')


def _install(metadata: Path, points: dict[str, str]) -> None:
    """Write what `make install` makes of the entry points."""
    metadata.mkdir()
    lines = ["[verticals.apps]", *(f"{name} = {value}" for name, value in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def test_the_packages_of_a_new_app_are_asked_for_as_the_shipped_apps_ask_for_them(tmp_path: Path) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (packages,) = tomllib.loads(make("claims", tmp_path).extra).values()
    assert set(packages) <= {each for name in registry.available() for each in extras[name]}


@pytest.mark.parametrize("name", ["Claims", "a_b", "-x", "9lives", ""])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lower-case words"):
        make(name, tmp_path)
