"""Training lines: labels of Examples, cut out of their pages exactly as reading cuts and scales them.

Lines that can't be learnt (a character that the model can't write, a page that can't be opened, too little
width for the label) are left out and counted, never changed to fit.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.documents.page import Image
from recto.documents.transcript import Box, Line
from recto.engines.ppocr.crops import crop_line, quad_of_box, scale_line
from recto.errors import DocumentError


@dataclass(frozen=True, slots=True)
class LineLabel:
    """What one line says; `case_blind` where its source knows no case."""

    text: str
    case_blind: bool


@dataclass(slots=True)
class LineCutter:
    """Yields scaled lines of Examples; afterwards `labels` has one entry per line, `left_out` the reasons.

    Each side of a box is widened by a random share of the line's height, between the two `margins`: what
    the detector finds when reading is wider than what people draw (0.13 in the middle on receipts, 0.25 at
    most), and a model that was taught on tight crops alone stumbles over it.
    """

    characters: frozenset[str]
    margins: tuple[float, float]
    rng: random.Random
    labels: list[LineLabel] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unwritable: Counter[str] = field(default_factory=Counter)

    def wanted(self, examples: Sequence[Example], *, most: int) -> list[tuple[Example, list[Line]]]:
        """The lines worth cutting, by Example; a random `most` of them where there are more."""
        rows = [(i, line) for i, e in enumerate(examples) for line in e.lines or () if self._learnable(line)]
        if len(rows) > most:
            self.left_out["over the recipe's limit of lines"] += len(rows) - most
            chosen = sorted(self.rng.sample(range(len(rows)), most))
            rows = [rows[i] for i in chosen]
        by_example: dict[int, list[Line]] = {}
        for index, line in rows:
            by_example.setdefault(index, []).append(line)
        return [(examples[index], lines) for index, lines in by_example.items()]

    def cut(self, wanted: Sequence[tuple[Example, list[Line]]]) -> Iterator[Image]:
        """Open page after page and yield its lines, 48 × width × 3, noting the label of each."""
        for example, lines in wanted:
            try:
                page = open_example(example)
            except DocumentError:
                self.left_out["the page can't be opened"] += len(lines)
                continue
            for line in lines:
                if _outside(line, page.width, page.height):
                    self.left_out["the box lies outside the page"] += 1
                    continue
                self.labels.append(LineLabel(label_text(line), example.case == "upper"))
                yield scale_line(crop_line(page.image, quad_of_box(self._widened(line.box))))

    def _widened(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        left, top, right, bottom = (self.rng.uniform(*self.margins) * (y1 - y0) for _ in range(4))
        return (x0 - left, y0 - top, x1 + right, y1 + bottom)

    def _learnable(self, line: Line) -> bool:
        text = label_text(line)
        unknown = set(text) - self.characters
        if not text:
            self.left_out["the label is empty"] += 1
        elif unknown:
            self.left_out["a character that the model can't write"] += 1
            self.unwritable.update(unknown)
        return bool(text) and not unknown


def label_text(line: Line) -> str:
    """The label as the model should write it: NFC, single blanks."""
    return squeeze_whitespace(nfc(line.text))


def frames_needed(text: str) -> int:
    """Frames that CTC needs at least: one per character, one more between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def _outside(line: Line, width: int, height: int) -> bool:
    x0, y0, x1, y1 = line.box
    return x1 - x0 < 1 or y1 - y0 < 1 or x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0
