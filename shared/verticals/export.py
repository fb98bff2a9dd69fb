"""A run as one plain transformers folder, for whoever has neither this project nor peft."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn
from transformers import PreTrainedTokenizerBase

from verticals import backbones, methods, pooling
from verticals.backbones import Backbone
from verticals.config import ClassifyConfig
from verticals.errors import ConfigError, MethodError, RunError
from verticals.inference.batches import unit_vectors
from verticals.methods import saved
from verticals.methods.merging import merged
from verticals.objectives import mask
from verticals.parity import TOLERANCE
from verticals.runs import Run

_TEXTS, _WORDS = 32, 12
_TOKENIZERS = {"classify": "tokenizer", "match": "tokenizer", "mask": mask.BACKBONE}
_POOLED = {"mean": "the mean of its token states", "cls": "the state of its first token"}
_BESIDE = ("head.safetensors", "labels.json", "calibration.json", "model/masked_head.safetensors")


@dataclass(frozen=True)
class Exported:
    """A folder that plain transformers loads, and how far its vectors are from the run's at most."""

    folder: Path
    difference: float


def export(run: Run, folder: Path) -> Exported:
    """Merge what the run tuned into its backbone and write that as a plain model, with tokenizer, head and labels beside it.

    The folder is also a backbone for `--backbone`. It is there only when the model loaded from it gives the vectors of the run, on texts
    of random words. Of a run that adds TF-IDF up, only the backbone goes there: its head alone would be another classifier.

    Raises:
        ConfigError: the folder is there already.
        MethodError: what the run learned is no encoder, or cannot be merged into one.
        RunError: the exported model gives other vectors.
    """
    _check(run)
    if folder.exists():
        raise ConfigError(f"{folder}: is there already; name a folder that is not")
    tuned = _encoder(run)
    tokenizer = backbones.load_tokenizer(Backbone(str(run.folder), run.folder / _TOKENIZERS[run.objective]))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        draft = Path(made) / folder.name
        backbones.save(merged(tuned), draft)
        tokenizer.save_pretrained(draft)
        for name in () if _blended(run) else _BESIDE:
            if (run.folder / name).is_file():
                shutil.copyfile(run.folder / name, draft / Path(name).name)
        (draft / "README.md").write_text(_card(run, pooling.of(tuned).mode), encoding="utf-8")
        again = backbones.locate(str(draft))
        texts, most = _random_texts(tokenizer, run.config.train.seed), run.config.backbone.max_tokens
        before = unit_vectors(tuned, tokenizer, texts, most)
        after = unit_vectors(backbones.load_encoder(again), backbones.load_tokenizer(again), texts, most)
        difference = float(np.abs(before - after).max())
        if not difference <= TOLERANCE:
            raise RunError(
                f"{folder}: the merged vectors differ from the run's by {difference:.2g}, at most {TOLERANCE}"
            )
        draft.rename(folder)
    return Exported(folder, difference)


def _check(run: Run) -> None:
    method = methods.get(run.config.method.name)
    if run.objective not in _TOKENIZERS:
        raise MethodError(
            f"{run.folder}: it learned to {run.objective}, which is more than an encoder; export takes runs that learned to "
            f"{', '.join(_TOKENIZERS)}"
        )
    if not method.uses_backbone:
        raise MethodError(f"{run.folder}: '{method.name}' has no backbone to export; its files are the whole model")
    if not method.merges:
        raise MethodError(
            f"{run.folder}: '{method.name}' cannot be merged into its backbone ({method.limit}); keep the run as it is, or tune with lora"
        )


def _encoder(run: Run) -> nn.Module:
    if run.objective == "mask":  # whatever the method, it is merged already
        return backbones.load_encoder(Backbone(str(run.folder), run.folder / mask.BACKBONE))
    return saved.load(run.folder, run.config)


def _blended(run: Run) -> bool:
    return run.objective == "classify" and ClassifyConfig.model_validate(run.config.objective).blend


def _random_texts(tokenizer: PreTrainedTokenizerBase, seed: int) -> list[str]:
    """Return texts of words drawn from the vocabulary: any text has to give equal vectors."""
    draw = np.random.default_rng(seed)
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    return [str(tokenizer.decode(draw.choice(ordinary, draw.integers(1, _WORDS + 1)).tolist())) for _ in range(_TEXTS)]


def _card(run: Run, mode: str) -> str:
    head = ""
    if _blended(run):
        head = "\nThe run adds TF-IDF to what its head says, so the head is not here: the folder is a backbone, not a classifier."
    elif run.objective == "classify":
        head = (
            "\nThe logits are `vector @ weight.T + bias` with the tensors of `head.safetensors`; the classes, in their order, are in "
            "`labels.json`, and the temperature that divides the logits is in `calibration.json`."
        )
    return f"""# {run.app}: {run.config.method.name} on {run.config.backbone.name}, merged

Made from the run {run.folder.name}. `transformers.AutoModel` and `AutoTokenizer` load this folder, and so does sentence-transformers. A text's
vector is {_POOLED[mode]}, scaled to unit length; texts are cut at {run.config.backbone.max_tokens} tokens.{head}
"""
