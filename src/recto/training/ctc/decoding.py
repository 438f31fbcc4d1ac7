"""Decoding while training: features through neck and full head, into text as reading does it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recto.engines.ppocr.ctc import spell
from recto.training.ctc.features import Bucket

SLICE_LINES = 16
"""Lines per multiplication with the full head: 16 lines of 100 frames and 18,710 classes are 120 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class LineReader:
    """Neck and full head with the characters of their classes 1, 2, …; the blank space is the last one.

    `near_space` is how far (in logits, ≤ 0) a space may lie below the best class and still be read.
    """

    neck: nn.Module
    head: nn.Module
    characters: str
    near_space: float = 0.0
    slice_lines: int = SLICE_LINES

    def read(
        self, buckets: Iterable[Bucket], *, advance: Callable[[int], None] = lambda lines: None
    ) -> dict[int, str]:
        """The reading of each line, by its place in the input."""
        spelling = ["", *self.characters]
        found = {}
        for bucket in buckets:
            places = iter(bucket.lines)
            for features in torch.split(bucket.features, self.slice_lines):
                classes, margins = self._best(features)
                for row, margin, place in zip(classes.numpy(), margins.numpy(), places, strict=False):
                    found[place] = spell(row, margin.astype(np.float32), spelling, self.near_space)[0]
            advance(len(bucket.lines))
        return found

    @torch.inference_mode()
    def _best(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Of each frame, the best class and how far the space lies below it; both N × T."""
        logits = self.head(self.neck(features.float()))
        best, classes = logits.max(2)
        return classes, logits[:, :, -1] - best


def greedy_text(classes: Sequence[int], characters: str) -> str:
    """The text that a row of frame classes stands for; class 0 is the blank."""
    out = []
    previous = 0
    for value in classes:
        if value not in (0, previous):
            out.append(characters[value - 1])
        previous = value
    return "".join(out)


@torch.inference_mode()
def best_classes(neck: nn.Module, head: nn.Module, features: Tensor, near_space: float = 0.0) -> Tensor:
    """The best class of each frame, N × T, computed in slices so that memory stays small.

    Where the blank wins but the space, which is the last class, comes within `near_space` of it (in logits,
    ≤ 0), the frame is a space: that is how the engine reads with base weights.
    """
    parts = torch.split(features, SLICE_LINES)
    return torch.cat([_with_near_spaces(head(neck(part.float())), near_space) for part in parts])


def _with_near_spaces(logits: Tensor, near_space: float) -> Tensor:
    best = logits.argmax(2)
    if near_space >= 0:
        return best
    near = logits[:, :, -1] - logits.amax(2) > near_space
    return torch.where((best == 0) & near, logits.shape[2] - 1, best)
