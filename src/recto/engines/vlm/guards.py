"""Guards: how a vision-language model's known ways of failing are found, so that a Transcript can tell them.

- A loop. While it writes, `engines/vlm/choosing` forbids n-grams that come again; `engines/vlm/loops` looks
  afterwards whether the end of what it wrote still goes in circles.
- A blank page. Models answer it with text. `ink_px` says from the pixels alone whether there is any print.
- A cut answer is told by how the writing ended.

What to do about a failed page is `engines/vlm/ladder`'s business. The engine remote, which needs no torch,
has the same guards.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image

LOOKED_AT_PX = 1000
"""Longest side at which a page is searched for ink."""

_FAINTEST = 16  # of 255: how far the faintest ink stands out from the paper around it
_GRAIN = 9.0  # and how often the quartile of the page's own grain: about 6 deviations of what is left of it
_PAPER_PX = 31  # wider than strokes, so that the median within is paper
_STROKE_PX = 6  # height or width of the smallest mark that isn't dust, in a page of LOOKED_AT_PX
_MARK_PX = 12  # and its area


def ink_px(image: Image) -> int:
    """How much ink a page has, in pixels of a page of LOOKED_AT_PX; 0 is a blank page.

    Ink stands out from the paper around it, in marks that are larger than dust and no shadows along an edge.
    Pictures, stamps and ruled paper count: a page is called blank only when it surely is.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = LOOKED_AT_PX / max(grey.shape)
    if scale < 1:
        size = (max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    contrast = cv2.absdiff(smooth, cv2.medianBlur(grey, _PAPER_PX))
    grain = float(np.quantile(cv2.absdiff(grey, smooth), 0.25))  # a quarter of any page is free of print
    marked = (contrast > max(_FAINTEST, _GRAIN * grain)).astype(np.uint8)
    _, _, found, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    _, _, width, height, area = marks = found[1:].T.astype(np.int32)
    print_like = (area >= _MARK_PX) & (np.maximum(width, height) >= _STROKE_PX)
    return int(area[print_like & ~_shadows(marks, grey.shape)].sum())


def _shadows(marks: NDArray[np.int32], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Marks that fill a thin strip along an edge, as scanners leave them; cut letters don't."""
    left, top, width, height, area = marks
    near = _PAPER_PX // 2
    down = (
        ((left < near) | (left + width > size[1] - near)) & (height * 3 >= size[0]) & (width * 20 <= size[1])
    )
    across = (
        ((top < near) | (top + height > size[0] - near)) & (width * 3 >= size[1]) & (height * 20 <= size[0])
    )
    shadows: NDArray[np.bool_] = (down | across) & (area * 2 >= width * height)
    return shadows
