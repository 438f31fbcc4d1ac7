"""Grid: the rows of a Sheet with the figures in them, each with its place: what tables are made of.

It knows nothing of labels and columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from recto.extraction.candidates import Candidate, key_of
from recto.extraction.sheet import Cell, Sheet
from recto.extraction.values.dates import find_dates
from recto.extraction.values.kind import Occurrence, apart
from recto.extraction.values.money import find_amounts
from recto.extraction.values.numbers import find_numbers

_LOWER = 0.75
"""A half of a row is lower than the other by less of a height than a new line would be."""
LONGEST_CELL = 500
"""Longer cells are prose."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands in `cell.text[start:end]`; `value` is a plain decimal as printed.

    `is_amount` where it looks like money: two decimals, or a currency beside it. `is_rate` before a %.
    """

    cell: Cell
    start: int
    end: int
    value: str
    currency: str
    is_amount: bool
    is_rate: bool

    @property
    def number(self) -> Decimal:
        """The value to calculate with."""
        return Decimal(self.value)

    @property
    def is_whole(self) -> bool:
        """Whether it is a positive number without a fraction: a count, mostly."""
        return self.number > 0 and self.number == self.number.to_integral_value()

    @property
    def may_be_amount(self) -> bool:
        """Whether it is an amount, or stands alone where amounts do: "450g" and "19 %" are none."""
        after = self.cell.text[self.end : self.end + 1]
        return self.is_amount or not (self.is_rate or after.isalpha())

    @property
    def left(self) -> float:
        """x where it begins, as if all letters of the cell were equally wide."""
        return across(self.cell, self.start)

    @property
    def right(self) -> float:
        """x where it ends."""
        return across(self.cell, self.end)


@dataclass(frozen=True, eq=False)
class Row:
    """The cells of one printed row, from left to right."""

    cells: tuple[Cell, ...]

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """All numbers that are no dates, from left to right."""
        return tuple(figure for cell in self.cells for figure in _figures(cell))

    @cached_property
    def text(self) -> str:
        """All that is printed in it."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def page(self) -> int:
        """The page that it is on, from 1."""
        return self.cells[0].page


def rows_of(sheet: Sheet) -> list[Row]:
    """The rows of all pages, from top to bottom; halves that a crooked page makes of one are joined."""
    rows: list[Row] = []
    for _, cells in groupby(sheet.cells, key=lambda cell: cell.row):
        row = Row(tuple(cells))
        if rows and _is_half(rows[-1], row):
            rows[-1] = Row(tuple(sorted((*rows[-1].cells, *row.cells), key=lambda cell: cell.box[0])))
        else:
            rows.append(row)
    return rows


def _is_half(above: Row, row: Row) -> bool:
    """Whether a row stands beside the one above it, and hardly lower."""
    if above.page != row.page:
        return False
    one, two = (above, row) if above.cells[-1].box[2] <= row.cells[0].box[0] else (row, above)
    last, first = one.cells[-1], two.cells[0]
    off = abs(last.box[1] + last.box[3] - first.box[1] - first.box[3]) / 2
    return last.box[2] <= first.box[0] and off < _LOWER * min(last.height, first.height)


def across(cell: Cell, offset: int) -> float:
    """x of a place in the cell's text, in pixels."""
    return cell.box[0] + (cell.box[2] - cell.box[0]) * offset / max(len(cell.text), 1)


def piece(kind: str, cells: Sequence[Cell], start: int, end: int, found: Occurrence) -> Candidate:
    """What stands from `start` in the first cell to `end` in the last, as a Candidate."""
    parts = [cell.text for cell in cells]
    before, after = parts[0][:start], parts[-1][end:]
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    printed = " ".join(part.strip() for part in parts)
    key = key_of(kind, found.value)
    return Candidate(kind, found.value, key, printed, tuple(cells), before, after, found.currency)


def _figures(cell: Cell) -> Iterator[Figure]:
    text = cell.text[:LONGEST_CELL]
    if not any(map(str.isdigit, text)):
        return
    dates = find_dates(text)
    amounts = find_amounts(text)
    sure = {(one.start, one.end): one for one in amounts if _is_money(one)}
    numbers = find_numbers(text)
    for one in apart([*dates, *sure.values(), *numbers, *amounts]):
        if one not in dates:
            is_rate = text[one.end :].lstrip()[:1] == "%"
            is_amount = (one.start, one.end) in sure and not is_rate
            yield Figure(cell, one.start, one.end, one.value, one.currency, is_amount, is_rate)


def _is_money(amount: Occurrence) -> bool:
    """Whether it has hundredths, or a currency: other figures are numbers until a head says more."""
    return len(amount.value.partition(".")[2]) == 2 or bool(amount.currency)
