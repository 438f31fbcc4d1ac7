"""Overlay: the lines of a Transcript drawn on their page, coloured by confidence. It writes no files."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.documents.transcript import Line

Colour = tuple[int, int, int]

# Least confidence → colour; told apart by people who see red and green alike: blue, amber, vermilion.
_COLOURS: tuple[tuple[float, Colour], ...] = (
    (0.95, (0, 119, 187)),
    (0.80, (230, 130, 10)),
    (0.00, (204, 51, 17)),
)
_UNRATED: Colour = (110, 110, 110)  # a person or a label said it
_FILL_OPACITY = 0.14
_TAG_BELOW = 0.80  # how sure the engine was stands in figures where it was not
_SUBPIXEL_BITS = 4


def draw_overlay(image: Image, lines: Sequence[Line]) -> Image:
    """A copy of the page (height × width × 3) with each line's polygon, or box, outlined and tinted.

    Lines whose place isn't known, which have the whole page as their box, aren't drawn.
    """
    height, width = image.shape[:2]
    lines = [line for line in lines if line.box != (0, 0, width, height)]
    shapes = [(_corners(line), confidence_colour(line.confidence)) for line in lines]
    drawn = _tinted(image, shapes)
    thickness = max(1, round(min(image.shape[:2]) / 700))
    for corners, colour in shapes:
        cv2.polylines(
            drawn,
            [corners],
            isClosed=True,
            color=colour,
            thickness=thickness,
            lineType=cv2.LINE_AA,
            shift=_SUBPIXEL_BITS,
        )
    for line, (_, colour) in zip(lines, shapes, strict=True):
        if line.confidence is not None and line.confidence < _TAG_BELOW:
            _draw_tag(drawn, line, colour)
    return drawn


def confidence_colour(confidence: float | None) -> Colour:
    """Red, green, blue for a confidence from 0 to 1: sure (0.95 and over), middling (0.8), or unsure."""
    if confidence is None:
        return _UNRATED
    return next((colour for least, colour in _COLOURS if confidence >= least), _COLOURS[-1][1])


def _corners(line: Line) -> NDArray[np.int32]:
    """The outline as corners × (x, y), in fractions of a pixel as OpenCV takes them."""
    x0, y0, x1, y1 = line.box
    points = line.polygon or ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return np.round(np.array(points, np.float64) * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _tinted(image: Image, shapes: Sequence[tuple[NDArray[np.int32], Colour]]) -> Image:
    tint = np.array(image)
    for corners, colour in shapes:
        cv2.fillPoly(tint, [corners], colour, cv2.LINE_AA, _SUBPIXEL_BITS)
    blended = cv2.addWeighted(tint, _FILL_OPACITY, image, 1 - _FILL_OPACITY, 0)
    return np.asarray(blended, dtype=np.uint8)


def _draw_tag(drawn: Image, line: Line, colour: Colour) -> None:
    """The confidence in per cent on a small plate at the upper right corner of the line."""
    text = f"{round(100 * (line.confidence or 0.0))}%"
    height = max(10.0, min(0.55 * (line.box[3] - line.box[1]), 24.0))
    scale = height / 30
    (width, tall), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 1)
    right, top = round(line.box[2]), round(line.box[1])
    left = max(0, min(right, drawn.shape[1] - 1) - width - 6)
    bottom = max(top, tall + 6)
    cv2.rectangle(drawn, (left, bottom - tall - 6), (left + width + 6, bottom), colour, cv2.FILLED)
    white = (255, 255, 255)
    cv2.putText(drawn, text, (left + 3, bottom - 3), cv2.FONT_HERSHEY_DUPLEX, scale, white, 1, cv2.LINE_AA)
