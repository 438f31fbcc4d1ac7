"""Together: what several processes that train one model must exchange. One process exchanges nothing.

Each process computes its share of a step's pages; gradients are summed once a step, so that all take the same
step, and the recipe means the same whatever their number. `torchrun` or `accelerate launch` start them
(`training/ranks`). Models aren't cut into pieces: each process holds a whole one.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from recto.training import ranks

Item = TypeVar("Item")
_BUCKET_BYTES = 2**28


class Together:
    """This process among those that train together; `rank` counts from 0. `alone` waits for nobody."""

    def __init__(self, *, alone: bool = False) -> None:
        self.rank, self.count = (0, 1) if alone else (ranks.rank(), ranks.processes())

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    def add_up(self, gradients: Sequence[Tensor]) -> None:
        """Let each tensor be the sum of those of all processes, in place."""
        if self.count == 1:
            return
        for bucket in _buckets(gradients):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            dist.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def all_well(self, *, well: bool) -> bool:
        """Whether all is well in every process; all have to ask."""
        return all(self.gathered(well))

    def gathered(self, item: Item) -> list[Item]:
        """Everybody's item, by rank; all have to bring one."""
        if self.count == 1:
            return [item]
        found: list[Item | None] = [None] * self.count
        dist.all_gather_object(found, item)
        return [one for one in found if one is not None]

    def told(self, item: Item) -> Item:
        """The item of the first process; all have to ask."""
        if self.count == 1:
            return item
        said = [item]
        dist.broadcast_object_list(said, src=0)
        return said[0]


def _buckets(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """Tensors of one type together, as many as fit: a few large sums are quicker than many small ones."""
    found: list[list[Tensor]] = []
    room = 0
    for tensor in tensors:
        if not found or room < tensor.nbytes or found[-1][0].dtype != tensor.dtype:
            found.append([])
            room = _BUCKET_BYTES
        found[-1].append(tensor)
        room -= tensor.nbytes
    return found
