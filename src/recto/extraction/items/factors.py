"""Factors: which figures of a line are its quantity and its unit price: those that multiply to its amount.

Where none do (a discount lies between), the head of the table decides; without a head, a number that the
line begins with is the quantity, unless the lines are numbered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from recto.extraction.items.grid import Figure
from recto.extraction.items.heading import Column, Heading

_MOST_FIGURES = 10
_MOST_COUNTED = 999
_HALF_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Factors:
    """Quantity and unit price of a line; `multiply` where they come to the amount and neither is 1."""

    quantity: Figure | None = None
    price: Figure | None = None
    multiply: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """The fields of quantity, unit price and amount in the schema, "" where it has none; and the head."""

    quantity: str
    price: str
    amount: str
    heading: Heading | None

    def has(self, field: str) -> bool:
        """Whether the head names this field."""
        return bool(field) and self.heading is not None and field in self.heading.fields

    def is_between(self, figure: Figure) -> bool:
        """Whether a figure is below a name that no field has, with those of fields on both sides."""
        if self.heading is None:
            return False
        columns = self.heading.columns
        place = columns.index(self.heading.column_at(figure.left, figure.right))
        before, after = columns[:place], columns[place + 1 :]
        return not columns[place].field and all(any(one.field for one in side) for side in (before, after))

    def column(self, figure: Figure) -> Column | None:
        """The column that a figure is nearest to."""
        return self.heading.column_at(figure.left, figure.right) if self.heading else None


def factors(figures: Sequence[Figure], amount: Figure, names: Names) -> Factors:
    """The factors among the `figures` of a line."""
    others = [one for one in figures if one is not amount and not one.is_rate][:_MOST_FIGURES]
    columns = {id(one): _field_of(names.column(one)) for one in others}
    pairs = [(_rank(pair, others, columns, names), pair) for pair in _products(others, amount)]
    for rank, (quantity, price) in sorted(pairs, key=_first, reverse=True):
        told = quantity.number != 1 and price.number != 1
        if told or (rank >= _TRUSTED and (price.number != 1 or price.is_amount)):
            return Factors(quantity, price, multiply=told)
    return _by_head(others, columns, names, amount)


def _first(ranked: tuple[float, tuple[Figure, Figure]]) -> float:
    return ranked[0]


_TRUSTED = 3.5
"""One times the amount is the amount, whatever the 1 is: so much must speak for it."""


def _products(others: Sequence[Figure], amount: Figure) -> Iterator[tuple[Figure, Figure]]:
    for quantity, price in permutations(others, 2):
        off = abs(quantity.number * price.number - amount.number)
        if amount.number and off <= _HALF_CENT * max(abs(quantity.number), Decimal(1)) + _HALF_CENT / 5:
            yield quantity, price


def _rank(
    pair: tuple[Figure, Figure], others: Sequence[Figure], columns: Mapping[int, str], names: Names
) -> float:
    """How well the pair is placed: below its names, side by side, the whole number first."""
    quantity, price = pair
    apart = others.index(price) - others.index(quantity)
    rank = 2.0 * (bool(names.quantity) and columns[id(quantity)] == names.quantity)
    rank += 2.0 * (bool(names.price) and columns[id(price)] == names.price)
    rank += 1.5 * quantity.is_whole + 1.0 * (not quantity.is_amount) + 1.0 * price.is_amount
    rank += 0.5 * (apart > 0) - 0.3 * abs(apart)
    return rank + 1.5 * _times(pair)


def _times(pair: tuple[Figure, Figure]) -> bool:
    """Whether a sign of multiplication stands between them, or @."""
    first, second = sorted(pair, key=lambda one: one.left)
    if first.cell is second.cell:
        between = first.cell.text[first.end : second.start]
    else:
        between = first.cell.text[first.end :] + second.cell.text[: second.start]
    return len(between) < 12 and any(sign in between.casefold() for sign in "x*×@")


def _by_head(others: Sequence[Figure], columns: Mapping[int, str], names: Names, amount: Figure) -> Factors:
    """What stands below the names of the head; a price that isn't below one is none."""
    if not names.quantity:
        return Factors(price=_below(others, columns, names.price) if names.has(names.price) else None)
    if names.heading is None:
        return Factors(next((one for one in others[:1] if _begins(one)), None))
    quantity = _below(others, columns, names.quantity) if names.has(names.quantity) else None
    price = _below(others, columns, names.price) if names.has(names.price) else None
    if quantity is None and not names.has(names.quantity):
        quantity = next((one for one in others if one.is_whole and names.is_between(one)), None)
    if quantity is None and names.has(names.quantity):
        quantity = next((one for one in reversed(others) if one.is_whole and _just_before(one, amount)), None)
    return Factors(quantity, price if price is not quantity else None)


def _below(others: Sequence[Figure], columns: Mapping[int, str], field: str) -> Figure | None:
    return next((one for one in reversed(others) if columns[id(one)] == field), None)


def _begins(one: Figure) -> bool:
    """Whether its row begins with it, as a count of what follows."""
    after = one.cell.text[one.end :].lstrip(" xX*×")
    return (
        one.cell.left is None
        and one.start == 0
        and one.is_whole
        and one.number <= _MOST_COUNTED
        and (after[:1].isalpha() or not after)
    )


def _just_before(one: Figure, amount: Figure) -> bool:
    return one.cell is amount.cell and not one.cell.text[one.end : amount.start].strip()


def _field_of(column: Column | None) -> str:
    """The field of a column, "" for none."""
    return column.field if column else ""
