"""The image and the compose file, checked without an engine: what they copy is there, and their commands are ours."""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from toys import Outcome
from verticals import registry

ROOT = Path(__file__).parent.parent
IMAGE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
SERVICES = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_what_the_image_copies_is_there() -> None:
    for copied in re.findall(r"^COPY (.+) \S+$", IMAGE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split())


def test_the_image_installs_extras_that_exist_for_any_app_and_for_all() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (wanted,) = re.findall(r'"\.\[([^\]]+)\]"', IMAGE)
    for app in ("all", *registry.available()):
        assert set(wanted.replace("${APP}", app).split(",")) <= set(extras)


def test_the_process_is_an_ordinary_user_s_and_is_asked_how_it_is() -> None:
    user, start = IMAGE.index("\nUSER verticals"), IMAGE.index("\nCMD ")
    assert user < start
    assert "HEALTHCHECK" in IMAGE
    assert "/healthz" in IMAGE


def test_the_command_of_the_image_is_one_that_we_have(verticals: Callable[..., Outcome]) -> None:
    for command in re.findall(r"exec (verticals [^;]+)", IMAGE):
        _, name, *words = shlex.split(command)
        text = verticals(name, "--help").out
        assert all(word in text for word in words if word.startswith("--")), command


@pytest.mark.parametrize("port", SERVICES["verticals"]["ports"])
def test_the_site_is_published_on_this_machine_alone(port: str) -> None:
    assert port.startswith("127.0.0.1:")
    assert f"EXPOSE {port.rpartition(':')[2]}" in IMAGE


def test_the_server_database_is_a_profile_and_its_driver_is_installed() -> None:
    assert (ROOT / "docker" / SERVICES["verticals"]["build"]["dockerfile"]).name == "Dockerfile"
    assert SERVICES["postgres"]["profiles"] == ["postgresql"]
    assert SERVICES["verticals"]["depends_on"]["postgres"]["required"] is False
    assert "VERTICALS_DATABASE_URL" in SERVICES["verticals"]["environment"]
    assert "postgresql" in re.findall(r'"\.\[([^\]]+)\]"', IMAGE)[0]
