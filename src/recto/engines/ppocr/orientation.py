"""Which way is up: pages that lie on their side or stand on their head, and lines that run up a margin.

Turns are quarter turns counter-clockwise (as `numpy.rot90` counts) that make a page upright. A page is
taken as sideways when its long lines stand upright, and as upside down when a sample of its lines reads
with clearly more confidence the other way round.
"""

from collections.abc import Sequence

import numpy as np

from recto.documents.page import Image
from recto.engines.ppocr.crops import Quad, quad_size

LONG = 2.5  # a line this many times longer than high shows which way the text runs
TALL = 1.5  # a quad this many times higher than wide may be a line on its side
MOSTLY = 0.7  # the share of long lines, by length, that must stand upright on a sideways page


def turned(image: Image, turns: int) -> Image:
    """The image after quarter turns counter-clockwise, as contiguous memory."""
    return np.ascontiguousarray(np.rot90(image, turns)) if turns % 4 else image


def is_sideways(quads: Sequence[Quad]) -> bool:
    """Whether most long lines run up or down the page."""
    along = across = 0.0
    for quad in quads:
        width, height = quad_size(quad)
        if width > LONG * height:
            along += width
        elif height > LONG * width:
            across += height
    return across > MOSTLY * (along + across)


def quad_before_turning(quad: Quad, turns: int, width: int, height: int) -> Quad:
    """A quad found on the turned page, in pixels of the page (width × height) before it was turned.

    The first corner stays the top left of the text, so the quad also tells how the text stands.
    """
    x, y = quad[:, 0], quad[:, 1]
    back = [(x, y), (width - y, x), (width - x, height - y), (y, height - x)][turns % 4]
    return np.stack(back, axis=1).astype(np.float32)


def ways_to_read(crop: Image) -> list[Image]:
    """The crop, and where it is tall the two ways in which it may lie on its side."""
    height, width = crop.shape[:2]
    return [crop] if height < TALL * width else [crop, turned(crop, 1), turned(crop, 3)]
