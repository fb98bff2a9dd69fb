"""Shared fixtures: a tiny backbone, toy runs trained once a session, and the command line in this process."""

import gc
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from toys import Outcome, save_tiny_backbone, toy_config, toy_splits
from verticals import cli, parity, pilot
from verticals.runs import Run


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is imported by now: the Trainer makes it look at everything before every training."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path / "runs"))


@pytest.fixture(scope="session", autouse=True)
def _one_prover() -> Iterator[None]:
    """Prove all runs of a session in one process, which imports torch once."""
    with parity.prover():
        yield


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def train_toy(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Return a function that trains a method on the toy rows, once per session."""
    home = tmp_path_factory.mktemp("toy-runs")
    trained: dict[str, Run] = {}

    def train(method: str) -> Run:
        if method not in trained:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("VERTICALS_HOME", str(home))
                trained[method] = pilot.train_classifier("toy", toy_config(method, tiny_backbone), toy_splits())
        return trained[method]

    return train


@pytest.fixture(scope="session")
def recommender_run(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a recommender whose text was tuned on behaviour, trained once a session."""
    from recommender_toys import tuned_config
    from verticals_recommender import recipe

    folder = tmp_path_factory.mktemp("recommender")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(folder / "runs"))
        return recipe.train(tuned_config(folder, tiny_backbone))


@pytest.fixture
def verticals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return a function that runs the command line in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["verticals", *(str(argument) for argument in arguments)])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database: a SQLite file, then a schema of the PostgreSQL server, where one is named."""
    server = os.environ.get("VERTICALS_TEST_POSTGRES")
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'conversations.sqlite'}"
        return
    if not server:
        pytest.skip("VERTICALS_TEST_POSTGRES names no PostgreSQL server")
    schema = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{server}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def public_data() -> Path:
    """Return the folder of public data sets, or skip."""
    root = os.environ.get("VERTICALS_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("VERTICALS_DATA names no folder of public data sets")
    return Path(root)
