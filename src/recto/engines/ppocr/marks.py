"""Small marks that the line detector overlooks: a lone colon, a "1" in a column of quantities.

The detector was taught on words, and gives a single small character next to no probability. So the empty
stretches of printed rows are searched for ink: connected parts that are as high as print of that row
become lines of their own, and the recogniser decides whether they say anything. What they say is not
known here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.documents.reading_order import visual_rows
from recto.documents.transcript import Box, Line
from recto.engines.ppocr.crops import Quad, box_of_quad, quad_of_box

_LEVEL = 0.02  # pages that slope more than this (about one degree) are not searched
_NEIGHBOURHOOD = 1.5  # of the row's height: ink is what is darker than the mean of so much around it
_CONTRAST = 20  # grey levels that ink must be darker
_PART = 0.08  # of the row's height: the least height of a dot
_HIGH = (0.3, 1.0)  # of the row's height: how high a mark may be
_WIDE = 2.0  # of the row's height: how wide a mark may be at most
_APART = 0.4  # of the row's height: how far apart parts of one mark may stand
_BESIDE = 0.3  # of the row's height: the paper left and right of a mark
_MORE_PX = 2
_MOST = 40  # more marks than this on a page are dirt or a pattern


@dataclass(frozen=True, slots=True)
class _Row:
    """One printed row: top and bottom, and the stretches (x0, x1) of it that no detected line covers."""

    top: float
    bottom: float
    gaps: tuple[tuple[float, float], ...]

    @property
    def height(self) -> float:
        return self.bottom - self.top


def find_marks(image: Image, quads: Sequence[Quad]) -> list[Quad]:
    """Quads, as high as their rows, of small marks between, before and after the detected lines."""
    if not quads or _slope(quads) > _LEVEL:
        return []
    rows = _rows([box_of_quad(quad) for quad in quads])
    height = float(np.median([row.height for row in rows]))
    ink = _ink(image, height)
    found = [mark for row in rows for mark in _marks(row, ink, height)]
    return [quad_of_box(mark) for mark in found] if len(found) <= _MOST else []


def _slope(quads: Sequence[Quad]) -> float:
    edges = [quad[1] - quad[0] for quad in quads]
    return abs(float(np.median([edge[1] / max(edge[0], 1.0) for edge in edges])))


def _rows(boxes: Sequence[Box]) -> list[_Row]:
    first, last = min(box[0] for box in boxes), max(box[2] for box in boxes)
    return [
        _row([line.box for line in row], (first, last))
        for row in visual_rows([Line("", box) for box in boxes])
    ]


def _row(boxes: Sequence[Box], page: tuple[float, float]) -> _Row:
    top, bottom = (float(np.median([box[side] for box in boxes])) for side in (1, 3))
    margin = _BESIDE * (bottom - top)
    starts = [page[0] - margin, *(box[2] for box in boxes)]
    ends = [*(box[0] for box in boxes), page[1] + margin]
    gaps = [(start, end) for start, end in zip(starts, ends, strict=True) if end - start > 2 * margin]
    return _Row(top, bottom, tuple(gaps))


def _ink(image: Image, height: float) -> NDArray[np.uint8]:
    """255 where there is ink; print is about so high."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    block = max(3, int(_NEIGHBOURHOOD * height) | 1)
    method, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    return np.asarray(cv2.adaptiveThreshold(grey, 255, method, kind, block, _CONTRAST), np.uint8)


def _marks(row: _Row, ink: NDArray[np.uint8], height: float) -> Iterator[Box]:
    """The marks in the gaps of one row, from left to right; print of the page is about so high."""
    low, high = (share * row.height for share in _HIGH)
    pad = _BESIDE * row.height
    for gap in row.gaps:
        parts = _parts(row, gap, ink, height)
        for mark in _grouped(parts[np.argsort(parts[:, 0])], _APART * row.height):
            x0, y0 = mark[:, 0].min(), mark[:, 1].min()
            x1, y1 = (mark[:, 0] + mark[:, 2]).max(), (mark[:, 1] + mark[:, 3]).max()
            if low <= y1 - y0 <= high and x1 - x0 <= _WIDE * row.height:
                yield (float(x0) - pad, row.top, float(x1) + pad, row.bottom)


def _parts(row: _Row, gap: tuple[float, float], ink: NDArray[np.uint8], height: float) -> NDArray[np.int32]:
    """Connected parts of ink that lie in a gap from end to end, as rows of x, y, width, height."""
    start, end = gap
    tall, wide = _around(row.top, row.bottom), _around(start, end)
    inside = ink[tall, wide]
    if not inside.any():
        return np.empty((0, 4), np.int32)
    stats = cv2.connectedComponentsWithStats(np.ascontiguousarray(inside), connectivity=8)[2]
    parts = stats[1:, :4] + np.array([wide.start, tall.start, 0, 0], np.int32)
    x, y, width, tallness = parts.T
    whole = (x >= start) & (x + width <= end) & (y >= row.top) & (y + tallness <= row.bottom)
    small = (tallness <= 1.2 * height) & (width <= _WIDE * height)
    return np.asarray(parts[whole & small & (tallness >= _PART * max(height, row.height))], np.int32)


def _around(first: float, last: float) -> slice:
    """Its pixels and a little more, so that ink which reaches into it shows that it does."""
    return slice(max(0, int(first) - _MORE_PX), max(0, int(last) + 1 + _MORE_PX))


def _grouped(parts: NDArray[np.int32], apart: float) -> Iterator[NDArray[np.int32]]:
    """Parts that stand close beside each other, together; `parts` are sorted by x."""
    if not len(parts):
        return
    ends = np.maximum.accumulate(parts[:, 0] + parts[:, 2])
    cuts = np.flatnonzero(parts[1:, 0] - ends[:-1] > apart) + 1
    yield from np.split(parts, cuts)
