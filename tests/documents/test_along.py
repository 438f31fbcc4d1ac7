"""Parts of a line by shares of its length: in its box, along a slanted outline, on a page on its side."""

import pytest

from recto.documents.along import Point, foot_of, part_of
from recto.documents.transcript import Box, Line, Polygon

FLAT = Line("a line", (10, 0, 110, 20))


def outlined(*corners: Point) -> Line:
    polygon: Polygon = corners
    xs, ys = zip(*corners, strict=True)
    return Line("a line", (min(xs), min(ys), max(xs), max(ys)), polygon=polygon)


@pytest.mark.parametrize(
    ("line", "box", "foot"),
    [
        (FLAT, (10, 0, 60, 20), ((10, 20), (60, 20))),
        (outlined((10, 0), (110, 0), (60, 20)), (10, 0, 60, 20), ((10, 20), (60, 20))),  # no four corners
        (outlined((10, 0), (110, 10), (110, 30), (10, 20)), (10, 0, 60, 25), ((10, 20), (60, 25))),
        (outlined((110, 20), (10, 20), (10, 0), (110, 0)), (60, 0, 110, 20), ((110, 0), (60, 0))),
        (outlined((20, 10), (20, 110), (0, 110), (0, 10)), (0, 10, 20, 60), ((0, 10), (0, 60))),
    ],
)
def test_the_first_half_of_a_line(line: Line, box: Box, foot: tuple[Point, Point]) -> None:
    assert part_of(line, (0.0, 0.5)) == box
    assert foot_of(line, (0.0, 0.5)) == foot
