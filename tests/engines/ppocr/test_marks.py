"""Small marks: ink in the empty stretches of printed rows."""

import cv2
import numpy as np
import pytest

from recto.documents.page import Image
from recto.engines.ppocr.crops import box_of_quad, quad_of_box
from recto.engines.ppocr.marks import find_marks

ROW = (40.0, 70.0)  # top and bottom of the row's detected lines
LINES = [(20.0, ROW[0], 150.0, ROW[1]), (400.0, ROW[0], 480.0, ROW[1])]
QUADS = [quad_of_box(box) for box in LINES]


def page() -> Image:
    image = np.full((120, 500, 3), 240, np.uint8)
    for x0, _, x1, _ in LINES:
        cv2.rectangle(image, (int(x0) + 6, 46), (int(x1) - 6, 64), (20, 20, 20), -1)
    return image


def dot(image: Image, x: int, y: int, size: int = 4) -> None:
    cv2.rectangle(image, (x, y), (x + size - 1, y + size - 1), (20, 20, 20), -1)


def test_a_colon_between_two_lines_is_found_as_high_as_its_row() -> None:
    image = page()
    dot(image, 260, 48)
    dot(image, 260, 60)
    (quad,) = find_marks(image, QUADS)
    x0, y0, x1, y1 = box_of_quad(quad)
    assert (y0, y1) == ROW
    assert x0 < 260
    assert 264 < x1 < 290


@pytest.mark.parametrize(
    ("x", "y", "size"),
    [(260, 55, 2), (260, 90, 12), (260, 30, 40)],
    ids=["a speck", "below the row", "higher than the row"],
)
def test_what_is_no_mark(x: int, y: int, size: int) -> None:
    image = page()
    dot(image, x, y, size)
    assert find_marks(image, QUADS) == []


def test_a_long_rule_is_no_mark() -> None:
    image = page()
    cv2.line(image, (160, 55), (390, 55), (20, 20, 20), 2)
    assert find_marks(image, QUADS) == []


def test_dirt_is_left_alone() -> None:
    image = np.full((4000, 500, 3), 240, np.uint8)
    quads = []
    for row in range(60):
        top = 20 + 60 * row
        quads.append(quad_of_box((20, top, 150, top + 30)))
        quads.append(quad_of_box((400, top, 480, top + 30)))
        dot(image, 260, top + 8, 14)
    assert find_marks(image, quads) == []


def test_no_lines_no_marks() -> None:
    assert find_marks(page(), []) == []
