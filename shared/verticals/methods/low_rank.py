"""Low-rank updates beside frozen linear layers, by the peft library: LoRA, DoRA and AdaLoRA."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from verticals.config import Section
from verticals.errors import MethodError, did_you_mean
from verticals.methods.tuned import Tuned

if TYPE_CHECKING:
    from peft import AdaLoraConfig, PeftModel
    from peft.tuners.adalora import AdaLoraModel

_ALL = "all-linear"
_ADAPTER = ".default"  # what peft adds to the names of an adapter's tensors
_FEWEST_STEPS = 10
_BEFORE, _AFTER = 0.1, 0.3  # shares of the steps before pruning starts and after it has ended
_ALLOCATIONS = 50  # how often ranks are allocated anew, at most


class LoraOptions(Section):
    """Settings of LoRA and DoRA."""

    rank: int = Field(16, ge=1, description="width of the two factors")
    alpha: int = Field(32, gt=0, description="the update is scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: str = Field(_ALL, description="module names, comma-separated, or all-linear")
    init: Literal["uniform", "gaussian", "orthogonal"] = Field(
        "uniform",
        description="how down-projections start, up-projections zero; orthogonal: both at random, and their product is zero",
    )

    @model_validator(mode="after")
    def _starts(self) -> Self:
        if self.init == "orthogonal" and self.rank % 2:
            raise ValueError(f"init orthogonal needs an even rank, not {self.rank}")
        return self


class AdaLoraOptions(Section):
    """Settings of AdaLoRA."""

    rank: int = Field(16, ge=2, description="width of the factors at the start")
    target_rank: int = Field(8, ge=1, description="mean width at the end")
    alpha: int = Field(32, gt=0, description="the update is scaled by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1)
    orthogonality: float = Field(0.1, ge=0, description="weight of the term that keeps the factors orthogonal")
    targets: str = Field(_ALL, description="module names, comma-separated, or all-linear")

    @model_validator(mode="after")
    def _prunes(self) -> Self:
        if self.target_rank >= self.rank:
            raise ValueError(f"target_rank {self.target_rank} has to be below rank {self.rank}, else nothing is pruned")
        return self


def lora(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Freeze the encoder and add low-rank updates to its linear layers."""
    return _add(encoder, cast(LoraOptions, options), use_dora=False)


def dora(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Do as LoRA, with the length of each weight column tuned on its own."""
    return _add(encoder, cast(LoraOptions, options), use_dora=True)


def _add(encoder: PreTrainedModel, chosen: LoraOptions, use_dora: bool) -> nn.Module:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=chosen.rank,
        lora_alpha=chosen.alpha,
        lora_dropout=chosen.dropout,
        target_modules=_targets(encoder, chosen.targets),
        init_lora_weights=True if chosen.init == "uniform" else chosen.init,
        use_dora=use_dora,
    )
    return get_peft_model(encoder, config)


def _targets(encoder: PreTrainedModel, text: str) -> str | list[str]:
    """Return what peft takes as targets.

    Raises:
        MethodError: a name matches no linear layer; peft would pass over it in silence where another one matches.
    """
    if text == _ALL:
        return text
    linear = [f".{name}" for name, module in encoder.named_modules() if isinstance(module, (nn.Linear, Conv1D))]
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if not any(path.endswith(f".{name}") for path in linear):
            known = {path.rpartition(".")[2] for path in linear}
            raise MethodError(f"method.options.targets: no linear layer is called '{name}'{did_you_mean(name, known)}")
    return names


def adalora(encoder: PreTrainedModel, options: Section) -> nn.Module:
    """Do as LoRA, with ranks that move to the layers where they help most."""
    from peft import AdaLoraConfig, get_peft_model

    chosen = cast(AdaLoraOptions, options)
    config = AdaLoraConfig(
        init_r=chosen.rank,
        target_r=chosen.target_rank,
        lora_alpha=chosen.alpha,
        lora_dropout=chosen.dropout,
        orth_reg_weight=chosen.orthogonality,
        target_modules=_targets(encoder, chosen.targets),
        total_step=1,  # set when training begins
    )
    return RankPruned(cast("PeftModel", get_peft_model(encoder, config)))


class RankPruned(Tuned):
    """AdaLoRA while it is trained: peft leaves the pruning and the orthogonality term to the training loop.

    What the allocator remembers is part of the module's state, so that checkpoints hold it.
    """

    def __init__(self, encoder: "PeftModel") -> None:
        super().__init__(encoder)
        allocator = self._model.rankallocator
        for name, parameter in self._factors():
            for memory in (allocator.ipt, allocator.exp_avg_ipt, allocator.exp_avg_unc):
                memory[name] = torch.zeros_like(parameter)

    @property
    def ranks(self) -> dict[str, int]:
        """Number of singular values that each layer has left."""
        return {name: sum(kept) for name, kept in self._pattern().items()}

    def _pattern(self) -> dict[str, list[bool]]:
        """Return which singular values are left; saving makes peft shorten the names, so they are short here always."""
        pattern = self._config.rank_pattern or {}
        return {name.removesuffix(_ADAPTER): kept for name, kept in pattern.items()}

    @property
    def _model(self) -> "AdaLoraModel":
        return cast("AdaLoraModel", cast("PeftModel", self.encoder).base_model)

    @property
    def _config(self) -> "AdaLoraConfig":
        return cast("AdaLoraConfig", self._model.peft_config["default"])

    def _factors(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, p) for name, p in self._model.model.named_parameters() if ".lora_" in name)

    def begin(self, steps: int, rows: Sequence[Sequence[int]]) -> None:
        """Lay the schedule of the pruning over the training.

        Raises:
            MethodError: there are too few steps to prune in.
        """
        if steps < _FEWEST_STEPS:
            raise MethodError(
                f"adalora needs at least {_FEWEST_STEPS} optimizer steps to prune ranks, found {steps}; "
                "set more train.epochs, a smaller train.batch_size, or use lora"
            )
        allocator = self._model.rankallocator
        for name, parameter in self._factors():  # the training loop has moved them to its device, and not the averages
            for memory in (allocator.ipt, allocator.exp_avg_ipt, allocator.exp_avg_unc):
                memory[name] = memory[name].to(parameter.device)
        config = self._config
        config.total_step, config.tinit, config.tfinal = steps, round(_BEFORE * steps), round(_AFTER * steps)
        config.deltaT = max(1, steps // _ALLOCATIONS)

    def penalty(self) -> Tensor | float:
        """Return how far the factors are from orthogonal, weighted.

        It is what peft adds to a loss: the mean over the factors of the Frobenius norm of their distance. The paper adds up the squares
        of these norms (Zhang et al. 2023, equation 4), so that its weights are not those of here.
        """
        distances = []
        for name, factor in self._factors():
            if ".lora_E." not in name:
                product = factor @ factor.T if ".lora_A." in name else factor.T @ factor
                distances.append(torch.linalg.norm(product - torch.eye(len(product), device=product.device)))
        return self._config.orth_reg_weight * torch.stack(distances).mean()

    def after_step(self, step: int) -> None:
        """Update what is known of each singular value's importance, and prune where the schedule says so.

        Raises:
            MethodError: a layer took no part in the step, so that nothing says how important it is.
        """
        idle = [name.partition(".lora_")[0] for name, factor in self._factors() if factor.grad is None]
        if idle:
            raise MethodError(
                f"adalora found a layer that this backbone does not use, '{idle[0]}': name those that it uses with "
                "--set method.options.targets=query,value (module names), or use lora"
            )
        self._model.update_and_allocate(step)

    def get_extra_state(self) -> Tensor:
        """Return the allocator's averages and its pattern of ranks as one vector."""
        allocator, pattern = self._model.rankallocator, self._pattern()
        parts = []
        for name, parameter in self._factors():
            for memory in (allocator.exp_avg_ipt, allocator.exp_avg_unc):
                parts.append(memory.get(name, torch.zeros_like(parameter)).to(parameter.device).flatten())
            if ".lora_E." in name:
                parts.append(
                    torch.tensor(pattern.get(name.removesuffix(_ADAPTER), [True] * len(parameter))).to(parameter)
                )
        return torch.cat(parts)

    def set_extra_state(self, state: Tensor) -> None:
        """Read what `get_extra_state` gave."""
        allocator = self._model.rankallocator
        pattern: dict[str, list[bool]] = {}
        position = 0
        for name, parameter in self._factors():
            for memory in (allocator.exp_avg_ipt, allocator.exp_avg_unc):
                memory[name] = state[position : position + parameter.numel()].view_as(parameter).to(parameter.device)
                position += parameter.numel()
            if ".lora_E." in name:
                pattern[name] = state[position : position + len(parameter)].bool().tolist()
                position += len(parameter)
        self._config.rank_pattern = pattern
