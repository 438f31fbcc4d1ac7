"""Readings of a table: which figure of each row is the amount, and where the items end; arithmetic decides.

A head, the sums below and quantity × price speak for a reading; of several that fit equally well, the
simplest is taken: below its name, else the last amount of a row, until the first sum.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from recto.extraction.items.factors import Factors, Names, factors
from recto.extraction.items.grid import Figure, Row
from recto.extraction.items.sums import ends, fits, is_sum

_ALIGNED = 2.5
"""Right edges of one column differ by so many line heights at most."""
_MOSTLY = 0.6
_MOST_ENTRIES = 500
_FEWEST_NUMBERED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a bill: its place in `rows`, its amount, and what multiplies to it."""

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


_Pick = Callable[[Row, Names], Figure | None]


def best_reading(
    rows: Sequence[Row], names: Names, sums_at: Callable[[int], set[Decimal]], line_height: float
) -> Reading | None:
    """The reading for which most speaks; None where no row has an amount. `sums_at` says what may be come to."""
    start = names.heading.row + 1 if names.heading else 0
    numbering = _numbering(rows[start:])
    known: dict[int, Entry] = {}
    best: tuple[float, Reading] | None = None
    for place, end in enumerate(ends(rows, start)):
        sums = sums_at(end)
        for pick in _picks(names):
            picked = _picked(rows, range(start, end), names, pick, line_height)
            if not picked:
                continue
            for row, amount in picked:
                if id(amount) not in known:
                    others = [one for one in rows[row].figures if one not in numbering]
                    known[id(amount)] = Entry(row, amount, factors(others, amount, names))
            entries = tuple(known[id(amount)] for _, amount in picked)
            adds_up = fits(sum((amount.number for _, amount in picked), Decimal(0)), sums)
            reading = Reading(start, end, entries, numbering, adds_up, names.heading is not None)
            score = 2.0 * adds_up + reading.multiplied + 0.3 * (pick is _below_its_name) - 0.05 * place
            score += 0.06 * len(entries) if adds_up else 0.0
            if best is None or score > best[0]:
                best = score, reading
    return best[1] if best else None


def _picks(names: Names) -> Iterator[_Pick]:
    if names.has(names.amount):
        yield _below_its_name
    yield _last
    yield _last_but_one


def _below_its_name(row: Row, names: Names) -> Figure | None:
    """The last figure below the name of amounts."""
    for figure in reversed(row.figures):
        column = names.column(figure)
        if column is not None and column.field == names.amount and not figure.is_rate:
            return figure
    return None


def _last(row: Row, _: Names) -> Figure | None:
    return next((figure for figure in reversed(row.figures) if figure.is_amount), None)


def _last_but_one(row: Row, _: Names) -> Figure | None:
    amounts = [figure for figure in row.figures if figure.is_amount]
    return amounts[-2] if len(amounts) > 1 else None


def _picked(
    rows: Sequence[Row], places: range, names: Names, pick: _Pick, line_height: float
) -> list[tuple[int, Figure]]:
    """Rows and amounts that one way of picking finds; sums between them are none.

    Amounts that end far from where most do are left out, where there is such a place.
    """
    found = [
        (place, amount)
        for place in places
        if not is_sum(rows[place]) and (amount := pick(rows[place], names)) is not None
    ][:_MOST_ENTRIES]
    if not found:
        return found
    edge = median(amount.right for _, amount in found)
    near = [one for one in found if abs(one[1].right - edge) <= _ALIGNED * line_height]
    return near if len(near) >= _MOSTLY * len(found) else found


def _numbering(rows: Sequence[Row]) -> tuple[Figure, ...]:
    """The figures 1, 2, 3 … that all rows with amounts begin with, until the first sum; none where one doesn't."""
    found: list[Figure] = []
    for row in rows:
        if not any(figure.is_amount for figure in row.figures):
            continue
        if found and is_sum(row):
            break
        first = row.figures[0]
        begins = first.start == 0 and first.cell is row.cells[0]
        if not begins or first.value != str(len(found) + 1):
            return ()
        found.append(first)
    return tuple(found) if len(found) >= _FEWEST_NUMBERED else ()
