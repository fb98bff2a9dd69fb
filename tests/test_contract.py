"""What every registered app keeps, whichever it is; a new app gets these tests by being registered."""

import re
import tomllib
from pathlib import Path

import pytest

from verticals import registry
from verticals.config import build, read_yaml
from verticals.errors import ConfigError
from verticals.vertical import LANGUAGES

ROOT = Path(__file__).parent.parent
NAMES = sorted(registry.available())


@pytest.mark.parametrize("name", NAMES)
def test_an_app_says_what_it_is_in_every_language(name: str) -> None:
    app = registry.get(name)
    assert app.name == name
    assert all(app.title[language] and app.summary[language] for language in LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_an_apps_defaults_are_valid_settings(name: str) -> None:
    app = registry.get(name)
    config = build([read_yaml(app.defaults)], app.settings, app.objective)
    assert build([config.model_dump()], app.settings, app.objective) == config
    with pytest.raises(ConfigError, match=r"unknown setting app\.no_such_setting"):
        build([{"app": {"no_such_setting": 1}}], app.settings, app.objective)


@pytest.mark.parametrize("name", NAMES)
def test_an_app_ships_samples_and_a_readme(name: str) -> None:
    folder = registry.get(name).defaults.parent
    assert (folder / "README.md").is_file()
    assert any((folder / "samples").iterdir())


def test_every_app_folder_is_registered() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][
        "verticals.apps"
    ]
    folders = {path.name for path in (ROOT / "apps").iterdir() if (path / "__init__.py").is_file()}
    registered = {value.partition(":")[0] for value in points.values()}
    assert folders == registered, "add the missing line under [project.entry-points.'verticals.apps'] in pyproject.toml"
    assert set(points) <= set(registry.available()), "entry points changed; run: make install"


def test_every_app_has_an_extra_of_its_name() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(NAMES) <= set(extras)
    (everything,) = extras["all"]
    assert set(NAMES) <= set(re.findall(r"[\w-]+", everything)), "make install would leave an app's packages out"


def test_an_unknown_app_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'customer-service'"):
        registry.get("customer-servic")
