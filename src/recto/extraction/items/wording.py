"""Wording: what a line is for: the text beside its figures, or in the row above or below where none is."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from recto.extraction.candidates import Candidate
from recto.extraction.items.grid import Figure, Row, across, piece
from recto.extraction.items.heading import Column, Heading
from recto.extraction.items.reading import Entry, Reading
from recto.extraction.sheet import Cell
from recto.extraction.values.kind import Occurrence
from recto.extraction.values.text import parse_text

_TELLING = 4
"""Letters; what has fewer is a code of a tax or a unit, unless there is nothing else."""
_FEWEST = 2
_FAR = 2.5
"""A row further from its line than so many heights belongs to something else."""
_NEAR = 0.9
_INDENT = 2.0
_MOST_MORE = 2
"""Rows that a text goes on in."""
_EDGES = re.compile(r"^[\s*@:;,.|=/#-]+|[\s*@:;,|=/-]+$")
_TIMES = re.compile(r"^[xX×*]\s+|\s+[xX×*@]$")


@dataclass(frozen=True, slots=True)
class Fragment:
    """Text of a cell between its figures, from `start` to `end` there."""

    cell: Cell
    start: int
    end: int

    @property
    def text(self) -> str:
        """As it is printed."""
        return self.cell.text[self.start : self.end]

    @property
    def letters(self) -> int:
        """How many letters it has."""
        return sum(map(str.isalpha, self.text))

    @property
    def candidate(self) -> Candidate:
        """As a value of kind text."""
        return _candidate([self.cell], self.start, self.end)


Side = Literal["above", "below"]


class Wording:
    """The texts of the lines of one Reading; `taken` are figures that are values of lines."""

    def __init__(
        self, rows: Sequence[Row], reading: Reading, heading: Heading | None, taken: Sequence[Figure]
    ) -> None:
        self._rows, self._reading, self._heading = rows, reading, heading
        self._taken: dict[int, list[tuple[int, int]]] = {}
        for figure in taken:
            self._taken.setdefault(id(figure.cell), []).append((figure.start, figure.end))
        self._entries = {entry.row for entry in reading.entries}
        self._side = self._side_of_texts()

    def description(self, entry: Entry, field: str) -> Candidate | None:
        """What the line is for; None where nothing stands there."""
        own = self._own(entry.row, field)
        if own is not None and own.letters >= _TELLING:
            return self._whole(own, entry.row)
        if own is not None and across(own.cell, own.start) > entry.amount.left:
            own = None
        chosen = self._beside(entry.row, field) or own
        return chosen.candidate if chosen else None

    def fragments(self, place: int) -> Iterator[Fragment]:
        """The texts of a row between the figures that are values."""
        for cell in self._rows[place].cells:
            start = 0
            for begin, end in [*sorted(self._taken.get(id(cell), ())), (len(cell.text), len(cell.text))]:
                fragment = _trimmed(cell, start, begin)
                if fragment.letters >= _FEWEST:
                    yield fragment
                start = max(start, end)

    def _own(self, place: int, field: str) -> Fragment | None:
        """The text below the name of descriptions, else the longest one of the row."""
        found = list(self.fragments(place))
        head = self._heading
        if head is not None and field in head.fields:
            below = [one for one in found if _column(head, one).field == field and one.letters >= _TELLING]
            found = below or found
        return max(found, key=lambda one: one.letters, default=None)

    def _beside(self, place: int, field: str) -> Fragment | None:
        """The text in the next row on the side where texts are."""
        beside = place - 1 if self._side == "above" else place + 1
        if not self._is_free(beside) or self._gap(place, beside) > _FAR:
            return None
        found = self._own(beside, field)
        return found if found is not None and found.letters > _FEWEST else None

    def _side_of_texts(self) -> Side:
        """Below where texts follow the last line and none comes before the first."""
        first, last = self._reading.entries[0].row, self._reading.entries[-1].row
        has_above = self._reading.has_head and self._has_text(first - 1, first)
        return "below" if self._has_text(last + 1, last) and not has_above else "above"

    def _has_text(self, place: int, line: int) -> bool:
        return (
            self._is_free(place)
            and self._gap(line, place) <= _FAR
            and any(fragment.letters >= _TELLING for fragment in self.fragments(place))
        )

    def _is_free(self, place: int) -> bool:
        return self._reading.start <= place < self._reading.end and place not in self._entries

    def _gap(self, place: int, other: int) -> float:
        """The blank between two rows, in heights of the first; rows of other pages are far."""
        one, two = self._rows[place].cells[0], self._rows[other].cells[0]
        if one.page != two.page:
            return _FAR + 1
        return max(two.box[1] - one.box[3], one.box[1] - two.box[3], 0.0) / one.height

    def _whole(self, own: Fragment, place: int) -> Candidate:
        """The text with the rows that it goes on in: set as it is, without figures, just below."""
        cells, end = [own.cell], own.end
        if own.end == len(own.cell.text.rstrip()) or self._heading is not None:
            left = across(own.cell, own.start)
            for below in range(place + 1, place + 1 + _MOST_MORE):
                more = self._goes_on(below, left)
                if more is None or end < len(cells[-1].text.rstrip()):
                    break
                cells.append(more)
                end = len(more.text)
        return _candidate(cells, own.start, end)

    def _goes_on(self, place: int, left: float) -> Cell | None:
        if self._side == "above" and not self._reading.has_head:
            return None
        if not self._is_free(place) or self._gap(place - 1, place) > _NEAR:
            return None
        row = self._rows[place]
        cell = row.cells[0]
        is_text = len(row.cells) == 1 and ":" not in cell.text and not row.figures
        return cell if is_text and abs(cell.box[0] - left) <= _INDENT * cell.height else None


def _trimmed(cell: Cell, start: int, end: int) -> Fragment:
    """The text without the signs around it."""
    text = cell.text[start:end]
    times = (_TIMES,) if (start, end) != (0, len(cell.text)) else ()
    for pattern in (_EDGES, *times, _EDGES):
        while match := pattern.search(text):
            if match.start() == 0:
                start += match.end()
                text = text[match.end() :]
            else:
                text = text[: match.start()]
            if not match[0]:
                break
    return Fragment(cell, start, start + len(text))


def _column(heading: Heading, fragment: Fragment) -> Column:
    cell = fragment.cell
    return heading.column_at(across(cell, fragment.start), across(cell, fragment.end))


def _candidate(cells: Sequence[Cell], start: int, end: int) -> Candidate:
    parts = [cell.text for cell in cells]
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    printed = " ".join(part.strip() for part in parts)
    found = Occurrence(0, 0, parse_text(printed) or printed)
    return piece("text", cells, start, end, found)


def taken_by(entries: Sequence[Entry], numbering: Collection[Figure]) -> list[Figure]:
    """The figures that are values of lines, or their numbers."""
    taken = list(numbering)
    for entry in entries:
        factors = entry.factors
        taken += [one for one in (entry.amount, factors.quantity, factors.price) if one is not None]
    return taken
