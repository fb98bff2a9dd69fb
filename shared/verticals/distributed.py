"""Several processes that train one model together, as `accelerate launch` or `torchrun` starts them.

Every process takes its part of each batch. The first one alone writes, evaluates and prints.
"""

import os

from verticals.errors import ConfigError


def processes() -> int:
    """Return how many processes train together; one where nothing launched them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Say whether this process writes, evaluates and prints."""
    return int(os.environ.get("RANK", "0")) == 0


def share_of(batch_size: int) -> int:
    """Return this process' part of a batch: an optimizer step sees the same rows however many processes take part in it.

    Raises:
        ConfigError: the batch cannot be shared evenly.
    """
    part, rest = divmod(batch_size, processes())
    if rest or not part:
        raise ConfigError(
            f"train.batch_size is {batch_size}, which {processes()} processes cannot share evenly; "
            f"use a multiple of {processes()}"
        )
    return part


def from_main(text: str) -> str:
    """Return the main process' text in every process; all of them wait here for it."""
    if processes() == 1:
        return text
    import torch
    from accelerate import PartialState

    PartialState(cpu=not torch.accelerator.is_available())  # joins the processes where training has not done so
    told = [text]
    torch.distributed.broadcast_object_list(told, src=0)
    return told[0]
