"""Batches: labelled lines of one width each, in a new order every epoch, and their gradient in pieces.

The gradient of a batch is the sum of those of its pieces, so that a batch that is too large for the memory
can be computed a piece at a time with the same result. CTC: Graves et al., 2006.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.training.ctc.alphabet import class_of
from recto.training.ctc.features import Bucket, LabelledLines


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Features N × 384 × 1 × T in fp16, and the target classes of each line."""

    features: Tensor
    targets: tuple[Tensor, ...]

    def pieces(self, count: int) -> Iterator["Batch"]:
        """The batch in at most `count` pieces of about one size."""
        size = -(-len(self.targets) // count)
        for start in range(0, len(self.targets), size):
            yield Batch(self.features[start : start + size], self.targets[start : start + size])


class Shuffler:
    """Batches of up to `size` lines; classes are those of the trained head, `classes[i]` in the full one."""

    def __init__(self, lines: LabelledLines, characters: str, classes: Tensor, size: int, seed: int) -> None:
        table = class_of(characters)
        place = {int(value): i for i, value in enumerate(classes)}
        self._targets = [
            torch.tensor([place[table[c]] for c in label], dtype=torch.long) for label in lines.labels
        ]
        self._widths: dict[int, list[Bucket]] = {}
        for bucket in lines.buckets:
            self._widths.setdefault(bucket.frames, []).append(bucket)
        self._size = size
        self.rng = random.Random(seed)

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        counts = (sum(len(bucket.lines) for bucket in buckets) for buckets in self._widths.values())
        return sum(-(-count // self._size) for count in counts)

    def epoch(self) -> Iterator[Batch]:
        """All lines once, in a new order."""
        plan = []
        for buckets in self._widths.values():
            rows = [(bucket, row) for bucket in buckets for row in range(len(bucket.lines))]
            self.rng.shuffle(rows)
            plan += [rows[i : i + self._size] for i in range(0, len(rows), self._size)]
        self.rng.shuffle(plan)
        for rows in plan:
            features = torch.stack([bucket.features[row] for bucket, row in rows])
            yield Batch(features, tuple(self._targets[bucket.lines[row]] for bucket, row in rows))


def add_gradient(neck: nn.Module, head: nn.Module, batch: Batch, pieces: int) -> float:
    """Add the gradient of the mean CTC loss per line, computed in `pieces`; give that loss."""
    total = 0.0
    for piece in batch.pieces(pieces):
        loss = ctc_sum(head(neck(piece.features.float())), piece.targets) / len(batch.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return total


def ctc_sum(logits: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Sum of the lines' CTC losses; logits N × T × classes, all T frames count, as in reading."""
    n, frames, _ = logits.shape
    return functional.ctc_loss(
        logits.log_softmax(2).transpose(0, 1),
        torch.cat(list(targets)),
        torch.full((n,), frames),
        torch.tensor([len(target) for target in targets]),
        reduction="sum",
        zero_infinity=True,
    )
