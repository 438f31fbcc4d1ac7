"""Decoding while training: features through neck and full head, into text as reading does it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recto.engines.ppocr.ctc import spell
from recto.training.ctc.features import Bucket

SLICE_LINES = 16
"""Lines per multiplication with the full head: 16 lines of 100 frames and 18,710 classes are 120 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class LineReading:
    """The line at `place` in the input says `text`; its characters come from these frames.

    `confidence` is the mean probability of its characters, 0–1.
    """

    place: int
    text: str
    frames: NDArray[np.intp]
    confidence: float


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
    ) -> Iterator[LineReading]:
        """The readings of all lines of `buckets`; `advance` hears of each bucket."""
        spelling = ["", *self.characters]
        for bucket in buckets:
            places = iter(bucket.lines)
            for features in torch.split(bucket.features, self.slice_lines):
                found = (tensor.numpy() for tensor in self._best(features))
                for row, margin, sure, place in zip(*found, places, strict=False):
                    text, frames = spell(row, margin, spelling, self.near_space)
                    yield LineReading(place, text, frames, float(sure[frames].mean()) if text else 0.0)
            advance(len(bucket.lines))

    @torch.inference_mode()
    def _best(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each frame the best class, how far the space lies below it, its probability; all N × T."""
        logits = self.head(self.neck(features.float()))
        best, classes = logits.max(2)
        return classes, logits[:, :, -1] - best, (best - logits.logsumexp(2)).exp()
