"""What a line says: scaled line crops → text with confidences, by greedy CTC decoding.

Places on the page are not known here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recto.documents.page import Image
from recto.documents.transcript import Word
from recto.engines.ppocr.alphabet import Script, allowed_classes
from recto.engines.ppocr.crops import padded_width, stack
from recto.engines.ppocr.ctc import frames_of_words, places_of_words, spell
from recto.engines.ppocr.networks import Precision, characters_of, recogniser_network

MapLines = Callable[[Callable[[Image], "Reading"], Iterable[Image]], Iterable["Reading"]]

FRAME_PX = 8
"""How wide a time step is in the scaled line."""

NEAR_SPACE = -3.0
"""The recogniser is shy of spaces: one whose logit comes this near to the best between two characters
is a space. On the train receipts of SROIE it halves the errors in spaces (210 missed, 36 superfluous → 65,
74) and adds no superfluous one on contracts, invoices and forms."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line's text, its confidence (mean probability of its characters, 0–1), and its words.

    A word is as sure as all of its characters together: the product of their probabilities.
    """

    text: str
    confidence: float
    words: tuple[Word, ...] = ()


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
        classes, sure = best[0, :, 0].astype(np.int64), probability[0, :, 0]
        text, steps = spell(classes, space_margin[0, :, 0], self._spelling, self._near_space)
        if not text:
            return Reading("", float(sure[steps].mean()) if len(steps) else 0.0)
        words = frames_of_words(text, classes, steps, self._spelling)
        places = places_of_words(words, line.shape[1] / FRAME_PX)
        told = tuple(Word(float(sure[at].prod()), along) for at, along in zip(words, places, strict=True))
        return Reading(text, float(sure[steps].mean()), told)
