"""Lines: the items of a bill as found values: description, quantity, unit price, amount, others by the head.

Nothing is said that doesn't stand on the page. Lists whose objects have no amount, price or number are
not looked for: nothing tells their lines from other rows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from recto.extraction.candidates import Candidate
from recto.extraction.fields import Found
from recto.extraction.habits import USUAL, Habits, with_dollar
from recto.extraction.items.factors import Names
from recto.extraction.items.grid import Figure, Row, across, piece, rows_of
from recto.extraction.items.heading import Heading, Labels
from recto.extraction.items.reading import Entry, Reading, Table
from recto.extraction.items.sums import sum_rows
from recto.extraction.items.wording import Fragment, Wording, taken_by
from recto.extraction.schema import FieldSpec
from recto.extraction.sheet import Sheet
from recto.extraction.values import kind_of
from recto.extraction.values.kind import Kind, Occurrence

_CHANCE = {"bias": -0.9, "adds up": 2.2, "multiplies": 1.2, "head": 0.9}
"""Log-odds that a value of a line is right, by what speaks for it."""


class Items:
    """Finds the items of one list of a schema; its labels are looked up once."""

    def __init__(self, spec: FieldSpec) -> None:
        self._spec = spec
        self._labels = Labels(spec.items)
        by_role = {one.role: one.name for one in reversed(spec.items) if one.role}
        self._quantity, self._price = by_role.get("quantity", ""), by_role.get("unit_price", "")
        self._amount = by_role.get("line_amount", "")
        if not self._amount:
            kinds = {one.kind: one.name for one in reversed(spec.items)}
            self._amount = self._price or kinds.get("money", "") or kinds.get("number", "")
            self._price = ""
        self._description = by_role.get("description", "")

    def found(self, sheet: Sheet, bill: Mapping[str, Decimal], habits: Habits = USUAL) -> Iterator[Found]:
        """The values of all lines. `bill` are the amounts that were found of the whole bill, by role."""
        rows = rows_of(sheet)
        if not self._amount or not rows:
            return
        sums = sum_rows(rows)
        heading = self._labels.heading(rows, sums)
        names = Names(self._quantity, self._price, self._amount, heading)
        reading = Table(rows, names, sums, bill, sheet.line_height).best()
        if reading is None:
            return
        page = _Page(rows, reading, heading, habits)
        for number, entry in enumerate(reading.entries):
            chance = _chance(reading, entry)
            for name, candidate in self._values(page, entry):
                yield Found(
                    name=f"{self._spec.name}[{number}].{name}",
                    value=candidate.value,
                    printed=candidate.printed,
                    confidence=chance * candidate.confidence,
                    page=candidate.first.page,
                    box=candidate.box,
                    currency=candidate.currency,
                )

    def _values(self, page: "_Page", entry: Entry) -> Iterator[tuple[str, Candidate]]:
        """The values of one line by field, in the schema's order."""
        figures = {
            self._quantity: entry.factors.quantity,
            self._price: entry.factors.price,
            self._amount: entry.amount,
        }
        for spec in self._spec.items:
            if spec.name in figures:
                figure = figures[spec.name]
                found = None if figure is None else page.figure(spec, figure)
            elif spec.name == self._description:
                found = page.wording.description(entry, spec.name)
            else:
                found = page.in_column(spec, entry)
            if found is not None:
                yield spec.name, found


class _Page:
    """A document with the Reading of its table, from which the values of lines are taken."""

    def __init__(
        self, rows: Sequence[Row], reading: Reading, heading: Heading | None, habits: Habits
    ) -> None:
        self._rows, self._heading, self._habits = rows, heading, habits
        self.wording = Wording(rows, reading, heading, taken_by(reading.entries, reading.numbering))

    def figure(self, spec: FieldSpec, figure: Figure) -> Candidate:
        """The figure as a value of its field's kind: money groups thousands otherwise than numbers do."""
        text = figure.cell.text
        value = self._kind(spec).parse(text[figure.start : figure.end]) or figure.value
        at = with_dollar(text, Occurrence(figure.start, figure.end, value, figure.currency), self._habits)
        return piece(spec.kind, [figure.cell], figure.start, figure.end, at)

    def in_column(self, spec: FieldSpec, entry: Entry) -> Candidate | None:
        """What stands in a line below the name of a field that has no part in the arithmetic."""
        if self._heading is None or spec.name not in self._heading.fields:
            return None
        if spec.kind == "text":
            texts = (one for one in self.wording.fragments(entry.row) if self._is_below(spec, one))
            return next((one.candidate for one in texts), None)
        kind = self._kind(spec)
        for cell in self._rows[entry.row].cells:
            for at in kind.find(cell.text):
                if self._is_below(spec, Fragment(cell, at.start, at.end)):
                    return piece(spec.kind, [cell], at.start, at.end, at)
        return None

    def _kind(self, spec: FieldSpec) -> Kind:
        return kind_of(spec.kind, role=spec.role, choices=spec.choices, order=self._habits.order)

    def _is_below(self, spec: FieldSpec, one: Fragment) -> bool:
        left, right = across(one.cell, one.start), across(one.cell, one.end)
        return self._heading is not None and self._heading.column_at(left, right).field == spec.name


def _chance(reading: Reading, entry: Entry) -> float:
    """How likely the values of a line are right, by what speaks for them."""
    if not reading.adds_up and not reading.has_head and not reading.multiplied:
        return 0.0
    odds = _CHANCE["bias"] + _CHANCE["adds up"] * reading.adds_up + _CHANCE["head"] * reading.has_head
    odds += _CHANCE["multiplies"] * entry.factors.multiply
    return 1 / (1 + math.exp(-odds))
