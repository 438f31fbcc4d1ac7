"""Together: what several processes that train one model must exchange. One process exchanges nothing.

Each process computes its share of a step's pages; gradients are summed once a step, so that all take the same
step, and the recipe means the same whatever their number. `torchrun` or `accelerate launch` start them
(`training/ranks`). Models aren't cut into pieces: each process holds a whole one.

Whatever is exchanged may be a failure: a process that ends with an error brings that, where the others bring
what is due, so that all end. Only one that is killed brings nothing; torchrun ends the others then.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from recto.errors import TrainingError
from recto.training import ranks
from recto.training.memory import is_out_of_memory
from recto.training.progress import GOES_ON

Item = TypeVar("Item")
_BUCKET_BYTES = 2**28


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a process brings to the others in the place of what they wait for."""

    what: str


class Together:
    """This process among those that train together; `rank` counts from 0. `alone` waits for nobody."""

    def __init__(self, *, alone: bool = False) -> None:
        self.rank, self.count = (0, 1) if alone else (ranks.rank(), ranks.processes())
        self._is_over = False

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """What all of them do: where it fails in one process, it fails in all, and nobody waits for it.

        The others raise TrainingError, which says which process it was and what it said.
        """
        try:
            yield
        except BaseException as error:
            if not self._is_over:
                self._tell(error)
            raise
        self.gathered("done")

    @contextmanager
    def in_memory(self) -> Iterator[None]:
        """What each does for itself: where memory runs out in one process, all raise what says so."""
        failure = None
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            failure = error
        if not all(self.gathered(failure is None)):
            raise failure or MemoryError("memory ran out in another process")

    def add_up(self, gradients: Sequence[Tensor]) -> None:
        """Let each tensor be the sum of those of all processes, in place."""
        if self.count == 1:
            return
        for bucket in _buckets(gradients):
            with self.in_memory():
                flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            dist.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def gathered(self, item: Item) -> list[Item]:
        """Everybody's item, by rank; all have to bring one. Raises TrainingError where a process failed."""
        if self.count == 1:
            return [item]
        found: list[Item | _Failure] = [item] * self.count
        dist.all_gather_object(found, item)
        items = [one for one in found if not isinstance(one, _Failure)]
        if len(items) < self.count:
            self._is_over = True
            rank, said = next((n, one.what) for n, one in enumerate(found) if isinstance(one, _Failure))
            hint = f"its own message says more; {GOES_ON}"
            raise TrainingError(f"process {rank + 1} of {self.count} failed: {said}", hint=hint)
        return items

    def told(self, item: Item) -> Item:
        """The item of the first process; all have to ask."""
        return self.gathered(item)[0]

    def _tell(self, error: BaseException) -> None:
        self._is_over = True
        if self.count > 1:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            with suppress(RuntimeError):  # somebody is gone who can't be told any more
                dist.all_gather_object([None] * self.count, _Failure(said))


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
