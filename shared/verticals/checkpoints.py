"""Checkpoints of a training: what is trained and nothing frozen, in a file that is read without pickle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.utils import SAFE_WEIGHTS_NAME

from verticals.errors import RunError


def last(work: Path) -> Path | None:
    """Return the newest complete checkpoint; the Trainer writes `trainer_state.json` last."""
    complete = [state.parent for state in work.glob("checkpoint-*/trainer_state.json") if state.stat().st_size]
    return max(complete, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def save(model: nn.Module, folder: Path) -> None:
    """Write what of a model is trained."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_unfrozen(model), folder / SAFE_WEIGHTS_NAME)


def load(model: nn.Module, folder: Path) -> None:
    """Read what `save` wrote into a model whose frozen parts are those of then.

    Raises:
        RunError: the file cannot be read, or is of another model.
    """
    with reading(folder):
        stored = load_file(folder / SAFE_WEIGHTS_NAME)
    if stored.keys() != _unfrozen(model).keys():
        raise RunError(f"{folder}: a checkpoint of another model; remove the folder and train again")
    model.load_state_dict(stored, strict=False)


@contextmanager
def writing(work: Path) -> Iterator[None]:
    """Say of a checkpoint that cannot be written, as on a full disk, what to do."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:  # torch's own writer has no narrower one
        raise RunError(
            f"{work}: a checkpoint cannot be written: {error}; make room and give the same command again"
        ) from error


@contextmanager
def reading(folder: Path | str | None) -> Iterator[None]:
    """Say of a checkpoint's file that cannot be read, as after a power failure, what to do."""
    try:
        yield
    except (OSError, EOFError, RuntimeError, UnpicklingError, SafetensorError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise RunError(
            f"{folder}: a checkpoint that cannot be read: {reason}; remove the folder and give the same command again"
        ) from error


def _unfrozen(model: nn.Module) -> dict[str, Tensor]:
    """Return the state that a checkpoint needs, tied weights once: what is frozen comes from the backbone again."""
    once, every = dict(model.named_parameters()), model.named_parameters(remove_duplicate=False)
    left_out = {name for name, each in every if name not in once or not each.requires_grad}
    return {name: value.contiguous() for name, value in model.state_dict().items() if name not in left_out}
