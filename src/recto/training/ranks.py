"""Ranks: several processes that train together, as `torchrun` and `accelerate launch` start them.

Only the first one writes the Run, prints and measures; the others follow it through the steps. How steps are
shared out is not known here.
"""

import atexit
import os
from datetime import timedelta

_PATIENCE = timedelta(hours=24)
"""The first process measures test documents before and after it trains, while the others wait."""


def rank() -> int:
    """Which process this is, from 0. A RANK that stands in the environment of a single one is nothing."""
    return int(os.environ.get("RANK", "0")) if processes() > 1 else 0


def processes() -> int:
    """How many train together; 1 is the usual case."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def agreed(*, goes_on: bool) -> bool:
    """What the first process says, whatever the others say: all have to call it, and wait for it."""
    if processes() == 1:
        return goes_on
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        kinds = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(kinds, timeout=_PATIENCE)
        atexit.register(_left)
    said = [goes_on]
    dist.broadcast_object_list(said, src=0, device=torch.device("cpu"))
    return said[0]


def _left() -> None:
    """Its threads end before Python does: otherwise they may be torn down in the middle of something."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()
