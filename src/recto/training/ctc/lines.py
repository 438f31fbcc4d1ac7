"""Training lines: labels of Examples, cut out of their pages exactly as reading cuts and scales them.

Lines that can't be learnt (a character that the model can't write, a page that can't be opened, too little
width for the label) are left out and counted, never changed to fit.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.documents.page import Image
from recto.documents.transcript import Box, Line
from recto.engines.ppocr.crops import Quad, box_of_quad, crop_line, quad_of_box, quad_size, scale_line
from recto.engines.ppocr.orientation import TALL
from recto.errors import DatasetError, DocumentError
from recto.training.ctc.pairing import pair


@dataclass(frozen=True, slots=True)
class LineLabel:
    """What one line says; `case_blind` where its source knows no case."""

    text: str
    case_blind: bool


@dataclass(slots=True)
class LineCutter:
    """Yields scaled lines of Examples; afterwards `labels` has one entry per line, `left_out` the reasons.

    Lines are cut where the detector finds them, as reading does, and take the labels that they cover; a
    place where nothing is labelled teaches that nothing is to be read there. Labelled lines that the
    detector missed are cut by their own box, each side widened by a random share of the line's height,
    between the two `margins`: what the detector finds is wider than what people draw (0.13 in the middle
    on receipts, 0.25 at most), and a model that was taught on tight crops alone stumbles over it.
    """

    characters: frozenset[str]
    margins: tuple[float, float]
    rng: random.Random
    find: Callable[[Image], list[Quad]]
    labels: list[LineLabel] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unwritable: Counter[str] = field(default_factory=Counter)

    def cut(
        self, examples: Sequence[Example], *, most: int, opened: Callable[[int], None]
    ) -> Iterator[Image]:
        """Open page after page and yield its lines, 48 × width × 3, noting the label of each.

        Of more than about `most` lines a random share is kept. `opened` is told of each page.
        """
        share = min(1.0, most / max(1, sum(len(e.lines or ()) for e in examples)))
        for example in examples:
            opened(1)
            if not example.lines:
                continue
            try:
                page = open_example(example)
            except (DocumentError, DatasetError):
                self.left_out["the page can't be opened"] += len(example.lines)
                continue
            yield from self._lines_of(page.image, example, share)

    def _lines_of(self, image: Image, example: Example, share: float) -> Iterator[Image]:
        for quad, text in self._labelled(image, example.lines or ()):
            if self.rng.random() >= share:
                self.left_out["over the recipe's limit of lines"] += 1
            elif self._learnable(text):
                self.labels.append(LineLabel(text, example.case == "upper"))
                yield scale_line(crop_line(image, quad))

    def _labelled(self, image: Image, lines: Sequence[Line]) -> Iterator[tuple[Quad, str]]:
        """Where lines are on a page, and what they say."""
        height, width = image.shape[:2]
        inside = [line for line in lines if not _outside(line, width, height)]
        if outside := len(lines) - len(inside):
            self.left_out["the box lies outside the page"] += outside
        quads = self.find(image)
        pairing = pair([box_of_quad(quad) for quad in quads], inside)
        for quad, label in zip(quads, pairing.labels, strict=True):
            if label is None or _is_tall(quad):
                self.left_out["the detected line cuts labels apart or stands upright"] += 1
            else:
                yield quad, squeeze_whitespace(nfc(label))
        for line in pairing.missed:
            yield quad_of_box(self._widened(line.box)), label_text(line)

    def _widened(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        left, top, right, bottom = (self.rng.uniform(*self.margins) * (y1 - y0) for _ in range(4))
        return (x0 - left, y0 - top, x1 + right, y1 + bottom)

    def _learnable(self, text: str) -> bool:
        unknown = set(text) - self.characters
        if unknown:
            self.left_out["a character that the model can't write"] += 1
            self.unwritable.update(unknown)
        return not unknown


def label_text(line: Line) -> str:
    """The label as the model should write it: NFC, single blanks."""
    return squeeze_whitespace(nfc(line.text))


def frames_needed(text: str) -> int:
    """Frames that CTC needs at least: one per character, one more between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def _is_tall(quad: Quad) -> bool:
    width, height = quad_size(quad)
    return height >= TALL * width


def _outside(line: Line, width: int, height: int) -> bool:
    x0, y0, x1, y1 = line.box
    return x1 - x0 < 1 or y1 - y0 < 1 or x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0
