"""The method table: every way to tune a backbone, each with its own honest defaults.

One learning rate for all methods misleads: what works for full tuning leaves adapters untrained. Each row carries its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn
from transformers import PreTrainedModel

from verticals.config import Section
from verticals.methods import bottleneck, low_rank, prompts, rescaling, weights
from verticals.methods.layouts import LAYOUTS

Objective = Literal["classify", "tag", "match", "generate", "mask"]


class NoOptions(Section):
    """A method without settings of its own."""


@dataclass(frozen=True)
class Method:
    """One way to learn a task from a backbone.

    Attributes:
        name: what the user writes.
        summary: one line.
        paper: authors, year, address.
        stored_as: what of the backbone a run has to keep, and in which format.
        objectives: what it can learn.
        architectures: the `model_type`s it can tune; None means any.
        limit: why not more of them.
        options: the model that validates its own settings.
        adapt: turns the pretrained encoder into the module that is trained, with exactly the trained parameters requiring
            gradients; None where the backbone stays as it is.
        epochs: passes over the training rows.
        learning_rate: of what the method tunes in the backbone.
        head_learning_rate: of the task's own layer.
        merges: whether the tuned encoder can become one plain transformers model.
        uses_backbone: whether it starts from pretrained weights at all.
    """

    name: str
    summary: str
    paper: str
    stored_as: Literal["nothing", "adapter", "model", "delta"]
    objectives: tuple[Objective, ...]
    architectures: tuple[str, ...] | None = None
    limit: str = ""
    options: type[Section] = NoOptions
    adapt: Callable[[PreTrainedModel, Section], nn.Module] | None = None
    epochs: int = 0
    learning_rate: float = 0.0
    head_learning_rate: float = 0.0
    merges: bool = False
    uses_backbone: bool = True


_EVERYTHING: tuple[Objective, ...] = ("classify", "tag", "match", "generate", "mask")
_MERGING: tuple[Objective, ...] = ("classify", "tag", "match", "mask")
_BESIDE: tuple[Objective, ...] = ("classify", "tag", "match")
_NO_NEW_LAYERS = "generating trains new cross-attention layers, which it would leave as they were drawn"
_NO_BACKBONE_LEFT = "masked-language modelling has to leave a plain backbone, and generating trains new layers; it stays beside the model"
_KNOWN = tuple(LAYOUTS)

METHODS = {
    method.name: method
    for method in (
        Method(
            "tfidf",
            "words and characters counted, linear classifier; no backbone",
            "Joachims 1998, https://doi.org/10.1007/BFb0026683",
            stored_as="nothing",
            objectives=("classify",),
            limit="it sees a text as a bag of words",
            uses_backbone=False,
        ),
        Method(
            "probe",
            "logistic regression on the frozen backbone's sentence vectors",
            "Alain and Bengio 2016, https://arxiv.org/abs/1610.01644",
            stored_as="nothing",
            objectives=("classify", "tag"),
            limit="it trains a linear layer on frozen states and nothing else",
            merges=True,
        ),
        Method(
            "full",
            "every weight tuned, starting from the probe's head (LP-FT)",
            "Kumar et al. 2022, https://arxiv.org/abs/2202.10054",
            stored_as="model",
            objectives=_EVERYTHING,
            adapt=weights.full,
            epochs=4,
            learning_rate=5e-5,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "partial",
            "the top layers tuned; what the frozen ones compute is kept",
            "Lee et al. 2019, https://arxiv.org/abs/1911.03090",
            stored_as="model",
            objectives=_MERGING,
            architectures=_KNOWN,
            limit=_NO_NEW_LAYERS,
            options=weights.PartialOptions,
            adapt=weights.partial,
            epochs=5,
            learning_rate=1e-4,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "bitfit",
            "only the biases tuned",
            "Ben Zaken et al. 2021, https://arxiv.org/abs/2106.10199",
            stored_as="delta",
            objectives=_MERGING,
            architectures=tuple(name for name in LAYOUTS if name != "modernbert"),
            limit="ModernBERT has no biases, and generating trains new layers",
            adapt=weights.bitfit,
            epochs=6,
            learning_rate=3e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "ln-tuning",
            "only the layer normalisations tuned",
            "Qi et al. 2022, https://arxiv.org/abs/2211.08682",
            stored_as="adapter",
            objectives=_MERGING,
            architectures=_KNOWN,
            limit=_NO_NEW_LAYERS,
            adapt=rescaling.ln_tuning,
            epochs=6,
            learning_rate=3e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "lora",
            "low-rank updates of every linear layer, starting from the probe's head",
            "Hu et al. 2021, https://arxiv.org/abs/2106.09685",
            stored_as="adapter",
            objectives=_EVERYTHING,
            options=low_rank.LoraOptions,
            adapt=low_rank.lora,
            epochs=4,
            learning_rate=1e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "dora",
            "LoRA with the length of each weight column tuned on its own",
            "Liu et al. 2024, https://arxiv.org/abs/2402.09353",
            stored_as="adapter",
            objectives=_EVERYTHING,
            options=low_rank.LoraOptions,
            adapt=low_rank.dora,
            epochs=4,
            learning_rate=1e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "adalora",
            "LoRA whose ranks move to the layers where they help most",
            "Zhang et al. 2023, https://arxiv.org/abs/2303.10512",
            stored_as="adapter",
            objectives=_MERGING,
            limit=_NO_NEW_LAYERS,
            options=low_rank.AdaLoraOptions,
            adapt=low_rank.adalora,
            epochs=6,
            learning_rate=2e-3,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "ia3",
            "keys, values and feed-forward activations scaled by learned vectors",
            "Liu et al. 2022, https://arxiv.org/abs/2205.05638",
            stored_as="adapter",
            objectives=_MERGING,
            architectures=_KNOWN,
            limit=_NO_NEW_LAYERS,
            adapt=rescaling.ia3,
            epochs=8,
            learning_rate=1e-2,
            head_learning_rate=1e-3,
            merges=True,
        ),
        Method(
            "prompt",
            "virtual tokens learned before the text",
            "Lester et al. 2021, https://arxiv.org/abs/2104.08691",
            stored_as="adapter",
            objectives=_BESIDE,
            architectures=_KNOWN,
            limit=_NO_BACKBONE_LEFT,
            options=prompts.PromptOptions,
            adapt=prompts.prompt,
            epochs=10,
            learning_rate=2e-2,
            head_learning_rate=1e-3,
        ),
        Method(
            "p-tuning",
            "virtual tokens made by a small learned network",
            "Liu et al. 2021, https://arxiv.org/abs/2103.10385",
            stored_as="adapter",
            objectives=_BESIDE,
            architectures=_KNOWN,
            limit=_NO_BACKBONE_LEFT,
            options=prompts.PTuningOptions,
            adapt=prompts.p_tuning,
            epochs=10,
            learning_rate=3e-3,
            head_learning_rate=1e-3,
        ),
        Method(
            "prefix",
            "keys and values learned before the text's in every layer",
            "Li and Liang 2021, https://arxiv.org/abs/2101.00190",
            stored_as="adapter",
            objectives=_BESIDE,
            architectures=("bert", "roberta", "xlm-roberta"),
            limit="it needs layers that take past keys and values, and it stays beside the model",
            options=prompts.PromptOptions,
            adapt=prompts.prefix,
            epochs=8,
            learning_rate=1e-2,
            head_learning_rate=1e-3,
        ),
        Method(
            "adapter",
            "bottlenecks after attention and feed-forward, and the layer normalisations tuned",
            "Houlsby et al. 2019, https://arxiv.org/abs/1902.00751",
            stored_as="delta",
            objectives=_BESIDE,
            architectures=_KNOWN,
            limit=_NO_BACKBONE_LEFT,
            options=bottleneck.BottleneckOptions,
            adapt=bottleneck.houlsby,
            epochs=5,
            learning_rate=1e-3,
            head_learning_rate=1e-3,
        ),
        Method(
            "adapter-pfeiffer",
            "bottlenecks after feed-forward",
            "Pfeiffer et al. 2020, https://arxiv.org/abs/2005.00247",
            stored_as="delta",
            objectives=_BESIDE,
            architectures=_KNOWN,
            limit=_NO_BACKBONE_LEFT,
            options=bottleneck.BottleneckOptions,
            adapt=bottleneck.pfeiffer,
            epochs=5,
            learning_rate=1e-3,
            head_learning_rate=1e-3,
        ),
    )
}
