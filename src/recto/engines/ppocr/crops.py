"""Line crops: cut a line out of a page, scale it to the recogniser's height, batch it by width.

Training and reading use these same functions, so what was learnt is what is read.
Source of the crop's geometry: PaddleOCR's recogniser input (height 48, aspect ratio kept).
"""

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.documents.transcript import Box

HEIGHT_PX = 48
MIN_WIDTH_PX = 16
MAX_WIDTH_PX = 3200
WIDTH_STEPS_PX = ((384, 16), (1024, 32), (MAX_WIDTH_PX, 64))  # up to this width, multiples of that
PADDING_LEVEL = 127  # the middle grey that normalises to zero, as the network saw it in training

Quad = NDArray[np.float32]
"""Four corners x, y of a line: top left, top right, bottom right, bottom left. Shape 4 × 2."""


def quad_of_box(box: Box) -> Quad:
    """The corners of an axis-aligned box."""
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def box_of_quad(quad: Quad) -> Box:
    """The smallest axis-aligned box around the corners."""
    (x0, y0), (x1, y1) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    return (x0, y0, x1, y1)


def quad_size(quad: Quad) -> tuple[float, float]:
    """Width along the text and height across it, in pixels."""
    width = max(_distance(quad[0], quad[1]), _distance(quad[3], quad[2]))
    return width, max(_distance(quad[0], quad[3]), _distance(quad[1], quad[2]))


def crop_line(image: Image, quad: Quad) -> Image:
    """The line inside `quad`, straightened; at least one pixel in each direction."""
    width, height = (max(1, round(length)) for length in quad_size(quad))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(
            image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def scale_line(crop: Image) -> Image:
    """The crop at the recogniser's height, aspect ratio kept: 48 × width × 3."""
    height, width = crop.shape[:2]
    scaled_width = min(max(math.ceil(width * HEIGHT_PX / height), 1), MAX_WIDTH_PX)
    return np.asarray(cv2.resize(crop, (scaled_width, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


def padded_width(width_px: int) -> int:
    """The width that a line of this width is padded to: few different widths keep the runtime quick."""
    step = next(step for limit, step in WIDTH_STEPS_PX if width_px <= limit)
    return max(MIN_WIDTH_PX, math.ceil(width_px / step) * step)


def stack(lines: Sequence[Image], width_px: int) -> NDArray[np.uint8]:
    """Scaled lines as one batch N × 48 × width × 3, padded at the right with the neutral grey."""
    batch = np.full((len(lines), HEIGHT_PX, width_px, 3), PADDING_LEVEL, np.uint8)
    for row, line in zip(batch, lines, strict=True):
        row[:, : line.shape[1]] = line
    return batch


def batches_by_width(lines: Sequence[Image], max_batch: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Indices and pixels of batches in which all lines are padded to the same width, widest first."""
    by_width: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        by_width.setdefault(padded_width(line.shape[1]), []).append(index)
    for width, indices in sorted(by_width.items(), reverse=True):
        for start in range(0, len(indices), max_batch):
            chosen = indices[start : start + max_batch]
            yield chosen, stack([lines[i] for i in chosen], width)


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.hypot(*(a - b)))
