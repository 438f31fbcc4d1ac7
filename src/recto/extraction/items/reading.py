"""Readings of a table: which figure of each row is the amount, and where the items end; arithmetic decides.

A head, the sums below and quantity × price speak for a reading; of several that fit equally well, the
simplest is taken: below its name, else the last amount of a row, until the first sum.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from statistics import median

from recto.extraction.items.factors import Factors, Names, factors
from recto.extraction.items.grid import Figure, Row
from recto.extraction.items.sums import come_to, ends, fits

_ALIGNED = 2.5
"""Right edges of one column differ by so many line heights at most."""
_MOSTLY = 0.6
_MOST_ENTRIES = 500
_FEWEST_NUMBERED = 3
_MOSTLY_NUMBERED = 0.8
_MOST_LOST = 2
"""Lines that may have been lost before one that is numbered."""
_ADDS_UP, _BELOW_ITS_NAME, _ONE_MORE_SUM, _ONE_MORE_LINE = 2.0, 0.3, -0.05, 0.06
"""What speaks for a reading, beside the share of its lines that multiply."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a bill: its place in the rows, its amount, and what multiplies to it."""

    row: int
    amount: Figure
    factors: Factors


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines between rows `start` and `end`; `adds_up` where their amounts come to a sum of the bill.

    `numbering` are the figures that only number them.
    """

    start: int
    end: int
    entries: tuple[Entry, ...]
    numbering: tuple[Figure, ...]
    adds_up: bool
    has_head: bool

    @property
    def multiplied(self) -> float:
        """The share of lines whose quantity and price multiply to the amount."""
        return sum(entry.factors.multiply for entry in self.entries) / max(len(self.entries), 1)


_Picked = list[tuple[int, Figure]]
"""Rows and their amounts."""


@dataclass(slots=True, eq=False)
class Table:
    """The rows of a document of which some are lines; `sums` are the places of those that add them up.

    `bill` are the amounts that were found of the whole, by role; `line_height` is in pixels.
    """

    rows: Sequence[Row]
    names: Names
    sums: Collection[int]
    bill: Mapping[str, Decimal]
    line_height: float
    _entries: dict[int, Entry] = field(default_factory=dict)

    def best(self) -> Reading | None:
        """The reading for which most speaks; None where no row has an amount."""
        scored = list(self._readings())
        return max(scored, key=lambda one: one[0])[1] if scored else None

    def _readings(self) -> Iterator[tuple[float, Reading]]:
        """Every reading with what speaks for it."""
        start = self.names.heading.row + 1 if self.names.heading else 0
        numbering = self._numbering(start)
        numbers = frozenset(map(id, numbering))
        for place, end in enumerate(ends(self.rows, start, self.sums)):
            sums = come_to(self.rows, end, self.bill)
            for weight, pick in self._picks():
                for picked in self._columns(self._picked(range(start, end), pick)):
                    adds_up = fits(sum((amount.number for _, amount in picked), Decimal(0)), sums)
                    entries = tuple(self._entry(row, amount, numbers) for row, amount in picked)
                    has_head = self.names.heading is not None
                    reading = Reading(start, end, entries, numbering, adds_up, has_head)
                    score = weight + reading.multiplied + _ONE_MORE_SUM * place
                    yield score + (_ADDS_UP + _ONE_MORE_LINE * len(entries)) * adds_up, reading

    def _picks(self) -> Iterator[tuple[float, Callable[[Row], Figure | None]]]:
        """The ways to tell which figure of a row is its amount, with what speaks for each."""
        if self.names.has(self.names.amount):
            yield _BELOW_ITS_NAME, self._below_its_name
        yield 0.0, _last
        yield 0.0, _last_but_one

    def _below_its_name(self, row: Row) -> Figure | None:
        """The last figure below the name of amounts."""
        for figure in reversed(row.figures):
            column = self.names.column(figure)
            if column is not None and column.field == self.names.amount and figure.may_be_amount:
                return figure
        return None

    def _picked(self, places: range, pick: Callable[[Row], Figure | None]) -> _Picked:
        """The lines that one way of picking finds; sums between them are none, nor is nothing for nothing."""
        found = ((place, pick(self.rows[place])) for place in places if place not in self.sums)
        lines = [(place, amount) for place, amount in found if amount is not None]
        told = [
            (place, amount) for place, amount in lines if amount.number or len(self.rows[place].figures) > 1
        ]
        return told[:_MOST_ENTRIES]

    def _columns(self, picked: _Picked) -> Iterator[_Picked]:
        """The lines whose amounts end where most do (all where they don't), and those farthest right."""
        if not picked:
            return
        edges = [amount.right for _, amount in picked]
        near = self._ending_at(median(edges), picked)
        near = near if len(near) >= _MOSTLY * len(picked) else picked
        yield near
        rightmost = self._ending_at(max(edges), picked)
        if len(rightmost) not in (len(near), len(picked)):
            yield rightmost

    def _ending_at(self, edge: float, picked: _Picked) -> _Picked:
        return [one for one in picked if abs(one[1].right - edge) <= _ALIGNED * self.line_height]

    def _entry(self, place: int, amount: Figure, numbers: Collection[int]) -> Entry:
        if id(amount) not in self._entries:
            others = [one for one in self.rows[place].figures if id(one) not in numbers]
            self._entries[id(amount)] = Entry(place, amount, factors(others, amount, self.names))
        return self._entries[id(amount)]

    def _numbering(self, start: int) -> tuple[Figure, ...]:
        """The figures 1, 2, 3 … that rows with amounts begin with; some may be lost, most may not."""
        found: list[Figure] = []
        lines = 0
        for place in range(start, len(self.rows)):
            row = self.rows[place]
            if not any(figure.is_amount for figure in row.figures):
                continue
            if lines and place in self.sums:
                break
            lines += 1
            first = row.figures[0]
            begins = first.is_whole and first.start == 0 and first.cell is row.cells[0]
            if begins and lines <= first.number <= lines + _MOST_LOST:
                found.append(first)
        rises = all(one.number < other.number for one, other in pairwise(found))
        is_most = len(found) >= max(_FEWEST_NUMBERED, _MOSTLY_NUMBERED * lines)
        return tuple(found) if rises and is_most else ()


def _last(row: Row) -> Figure | None:
    return next((figure for figure in reversed(row.figures) if figure.is_amount), None)


def _last_but_one(row: Row) -> Figure | None:
    amounts = [figure for figure in row.figures if figure.is_amount]
    return amounts[-2] if len(amounts) > 1 else None
