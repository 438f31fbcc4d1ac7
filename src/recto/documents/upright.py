"""Upright: the quarter turn that most lines of a page were read in, taken back so that boxes can be laid out.

Pages come as they were scanned, and their lines keep the pixels of the page as given; only the polygons say
which way the text runs. Smaller angles than a quarter are left as they are.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import hypot

from recto.documents.transcript import Box, Line, Polygon

Point = tuple[float, float]


def upright(lines: Sequence[Line]) -> list[Line]:
    """The lines as on the page held upright, in the same order; without polygons nothing moves.

    The page is turned about its top left corner, so coordinates may be below zero.
    """
    turns = quarter_turns(lines)
    return [_turned_line(line, turns) for line in lines] if turns else list(lines)


def quarter_turns(lines: Sequence[Line]) -> int:
    """Quarters, clockwise (0-3), by which a page's text is turned: each line votes with its length."""
    votes = [0.0] * 4
    for line in lines:
        if line.polygon is None or len(line.polygon) < 2:
            continue
        (x0, y0), (x1, y1) = line.polygon[:2]
        along, down = x1 - x0, y1 - y0
        quarter = (0 if along >= 0 else 2) if abs(along) >= abs(down) else (1 if down > 0 else 3)
        votes[quarter] += hypot(along, down)
    return votes.index(max(votes))


def _turned_line(line: Line, turns: int) -> Line:
    polygon: Polygon | None = None
    if line.polygon is not None:
        polygon = tuple(_turned_back(point, turns) for point in line.polygon)
    return replace(line, box=_turned_box(line.box, turns), polygon=polygon)


def _turned_box(box: Box, turns: int) -> Box:
    (xa, ya), (xb, yb) = _turned_back(box[:2], turns), _turned_back(box[2:], turns)
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _turned_back(point: Point, turns: int) -> Point:
    x, y = point
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turns]
