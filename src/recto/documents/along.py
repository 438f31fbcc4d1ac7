"""Along: where parts of a line stand that are told by shares (0-1) of its length.

A line with four corners runs as these say, any other from left to right in its box.
"""

from recto.documents.transcript import Box, Line, Polygon

Point = tuple[float, float]

_CORNERS = 4


def part_of(line: Line, along: tuple[float, float]) -> Box:
    """The smallest upright box around a part of the line."""
    top_left, top_right, bottom_right, bottom_left = _corners(line)
    sides = ((top_left, top_right), (bottom_left, bottom_right))
    xs, ys = zip(*(_between(*side, share) for side in sides for share in along), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def foot_of(line: Line, along: tuple[float, float]) -> tuple[Point, Point]:
    """Where the lower edge of a part of the line begins and ends."""
    _, _, bottom_right, bottom_left = _corners(line)
    start, end = along
    return _between(bottom_left, bottom_right, start), _between(bottom_left, bottom_right, end)


def _corners(line: Line) -> Polygon:
    if line.polygon is not None and len(line.polygon) == _CORNERS:
        return line.polygon
    x0, y0, x1, y1 = line.box
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
