"""Trackers: the loss is in their files, their own variables win, and a missing package is named before training."""

import os
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest

from toys import toy_config, toy_splits
from verticals import pilot, trackers
from verticals.config import Config, home
from verticals.errors import MissingExtra


def tracked(backbone: Path, *names: str) -> Config:
    """Return settings of a training of eight steps that is logged."""
    return toy_config("full", backbone, batch_size=16, learning_rate=3e-3, head_learning_rate=3e-2, trackers=names)


def test_tensorboard_holds_the_falling_loss(tiny_backbone: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pilot.train_classifier("toy", tracked(tiny_backbone, "tensorboard"), toy_splits())
    (folder,) = (home() / "trackers" / "tensorboard").iterdir()
    events = EventAccumulator(str(folder))
    events.Reload()
    logged = [(event.step, event.value) for event in events.Scalars("train/loss")]
    assert [step for step, _ in logged] == [2, 4, 6, 8]
    assert logged[-1][1] < logged[0][1]


@pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed")
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # mlflow asks SQLAlchemy so
def test_mlflow_holds_the_loss_in_a_file(tiny_backbone: Path) -> None:
    pilot.train_classifier("toy", tracked(tiny_backbone, "mlflow"), toy_splits())
    with sqlite3.connect(home() / "trackers" / "mlflow.db") as database:
        rows = database.execute("SELECT step FROM metrics WHERE key = 'loss' ORDER BY step").fetchall()
    assert rows == [(2,), (4,), (6,), (8,)]


@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_wandb_writes_an_offline_run(tiny_backbone: Path) -> None:
    pilot.train_classifier("toy", tracked(tiny_backbone, "wandb"), toy_splits())
    assert list((home() / "trackers" / "wandb").glob("offline-run-*/*.wandb"))


def test_a_missing_tracker_is_named_with_its_pip_line_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="mlflow not installed; run in the clone: pip install"):
        pilot.train_classifier("toy", tracked(Path("nowhere"), "mlflow"), toy_splits())


def test_a_variable_of_the_tracker_itself_wins_and_none_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://server")
    before = dict(os.environ)
    with trackers.writing(("mlflow", "wandb"), Path("a-run")):
        assert os.environ["MLFLOW_TRACKING_URI"] == "http://server"
        assert os.environ["WANDB_MODE"] == "offline"
        assert Path(os.environ["WANDB_DIR"]).is_dir()
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("work", "name"),
    [("classify/.work-1a-2b", "classify-1a-2b"), ("mask/.work-1a-2b/all", "1a-2b-all"), ("somewhere", "somewhere")],
)
def test_every_training_and_every_part_of_one_has_a_name_of_its_own(work: str, name: str) -> None:
    with trackers.writing(("wandb", "tensorboard"), Path(work)):
        assert os.environ["WANDB_NAME"] == Path(os.environ["TENSORBOARD_LOGGING_DIR"]).name == name
