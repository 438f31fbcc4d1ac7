"""What a line says: scaled line crops → text with a confidence, by greedy CTC decoding.

CTC: Graves et al., 2006. Places on the page are not known here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.engines.ppocr.alphabet import BLANK, Script, allowed_classes
from recto.engines.ppocr.crops import batches_by_width
from recto.engines.ppocr.networks import Precision, characters_of, recogniser_network

MapBatches = Callable[[Callable[["Batch"], list["Reading"]], Iterable["Batch"]], Iterable[list["Reading"]]]


NEAR_SPACE = -3.0
"""The recogniser is shy of spaces: one whose logit comes this near to the best between two characters
is a space. On the train receipts of SROIE it halves the errors in spaces (210 missed, 36 superfluous → 65,
74) and adds no superfluous one on contracts, invoices and forms."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line's text and its confidence (mean probability of its characters, 0–1)."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Lines of one padded width: where they came from, and N × 48 × width × 3 pixels."""

    indices: list[int]
    pixels: NDArray[np.uint8]


class Recogniser:
    """Reads line crops with the weights in `path`."""

    def __init__(
        self,
        path: Path,
        *,
        script: Script,
        precision: Precision,
        near_space: float = NEAR_SPACE,
        max_batch: int = 8,
    ) -> None:
        characters = characters_of(path)
        allowed = allowed_classes(characters, script)
        alphabet = ["", *characters, " "]
        self._spelling = [alphabet[index] for index in allowed]
        self._network = recogniser_network(path, allowed, precision)
        self._near_space = near_space
        self._max_batch = max_batch

    def read(self, lines: Sequence[Image], run: MapBatches = map) -> list[Reading]:
        """One Reading per scaled line (48 × width × 3); `run` maps batches, in threads if it likes."""
        readings = [Reading("", 0.0)] * len(lines)
        batches = [Batch(*batch) for batch in batches_by_width(lines, self._max_batch)]
        for batch, answers in zip(batches, run(self._read_batch, batches), strict=True):
            for index, answer in zip(batch.indices, answers, strict=True):
                readings[index] = answer
        return readings

    def _read_batch(self, batch: Batch) -> list[Reading]:
        best, probability, space_margin = (output[:, :, 0] for output in self._network(batch.pixels))
        steps = zip(best.astype(np.int64), probability, space_margin, strict=True)
        return [self._decode(*line) for line in steps]

    def _decode(
        self,
        classes: NDArray[np.int64],
        probability: NDArray[np.float32],
        space_margin: NDArray[np.float32],
    ) -> Reading:
        """Greedy CTC: repeated classes count once, blanks not at all; near-spaces become spaces."""
        emits = classes != BLANK
        emits[1:] &= classes[1:] != classes[:-1]
        steps = np.flatnonzero(emits)
        if not len(steps):
            return Reading("", 0.0)
        pieces = [self._spelling[classes[steps[0]]]]
        for before, here in pairwise(steps):
            if space_margin[before + 1 : here].max(initial=-np.inf) > self._near_space:
                pieces.append(" ")
            pieces.append(self._spelling[classes[here]])
        return Reading(" ".join("".join(pieces).split()), float(probability[steps].mean()))
