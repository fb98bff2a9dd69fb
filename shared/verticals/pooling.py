"""How the states of a text's tokens become one vector: by the mode that a backbone's folder states.

A backbone was trained for one mode, and its vectors are worse by another. Folders of sentence-transformers state it: `modules.json` names
the folder of a Pooling module, whose `config.json` holds `pooling_mode`, or a flag for each mode as older versions write it. A folder
that states nothing is read by the mean.
"""

import json
import re
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn
from transformers import PreTrainedModel

from verticals.errors import BackboneError

MEAN, _CLS = "mean", "cls"
_NAME = "sentence_pooling"  # of the part of an encoder that knows its mode
_MODULES, _FOLDER, _CONFIG = "modules.json", "1_Pooling", "config.json"
_KINDS = {"": "Transformer", _FOLDER: "Pooling", "2_Normalize": "Normalize"}
_FLAG = re.compile(r"pooling_mode_(\w+?)(?:_tokens?)?")


class Pooling(nn.Module):
    """Turns token states into unit vectors; as a part of its encoder it is in every copy and wrapping of that."""

    def __init__(self, mode: str, source: str = "the backbone") -> None:
        super().__init__()
        self.mode = mode
        self.source = source  # whose mode it is

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return unit vectors, [texts, width] (Reimers and Gurevych, 2019, https://arxiv.org/abs/1908.10084).

        Args:
            states: [texts, tokens, width].
            mask: 1 for tokens and 0 for padding, which stands on the right, [texts, tokens].

        Raises:
            BackboneError: the mode is another than mean and cls.
        """
        if self.mode == MEAN:
            weights = mask.unsqueeze(-1).float()
            pooled = (states.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
        elif self.mode == _CLS:
            pooled = states[:, 0].float()
        else:
            # Refused here and not at loading, since tagging and generating need no vector. The mean with a note would be a worse reading
            # than was promised; whoever wants it says so in one line of the folder, and then other libraries read it alike.
            raise BackboneError(
                f"{self.source}: asks for pooling '{self.mode}', expected '{MEAN}' or '{_CLS}'; choose another backbone, or write "
                f'{{"pooling_mode": "{MEAN}"}} into {_FOLDER}/{_CONFIG} of a copy of it'
            )
        return nn.functional.normalize(pooled, dim=-1)


def stated(folder: Path) -> str:
    """Return the mode that a model's folder states, several joined by a plus sign; `mean` where it states none.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError: a file is missing, or of another shape than sentence-transformers writes.
    """
    listed = folder / _MODULES
    for module in json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else ():
        if module["type"].rpartition(".")[2] == _KINDS[_FOLDER]:
            return _mode(json.loads((folder / module["path"] / _CONFIG).read_text(encoding="utf-8")))
    return MEAN


def _mode(said: dict[str, Any]) -> str:
    flags = [found[1] for key, value in said.items() if value and (found := _FLAG.fullmatch(key))]
    modes = said.get("pooling_mode") or flags or MEAN
    return modes if isinstance(modes, str) else "+".join(modes)


def state(encoder: PreTrainedModel, folder: Path) -> None:
    """Write an encoder's mode beside its weights, as sentence-transformers reads it; of other models there is none."""
    pooling = _part(encoder)
    if pooling is None:
        return
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(_KINDS.items())
    ]
    config = {"word_embedding_dimension": encoder.config.hidden_size, "pooling_mode": pooling.mode}
    (folder / _FOLDER).mkdir(exist_ok=True)
    for path, content in ((_MODULES, modules), (f"{_FOLDER}/{_CONFIG}", config)):
        (folder / path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def attach(encoder: PreTrainedModel, mode: str) -> None:
    """Make the mode a part of an encoder."""
    encoder.add_module(_NAME, Pooling(mode, str(encoder.name_or_path)))


def of(encoder: nn.Module) -> Pooling:
    """Return how an encoder, in whatever wrapping, is pooled."""
    return _part(encoder) or Pooling(MEAN)


def _part(encoder: nn.Module) -> Pooling | None:
    plain = next(module for module in encoder.modules() if isinstance(module, PreTrainedModel))
    return cast(Pooling | None, dict(plain.named_children()).get(_NAME))


def sentence_vectors(encoder: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return unit vectors of token rows that may lie on another device than the encoder, [texts, width]."""
    device = next(encoder.parameters()).device
    mask = attention_mask.to(device)
    states: Tensor = encoder(input_ids=input_ids.to(device), attention_mask=mask).last_hidden_state
    return cast(Tensor, of(encoder)(states, mask))
