"""Sheet: the lines of a document's pages as cells with neighbours: what stands left of, above and below each.

It knows geometry only, no language and no fields.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from recto.documents.transcript import Box, Line, Transcript

_SAME_ROW = 0.5
"""Centres closer than this share of the smaller height are one row."""
_WORD_GAP = 1.0
"""Pieces of a row closer than so many line heights are one cell: a detector cuts lines at wide blanks."""
_NEAR_ROWS = 8
"""Neighbours are looked for in so many rows: a page of ten thousand lines stays linear."""
_COLUMN_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of one printed row; `row` counts over all pages, neighbours are places in `Sheet.cells`."""

    text: str
    box: Box
    confidence: float
    page: int
    row: int
    left: int | None = None
    above: int | None = None
    below: int | None = None

    @property
    def height(self) -> float:
        """Height in pixels, never zero."""
        return max(self.box[3] - self.box[1], 1.0)

    @property
    def centre(self) -> float:
        """x of the middle, in pixels."""
        return (self.box[0] + self.box[2]) / 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """All cells in reading order; `sizes` are width and height of each page in pixels, by page number."""

    cells: tuple[Cell, ...]
    rows: int
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    line_height: float = 1.0
    """The median height of a cell, in pixels."""

    def size(self, cell: Cell) -> tuple[int, int]:
        """Width and height of the cell's page in pixels, never zero."""
        width, height = self.sizes[cell.page]
        return max(width, 1), max(height, 1)

    def text_left_of(self, cell: Cell) -> str:
        """What stands left of the cell on its row; "" where it begins the row."""
        return "" if cell.left is None else self.cells[cell.left].text


def sheet_of(transcripts: Sequence[Transcript]) -> Sheet:
    """The Sheet of a document's pages, in their order."""
    cells: list[Cell] = []
    row = 0
    for transcript in transcripts:
        first = len(cells)
        for pieces in _rows(transcript.lines):
            cells += _cells(pieces, transcript.page, row, len(cells))
            row += 1
        cells[first:] = _with_neighbours(cells, first)
    heights = [cell.height for cell in cells]
    sizes = {transcript.page: (transcript.width, transcript.height) for transcript in transcripts}
    return Sheet(tuple(cells), row, sizes, median(heights) if heights else 1.0)


def lines_of_text(text: str) -> tuple[Line, ...]:
    """Lines for text without a place: one row each, columns where tabs or wide blanks stand.

    Boxes are in characters: 1 wide, 2 high.
    """
    lines: list[Line] = []
    for row, printed in enumerate(text.splitlines()):
        for start, piece in _columns(printed.expandtabs()):
            box = (float(start), 3.0 * row, float(start + len(piece)), 3.0 * row + 2)
            lines.append(Line(piece, box))
    return tuple(lines)


def _columns(printed: str) -> Iterator[tuple[int, str]]:
    """Pieces between runs of three blanks or more, with where they begin."""
    start = 0
    for piece in printed.split("   "):
        text = piece.strip()
        if text:
            yield start + len(piece) - len(piece.lstrip()), text
        start += len(piece) + 3


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines side by side, rows from top to bottom, each from left to right."""
    rows: list[tuple[float, float, list[Line]]] = []
    for line in sorted(lines, key=_middle):
        centre, height = _middle(line), line.box[3] - line.box[1]
        for middle, tall, row in reversed(rows[-3:]):
            if abs(middle - centre) < _SAME_ROW * min(height, tall):
                row.append(line)
                break
        else:
            rows.append((centre, height, [line]))
    return [sorted(row, key=lambda line: line.box[0]) for _, _, row in rows]


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _cells(pieces: Sequence[Line], page: int, row: int, first: int) -> list[Cell]:
    """The cells of one row: pieces that nearly touch are joined."""
    joined: list[Line] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and piece.box[0] - last.box[2] < _WORD_GAP * (piece.box[3] - piece.box[1]):
            joined[-1] = _join(last, piece)
        else:
            joined.append(piece)
    return [
        Cell(line.text, line.box, _sure(line), page, row, left=first + place - 1 if place else None)
        for place, line in enumerate(joined)
    ]


def _join(one: Line, other: Line) -> Line:
    box = (
        one.box[0],
        min(one.box[1], other.box[1]),
        max(one.box[2], other.box[2]),
        max(one.box[3], other.box[3]),
    )
    return Line(f"{one.text} {other.text}", box, min(_sure(one), _sure(other)))


def _sure(line: Line) -> float:
    """A person, or a label, is sure."""
    return 1.0 if line.confidence is None else line.confidence


def _with_neighbours(cells: Sequence[Cell], first: int) -> list[Cell]:
    """The cells from place `first` on, each knowing what stands above and below it on its page."""
    return [
        Cell(
            cell.text,
            cell.box,
            cell.confidence,
            cell.page,
            cell.row,
            cell.left,
            above=_nearest(cells, place, range(place - 1, first - 1, -1)),
            below=_nearest(cells, place, range(place + 1, len(cells))),
        )
        for place, cell in enumerate(cells[first:], first)
    ]


def _nearest(cells: Sequence[Cell], place: int, others: range) -> int | None:
    """The first of `others` in another row, but not many rows away, that shares the cell's column."""
    cell = cells[place]
    for other in others:
        found = cells[other]
        if abs(found.row - cell.row) > _NEAR_ROWS:
            return None
        if found.row != cell.row and _shared(cell.box, found.box) > _COLUMN_SHARE:
            return other
    return None


def _shared(one: Box, other: Box) -> float:
    """The share of the narrower one's width that both have in common."""
    common = min(one[2], other[2]) - max(one[0], other[0])
    return common / max(min(one[2] - one[0], other[2] - other[0]), 1.0)
