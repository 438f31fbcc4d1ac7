"""Training lines: the pages of Examples, cut exactly as reading cuts and scales them.

Where an Example has labelled boxes, the detected lines that they cover take their labels here; where it
has the page's text alone, `labelling` finds out later what each line says. Nothing is read here.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.documents.page import Image
from recto.documents.transcript import Box, Line
from recto.engines.ppocr.crops import Quad, box_of_quad, crop_line, quad_of_box, quad_size, scale_line
from recto.engines.ppocr.networks import usable_cores
from recto.engines.ppocr.orientation import TALL
from recto.errors import DatasetError, DocumentError
from recto.training.ctc.pairing import pair

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_AHEAD = 2
"""Pages per thread that are opened and searched before anybody asks for them."""


@dataclass(frozen=True, slots=True, eq=False)
class CutLine:
    """One line of a page: its `quad` in page pixels, and what it says, None where no labelled box tells."""

    quad: Quad
    label: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CutPage:
    """The lines of one Example, and their images, 48 × width × 3; `labelled` where its boxes label them."""

    example: Example
    lines: tuple[CutLine, ...]
    images: tuple[Image, ...]
    labelled: bool

    def without_images(self) -> "CutPage":
        """The same page, once its images have been seen."""
        return replace(self, images=())


@dataclass(slots=True)
class PageCutter:
    """Cuts pages; afterwards `left_out` has the reasons for what isn't there.

    Lines are cut where the detector finds them, as reading does, and a place where nothing is labelled
    teaches that nothing is to be read there. Labelled lines that the detector missed are cut by their own
    box, each side widened by a random share of the line's height, between the two `margins`: what the
    detector finds is wider than what people draw (0.13 in the middle on receipts, 0.25 at most), and a
    model that was taught on tight crops alone stumbles over it.
    """

    find: Callable[[Image], list[Quad]]
    margins: tuple[float, float]
    rng: random.Random
    left_out: Counter[str] = field(default_factory=Counter)

    def cut(
        self, examples: Sequence[Example], *, most: int, opened: Callable[[int], None]
    ) -> Iterator[CutPage]:
        """The pages in a random order, until about `most` lines are cut; `opened` is told of each page."""
        order = self.rng.sample(examples, len(examples))
        count = used = 0
        for example, found in zip(order, _ahead(self._found, order), strict=True):
            used += 1
            opened(1)
            if isinstance(found, str):
                self.left_out[found] += 1
                continue
            page = self._page(example, *found)
            count += len(page.lines)
            yield page
            if count >= most:
                break
        opened(len(order) - used)
        if beyond := len(order) - used:
            self.left_out["pages beyond the recipe's limit of lines"] += beyond

    def _found(self, example: Example) -> tuple[Image, list[Quad]] | str:
        """The page's image and where its lines are, or why not."""
        try:
            image = open_example(example).image
        except (DocumentError, DatasetError):
            return "the page can't be opened"
        return image, self.find(image)

    def _page(self, example: Example, image: Image, quads: list[Quad]) -> CutPage:
        if example.lines:
            return self._labelled(example, image, quads)
        return _cut_page(example, image, [CutLine(quad) for quad in quads], labelled=False)

    def _labelled(self, example: Example, image: Image, quads: list[Quad]) -> CutPage:
        """Where lines are on a page, and what they say by the labelled boxes."""
        height, width = image.shape[:2]
        labelled = example.lines or ()
        inside = [line for line in labelled if not _outside(line, width, height)]
        if outside := len(labelled) - len(inside):
            self.left_out["the box lies outside the page"] += outside
        pairing = pair([box_of_quad(quad) for quad in quads], inside)
        lines = []
        for quad, label in zip(quads, pairing.labels, strict=True):
            if label is None or is_tall(quad):
                self.left_out["the detected line cuts labels apart or stands upright"] += 1
            else:
                lines.append(CutLine(quad, normal(label)))
        for line in pairing.missed:
            lines.append(CutLine(quad_of_box(self._widened(line.box)), normal(line.text)))
        return _cut_page(example, image, lines, labelled=True)

    def _widened(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        left, top, right, bottom = (self.rng.uniform(*self.margins) * (y1 - y0) for _ in range(4))
        return (x0 - left, y0 - top, x1 + right, y1 + bottom)


def _cut_page(example: Example, image: Image, lines: Sequence[CutLine], *, labelled: bool) -> CutPage:
    images = tuple(scale_line(crop_line(image, line.quad)) for line in lines)
    return CutPage(example, tuple(lines), images, labelled)


def _ahead(work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """`work` on every item in threads, in order and only a few items ahead, so that memory stays small."""
    threads = usable_cores()
    waiting: deque[Future[_Out]] = deque()
    with ThreadPoolExecutor(threads, "cutting") as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def normal(label: str) -> str:
    """The label as the model should write it: NFC, single blanks."""
    return squeeze_whitespace(nfc(label))


def frames_needed(text: str) -> int:
    """Frames that CTC needs at least: one per character, one more between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def is_tall(quad: Quad) -> bool:
    """Whether the line stands upright."""
    width, height = quad_size(quad)
    return height >= TALL * width


def _outside(line: Line, width: int, height: int) -> bool:
    x0, y0, x1, y1 = line.box
    return x1 - x0 < 1 or y1 - y0 < 1 or x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0
