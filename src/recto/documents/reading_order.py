"""Reading order: lines → printed rows → text, with columns of prose read one after the other.

A row is what a person reads from left to right: a line belongs to the row whose centre it shares. Rows of
a table, a form or a receipt stay together; a page is read column by column only where most of it is prose
in columns. Right-to-left scripts are not handled here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from statistics import median

from recto.documents.transcript import Line

_SAME_ROW = 0.4  # of the smaller height: how far apart the centres of one row may be
_LEVEL = 0.005  # slopes up to this (a third of a degree) are left alone
_LONG = 4  # a line this many times longer than high tells the slope of the page
_CORNERS = 4
_SLACK = 0.3  # of its height: how much a line's box may be wider than its print at either end
_CROSSED = 0.25  # of the busiest place: how much text may stand across a gutter (headings do)
_MOSTLY_COLUMNS = 0.6  # of the page's characters must stand in columns
_PROSE_LINES = 5  # lines that make a column
_PROSE_CHARACTERS = 18  # in the middle line of a column of prose
_PROSE_FILL = 0.6  # of its column's width that the middle line of prose fills


def visual_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped into printed rows, top to bottom, each row from left to right.

    On a page that was scanned or photographed askew, rows follow the slope of its lines.
    """
    slope = _slope(lines)
    rows: list[list[_Placed]] = []
    for placed in sorted((_placed(line, slope) for line in lines), key=lambda placed: placed.centre):
        if rows and _belongs(placed, rows[-1]):
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return [sorted((placed.line for placed in row), key=lambda line: line.box[0]) for row in rows]


def reading_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Printed rows in the order of reading: column by column on a page of prose, else top to bottom."""
    gutters = _gutters(lines)
    columns = [[line for line in lines if _column(line, gutters) == i] for i in range(len(gutters) + 1)]
    if not gutters or not _are_prose(columns, lines):
        return visual_rows(lines)
    spanning = visual_rows([line for line in lines if _column(line, gutters) is None])
    edges = [_top(row) for row in spanning]
    order: list[list[Line]] = []
    for band, start in enumerate([float("-inf"), *edges]):
        end = edges[band] if band < len(edges) else float("inf")
        order += spanning[band - 1 : band] if band else []
        for column in columns:
            order += visual_rows([line for line in column if start <= _centre(line) < end])
    return order


def text_of_rows(rows: Sequence[Sequence[Line]]) -> str:
    """One printed row per text line, its pieces joined by blanks."""
    return "\n".join(" ".join(line.text for line in row) for row in rows)


@dataclass(frozen=True, slots=True)
class _Gutter:
    left: float
    right: float


def _gutters(lines: Sequence[Line]) -> list[_Gutter]:
    """Vertical strips, in the inner part of the page, that hardly any line crosses."""
    if len(lines) < 2 * _PROSE_LINES:
        return []
    extents = [_extent(line) for line in lines]
    edges = sorted({edge for extent in extents for edge in extent})
    strips = list(pairwise(edges))
    crossing = [
        sum(
            _height(line) for line, (x0, x1) in zip(lines, extents, strict=True) if x0 <= left and x1 >= right
        )
        for left, right in strips
    ]
    limit = _CROSSED * max(crossing)
    least = median(_height(line) for line in lines) / 2
    found: list[_Gutter] = []
    for (left, right), crossed in zip(strips, crossing, strict=True):
        if crossed > limit:
            continue
        if found and found[-1].right == left:
            found[-1] = _Gutter(found[-1].left, right)
        else:
            found.append(_Gutter(left, right))
    return [g for g in found if g.right - g.left > least and edges[0] < g.left and g.right < edges[-1]]


def _column(line: Line, gutters: Sequence[_Gutter]) -> int | None:
    """The column that a line stands in, or None when it reaches across a gutter."""
    middles = [(gutter.left + gutter.right) / 2 for gutter in gutters]
    left, right = _extent(line)
    first = sum(left > middle for middle in middles)
    last = sum(right > middle for middle in middles)
    return first if first == last else None


def _are_prose(columns: Sequence[Sequence[Line]], lines: Sequence[Line]) -> bool:
    """Whether every column is prose, and together they are most of the page."""
    inside = sum(len(line.text) for column in columns for line in column)
    mostly = inside >= _MOSTLY_COLUMNS * sum(len(line.text) for line in lines)
    return mostly and all(_is_prose(column) for column in columns)


def _is_prose(column: Sequence[Line]) -> bool:
    if len(column) < _PROSE_LINES:
        return False
    width = max(line.box[2] for line in column) - min(line.box[0] for line in column)
    fill = median(line.box[2] - line.box[0] for line in column) / max(width, 1)
    return fill >= _PROSE_FILL and median(len(line.text) for line in column) >= _PROSE_CHARACTERS


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line with its centre and height once the page is held level."""

    line: Line
    centre: float
    height: float


def _placed(line: Line, slope: float) -> _Placed:
    if not slope or line.polygon is None:
        return _Placed(line, _centre(line), _height(line))
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.polygon
    height = min(hypot(x3 - x0, y3 - y0), hypot(x2 - x1, y2 - y1))
    return _Placed(line, (y0 + y1 + y2 + y3) / 4 - slope * (x0 + x1 + x2 + x3) / 4, height)


def _slope(lines: Sequence[Line]) -> float:
    """By how much the text falls per pixel to the right: the median of the long lines, 0 if hardly at all."""
    slopes = []
    for line in lines:
        if line.polygon is None or len(line.polygon) != _CORNERS:
            return 0.0
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line.polygon
        if x1 - x0 > _LONG * hypot(x3 - x0, y3 - y0):
            slopes.append((y1 - y0 + y2 - y3) / (x1 - x0 + x2 - x3))
    slope = median(slopes) if slopes else 0.0
    return slope if abs(slope) > _LEVEL else 0.0


def _belongs(placed: _Placed, row: Sequence[_Placed]) -> bool:
    row_centre = sum(other.centre for other in row) / len(row)
    row_height = sum(other.height for other in row) / len(row)
    return abs(placed.centre - row_centre) < _SAME_ROW * min(placed.height, row_height)


def _extent(line: Line) -> tuple[float, float]:
    """From where to where a line's print reaches for sure."""
    slack = min(_SLACK * _height(line), (line.box[2] - line.box[0]) / 3)
    return line.box[0] + slack, line.box[2] - slack


def _centre(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _height(line: Line) -> float:
    return line.box[3] - line.box[1]


def _top(row: Sequence[Line]) -> float:
    return min(_centre(line) for line in row)
