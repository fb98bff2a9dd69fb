"""An index on disk: its vectors as safetensors and its description as JSON. Loading builds it anew; no FAISS file is read or written."""

from pathlib import Path

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from verticals.errors import DataError, RunError
from verticals_recommender.retrieval.index import VectorIndex
from verticals_recommender.retrieval.structures import IndexSpec

VECTORS, DESCRIPTION = "vectors.safetensors", "index.json"
_LARGEST_DESCRIPTION = 2**16


def save(index: VectorIndex, folder: Path) -> None:
    """Write the rows that count and the description."""
    ids, vectors = index.rows()
    save_file({"ids": ids, "vectors": vectors}, folder / VECTORS)
    (folder / DESCRIPTION).write_text(index.spec.model_dump_json(indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> VectorIndex:
    """Build the index that a folder describes.

    Raises:
        RunError: a file is missing, cut short, of another format, or does not fit the other.
    """
    spec = _description(folder / DESCRIPTION)
    arrays = _arrays(folder / VECTORS)
    try:
        return VectorIndex(spec, arrays["ids"], arrays["vectors"])
    except DataError as error:
        raise RunError(f"{folder / VECTORS}: {error}; train the run again") from error


def _description(path: Path) -> IndexSpec:
    try:
        if path.stat().st_size > _LARGEST_DESCRIPTION:
            raise RunError(f"{path}: {path.stat().st_size} bytes, expected at most {_LARGEST_DESCRIPTION}")
        return IndexSpec.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        what = str(error).splitlines()[-1].strip()
        raise RunError(f"{path}: not the description of an index ({what}); train the run again") from error


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path}: not a safetensors file ({error}); restore it or train the run again") from error
    kinds = {name: (array.dtype.name, array.ndim) for name, array in arrays.items()}
    expected = {"ids": ("int64", 1), "vectors": ("float32", 2)}
    if kinds != expected:
        raise RunError(f"{path}: expected arrays {expected}, found {kinds}; train the run again")
    return arrays
