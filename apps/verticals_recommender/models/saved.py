"""Models from their folders: safetensors and JSON, never pickle."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from verticals.errors import RunError
from verticals_recommender.models import als, borrowing, expanded, item_weights, popularity, recent, vectors
from verticals_recommender.models.blend import Blend
from verticals_recommender.models.expanded import Expanded
from verticals_recommender.models.model import Model
from verticals_recommender.models.recent import Recent


def load(folder: Path) -> Model:
    """Load a model of any kind.

    Raises:
        RunError: a file is missing, damaged, or not of this version.
    """
    try:
        return _load(folder, _settings(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise RunError(f"{folder}: not a saved model ({error}); train the run again") from error


def _load(folder: Path, saved: dict[str, Any]) -> Model:
    match saved["kind"]:
        case "popularity":
            return popularity.load(folder)
        case "item-knn" | "ease":
            return item_weights.load(folder, saved)
        case als.KIND:
            return als.load(folder, saved)
        case vectors.KIND:
            return vectors.load(folder, saved)
        case recent.KIND:
            return Recent(load(folder / "model"), float(saved["half_life"]))
        case expanded.KIND:
            beside = item_weights.load(folder / "beside", _settings(folder / "beside"))
            return Expanded(load(folder / "model"), beside, float(saved["share"]))
        case borrowing.KIND:
            return borrowing.load(folder, load(folder / "model"), float(saved["share"]))
        case "hybrid":
            return Blend(tuple(load(folder / str(name)) for name in saved["parts"]), tuple(saved["shares"]))
    raise ValueError(f"unknown kind {saved['kind']!r}")


def _settings(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return settings
