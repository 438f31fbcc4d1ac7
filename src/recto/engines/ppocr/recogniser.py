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
from recto.engines.ppocr.crops import padded_width, stack
from recto.engines.ppocr.networks import Precision, characters_of, recogniser_network

MapLines = Callable[[Callable[[Image], "Reading"], Iterable[Image]], Iterable["Reading"]]

NEAR_SPACE = -3.0
"""The recogniser is shy of spaces: one whose logit comes this near to the best between two characters
is a space. On the train receipts of SROIE it halves the errors in spaces (210 missed, 36 superfluous → 65,
74) and adds no superfluous one on contracts, invoices and forms."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line's text and its confidence (mean probability of its characters, 0–1)."""

    text: str
    confidence: float


class Recogniser:
    """Reads line crops with the weights in `path`."""

    def __init__(
        self,
        path: Path,
        *,
        script: Script,
        precision: Precision,
        near_space: float = NEAR_SPACE,
    ) -> None:
        characters = characters_of(path)
        allowed = allowed_classes(characters, script)
        alphabet = ["", *characters, " "]
        self._spelling = [alphabet[index] for index in allowed]
        self._network = recogniser_network(path, allowed, precision)
        self._near_space = near_space

    def read(self, lines: Sequence[Image], run: MapLines = map) -> list[Reading]:
        """One Reading per scaled line (48 × width × 3); `run` maps over lines, in threads if it likes.

        Lines go through the network one by one: on a CPU the time is the same per pixel for any batch
        (measured for 1 to 16 lines), and no line is padded to its neighbour's width.
        """
        return list(run(self._read_line, lines))

    def _read_line(self, line: Image) -> Reading:
        best, probability, space_margin = self._network(stack([line], padded_width(line.shape[1])))
        return self._decode(best[0, :, 0].astype(np.int64), probability[0, :, 0], space_margin[0, :, 0])

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
