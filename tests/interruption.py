"""A pulled plug: training stops in the middle of a step."""

import torch
from torch import nn


class Stopped(Exception):  # noqa: N818 - no error, a pulled plug
    """Stands for a pulled plug."""


def stop_at(step: int, kind: type[nn.Module]) -> torch.utils.hooks.RemovableHandle:
    """Raise in the forward pass of this training step of a module of this kind."""
    steps = 0

    def count(module: nn.Module, inputs: object) -> None:
        nonlocal steps
        if isinstance(module, kind) and module.training:
            steps += 1
            if steps == step:
                raise Stopped

    return nn.modules.module.register_module_forward_pre_hook(count)
