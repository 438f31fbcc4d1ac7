"""Backbone features of line crops, computed once and kept as fp16: training then costs neck and head only.

Lines of one padded width make one bucket, as in reading, so that a training batch is what the network
sees when it reads.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recto.documents.page import Image
from recto.engines.ppocr.crops import batches_by_width

_CHUNK_LINES = 512
"""Lines that are held as images while they are sorted by width."""
_BATCH_LINES = 16

Backbone = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""N × 48 × width × 3 pixels (RGB) to N × 384 × 1 × width / 8."""


@dataclass(frozen=True, slots=True, eq=False)
class Bucket:
    """Lines of one width: `features` N × 384 × 1 × T in fp16, `lines` their places in the input."""

    features: Tensor
    lines: tuple[int, ...]

    @property
    def frames(self) -> int:
        """Frames per line, T."""
        return int(self.features.shape[3])


@dataclass(frozen=True, slots=True, eq=False)
class LabelledLines:
    """Features with their labels; `case_blind[i]` says that label i knows nothing about case."""

    buckets: tuple[Bucket, ...]
    labels: tuple[str, ...]
    case_blind: tuple[bool, ...]


def joined(lines: LabelledLines, more: LabelledLines) -> LabelledLines:
    """All of both; nothing is copied."""
    first = len(lines.labels)
    moved = (Bucket(b.features, tuple(first + place for place in b.lines)) for b in more.buckets)
    return LabelledLines(
        (*lines.buckets, *moved), lines.labels + more.labels, lines.case_blind + more.case_blind
    )


def extract(
    backbone: Backbone, lines: Iterable[Image], *, advance: Callable[[int], None] = lambda count: None
) -> list[Bucket]:
    """Features of all scaled `lines` (48 × width × 3), narrow buckets first; `advance` hears of batches."""
    found: dict[int, tuple[list[Tensor], list[int]]] = {}
    for start, chunk in _chunks(iter(lines)):
        for indices, pixels in batches_by_width(chunk, _BATCH_LINES):
            features = torch.from_numpy(backbone(pixels).astype(np.float16))
            parts, places = found.setdefault(features.shape[3], ([], []))
            parts.append(features)
            places.extend(start + index for index in indices)
            advance(len(indices))
    return [_bucket(*found.pop(frames)) for frames in sorted(found)]


def _bucket(parts: list[Tensor], places: list[int]) -> Bucket:
    """One width; its `parts` are let go, so that memory holds one bucket twice and not all of them."""
    features = torch.cat(parts)
    parts.clear()
    return Bucket(features, tuple(places))


def _chunks(lines: Iterator[Image]) -> Iterator[tuple[int, list[Image]]]:
    start = 0
    while chunk := list(islice(lines, _CHUNK_LINES)):
        yield start, chunk
        start += len(chunk)


def megabytes(buckets: Iterable[Bucket]) -> float:
    """Memory that the features take."""
    return sum(bucket.features.nbytes for bucket in buckets) / 1e6
