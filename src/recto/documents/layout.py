"""Layout: lines of a Transcript → rows → headings, paragraphs, list items and tables, by geometry alone.

The lines' order is taken as it is (`documents/reading_order` made it); a page that was read sideways or
upside down is laid out as its text runs (`documents/upright`). How blocks look in Markdown is in
`documents/markdown`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from recto.documents.transcript import Line
from recto.documents.upright import upright

Span = tuple[float, float]
"""From x to x, in pixels."""

_SAME_ROW = 0.5  # share of the lower height that two lines of one row have in common
_HEADING_RATIOS = (1.9, 1.55, 1.3)  # height of #, ##, ### against the body's
_HEADING_CHARACTERS = 80
_PARAGRAPH_GAP = 0.6  # of the body's height, beyond the usual gap between two rows
_TABLE_ROWS = 3
_GUTTER = 0.6  # of the body's height: the least white between two columns
_WRAPPED_SHARE = 0.85  # a row that reaches this far to the right goes on in the next one
_PROSE_CHARACTERS = 40  # rows of forms and receipts are shorter, and end where they end

MARKER = re.compile(r"(?P<bullet>[•●▪■◦‣∙·*–—-])\s+(?=\S)|(?P<number>\d{1,3})[.)]\s+(?=\D)")


@dataclass(frozen=True, slots=True)
class Row:
    """What is printed side by side, from left to right."""

    pieces: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The pieces joined by blanks."""
        return " ".join(piece.text.strip() for piece in self.pieces).strip()

    @property
    def height(self) -> float:
        """Median height of the pieces."""
        return median(_height(piece) for piece in self.pieces)

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(piece.box[1] for piece in self.pieces)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(piece.box[3] for piece in self.pieces)

    @property
    def span(self) -> Span:
        """Left and right edge."""
        return min(piece.box[0] for piece in self.pieces), max(piece.box[2] for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text; rows that only wrapped are joined already."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list; `number` is None for a bullet."""

    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, all of equal length."""

    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Item | Table


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Lines that follow each other side by side as rows; the order stays as it is."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [Row(tuple(row)) for row in rows]


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """The blocks of a page in reading order."""
    rows = rows_of(upright([line for line in lines if line.text.strip()]))
    if not rows:
        return []
    body = _body_height(rows)
    gap = _usual_gap(rows, body)
    blocks: list[Block] = []
    at = 0
    while at < len(rows):
        block, used = _table(rows[at:], body) or _heading(rows[at:], body) or _text(rows[at:], body, gap)
        blocks.append(block)
        at += used
    return blocks


def _beside(left: Line, right: Line) -> bool:
    shared = min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
    lower = min(_height(left), _height(right))
    return right.box[0] > left.box[0] and lower > 0 and shared >= _SAME_ROW * lower


def _height(line: Line) -> float:
    """Height of the print; a line that runs downwards is as high as it is wide across."""
    x0, y0, x1, y1 = line.box
    runs_down = len(line.text.strip()) > 2 and y1 - y0 > 2 * (x1 - x0)
    return max(x1 - x0 if runs_down else y1 - y0, 1.0)


def _body_height(rows: Sequence[Row]) -> float:
    """The height that half of all characters have at most."""
    by_height = sorted((row.height, len(row.text)) for row in rows)
    half, seen = sum(length for _, length in by_height) / 2, 0
    for height, length in by_height:
        seen += length
        if seen >= half:
            return max(height, 1.0)
    return 1.0


def _usual_gap(rows: Sequence[Row], body: float) -> float:
    """The usual white between two rows of one paragraph; rows may overlap a little."""
    gaps = [below.top - above.bottom for above, below in pairwise(rows)]
    close = [gap for gap in gaps if -body < gap < body]
    return max(median(close), 0.0) if close else 0.0


def _heading(rows: Sequence[Row], body: float) -> tuple[Heading, int] | None:
    """A heading from the first row, with the rows that it runs on into."""
    level = _level(rows[0], body)
    if level is None:
        return None
    used = 1
    while used < len(rows) and _level(rows[used], body) == level and _close(rows[used - 1], rows[used]):
        used += 1
    return Heading(level, " ".join(row.text for row in rows[:used])), used


def _level(row: Row, body: float) -> int | None:
    if len(row.pieces) > 1 or len(row.text) > _HEADING_CHARACTERS or not any(c.isalpha() for c in row.text):
        return None
    ratio = row.height / body
    return next((level for level, least in enumerate(_HEADING_RATIOS, 1) if ratio >= least), None)


def _close(above: Row, below: Row) -> bool:
    return below.top >= above.top and below.top - above.bottom < 0.5 * above.height


def _table(rows: Sequence[Row], body: float) -> tuple[Table, int] | None:
    """A table from the first row on, as long as each row has pieces in at least two common columns."""
    columns: list[Span] = []
    used = 0
    for row in rows:
        wider = merged_spans([*columns, *((p.box[0], p.box[2]) for p in row.pieces)], _GUTTER * body)
        apart = used and row.top - rows[used - 1].bottom > 2 * body
        if len(row.pieces) < 2 or apart or not _still_columns(columns, wider, row):
            break
        columns, used = wider, used + 1
    if used < _TABLE_ROWS:
        return None
    return Table(tuple(_cells(row, columns) for row in rows[:used])), used


def _still_columns(before: Sequence[Span], after: Sequence[Span], row: Row) -> bool:
    """Whether a row fits: no two columns grow together, and its pieces stand in two columns at least."""
    lost = len({_column_at(span[0], after) for span in before}) < len(before)
    return not lost and len({_column_at(piece.box[0], after) for piece in row.pieces}) >= 2


def merged_spans(spans: Sequence[Span], gap: float) -> list[Span]:
    """Spans joined where less than `gap` of white is between them, from left to right."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start - out[-1][1] < gap:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _column_at(x: float, columns: Sequence[Span]) -> int:
    return next(index for index, (start, end) in enumerate(columns) if start <= x <= end)


def _cells(row: Row, columns: Sequence[Span]) -> tuple[str, ...]:
    cells = [""] * len(columns)
    for piece in row.pieces:
        index = _column_at(piece.box[0], columns)
        cells[index] = f"{cells[index]} {piece.text.strip()}".strip()
    return tuple(cells)


def _text(rows: Sequence[Row], body: float, gap: float) -> tuple[Paragraph | Item, int]:
    """A list item or a paragraph: the rows up to the next gap, heading, table or marker."""
    marker = MARKER.match(rows[0].text)
    used = 1
    while used < len(rows) and _goes_on(rows, used, body, gap, is_item=bool(marker)):
        used += 1
    lines = _unwrapped(rows[:used])
    if not marker:
        return Paragraph(lines), used
    number = int(marker["number"]) if marker["number"] else None
    return Item(number, " ".join(lines)[marker.end() :]), used


def _goes_on(rows: Sequence[Row], at: int, body: float, gap: float, *, is_item: bool) -> bool:
    above, below = rows[at - 1], rows[at]
    if below.top < above.top or below.top - above.bottom > gap + _PARAGRAPH_GAP * body:
        return False
    if MARKER.match(below.text) or _level(below, body) or _table(rows[at:], body):
        return False
    hangs = below.span[0] > rows[0].span[0] + 0.5 * body
    return not is_item or hangs or len(above.text) >= _PROSE_CHARACTERS


def _unwrapped(rows: Sequence[Row]) -> tuple[str, ...]:
    """Text lines of a paragraph: a row that fills the width goes on in the next, a short one ends there."""
    left = min(row.span[0] for row in rows)
    width = max(row.span[1] for row in rows) - left
    out = [rows[0].text]
    for above, below in pairwise(rows):
        wrapped = len(above.pieces) == 1 and above.span[1] - left >= _WRAPPED_SHARE * width
        prose = max(len(above.text), len(below.text)) >= _PROSE_CHARACTERS
        if wrapped and prose:
            out[-1] = _joined(out[-1], below.text)
        else:
            out.append(below.text)
    return tuple(out)


def _joined(first: str, second: str) -> str:
    """Two rows as one line; a word that was divided between them is whole again."""
    if re.search(r"[a-zß-ÿ]-$", first) and second[:1].islower():
        return first[:-1] + second
    return f"{first} {second}"
