"""The method table: every way to tune a backbone, each with its own honest defaults.

One learning rate for all methods misleads: what works for full tuning leaves adapters untrained. Each row carries its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError
from torch import nn
from transformers import PreTrainedModel

from verticals.config import MethodConfig, Section
from verticals.errors import MethodError, did_you_mean
from verticals.methods import lora


class NoOptions(Section):
    """A method without settings of its own."""


@dataclass(frozen=True)
class Method:
    """One way to learn a task from a backbone.

    `adapt` turns the pretrained encoder into the module that is trained, with exactly the trained parameters requiring
    gradients; it is None where the backbone stays as it is. `stored_as` says what of the backbone a run has to keep.
    """

    name: str
    summary: str
    paper: str
    stored_as: Literal["nothing", "adapter", "model"]
    options: type[Section] = NoOptions
    adapt: Callable[[PreTrainedModel, Section], nn.Module] | None = None
    epochs: int = 0
    learning_rate: float = 0.0
    head_learning_rate: float = 0.0
    merges: bool = False
    uses_backbone: bool = True


def _full(encoder: PreTrainedModel, options: Section) -> nn.Module:
    return encoder.requires_grad_(True)


METHODS = {
    method.name: method
    for method in (
        Method(
            "tfidf",
            "words and characters counted, linear classifier; no backbone",
            "Joachims 1998, https://doi.org/10.1007/BFb0026683",
            stored_as="nothing",
            uses_backbone=False,
        ),
        Method(
            "probe",
            "logistic regression on the frozen backbone's sentence vectors",
            "Alain and Bengio 2016, https://arxiv.org/abs/1610.01644",
            stored_as="nothing",
        ),
        Method(
            "full",
            "every weight tuned, starting from the probe's head (LP-FT)",
            "Kumar et al. 2022, https://arxiv.org/abs/2202.10054",
            stored_as="model",
            adapt=_full,
            epochs=4,
            learning_rate=5e-5,
            head_learning_rate=1e-3,
        ),
        Method(
            "lora",
            "low-rank updates of every linear layer, starting from the probe's head",
            "Hu et al. 2021, https://arxiv.org/abs/2106.09685",
            stored_as="adapter",
            options=lora.LoraOptions,
            adapt=lora.adapt,
            epochs=4,
            learning_rate=1e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
    )
}


def get(name: str) -> Method:
    """Return one row of the table.

    Raises:
        MethodError: there is no method of that name; the nearest is suggested.
    """
    if name not in METHODS:
        raise MethodError(f"no method '{name}'{did_you_mean(name, METHODS)}")
    return METHODS[name]


def options_of(config: MethodConfig) -> Section:
    """Return the method's own settings, validated.

    Raises:
        MethodError: a setting is unknown or does not fit.
    """
    method = get(config.name)
    try:
        return method.options.model_validate(config.options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(name, method.options.model_fields) if first["type"] == "extra_forbidden" else ""
        raise MethodError(f"method.options.{name} for '{method.name}': {first['msg']}{hint}") from error
